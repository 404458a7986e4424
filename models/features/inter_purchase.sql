-- family: inter_purchase
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: gap | days | 0 | mean time between orders; with a single order, the time since it
-- feature: rec_over_gap | ratio | 0 | time since the last order over gap + 1 day: above 1 the customer is overdue
-- feature: gap_sd | days | 0 | standard deviation of the times between orders; 0 with fewer than three orders
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
        gap_sd(began) AS step_sd
    FROM orders
    GROUP BY customer_id
)
