-- family: cost_to_serve
-- grain: customer
-- window: all history, the last 365 days
-- as of: facts before :as_of
-- feature: cost_to_serve | currency units | 0 | activity-based cost of all contacts, complaints and returns
-- feature: cost_to_serve365 | currency units | 0 | the same for the last 365 days
-- A contact costs what was measured; else the rate of a complaint if it was one; else its channel's rate; else nothing.
-- A return costs the rate of a return, once for each return whatever it holds.
WITH activity AS (
    SELECT customer_id, occurred_at, CAST(coalesce(i.cost, by_reason.rate, by_channel.rate, 0) AS DOUBLE) AS cost
    FROM interaction i
    LEFT JOIN :activity_rates by_reason ON i.reason = by_reason.activity
    LEFT JOIN :activity_rates by_channel ON i.channel = by_channel.activity
    UNION ALL
    SELECT customer_id, occurred_at, CAST(coalesce(rate.rate, 0) AS DOUBLE) AS cost
    FROM (SELECT customer_id, order_key, min(occurred_at) AS occurred_at, 'return' AS activity FROM return_item GROUP BY customer_id, order_key) r
    LEFT JOIN :activity_rates rate ON r.activity = rate.activity
)
SELECT
    customer_id,
    sum(cost) / :unit AS cost_to_serve,
    sum(CASE WHEN occurred_at >= :as_of - INTERVAL '365 days' THEN cost ELSE 0.0 END) / :unit AS cost_to_serve365
FROM activity
GROUP BY customer_id
