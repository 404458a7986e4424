-- view: activities
-- grain: one activity that a customer caused or received
-- meaning: its kind (complaint, service, contact, return) and what it cost, in minor units
-- as of: facts before :as_of
-- A contact costs what was measured; else the rate of a complaint if it was one; else its channel's rate; else nothing.
-- A return costs the rate of a return, once for each return whatever it holds.
SELECT
    customer_id,
    occurred_at,
    CASE
        WHEN i.reason = 'complaint' THEN 'complaint'
        WHEN i.direction = 'in' THEN 'service'
        ELSE 'contact'
    END AS kind,
    CAST(coalesce(i.cost, by_reason.rate, by_channel.rate, 0) AS DOUBLE) AS cost
FROM interaction i
LEFT JOIN :activity_rates by_reason ON i.reason = by_reason.activity
LEFT JOIN :activity_rates by_channel ON i.channel = by_channel.activity
UNION ALL
SELECT customer_id, occurred_at, 'return' AS kind, CAST(coalesce(rate.rate, 0) AS DOUBLE) AS cost
FROM (
    SELECT customer_id, order_key, min(occurred_at) AS occurred_at, 'return' AS activity
    FROM return_item
    GROUP BY customer_id, order_key
) r
LEFT JOIN :activity_rates rate ON r.activity = rate.activity
