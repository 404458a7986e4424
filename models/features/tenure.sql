-- family: tenure
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: tenure | days | 0 | time since the first purchase
SELECT customer_id, :days(min(began)) AS tenure FROM orders GROUP BY customer_id
