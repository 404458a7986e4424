-- The same features as models/features/inter_purchase.sql, in the form that DuckDB is fastest at: gaps by a window.
SELECT
    customer_id,
    CASE WHEN n > 1 THEN (tenure - recency) / (n - 1) ELSE tenure END AS gap,
    recency / (1 + CASE WHEN n > 1 THEN (tenure - recency) / (n - 1) ELSE tenure END) AS rec_over_gap,
    step_sd AS gap_sd
FROM (
    SELECT
        customer_id,
        count(*) AS n,
        :days(max(began)) AS recency,
        :days(min(began)) AS tenure,
        stddev_samp(step) AS step_sd
    FROM (
        SELECT
            customer_id,
            began,
            (epoch_us(began) - epoch_us(lag(began) OVER (PARTITION BY customer_id ORDER BY began))) / 86400000000.0 AS step
        FROM orders
    )
    GROUP BY customer_id
)
