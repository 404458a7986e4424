-- family: week
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- serving: no
-- feature: active_mon | times | 0 | orders, answers and inbound contacts on Mondays (UTC)
-- feature: active_tue | times | 0 | the same on Tuesdays
-- feature: active_wed | times | 0 | the same on Wednesdays
-- feature: active_thu | times | 0 | the same on Thursdays
-- feature: active_fri | times | 0 | the same on Fridays
-- feature: active_sat | times | 0 | the same on Saturdays
-- feature: active_sun | times | 0 | the same on Sundays
-- feature: weekend_share | share | 0 | of all, those on Saturdays and Sundays
-- feature: office_share | share | 0 | of all, those from Monday to Friday between 08 and 18 o'clock UTC
-- feature: peak_hour_share | share | 0 | of all, those in the busiest hour of the week: 1 when the customer always comes at the same hour
SELECT
    customer_id,
    sum(CASE WHEN hour_of_week < 24 THEN times ELSE 0 END) AS active_mon,
    sum(CASE WHEN hour_of_week BETWEEN 24 AND 47 THEN times ELSE 0 END) AS active_tue,
    sum(CASE WHEN hour_of_week BETWEEN 48 AND 71 THEN times ELSE 0 END) AS active_wed,
    sum(CASE WHEN hour_of_week BETWEEN 72 AND 95 THEN times ELSE 0 END) AS active_thu,
    sum(CASE WHEN hour_of_week BETWEEN 96 AND 119 THEN times ELSE 0 END) AS active_fri,
    sum(CASE WHEN hour_of_week BETWEEN 120 AND 143 THEN times ELSE 0 END) AS active_sat,
    sum(CASE WHEN hour_of_week >= 144 THEN times ELSE 0 END) AS active_sun,
    sum(CASE WHEN hour_of_week >= 120 THEN times ELSE 0 END) / CAST(sum(times) AS DOUBLE) AS weekend_share,
    sum(CASE WHEN hour_of_week < 120 AND hour_of_week % 24 BETWEEN 8 AND 17 THEN times ELSE 0 END)
        / CAST(sum(times) AS DOUBLE) AS office_share,
    max(times) / CAST(sum(times) AS DOUBLE) AS peak_hour_share
FROM active_hours
GROUP BY customer_id
