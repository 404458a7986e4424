-- family: engagement
-- grain: customer
-- window: all history, the last 90 days
-- as of: facts before :as_of
-- feature: contacts90 | messages | 0 | outbound contacts of the last 90 days, over all channels
-- feature: open_rate | share | 0 | outbound e-mails that were opened or clicked
-- feature: click_rate | share | 0 | outbound contacts that were clicked or answered
-- feature: clicks90 | messages | 0 | outbound contacts of the last 90 days that were clicked or answered
-- feature: inbound90 | contacts | 0 | times the customer got in touch in the last 90 days; opening or clicking a message is none
-- feature: calls90 | contacts | 0 | of these, by telephone
-- feature: visits90 | contacts | 0 | of these, by visiting the site, the app or a shop
-- feature: complaints | contacts | 0 | complaints
-- feature: complaints90 | contacts | 0 | complaints of the last 90 days
SELECT
    customer_id,
    sum(made * recent) AS contacts90,
    sum(email * opened) / CAST(nullif(sum(email), 0) AS DOUBLE) AS open_rate,
    sum(answered) / CAST(nullif(sum(made), 0) AS DOUBLE) AS click_rate,
    sum(answered * recent) AS clicks90,
    sum(received * recent) AS inbound90,
    sum(call * recent) AS calls90,
    sum(visit * recent) AS visits90,
    sum(complaint) AS complaints,
    sum(complaint * recent) AS complaints90
FROM (
    SELECT
        customer_id,
        1 AS made,
        CASE WHEN channel = 'email' THEN 1 ELSE 0 END AS email,
        opened,
        answered,
        0 AS received,
        0 AS call,
        0 AS visit,
        0 AS complaint,
        CASE WHEN made_at >= :as_of - INTERVAL '90 days' THEN 1 ELSE 0 END AS recent
    FROM contacts_made
    UNION ALL
    SELECT
        customer_id,
        0,
        0,
        0,
        0,
        1,
        CASE WHEN channel = 'call' THEN 1 ELSE 0 END,
        CASE WHEN channel IN ('visit', 'web', 'app', 'shop') THEN 1 ELSE 0 END,
        0,
        CASE WHEN occurred_at >= :as_of - INTERVAL '90 days' THEN 1 ELSE 0 END
    FROM contacts_received
    UNION ALL
    -- In either direction: a shop may write down a complaint that it called back about.
    SELECT customer_id, 0, 0, 0, 0, 0, 0, 0, 1, CASE WHEN occurred_at >= :as_of - INTERVAL '90 days' THEN 1 ELSE 0 END
    FROM interaction
    WHERE reason = 'complaint'
)
GROUP BY customer_id
