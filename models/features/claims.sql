-- family: claims
-- grain: customer
-- window: all history, the last 365 days
-- as of: facts before :as_of
-- serving: no
-- feature: claims | claims | 0 | distinct claims
-- feature: claims365 | claims | 0 | of these, first reported in the last 365 days
-- feature: claims_open | claims | 0 | of all, neither paid nor rejected nor closed yet
-- feature: claims_rejected | claims | 0 | of all, rejected at some time
-- feature: claims_paid | currency units | 0 | what was paid for claims
-- feature: claims_paid365 | currency units | 0 | what was paid in the last 365 days
SELECT
    customer_id,
    count(*) AS claims,
    sum(CASE WHEN reported >= :as_of - INTERVAL '365 days' THEN 1 ELSE 0 END) AS claims365,
    sum(1 - settled) AS claims_open,
    sum(rejected) AS claims_rejected,
    sum(paid) / :unit AS claims_paid,
    sum(paid365) / :unit AS claims_paid365
FROM (
    SELECT
        customer_id,
        min(occurred_at) AS reported,
        max(CASE WHEN status IN ('paid', 'rejected', 'closed') THEN 1 ELSE 0 END) AS settled,
        max(CASE WHEN status = 'rejected' THEN 1 ELSE 0 END) AS rejected,
        sum(coalesce(amount, 0)) AS paid,
        sum(CASE WHEN occurred_at >= :as_of - INTERVAL '365 days' THEN coalesce(amount, 0) ELSE 0 END) AS paid365
    FROM claim
    GROUP BY customer_id, claim_key
)
GROUP BY customer_id
