-- family: price
-- grain: customer
-- window: all history
-- as of: facts before :as_of
-- serving: no
-- feature: piece_price | currency units | 0 | what a piece cost, on average over all pieces bought
-- feature: article_price | currency units | 0 | what a piece of an article cost, on average over distinct articles: the price level of the choice, whatever the quantities
-- feature: reduced_share | share | 0 | revenue of lines sold at a discount, of all revenue
-- feature: discount_depth | share | 0 | discount taken, of what the lines sold at a discount would have cost without it
-- feature: reduced_articles | share | 0 | distinct articles ever bought at a discount, of all distinct articles
SELECT
    customer_id,
    sum(amount) / :unit / nullif(sum(pieces), 0) AS piece_price,
    avg(amount / CAST(nullif(pieces, 0) AS DOUBLE)) / :unit AS article_price,
    sum(amount_reduced) / CAST(nullif(sum(amount), 0) AS DOUBLE) AS reduced_share,
    sum(discount) / CAST(nullif(sum(amount_reduced + discount), 0) AS DOUBLE) AS discount_depth,
    sum(CASE WHEN discount > 0 THEN 1.0 ELSE 0.0 END) / count(*) AS reduced_articles
FROM articles
GROUP BY customer_id
