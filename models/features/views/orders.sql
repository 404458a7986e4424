-- view: orders
-- grain: one order of a customer
-- meaning: what stood on the order; most families begin here, so that lines are read once
-- as of: facts before :as_of
SELECT
    customer_id,
    order_key,
    -- An order's instant is its first line's: some tills write the lines of one order minutes apart.
    min(began) AS began,
    max(last) AS last,
    count(*) AS articles,
    sum(pieces) AS pieces,
    sum(amount) AS amount,
    sum(amount30) AS amount30,
    sum(amount90) AS amount90,
    sum(discount) AS discount,
    sum(margin) AS margin
FROM (
    -- An article that stands on several lines of an order counts as one line of it.
    SELECT
        customer_id,
        order_key,
        sku,
        min(occurred_at) AS began,
        max(occurred_at) AS last,
        sum(quantity) AS pieces,
        sum(amount) AS amount,
        sum(CASE WHEN occurred_at >= :as_of - INTERVAL '30 days' THEN amount ELSE 0 END) AS amount30,
        sum(CASE WHEN occurred_at >= :as_of - INTERVAL '90 days' THEN amount ELSE 0 END) AS amount90,
        sum(coalesce(discount, 0)) AS discount,
        sum(CASE WHEN cost IS NULL THEN amount * :margin ELSE CAST(amount - cost AS DOUBLE) END) AS margin
    FROM order_item
    GROUP BY customer_id, order_key, sku
)
GROUP BY customer_id, order_key
