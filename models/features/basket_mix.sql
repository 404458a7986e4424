-- family: basket_mix
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- serving: no
-- feature: pieces_per_order | pieces | 0 | pieces per order, on average
-- feature: order_value_sd | currency units | 0 | standard deviation of the orders' values; 0 with a single order
-- feature: order_value_max | currency units | 0 | value of the largest order
-- feature: category_entropy | nats | 0 | how evenly revenue spreads over article groups (Shannon): 0 when it is all of one group
-- feature: category_top_share | share | 0 | revenue of the article group bought most, of the revenue with a known group
SELECT
    o.customer_id,
    o.pieces / CAST(o.n AS DOUBLE) AS pieces_per_order,
    o.amount_sd / :unit AS order_value_sd,
    o.amount_max / :unit AS order_value_max,
    c.entropy AS category_entropy,
    c.top / CAST(nullif(c.amount, 0) AS DOUBLE) AS category_top_share
FROM (
    SELECT
        customer_id,
        count(*) AS n,
        sum(pieces) AS pieces,
        stddev_samp(CAST(amount AS DOUBLE)) AS amount_sd,
        max(amount) AS amount_max
    FROM orders
    GROUP BY customer_id
) o
JOIN (
    SELECT customer_id, mix_entropy(amount) AS entropy, max(amount) AS top, sum(amount) AS amount
    FROM (SELECT customer_id, CASE WHEN category IS NOT NULL THEN amount END AS amount FROM categories)
    GROUP BY customer_id
) c ON o.customer_id = c.customer_id
