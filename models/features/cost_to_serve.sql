-- family: cost_to_serve
-- grain: customer
-- window: all history, the last 365 days
-- as of: facts before :as_of
-- feature: cost_to_serve | currency units | 0 | activity-based cost of all contacts, complaints and returns
-- feature: cost_to_serve365 | currency units | 0 | the same for the last 365 days
SELECT
    customer_id,
    sum(cost) / :unit AS cost_to_serve,
    sum(CASE WHEN occurred_at >= :as_of - INTERVAL '365 days' THEN cost ELSE 0.0 END) / :unit AS cost_to_serve365
FROM activities
GROUP BY customer_id
