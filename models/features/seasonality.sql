-- family: seasonality
-- grain: customer
-- window: all history, the same season of the last year
-- as of: facts before :as_of
-- serving: no
-- feature: q1_share | share | 0 | revenue of the months January to March, of all revenue
-- feature: q2_share | share | 0 | revenue of April to June
-- feature: q3_share | share | 0 | revenue of July to September
-- feature: q4_share | share | 0 | revenue of October to December
-- feature: december_share | share | 0 | revenue of December
-- feature: season_last_year | currency units | 0 | revenue of the 90 days that began 365 days before: what the coming season brought a year ago
-- feature: season_orders_last_year | orders | 0 | orders of the same 90 days
SELECT
    customer_id,
    sum(CASE WHEN month <= 3 THEN amount ELSE 0 END) / CAST(nullif(sum(amount), 0) AS DOUBLE) AS q1_share,
    sum(CASE WHEN month BETWEEN 4 AND 6 THEN amount ELSE 0 END) / CAST(nullif(sum(amount), 0) AS DOUBLE) AS q2_share,
    sum(CASE WHEN month BETWEEN 7 AND 9 THEN amount ELSE 0 END) / CAST(nullif(sum(amount), 0) AS DOUBLE) AS q3_share,
    sum(CASE WHEN month >= 10 THEN amount ELSE 0 END) / CAST(nullif(sum(amount), 0) AS DOUBLE) AS q4_share,
    sum(CASE WHEN month = 12 THEN amount ELSE 0 END) / CAST(nullif(sum(amount), 0) AS DOUBLE) AS december_share,
    sum(CASE WHEN same_season THEN amount ELSE 0 END) / :unit AS season_last_year,
    sum(CASE WHEN same_season THEN 1 ELSE 0 END) AS season_orders_last_year
FROM (
    SELECT
        customer_id,
        amount,
        date_part('month', began) AS month,
        began >= :as_of - INTERVAL '365 days' AND began < :as_of - INTERVAL '275 days' AS same_season
    FROM orders
)
GROUP BY customer_id
