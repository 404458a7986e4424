# Vizavi's REST API. Made by `vizavi client`, from the description that the service gives at /openapi.json: do not edit.
# Set VIZAVI_URL (http://127.0.0.1:8080) and VIZAVI_KEY (vizavi key create NAME --role ROLE), and copy what you need.

# This document as a page.
curl -sS -X GET "$VIZAVI_URL/docs"

# The page's style.
curl -sS -X GET "$VIZAVI_URL/docs/style.css"

# The process lives.
curl -sS -X GET "$VIZAVI_URL/healthz"

# Takes bounces, complaints and messages that a provider reports, signed as our own webhooks are.
curl -sS -X POST "$VIZAVI_URL/incoming/events" \
  -H 'Content-Type: application/json' -d '{"key":"TEXT","kind":"TEXT","channel":"TEXT"}'

# Takes a mail that came back, whole, signed in the same way.
curl -sS -X POST "$VIZAVI_URL/incoming/mail"

# Counters and gauges for Prometheus.
curl -sS -X GET "$VIZAVI_URL/metrics"

# Counts that a message was opened.
curl -sS -X GET "$VIZAVI_URL/o/$TOKEN"

# This document.
curl -sS -X GET "$VIZAVI_URL/openapi.json"

# The store answers.
curl -sS -X GET "$VIZAVI_URL/readyz"

# Follows a link of a message to the target that stands in it.
curl -sS -X GET "$VIZAVI_URL/t/$TOKEN"

# What each campaign is credited with by a window and a model, beside what its holdout shows that it caused.
curl -sS -X GET "$VIZAVI_URL/v1/attribution" -H "Authorization: Bearer $VIZAVI_KEY"

# Who did what, newest first.
curl -sS -X GET "$VIZAVI_URL/v1/audit" -H "Authorization: Bearer $VIZAVI_KEY"

# Whether somebody changed or removed a row of the audit.
curl -sS -X GET "$VIZAVI_URL/v1/audit/check" -H "Authorization: Bearer $VIZAVI_KEY"

# How many contacts clients have had and are to expect, day by day and by campaign.
curl -sS -X GET "$VIZAVI_URL/v1/calendar" -H "Authorization: Bearer $VIZAVI_KEY"

# All campaigns, by name.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns" -H "Authorization: Bearer $VIZAVI_KEY"

# Begins a campaign from an example, with the offers and segments that it needs; it is a draft.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"name":"TEXT"}'

# One campaign: its state, its definition and templates.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Applies a definition with its templates: all faults at once, and nothing is kept when there is one.
curl -sS -X PUT "$VIZAVI_URL/v1/campaigns/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"spec":{"name":"TEXT","offers":["TEXT"],"channels":[{}]}}'

# Answers for the planned version; from now on it may run.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/approve" -H "Authorization: Bearer $VIZAVI_KEY"

# Ends the campaign; what was not sent is taken back.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/cancel" -H "Authorization: Bearer $VIZAVI_KEY"

# What is left of budget, stock and channels for real time and the next run, and what one more is worth now.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns/$ID/capacity" -H "Authorization: Bearer $VIZAVI_KEY"

# Ends the campaign when it has done what it was for: nothing new begins, its results stand.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/close" -H "Authorization: Bearer $VIZAVI_KEY"

# The journeys of clients through the campaign.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns/$ID/journeys" -H "Authorization: Bearer $VIZAVI_KEY"

# Stops sending; nothing is lost.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/pause" -H "Authorization: Bearer $VIZAVI_KEY"

# The last dry run of the present version.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns/$ID/plan" -H "Authorization: Bearer $VIZAVI_KEY"

# A dry run as of now: waterfall, forecast, prices, sampled decisions.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/plan" -H "Authorization: Bearer $VIZAVI_KEY"

# What each run earned against its holdout, with interval, checks and verdict.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns/$ID/results" -H "Authorization: Bearer $VIZAVI_KEY"

# Goes on where it stopped.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/resume" -H "Authorization: Bearer $VIZAVI_KEY"

# The runs, newest first, each reconciled to the last message.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns/$ID/runs" -H "Authorization: Bearer $VIZAVI_KEY"

# Starts a run; an occasion has one run only.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/runs" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# The steps, each with how many clients wait for it, and how many journeys ended before it.
curl -sS -X GET "$VIZAVI_URL/v1/campaigns/$ID/steps" -H "Authorization: Bearer $VIZAVI_KEY"

# Sends one message, as a customer would get it, to an address of yours.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/test-send" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","channel":"TEXT","to":"TEXT"}'

# What it would do under other limits, beside what it would do under its own; nothing is kept.
curl -sS -X POST "$VIZAVI_URL/v1/campaigns/$ID/what-if" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"limits":{}}'

# Records one step of a claim; several as NDJSON, all or none.
curl -sS -X POST "$VIZAVI_URL/v1/claims" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","claim":"TEXT","status":"TEXT"}'

# Customers whose complaints are open, with what winning each back is worth.
curl -sS -X GET "$VIZAVI_URL/v1/complaints" -H "Authorization: Bearer $VIZAVI_KEY"

# Which campaigns want the same clients now, and what it costs that only one may write; nothing is kept.
curl -sS -X POST "$VIZAVI_URL/v1/conflicts" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# Records one consent or withdrawal, or an array of them.
curl -sS -X POST "$VIZAVI_URL/v1/consents" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","channel":"TEXT","granted":true,"source":"TEXT"}'

# Customers, in pages.
curl -sS -X GET "$VIZAVI_URL/v1/customers" -H "Authorization: Bearer $VIZAVI_KEY"

# One customer by the company's own key, with what is known at once.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds a customer (201), or replaces the profile.
curl -sS -X PUT "$VIZAVI_URL/v1/customers/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{}'

# Erases a person for good, from the store at once; the numbers of runs stay.
curl -sS -X DELETE "$VIZAVI_URL/v1/customers/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# The next best action for a customer, and what to say.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID/advice" -H "Authorization: Bearer $VIZAVI_KEY"

# Merges another key into this customer for good: facts, consents and messages move.
curl -sS -X POST "$VIZAVI_URL/v1/customers/$ID/aliases" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"external_id":"TEXT"}'

# What was decided for a customer, newest first, with why.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID/decisions" -H "Authorization: Bearer $VIZAVI_KEY"

# What staff wrote down about a customer, newest first.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID/notes" -H "Authorization: Bearer $VIZAVI_KEY"

# Writes a note about a customer.
curl -sS -X POST "$VIZAVI_URL/v1/customers/$ID/notes" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"text":"TEXT"}'

# Sets who looks after a customer, and in which team.
curl -sS -X PUT "$VIZAVI_URL/v1/customers/$ID/owner" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"owner":"TEXT","team":"TEXT"}'

# A customer's profit and loss by month and in whole, why it is a loss and what would mend it, potential apart.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID/profit" -H "Authorization: Bearer $VIZAVI_KEY"

# What whoever takes an account over should know: value, what is open, notes, and what to do next.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID/summary" -H "Authorization: Bearer $VIZAVI_KEY"

# What was or is to be done for a customer, newest first.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID/tasks" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds something to do for a customer.
curl -sS -X POST "$VIZAVI_URL/v1/customers/$ID/tasks" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"text":"TEXT","owner":"TEXT","due_at":"2026-02-02T09:00:00Z"}'

# The whole story of a customer: facts, decisions, messages and what came of them.
curl -sS -X GET "$VIZAVI_URL/v1/customers/$ID/timeline" -H "Authorization: Bearer $VIZAVI_KEY"

# What now for this customer, or these few? What it takes is reserved, and it is logged, before it is answered.
curl -sS -X POST "$VIZAVI_URL/v1/decisions" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# What became of each message of a run.
curl -sS -X GET "$VIZAVI_URL/v1/deliveries" -H "Authorization: Bearer $VIZAVI_KEY"

# Sends to the missing: everyone of a run whose message failed gets another, once.
curl -sS -X POST "$VIZAVI_URL/v1/deliveries/resend" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"run":1}'

# Settles a held message: it arrived, it never arrived (and is sent), or it is given up.
curl -sS -X POST "$VIZAVI_URL/v1/deliveries/$ID/settle" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"resolution":"TEXT","proof":"TEXT"}'

# What is declared of events, by name.
curl -sS -X GET "$VIZAVI_URL/v1/event-types" -H "Authorization: Bearer $VIZAVI_KEY"

# Which properties an event of this name may carry.
curl -sS -X GET "$VIZAVI_URL/v1/event-types/$NAME" -H "Authorization: Bearer $VIZAVI_KEY"

# Declares the properties of an event (201), or replaces the declaration.
curl -sS -X PUT "$VIZAVI_URL/v1/event-types/$NAME" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{}'

# Records something that a customer did; several as NDJSON, all or none.
curl -sS -X POST "$VIZAVI_URL/v1/events" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","name":"TEXT"}'

# The campaigns that come with the program.
curl -sS -X GET "$VIZAVI_URL/v1/examples" -H "Authorization: Bearer $VIZAVI_KEY"

# Each campaign against its holdout, and the variants of each campaign that has some.
curl -sS -X GET "$VIZAVI_URL/v1/experiments" -H "Authorization: Bearer $VIZAVI_KEY"

# One experiment, with all that is needed to recompute who is in which arm. The id is CAMPAIGN or CAMPAIGN:EXPERIMENT.
curl -sS -X GET "$VIZAVI_URL/v1/experiments/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Chooses a variant: by the data (409 where they cannot carry a winner), or the one that is named.
curl -sS -X POST "$VIZAVI_URL/v1/experiments/$ID/decide" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# Arms, effects with intervals, verdict and warnings of every run, with all sums that they were made of.
curl -sS -X GET "$VIZAVI_URL/v1/experiments/$ID/results" -H "Authorization: Bearer $VIZAVI_KEY"

# Exports that are whole, newest first; each is kept for two weeks.
curl -sS -X GET "$VIZAVI_URL/v1/exports" -H "Authorization: Bearer $VIZAVI_KEY"

# Has a worker write facts and tables as files for a warehouse; they hold personal data.
curl -sS -X POST "$VIZAVI_URL/v1/exports" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# One export with its files.
curl -sS -X GET "$VIZAVI_URL/v1/exports/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# One file of an export.
curl -sS -X GET "$VIZAVI_URL/v1/exports/$ID/files/$NAME" -H "Authorization: Bearer $VIZAVI_KEY"

# Files that were imported and what became of their lines, newest first; of others' with jobs:read.
curl -sS -X GET "$VIZAVI_URL/v1/imports" -H "Authorization: Bearer $VIZAVI_KEY"

# Takes a file (CSV, NDJSON or Parquet; plain, gzip or zstd) and imports it in the background.
curl -sS -X POST "$VIZAVI_URL/v1/imports" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/octet-stream' --data-binary @FILE

# One import: how far it is, or what became of its lines.
curl -sS -X GET "$VIZAVI_URL/v1/imports/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# The rejected lines with their reasons, to be mended and sent again: CSV, or NDJSON where the file was.
curl -sS -X GET "$VIZAVI_URL/v1/imports/$ID/rejects" -H "Authorization: Bearer $VIZAVI_KEY"

# What customers ask in reply to messages.
curl -sS -X GET "$VIZAVI_URL/v1/inquiries" -H "Authorization: Bearer $VIZAVI_KEY"

# Opens an inquiry that came by telephone, in a shop or from another system, and records it as an interaction.
curl -sS -X POST "$VIZAVI_URL/v1/inquiries" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","channel":"TEXT","text":"TEXT"}'

# One inquiry, with the next best action and what to say beside it.
curl -sS -X GET "$VIZAVI_URL/v1/inquiries/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Closes an inquiry that was answered.
curl -sS -X POST "$VIZAVI_URL/v1/inquiries/$ID/close" -H "Authorization: Bearer $VIZAVI_KEY"

# Records a call, message, visit or complaint; several as NDJSON, all or none.
curl -sS -X POST "$VIZAVI_URL/v1/interactions" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","direction":"TEXT","channel":"TEXT","reason":"TEXT"}'

# Background work, newest first.
curl -sS -X GET "$VIZAVI_URL/v1/jobs" -H "Authorization: Bearer $VIZAVI_KEY"

# One job, with what it came to.
curl -sS -X GET "$VIZAVI_URL/v1/jobs/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Calls a job off: one that waits is not begun, one that runs stops at its next step. 409 when it is done or cannot stop.
curl -sS -X POST "$VIZAVI_URL/v1/jobs/$ID/cancel" -H "Authorization: Bearer $VIZAVI_KEY"

# Has a job tried again that was laid aside or cancelled.
curl -sS -X POST "$VIZAVI_URL/v1/jobs/$ID/retry" -H "Authorization: Bearer $VIZAVI_KEY"

# All keys, without their secrets.
curl -sS -X GET "$VIZAVI_URL/v1/keys" -H "Authorization: Bearer $VIZAVI_KEY"

# Makes a key; the answer shows it, and nothing shows it again.
curl -sS -X POST "$VIZAVI_URL/v1/keys" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"name":"TEXT","role":"TEXT"}'

# Withdraws a key, at once and for good.
curl -sS -X DELETE "$VIZAVI_URL/v1/keys/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Overview, profitability and customer equity, as of the last scoring.
curl -sS -X GET "$VIZAVI_URL/v1/kpis" -H "Authorization: Bearer $VIZAVI_KEY"

# Holds winning clients against keeping them for the same money, under each objective; keeps nothing.
curl -sS -X POST "$VIZAVI_URL/v1/kpis/budget" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"budget":1}'

# What the base is worth by segment, what came in and went out, and who stayed.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/equity" -H "Authorization: Bearer $VIZAVI_KEY"

# What the strategy wants: goals with indicator, actions, budgets, owners and reviews.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/goals" -H "Authorization: Bearer $VIZAVI_KEY"

# One goal.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/goals/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds a goal (201), or replaces it.
curl -sS -X PUT "$VIZAVI_URL/v1/kpis/goals/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"title":"TEXT","indicator":"TEXT","owner":"TEXT","review_at":"2026-02-02T09:00:00Z"}'

# Gives a goal up.
curl -sS -X DELETE "$VIZAVI_URL/v1/kpis/goals/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Notes that a goal, or one of its actions, was looked at, and when it is to be again.
curl -sS -X POST "$VIZAVI_URL/v1/kpis/goals/$ID/reviews" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"next":"2026-02-02T09:00:00Z"}'

# What the company goes for first, once that was chosen.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/objective" -H "Authorization: Bearer $VIZAVI_KEY"

# Chooses the objective: profit, clients_kept, new_clients or base_value.
curl -sS -X PUT "$VIZAVI_URL/v1/kpis/objective" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"objective":"TEXT"}'

# Goals and actions whose review is overdue, the longest first.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/overdue" -H "Authorization: Bearer $VIZAVI_KEY"

# Per owner of campaigns and per salesperson: incremental profit and clients kept, beside turnover.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/people" -H "Authorization: Bearer $VIZAVI_KEY"

# Profit and loss of the base: by month, unprofitable clients by tenure, whale curve, payback, causes, potential.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/profit" -H "Authorization: Bearer $VIZAVI_KEY"

# Answers to surveys and complaints by the team that looks after each customer.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/satisfaction" -H "Authorization: Bearer $VIZAVI_KEY"

# Every indicator with its definition, window, target, owner, trend and status, beside market and competitors.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/scorecard" -H "Authorization: Bearer $VIZAVI_KEY"

# Figures of the market and of competitors, by subject and indicator.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/series" -H "Authorization: Bearer $VIZAVI_KEY"

# One series.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/series/$SUBJECT/$INDICATOR" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds the series of an indicator of the market or of a competitor (201), or replaces it.
curl -sS -X PUT "$VIZAVI_URL/v1/kpis/series/$SUBJECT/$INDICATOR" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"source":"TEXT","points":[{}]}'

# Removes a series.
curl -sS -X DELETE "$VIZAVI_URL/v1/kpis/series/$SUBJECT/$INDICATOR" -H "Authorization: Bearer $VIZAVI_KEY"

# Sources of leads, with what the marketer expects of each.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/sources" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds a source of leads (201), or replaces what is expected of it.
curl -sS -X PUT "$VIZAVI_URL/v1/kpis/sources/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"cost":1,"rate":0.5,"leads":1}'

# The targets of indicators, and who answers for each.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/targets" -H "Authorization: Bearer $VIZAVI_KEY"

# The target of one indicator.
curl -sS -X GET "$VIZAVI_URL/v1/kpis/targets/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Sets the target of an indicator (201), or replaces it.
curl -sS -X PUT "$VIZAVI_URL/v1/kpis/targets/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"value":0.5,"owner":"TEXT"}'

# Takes the target of an indicator away.
curl -sS -X DELETE "$VIZAVI_URL/v1/kpis/targets/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Profit and value of the base if retention, margin, a cost or a rate were others, per segment; keeps nothing.
curl -sS -X POST "$VIZAVI_URL/v1/kpis/what-if" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# Prospects with source, cost and the chance that they become clients.
curl -sS -X GET "$VIZAVI_URL/v1/leads" -H "Authorization: Bearer $VIZAVI_KEY"

# Records one lead, or an array of them; who is not known becomes a prospect.
curl -sS -X POST "$VIZAVI_URL/v1/leads" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","source":"TEXT"}'

# What leads of each source cost, how many became clients, and which rates serve.
curl -sS -X GET "$VIZAVI_URL/v1/leads/sources" -H "Authorization: Bearer $VIZAVI_KEY"

# The person of a lead is this client: both become one customer, for good.
curl -sS -X POST "$VIZAVI_URL/v1/leads/$ID/convert" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"client":"TEXT"}'

# Every fit of every model.
curl -sS -X GET "$VIZAVI_URL/v1/models" -H "Authorization: Bearer $VIZAVI_KEY"

# The version of a model that serves, with its card and its drift.
curl -sS -X GET "$VIZAVI_URL/v1/models/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Has a version of a model serve that passed its gate; the one before is retired.
curl -sS -X POST "$VIZAVI_URL/v1/models/$ID/promote" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# Has the version of a model serve that served before.
curl -sS -X POST "$VIZAVI_URL/v1/models/$ID/rollback" -H "Authorization: Bearer $VIZAVI_KEY"

# All offers, by name.
curl -sS -X GET "$VIZAVI_URL/v1/offers" -H "Authorization: Bearer $VIZAVI_KEY"

# One offer, and how much of it is left.
curl -sS -X GET "$VIZAVI_URL/v1/offers/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds an offer (201), or replaces its definition; what is used up stays counted.
curl -sS -X PUT "$VIZAVI_URL/v1/offers/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"name":"TEXT","benefit":{}}'

# Adds single-use codes to an offer's list; each is given to one customer at most.
curl -sS -X POST "$VIZAVI_URL/v1/offers/$ID/codes" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"codes":["TEXT"]}'

# How many customers have bought all goods of the offer's bundle, and how many would by chance.
curl -sS -X GET "$VIZAVI_URL/v1/offers/$ID/together" -H "Authorization: Bearer $VIZAVI_KEY"

# Records an order or a return; several as NDJSON, all or none.
curl -sS -X POST "$VIZAVI_URL/v1/orders" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","order":"TEXT","items":[{}]}'

# Records what became of a message, or of a proposal in real time, as another system reports it; several as NDJSON.
curl -sS -X POST "$VIZAVI_URL/v1/outcomes" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"kind":"TEXT","key":"TEXT"}'

# What the base is worth, who pays for whom, what runs.
curl -sS -X GET "$VIZAVI_URL/v1/overview" -H "Authorization: Bearer $VIZAVI_KEY"

# What several campaigns would do together, each client left to the one to which they are worth most; nothing is kept.
curl -sS -X POST "$VIZAVI_URL/v1/plans" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# Records that a client brought somebody; who is not known becomes a prospect. A person is brought once.
curl -sS -X POST "$VIZAVI_URL/v1/referrals" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","referred":"TEXT"}'

# Decisions that wait for a person's word, or in another state: what, for whom, until when and why.
curl -sS -X GET "$VIZAVI_URL/v1/reviews" -H "Authorization: Bearer $VIZAVI_KEY"

# Releases or refuses one, by the id of its delivery; what is refused gives back all it holds.
curl -sS -X POST "$VIZAVI_URL/v1/reviews/$ID" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"decision":"TEXT","reason":"TEXT"}'

# Starts a run of each of several campaigns, decided together: of all, or of none.
curl -sS -X POST "$VIZAVI_URL/v1/runs" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# The segments: those that a model found with what each is worth, those that a rule defines with how fresh they are, those that were uploaded.
curl -sS -X GET "$VIZAVI_URL/v1/segments" -H "Authorization: Bearer $VIZAVI_KEY"

# Finds customers who resemble the members of a segment, and keeps them as a segment.
curl -sS -X POST "$VIZAVI_URL/v1/segments/lookalike" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"name":"TEXT"}'

# What a segment by rule would be: its count, some members, how many can be written to. Keeps nothing.
curl -sS -X POST "$VIZAVI_URL/v1/segments/preview" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"name":"TEXT","rule":{}}'

# One segment.
curl -sS -X GET "$VIZAVI_URL/v1/segments/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds a segment by rule (201), or replaces its definition, and builds it.
curl -sS -X PUT "$VIZAVI_URL/v1/segments/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"name":"TEXT","rule":{}}'

# Removes a segment, by rule or static, that nothing names.
curl -sS -X DELETE "$VIZAVI_URL/v1/segments/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG"

# Who entered and who left a segment by rule during the last 30 days, oldest first.
curl -sS -X GET "$VIZAVI_URL/v1/segments/$ID/changes" -H "Authorization: Bearer $VIZAVI_KEY"

# Who is in a segment, and since when.
curl -sS -X GET "$VIZAVI_URL/v1/segments/$ID/members" -H "Authorization: Bearer $VIZAVI_KEY"

# Makes a static segment of a list of the company's own keys (201), or replaces its members. Unknown keys are faults, each with its line.
curl -sS -X PUT "$VIZAVI_URL/v1/segments/$ID/members" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '["TEXT"]'

# Adds a list of keys to a static segment, which is made (201) when there is none.
curl -sS -X POST "$VIZAVI_URL/v1/segments/$ID/members" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '["TEXT"]'

# Whether messages go out.
curl -sS -X GET "$VIZAVI_URL/v1/sending" -H "Authorization: Bearer $VIZAVI_KEY"

# Lets messages go out again.
curl -sS -X POST "$VIZAVI_URL/v1/sending/start" -H "Authorization: Bearer $VIZAVI_KEY"

# Stops every sender before its next message.
curl -sS -X POST "$VIZAVI_URL/v1/sending/stop" -H "Authorization: Bearer $VIZAVI_KEY"

# Records that a contract began, was renewed, changed or ended; several as NDJSON, all or none.
curl -sS -X POST "$VIZAVI_URL/v1/subscriptions" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"customer":"TEXT","subscription":"TEXT","status":"TEXT"}'

# Adds one address that must not be used, or an array of them; only hashes are kept.
curl -sS -X POST "$VIZAVI_URL/v1/suppressions" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{"channel":"TEXT","address":"TEXT","reason":"TEXT"}'

# Open tasks, oldest first.
curl -sS -X GET "$VIZAVI_URL/v1/tasks" -H "Authorization: Bearer $VIZAVI_KEY"

# Says that a task is done.
curl -sS -X POST "$VIZAVI_URL/v1/tasks/$ID/close" -H "Authorization: Bearer $VIZAVI_KEY"

# Who is told what happens, and how each does.
curl -sS -X GET "$VIZAVI_URL/v1/webhooks" -H "Authorization: Bearer $VIZAVI_KEY"

# One webhook.
curl -sS -X GET "$VIZAVI_URL/v1/webhooks/$ID" -H "Authorization: Bearer $VIZAVI_KEY"

# Adds a webhook (201; the answer shows its secret, and nothing shows it again), or changes one.
curl -sS -X PUT "$VIZAVI_URL/v1/webhooks/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG" \
  -H 'Content-Type: application/json' -d '{"url":"TEXT","events":["TEXT"]}'

# Removes a webhook with all that waits for it.
curl -sS -X DELETE "$VIZAVI_URL/v1/webhooks/$ID" -H "Authorization: Bearer $VIZAVI_KEY" -H "If-Match: $ETAG"

# What became of each event, the latest first, with every attempt; dead letters with `state=dead`.
curl -sS -X GET "$VIZAVI_URL/v1/webhooks/$ID/events" -H "Authorization: Bearer $VIZAVI_KEY"

# Posts a test at once, and answers what came of it.
curl -sS -X POST "$VIZAVI_URL/v1/webhooks/$ID/ping" -H "Authorization: Bearer $VIZAVI_KEY"

# Sends events again: some by id, the dead letters, or all since an instant.
curl -sS -X POST "$VIZAVI_URL/v1/webhooks/$ID/replay" -H "Authorization: Bearer $VIZAVI_KEY" \
  -H 'Content-Type: application/json' -d '{}'

# Gives a webhook another secret, shown in the answer only.
curl -sS -X POST "$VIZAVI_URL/v1/webhooks/$ID/secret" -H "Authorization: Bearer $VIZAVI_KEY"
