-- family: purchase_trend
-- grain: customer
-- window: all history, the last 90 and the 90 days before them, the last 365 and the 365 days before them
-- as of: facts before :as_of
-- serving: no
-- feature: gap_last | days | 0 | time between the last two orders; 0 with a single order
-- feature: gap_trend | days per order | 0 | slope of the gaps between orders over their number: above 0 the customer buys ever more rarely
-- feature: spend_trend90 | currency units | 0 | revenue of the last 90 days less that of the 90 days before them
-- feature: spend_trend365 | currency units | 0 | revenue of the last 365 days less that of the 365 days before them
-- feature: orders_trend90 | orders | 0 | orders of the last 90 days less those of the 90 days before them
SELECT
    customer_id,
    gap_last(began) AS gap_last,
    gap_trend(began) AS gap_trend,
    sum(amount * quarter) / :unit AS spend_trend90,
    sum(amount * year) / :unit AS spend_trend365,
    sum(quarter) AS orders_trend90
FROM (
    -- +1 within the last stretch, -1 within the one before it.
    SELECT
        customer_id,
        began,
        amount,
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
)
GROUP BY customer_id
