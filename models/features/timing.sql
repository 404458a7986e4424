-- family: timing
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: active_00 | times | 0 | orders, answers and inbound contacts between 00 and 06 o'clock UTC
-- feature: active_06 | times | 0 | the same between 06 and 12
-- feature: active_12 | times | 0 | the same between 12 and 18
-- feature: active_18 | times | 0 | the same between 18 and 24
WITH active AS (
    SELECT customer_id, date_part('hour', at) AS hour
    FROM (SELECT customer_id, order_key, min(occurred_at) AS at FROM order_item GROUP BY customer_id, order_key)
    UNION ALL
    SELECT customer_id, date_part('hour', occurred_at) AS hour
    FROM interaction
    WHERE direction = 'in' OR outcome IN ('opened', 'clicked', 'answered')
)
SELECT
    customer_id,
    sum(CASE WHEN hour < 6 THEN 1 ELSE 0 END) AS active_00,
    sum(CASE WHEN hour >= 6 AND hour < 12 THEN 1 ELSE 0 END) AS active_06,
    sum(CASE WHEN hour >= 12 AND hour < 18 THEN 1 ELSE 0 END) AS active_12,
    sum(CASE WHEN hour >= 18 THEN 1 ELSE 0 END) AS active_18
FROM active
GROUP BY customer_id
