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
),
orders AS (
    SELECT customer_id, count(*) AS n, sum(articles) AS articles, sum(items) AS items, sum(amount) AS amount,
        sum(discount) AS discount
    FROM (
        SELECT customer_id, order_key, count(*) AS articles, sum(quantity) AS items, sum(amount) AS amount,
            sum(discount) AS discount
        FROM line
        GROUP BY customer_id, order_key
    )
    GROUP BY customer_id
),
-- Each distinct thing first, then how many: a set for each customer would take kilobytes a customer.
articles AS (
    SELECT customer_id, count(*) AS n
    FROM (SELECT customer_id, sku FROM order_item GROUP BY customer_id, sku)
    GROUP BY customer_id
),
families AS (
    SELECT customer_id, count(category) AS n
    FROM (SELECT customer_id, category FROM line GROUP BY customer_id, category)
    GROUP BY customer_id
)
SELECT
    orders.customer_id,
    orders.items,
    orders.articles / CAST(orders.n AS DOUBLE) AS lines_per_inv,
    articles.n AS n_sku,
    families.n AS n_category,
    orders.discount / CAST(nullif(orders.amount + orders.discount, 0) AS DOUBLE) AS discount_share
FROM orders
JOIN articles ON orders.customer_id = articles.customer_id
JOIN families ON orders.customer_id = families.customer_id
