-- family: engagement
-- grain: customer
-- window: all history, the last 90 days
-- as of: facts before :as_of
-- feature: contacts90 | messages | 0 | outbound contacts of the last 90 days, over all channels
-- feature: open_rate | share | 0 | outbound e-mails that were opened or clicked
-- feature: click_rate | share | 0 | outbound contacts that were clicked or answered
-- feature: clicks90 | messages | 0 | outbound contacts of the last 90 days that were clicked or answered
-- feature: inbound90 | contacts | 0 | times the customer got in touch in the last 90 days
-- feature: calls90 | contacts | 0 | of these, by telephone
-- feature: visits90 | contacts | 0 | of these, by visiting the site, the app or a shop
-- feature: complaints | contacts | 0 | complaints
-- feature: complaints90 | contacts | 0 | complaints of the last 90 days
SELECT
    customer_id,
    sum(CASE WHEN direction = 'out' AND recent THEN 1 ELSE 0 END) AS contacts90,
    sum(CASE WHEN direction = 'out' AND channel = 'email' AND outcome IN ('opened', 'clicked') THEN 1.0 ELSE 0.0 END)
        / nullif(sum(CASE WHEN direction = 'out' AND channel = 'email' THEN 1.0 ELSE 0.0 END), 0.0) AS open_rate,
    sum(CASE WHEN direction = 'out' AND outcome IN ('clicked', 'answered') THEN 1.0 ELSE 0.0 END)
        / nullif(sum(CASE WHEN direction = 'out' THEN 1.0 ELSE 0.0 END), 0.0) AS click_rate,
    sum(CASE WHEN direction = 'out' AND outcome IN ('clicked', 'answered') AND recent THEN 1 ELSE 0 END) AS clicks90,
    sum(CASE WHEN direction = 'in' AND recent THEN 1 ELSE 0 END) AS inbound90,
    sum(CASE WHEN direction = 'in' AND channel = 'call' AND recent THEN 1 ELSE 0 END) AS calls90,
    sum(CASE WHEN direction = 'in' AND channel IN ('visit', 'web', 'app', 'shop') AND recent THEN 1 ELSE 0 END) AS visits90,
    sum(CASE WHEN reason = 'complaint' THEN 1 ELSE 0 END) AS complaints,
    sum(CASE WHEN reason = 'complaint' AND recent THEN 1 ELSE 0 END) AS complaints90
FROM (SELECT *, occurred_at >= :as_of - INTERVAL '90 days' AS recent FROM interaction)
GROUP BY customer_id
