-- view: contacts_received
-- grain: one time that a customer got in touch
-- meaning: channel, reason and length; that a message was opened, clicked or ended is no contact but what became of it
-- as of: facts before :as_of
SELECT customer_id, occurred_at, channel, reason, duration_s
FROM interaction
WHERE direction = 'in'
    AND NOT (delivery_id IS NOT NULL AND coalesce(outcome, '') IN ('opened', 'clicked', 'unsubscribed'))
