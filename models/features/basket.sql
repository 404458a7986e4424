-- family: basket
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: items | pieces | 0 | pieces bought
-- feature: lines_per_inv | articles | 0 | distinct articles per order, on average
-- feature: n_sku | articles | 0 | distinct articles bought
-- feature: n_category | groups | 0 | distinct article groups bought
-- feature: discount_share | share | 0 | discount taken, of what the lines would have cost without it
SELECT
    o.customer_id,
    o.pieces AS items,
    o.articles / CAST(o.n AS DOUBLE) AS lines_per_inv,
    c.articles AS n_sku,
    c.n AS n_category,
    o.discount / CAST(nullif(o.amount + o.discount, 0) AS DOUBLE) AS discount_share
FROM (
    SELECT customer_id, count(*) AS n, sum(articles) AS articles, sum(pieces) AS pieces, sum(amount) AS amount,
        sum(discount) AS discount
    FROM orders
    GROUP BY customer_id
) o
JOIN (
    SELECT customer_id, sum(articles) AS articles, count(category) AS n FROM categories GROUP BY customer_id
) c ON o.customer_id = c.customer_id
