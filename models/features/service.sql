-- family: service
-- grain: customer
-- window: all history, the last 365 days
-- as of: facts before :as_of
-- serving: no
-- feature: service_contacts | contacts | 0 | times the customer got in touch, other than by visiting
-- feature: service_contacts365 | contacts | 0 | of these, in the last 365 days
-- feature: service_calls | calls | 0 | calls that the customer made
-- feature: service_minutes | minutes | 0 | length of all contacts that the customer began, where it was measured
-- feature: service_minutes365 | minutes | 0 | of these, in the last 365 days
-- feature: calls_per_order | calls per order | 0 | calls that the customer made, for each order
SELECT
    c.customer_id,
    c.contacts AS service_contacts,
    c.contacts365 AS service_contacts365,
    c.calls AS service_calls,
    c.seconds / 60.0 AS service_minutes,
    c.seconds365 / 60.0 AS service_minutes365,
    c.calls / CAST(o.n AS DOUBLE) AS calls_per_order
FROM (
    SELECT
        customer_id,
        sum(contact) AS contacts,
        sum(contact * recent) AS contacts365,
        sum(call) AS calls,
        sum(seconds) AS seconds,
        sum(seconds * recent) AS seconds365
    FROM (
        SELECT
            customer_id,
            CASE WHEN channel IN ('visit', 'web', 'app', 'shop') THEN 0 ELSE 1 END AS contact,
            CASE WHEN channel = 'call' THEN 1 ELSE 0 END AS call,
            coalesce(duration_s, 0.0) AS seconds,
            CASE WHEN occurred_at >= :as_of - INTERVAL '365 days' THEN 1 ELSE 0 END AS recent
        FROM contacts_received
    )
    GROUP BY customer_id
) c
LEFT JOIN (SELECT customer_id, count(*) AS n FROM orders GROUP BY customer_id) o ON c.customer_id = o.customer_id
