-- view: articles
-- grain: one article that a customer bought
-- meaning: how much of it, for how much, and how much of that at a reduced price
-- as of: facts before :as_of
SELECT
    customer_id,
    sku,
    min(category) AS category,
    sum(quantity) AS pieces,
    sum(amount) AS amount,
    sum(coalesce(discount, 0)) AS discount,
    sum(CASE WHEN discount > 0 THEN amount ELSE 0 END) AS amount_reduced
FROM order_item
GROUP BY customer_id, sku
