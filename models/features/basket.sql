-- family: basket
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: items | pieces | 0 | pieces bought
-- feature: lines_per_inv | articles | 0 | distinct articles per order, on average
-- feature: n_sku | articles | 0 | distinct articles bought
-- feature: n_category | groups | 0 | distinct article groups bought
-- feature: discount_share | share | 0 | discount taken, of what the lines would have cost without it
WITH line AS (
    -- An article that stands on several lines of an order counts as one line of it.
    SELECT
        customer_id,
        order_key,
        sku,
        min(category) AS category,
        sum(quantity) AS quantity,
        sum(amount) AS amount,
        sum(coalesce(discount, 0)) AS discount
    FROM order_item
    GROUP BY customer_id, order_key, sku
)
SELECT
    customer_id,
    sum(quantity) AS items,
    count(*) / CAST(count(DISTINCT order_key) AS DOUBLE) AS lines_per_inv,
    count(DISTINCT sku) AS n_sku,
    count(DISTINCT category) AS n_category,
    sum(discount) / CAST(nullif(sum(amount + discount), 0) AS DOUBLE) AS discount_share
FROM line
GROUP BY customer_id
