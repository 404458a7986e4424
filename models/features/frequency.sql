-- family: frequency
-- grain: customer
-- window: all history, the last 30 and the last 90 days
-- as of: facts before :as_of
-- feature: freq | orders | 0 | distinct orders
-- feature: freq30 | orders | 0 | distinct orders of the last 30 days
-- feature: freq90 | orders | 0 | distinct orders of the last 90 days
SELECT
    customer_id,
    count(DISTINCT order_key) AS freq,
    count(DISTINCT CASE WHEN occurred_at >= :as_of - INTERVAL '30 days' THEN order_key END) AS freq30,
    count(DISTINCT CASE WHEN occurred_at >= :as_of - INTERVAL '90 days' THEN order_key END) AS freq90
FROM order_item
GROUP BY customer_id
