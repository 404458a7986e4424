-- view: contacts_made
-- grain: one contact that the company made
-- meaning: its channel, and whether it was opened and answered: by its own outcome, or by an answer that names the same delivery
-- as of: facts before :as_of
SELECT
    customer_id,
    channel,
    occurred_at AS made_at,
    CASE WHEN outcome IN ('opened', 'clicked') THEN 1 ELSE 0 END AS opened,
    CASE WHEN outcome IN ('clicked', 'answered') THEN 1 ELSE 0 END AS answered
FROM interaction
WHERE direction = 'out' AND delivery_id IS NULL
UNION ALL
SELECT
    customer_id,
    max(CASE WHEN direction = 'out' THEN channel END) AS channel,
    min(CASE WHEN direction = 'out' THEN occurred_at END) AS made_at,
    max(CASE WHEN outcome IN ('opened', 'clicked') THEN 1 ELSE 0 END) AS opened,
    -- Whoever gets in touch about a message has answered it; to open it, or to end it, is no answer.
    max(CASE
        WHEN outcome IN ('clicked', 'answered') THEN 1
        WHEN direction = 'in' AND coalesce(outcome, '') NOT IN ('opened', 'unsubscribed') THEN 1
        ELSE 0
    END) AS answered
FROM interaction
WHERE delivery_id IS NOT NULL
GROUP BY customer_id, delivery_id
HAVING max(CASE WHEN direction = 'out' THEN 1 ELSE 0 END) = 1
