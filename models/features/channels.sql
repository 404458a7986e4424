-- family: channels
-- grain: customer
-- window: the last 365 days
-- as of: facts before :as_of
-- serving: no
-- feature: email365 | messages | 0 | e-mails that the company sent
-- feature: email_answer_rate | share | 0 | of these, answered or clicked
-- feature: sms365 | messages | 0 | text messages that the company sent
-- feature: sms_answer_rate | share | 0 | of these, answered or clicked
-- feature: letter365 | letters | 0 | letters that the company sent
-- feature: letter_answer_rate | share | 0 | of these, answered
-- feature: call365 | calls | 0 | calls that the company made
-- feature: call_answer_rate | share | 0 | of these, answered
-- feature: app365 | messages | 0 | messages in the app or on the site that the company placed
-- feature: app_answer_rate | share | 0 | of these, answered or clicked
SELECT
    customer_id,
    sum(email) AS email365,
    sum(email * answered) / CAST(nullif(sum(email), 0) AS DOUBLE) AS email_answer_rate,
    sum(sms) AS sms365,
    sum(sms * answered) / CAST(nullif(sum(sms), 0) AS DOUBLE) AS sms_answer_rate,
    sum(letter) AS letter365,
    sum(letter * answered) / CAST(nullif(sum(letter), 0) AS DOUBLE) AS letter_answer_rate,
    sum(call) AS call365,
    sum(call * answered) / CAST(nullif(sum(call), 0) AS DOUBLE) AS call_answer_rate,
    sum(app) AS app365,
    sum(app * answered) / CAST(nullif(sum(app), 0) AS DOUBLE) AS app_answer_rate
FROM (
    SELECT
        customer_id,
        answered,
        CASE WHEN channel = 'email' THEN 1 ELSE 0 END AS email,
        CASE WHEN channel = 'sms' THEN 1 ELSE 0 END AS sms,
        CASE WHEN channel = 'letter' THEN 1 ELSE 0 END AS letter,
        CASE WHEN channel = 'call' THEN 1 ELSE 0 END AS call,
        CASE WHEN channel IN ('app', 'push', 'web') THEN 1 ELSE 0 END AS app
    FROM contacts_made
    WHERE made_at >= :as_of - INTERVAL '365 days'
)
GROUP BY customer_id
