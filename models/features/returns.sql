-- family: returns
-- grain: customer
-- window: all history, the last 90 days
-- as of: facts before :as_of
-- feature: n_returns | returns | 0 | distinct returns
-- feature: returned | currency units | 0 | value of what came back
-- feature: returned90 | currency units | 0 | value of what came back in the last 90 days
-- feature: return_rate | share | 0 | value that came back, of the value bought
SELECT
    back.customer_id,
    back.n AS n_returns,
    back.amount / :unit AS returned,
    back.amount90 / :unit AS returned90,
    back.amount / CAST(nullif(bought.amount, 0) AS DOUBLE) AS return_rate
FROM (
    SELECT customer_id, count(*) AS n, sum(amount) AS amount, sum(amount90) AS amount90
    FROM (
        SELECT
            customer_id,
            sum(amount) AS amount,
            sum(CASE WHEN occurred_at >= :as_of - INTERVAL '90 days' THEN amount ELSE 0 END) AS amount90
        FROM return_item
        GROUP BY customer_id, order_key
    )
    GROUP BY customer_id
) back
LEFT JOIN (SELECT customer_id, sum(amount) AS amount FROM orders GROUP BY customer_id) bought
    ON back.customer_id = bought.customer_id
