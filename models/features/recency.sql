-- family: recency
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: recency | days | 0 | time since the last purchase
SELECT customer_id, :days(max(occurred_at)) AS recency
FROM order_item
GROUP BY customer_id
