-- family: monetary
-- grain: customer
-- window: all history, the last 30 and the last 90 days
-- as of: facts before :as_of
-- feature: monetary | currency units | 0 | revenue of all order lines
-- feature: mon30 | currency units | 0 | revenue of the last 30 days
-- feature: mon90 | currency units | 0 | revenue of the last 90 days
-- feature: aov | currency units | 0 | revenue per order
-- feature: gross_margin | currency units | 0 | revenue less cost of goods; the settings' margin where a line has no cost
SELECT
    customer_id,
    sum(amount) / :unit AS monetary,
    sum(amount30) / :unit AS mon30,
    sum(amount90) / :unit AS mon90,
    sum(amount) / :unit / count(*) AS aov,
    sum(margin) / :unit AS gross_margin
FROM orders
GROUP BY customer_id
