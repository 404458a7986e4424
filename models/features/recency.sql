-- family: recency
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: recency | days | 0 | time since the last order began
SELECT customer_id, :days(max(began)) AS recency
FROM (
    -- An order's instant is its first line's: some tills write the lines of one order minutes apart.
    SELECT customer_id, order_key, min(occurred_at) AS began
    FROM order_item
    GROUP BY customer_id, order_key
)
GROUP BY customer_id
