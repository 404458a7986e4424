-- family: basket
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: items | pieces | 0 | pieces bought
-- feature: lines_per_inv | lines | 0 | lines per order
-- feature: n_sku | articles | 0 | distinct articles bought
-- feature: n_category | groups | 0 | distinct article groups bought
-- feature: discount_share | share | 0 | discount taken, of what the lines would have cost without it
SELECT
    customer_id,
    sum(quantity) AS items,
    count(*) / CAST(count(DISTINCT order_key) AS DOUBLE) AS lines_per_inv,
    count(DISTINCT sku) AS n_sku,
    count(DISTINCT category) AS n_category,
    sum(coalesce(discount, 0)) / CAST(nullif(sum(amount + coalesce(discount, 0)), 0) AS DOUBLE) AS discount_share
FROM order_item
GROUP BY customer_id
