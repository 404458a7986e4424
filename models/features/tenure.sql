-- family: tenure
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: tenure | days | 0 | time since the first purchase
SELECT customer_id, :days(min(occurred_at)) AS tenure
FROM order_item
GROUP BY customer_id
