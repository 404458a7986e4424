-- The same features as models/features/purchase_trend.sql, in the form that DuckDB is fastest at: gaps by a window.
SELECT
    customer_id,
    arg_max(step, step_no) AS gap_last,
    regr_slope(step, step_no) AS gap_trend,
    sum(amount * quarter) / :unit AS spend_trend90,
    sum(amount * year) / :unit AS spend_trend365,
    sum(quarter) AS orders_trend90
FROM (
    -- +1 within the last stretch, -1 within the one before it.
    SELECT
        customer_id,
        amount,
        (epoch_us(began) - epoch_us(lag(began) OVER w)) / 86400000000.0 AS step,
        row_number() OVER w AS step_no,
        CASE
            WHEN began >= :as_of - INTERVAL '90 days' THEN 1
            WHEN began >= :as_of - INTERVAL '180 days' THEN -1
            ELSE 0
        END AS quarter,
        CASE
            WHEN began >= :as_of - INTERVAL '365 days' THEN 1
            WHEN began >= :as_of - INTERVAL '730 days' THEN -1
            ELSE 0
        END AS year
    FROM orders
    WINDOW w AS (PARTITION BY customer_id ORDER BY began)
)
GROUP BY customer_id
