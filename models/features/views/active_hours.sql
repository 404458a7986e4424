-- view: active_hours
-- grain: one hour of the week in which a customer was active
-- meaning: how many orders, answers and inbound contacts began in it; hour_of_week is 0 from Monday 00 o'clock UTC, 167 from Sunday 23 o'clock
-- as of: facts before :as_of
SELECT customer_id, (dow + 6) % 7 * 24 + hour AS hour_of_week, count(*) AS times
FROM (
    SELECT
        customer_id,
        CAST(date_part('dow', moment) AS BIGINT) AS dow,
        CAST(date_part('hour', moment) AS BIGINT) AS hour
    FROM (
        SELECT customer_id, began AS moment FROM orders
        UNION ALL
        SELECT customer_id, occurred_at AS moment
        FROM interaction
        WHERE direction = 'in' OR outcome IN ('opened', 'clicked', 'answered')
    )
)
GROUP BY customer_id, (dow + 6) % 7 * 24 + hour
