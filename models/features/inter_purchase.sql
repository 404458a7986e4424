-- family: inter_purchase
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: gap | days | 0 | mean time between orders; with a single order, the time since it
-- feature: rec_over_gap | ratio | 0 | time since the last order over gap + 1 day: above 1 the customer is overdue
-- feature: gap_sd | days | 0 | standard deviation of the times between orders; 0 with fewer than three orders
WITH orders AS (
    -- An order's instant is its first line's: some tills write the lines of one order minutes apart.
    SELECT customer_id, order_key, min(occurred_at) AS began
    FROM order_item
    GROUP BY customer_id, order_key
),
steps AS (
    SELECT
        customer_id,
        began,
        (CAST(began AS BIGINT) - CAST(lag(began) OVER (PARTITION BY customer_id ORDER BY began, order_key) AS BIGINT))
            / 86400000000.0 AS step
    FROM orders
),
spans AS (
    SELECT
        customer_id,
        count(*) AS n,
        :days(max(began)) AS recency,
        :days(min(began)) AS tenure,
        stddev_samp(step) AS step_sd
    FROM steps
    GROUP BY customer_id
)
SELECT
    customer_id,
    CASE WHEN n > 1 THEN (tenure - recency) / (n - 1) ELSE tenure END AS gap,
    recency / (1 + CASE WHEN n > 1 THEN (tenure - recency) / (n - 1) ELSE tenure END) AS rec_over_gap,
    CASE WHEN n > 2 THEN step_sd ELSE 0 END AS gap_sd
FROM spans
