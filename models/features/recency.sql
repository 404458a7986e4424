-- family: recency
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: recency | days | 0 | time since the last order began
SELECT customer_id, :days(max(began)) AS recency FROM orders GROUP BY customer_id
