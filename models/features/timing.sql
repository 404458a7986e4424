-- family: timing
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- feature: active_00 | times | 0 | orders, answers and inbound contacts between 00 and 06 o'clock UTC
-- feature: active_06 | times | 0 | the same between 06 and 12
-- feature: active_12 | times | 0 | the same between 12 and 18
-- feature: active_18 | times | 0 | the same between 18 and 24
SELECT
    customer_id,
    sum(CASE WHEN hour_of_week % 24 < 6 THEN times ELSE 0 END) AS active_00,
    sum(CASE WHEN hour_of_week % 24 BETWEEN 6 AND 11 THEN times ELSE 0 END) AS active_06,
    sum(CASE WHEN hour_of_week % 24 BETWEEN 12 AND 17 THEN times ELSE 0 END) AS active_12,
    sum(CASE WHEN hour_of_week % 24 >= 18 THEN times ELSE 0 END) AS active_18
FROM active_hours
GROUP BY customer_id
