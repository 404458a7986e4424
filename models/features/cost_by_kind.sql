-- family: cost_by_kind
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- serving: no
-- feature: cost_contacts | currency units | 0 | activity-based cost of the contacts that the company made
-- feature: cost_service | currency units | 0 | of those that the customer began, complaints left out
-- feature: cost_complaints | currency units | 0 | of complaints
-- feature: cost_returns | currency units | 0 | of returns
SELECT
    customer_id,
    sum(CASE WHEN kind = 'contact' THEN cost ELSE 0.0 END) / :unit AS cost_contacts,
    sum(CASE WHEN kind = 'service' THEN cost ELSE 0.0 END) / :unit AS cost_service,
    sum(CASE WHEN kind = 'complaint' THEN cost ELSE 0.0 END) / :unit AS cost_complaints,
    sum(CASE WHEN kind = 'return' THEN cost ELSE 0.0 END) / :unit AS cost_returns
FROM activities
GROUP BY customer_id
