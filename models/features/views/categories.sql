-- view: categories
-- grain: one article group that a customer bought from; articles without a group are one row with none
-- meaning: how many articles of it, and for how much
-- as of: facts before :as_of
SELECT
    customer_id,
    category,
    count(*) AS articles,
    sum(pieces) AS pieces,
    sum(amount) AS amount,
    sum(discount) AS discount,
    sum(amount_reduced) AS amount_reduced
FROM articles
GROUP BY customer_id, category
