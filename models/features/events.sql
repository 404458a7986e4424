-- family: events
-- grain: customer
-- window: the last 30 and the last 90 days
-- as of: facts before :as_of
-- serving: no
-- feature: events30 | events | 0 | what the customer did on site or app, in the last 30 days
-- feature: events90 | events | 0 | the same in the last 90 days
-- feature: event_days90 | days | 0 | distinct days (UTC) of the last 90 with an event
-- feature: baskets_left90 | events | 0 | baskets left without an order in the last 90 days (events named basket_left)
-- feature: searches90 | events | 0 | searches of the last 90 days (events named search)
SELECT
    customer_id,
    sum(events30) AS events30,
    sum(events) AS events90,
    count(*) AS event_days90,
    sum(baskets) AS baskets_left90,
    sum(searches) AS searches90
FROM (
    SELECT
        customer_id,
        date_trunc('day', occurred_at) AS day,
        count(*) AS events,
        sum(CASE WHEN occurred_at >= :as_of - INTERVAL '30 days' THEN 1 ELSE 0 END) AS events30,
        sum(CASE WHEN name = 'basket_left' THEN 1 ELSE 0 END) AS baskets,
        sum(CASE WHEN name = 'search' THEN 1 ELSE 0 END) AS searches
    FROM event
    WHERE occurred_at >= :as_of - INTERVAL '90 days'
    GROUP BY customer_id, date_trunc('day', occurred_at)
)
GROUP BY customer_id
