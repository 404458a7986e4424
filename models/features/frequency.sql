-- family: frequency
-- grain: customer
-- window: all history, the last 30 and the last 90 days
-- as of: facts before :as_of
-- feature: freq | orders | 0 | distinct orders
-- feature: freq30 | orders | 0 | distinct orders of the last 30 days
-- feature: freq90 | orders | 0 | distinct orders of the last 90 days
SELECT
    customer_id,
    count(*) AS freq,
    sum(CASE WHEN last >= :as_of - INTERVAL '30 days' THEN 1 ELSE 0 END) AS freq30,
    sum(CASE WHEN last >= :as_of - INTERVAL '90 days' THEN 1 ELSE 0 END) AS freq90
FROM orders
GROUP BY customer_id
