-- family: contracts
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- serving: no
-- feature: contracts_active | contracts | 0 | contracts that have begun and not ended
-- feature: contracts_ended | contracts | 0 | contracts that have ended
-- feature: contract_days | days | 0 | time since the first contract began
-- feature: months_paid | months | 0 | periods begun or renewed over all contracts, in months of 30.4375 days
-- feature: days_to_end | days | 0 | time until the first active contract is no longer paid, as known then; below 0 it is overdue
SELECT
    customer_id,
    sum(active) AS contracts_active,
    sum(1 - active) AS contracts_ended,
    :days(min(began)) AS contract_days,
    sum(paid_days) / 30.4375 AS months_paid,
    -:days(min(CASE WHEN active = 1 THEN paid_until END)) AS days_to_end
FROM (
    SELECT
        customer_id,
        min(occurred_at) AS began,
        sum(CASE WHEN status IN ('started', 'renewed') THEN coalesce(period_days, 0) ELSE 0 END) AS paid_days,
        max(paid_until) AS paid_until,
        -- A contract that was taken up again after its end is active.
        CASE
            WHEN max(CASE WHEN status = 'ended' THEN occurred_at END) IS NULL THEN 1
            WHEN max(CASE WHEN status <> 'ended' THEN occurred_at END)
                > max(CASE WHEN status = 'ended' THEN occurred_at END) THEN 1
            ELSE 0
        END AS active
    FROM subscription
    GROUP BY customer_id, subscription_key
)
GROUP BY customer_id
