//! The whole route table of the API: method, path, permission, handler, and what the document says. Links to these rows are
//! contracts: marketers' scripts call them.

use actix_web::http::Method;

use super::auth::Access::{Needs, Public};
use super::route::{Route, route};
use super::schema::{keys, list_of, named, object};
use super::{
    analysis, audit, campaigns, consents, customers, decisions, deliveries, docs, event_types, experiments, facts,
    health, imports, incoming, inquiries, jobs, keys as api_keys, kpis, links, metrics, models, offers, reviews,
    segments, sending, suppressions, webhooks,
};
use crate::operations::access::Permission::{
    AccessManage, AnalysisRead, AuditRead, CampaignsApprove, CampaignsRead, CampaignsRun, CampaignsWrite,
    ConsentsWrite, CustomersManage, CustomersRead, CustomersWrite, DecisionsMake, DecisionsRead, DeliveriesRead,
    EventTypesWrite, FactsWrite, ImportsRead, JobsRead, OffersRead, OffersWrite, WebhooksManage,
};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// Every route, in the order of the document.
#[rustfmt::skip] // one row a route: path and permission are read together
pub fn table() -> Vec<Route> {
    let mut table = vec![
        // customers
        route(GET, "/v1/customers", Needs(CustomersRead), customers::list::handle)
            .says("Customers, in pages.").paged(named("CustomerShown")),
        route(GET, "/v1/customers/{id}", Needs(CustomersRead), customers::get::handle)
            .says("One customer by the company's own key, with what is known at once.").answers(200, named("CustomerShown")),
        route(PUT, "/v1/customers/{id}", Needs(CustomersWrite), customers::put::handle)
            .says("Adds a customer (201), or replaces the profile.").takes(named("CustomerInput"))
            .answers(200, named("CustomerShown")).also(201, named("CustomerShown")).versioned(),
        route(DELETE, "/v1/customers/{id}", Needs(CustomersManage), customers::erase::handle)
            .says("Erases a person for good, from the store at once; the numbers of runs stay.").answers_as(204, "").or(&[404]),
        route(POST, "/v1/customers/{id}/aliases", Needs(CustomersManage), customers::alias::handle)
            .says("Merges another key into this customer for good: facts, consents and messages move.")
            .takes(named("AliasInput")).answers(200, named("AliasAdded")).or(&[404]),
        route(GET, "/v1/customers/{id}/timeline", Needs(CustomersRead), analysis::timeline)
            .says("The whole story of a customer: facts, decisions, messages and what came of them.").answers(200, object()),
        route(GET, "/v1/customers/{id}/profit", Needs(CustomersRead), analysis::customer_profit)
            .says("A customer's profit and loss by month and in whole, why it is a loss and what would mend it, potential apart.")
            .answers(200, object()),
        route(GET, "/v1/customers/{id}/decisions", Needs(DecisionsRead), decisions::of_customer)
            .says("What was decided for a customer, newest first, with why.").paged(object()),
        route(POST, "/v1/consents", Needs(ConsentsWrite), consents::post)
            .says("Records one consent or withdrawal, or an array of them.").takes(one_or_many("ConsentInput"))
            .answers(200, named("ConsentsRecorded")).or(&[404]),
        route(POST, "/v1/suppressions", Needs(ConsentsWrite), suppressions::post)
            .says("Adds one address that must not be used, or an array of them; only hashes are kept.")
            .takes(one_or_many("SuppressionInput")).answers(200, named("SuppressionsAdded")),

        // facts
        route(POST, "/v1/events", Needs(FactsWrite), facts::events)
            .says("Records something that a customer did; several as NDJSON, all or none.").takes_lines(named("Event"))
            .answers(200, named("Recorded")),
        route(POST, "/v1/orders", Needs(FactsWrite), facts::orders)
            .says("Records an order or a return; several as NDJSON, all or none.").takes_lines(named("Order"))
            .answers(200, named("Recorded")),
        route(POST, "/v1/interactions", Needs(FactsWrite), facts::interactions)
            .says("Records a call, message, visit or complaint; several as NDJSON, all or none.")
            .takes_lines(named("Interaction")).answers(200, named("Recorded")),
        route(POST, "/v1/subscriptions", Needs(FactsWrite), facts::subscriptions)
            .says("Records that a contract began, was renewed, changed or ended; several as NDJSON, all or none.")
            .takes_lines(named("Subscription")).answers(200, named("Recorded")),
        route(POST, "/v1/claims", Needs(FactsWrite), facts::claims)
            .says("Records one step of a claim; several as NDJSON, all or none.").takes_lines(named("Claim"))
            .answers(200, named("Recorded")),
        route(GET, "/v1/event-types", Needs(AnalysisRead), event_types::list)
            .says("What is declared of events, by name.").answers(200, super::schema::page_of(named("EventTypeShown"))),
        route(GET, "/v1/event-types/{name}", Needs(AnalysisRead), event_types::get)
            .says("Which properties an event of this name may carry.").answers(200, named("EventTypeShown")),
        route(PUT, "/v1/event-types/{name}", Needs(EventTypesWrite), event_types::put)
            .says("Declares the properties of an event (201), or replaces the declaration.").takes(named("EventType"))
            .answers(200, named("EventTypeShown")).also(201, named("EventTypeShown")).versioned(),
        route(POST, "/v1/outcomes", Needs(FactsWrite), facts::outcomes)
            .says("Records what became of a message, or of a proposal in real time, as another system reports it; several as NDJSON.")
            .takes_lines(named("OutcomeInput")).answers(200, named("OutcomesRecorded")).or(&[404]),

        // real time
        route(POST, "/v1/decisions", Needs(DecisionsMake), decisions::make)
            .says("What now for this customer, or these few? What it takes is reserved, and it is logged, before it is answered.").takes(named("DecisionRequest"))
            .answers(200, object()).or(&[404]),

        // offers
        route(GET, "/v1/offers", Needs(OffersRead), offers::list::handle)
            .says("All offers, by name.").answers(200, super::schema::page_of(object())),
        route(GET, "/v1/offers/{id}", Needs(OffersRead), offers::get::handle)
            .says("One offer, and how much of it is left.").answers(200, object()),
        route(PUT, "/v1/offers/{id}", Needs(OffersWrite), offers::put::handle)
            .says("Adds an offer (201), or replaces its definition; what is used up stays counted.").takes(named("Offer"))
            .answers(200, object()).also(201, object()).versioned(),
        route(GET, "/v1/offers/{id}/together", Needs(AnalysisRead), offers::together::handle)
            .says("How many customers have bought all goods of the offer's bundle, and how many would by chance.")
            .answers(200, object()),
        route(POST, "/v1/offers/{id}/codes", Needs(OffersWrite), offers::codes::handle)
            .says("Adds single-use codes to an offer's list; each is given to one customer at most.").takes(named("CodesInput"))
            .answers(200, named("CodesAdded")).or(&[404]),

        // campaigns
        route(GET, "/v1/campaigns", Needs(CampaignsRead), campaigns::list::handle)
            .says("All campaigns, by name.").answers(200, super::schema::page_of(object())),
        route(POST, "/v1/campaigns", Needs(CampaignsWrite), campaigns::begin::post)
            .says("Begins a campaign from an example, with the offers and segments that it needs; it is a draft.")
            .query("from", "string", "the example; `GET /v1/examples` names them").takes(named("BeginInput")).answers(201, object()).or(&[404]),
        route(POST, "/v1/conflicts", Needs(CampaignsWrite), campaigns::conflicts::handle)
            .says("Which campaigns want the same clients now, and what it costs that only one may write; nothing is kept.")
            .takes(named("ConflictsInput")).answers(200, object()).or(&[404]),
        route(POST, "/v1/plans", Needs(CampaignsWrite), campaigns::joint::plan)
            .says("What several campaigns would do together, each client left to the one to which they are worth most; nothing is kept.")
            .takes(named("JointInput")).answers(200, object()).or(&[404]),
        route(POST, "/v1/runs", Needs(CampaignsRun), campaigns::joint::run)
            .says("Starts a run of each of several campaigns, decided together: of all, or of none.")
            .takes(named("JointRunInput")).answers(201, super::schema::page_of(object())).or(&[404]),
        route(GET, "/v1/examples", Needs(CampaignsRead), campaigns::begin::list)
            .says("The campaigns that come with the program.").answers(200, super::schema::page_of(object())),
        route(GET, "/v1/campaigns/{id}", Needs(CampaignsRead), campaigns::get::handle)
            .says("One campaign: its state, its definition and templates.").answers(200, object()),
        route(PUT, "/v1/campaigns/{id}", Needs(CampaignsWrite), campaigns::put::handle)
            .says("Applies a definition with its templates: all faults at once, and nothing is kept when there is one.")
            .takes(named("CampaignFolder")).answers(200, object()).also(201, object()).versioned(),
        route(GET, "/v1/campaigns/{id}/plan", Needs(CampaignsRead), campaigns::plan::get)
            .says("The last dry run of the present version.").answers(200, object()),
        route(POST, "/v1/campaigns/{id}/plan", Needs(CampaignsWrite), campaigns::plan::post)
            .says("A dry run as of now: waterfall, forecast, prices, sampled decisions.").answers(200, object()),
        route(POST, "/v1/campaigns/{id}/what-if", Needs(CampaignsWrite), campaigns::what_if::handle)
            .says("What it would do under other limits, beside what it would do under its own; nothing is kept.")
            .takes(named("WhatIf")).answers(200, object()),
        route(POST, "/v1/campaigns/{id}/approve", Needs(CampaignsApprove), campaigns::steer::approve)
            .says("Answers for the planned version; from now on it may run.").answers(200, object()),
        route(GET, "/v1/campaigns/{id}/capacity", Needs(CampaignsRead), campaigns::capacity::handle)
            .says("What is left of budget, stock and channels for real time and the next run, and what one more is worth now.")
            .answers(200, super::schema::page_of(object())).or(&[409]),
        route(GET, "/v1/campaigns/{id}/runs", Needs(CampaignsRead), campaigns::runs::list)
            .says("The runs, newest first, each reconciled to the last message.").answers(200, super::schema::page_of(object())),
        route(POST, "/v1/campaigns/{id}/runs", Needs(CampaignsRun), campaigns::runs::post)
            .says("Starts a run; an occasion has one run only.").takes(named("RunInput")).answers(201, object()),
        route(POST, "/v1/campaigns/{id}/pause", Needs(CampaignsRun), campaigns::steer::pause)
            .says("Stops sending; nothing is lost.").answers(200, object()),
        route(POST, "/v1/campaigns/{id}/resume", Needs(CampaignsRun), campaigns::steer::resume)
            .says("Goes on where it stopped.").answers(200, object()),
        route(POST, "/v1/campaigns/{id}/cancel", Needs(CampaignsRun), campaigns::steer::cancel)
            .says("Ends the campaign; what was not sent is taken back.").answers(200, object()),
        route(POST, "/v1/campaigns/{id}/close", Needs(CampaignsRun), campaigns::steer::close)
            .says("Ends the campaign when it has done what it was for: nothing new begins, its results stand.").answers(200, object()),
        route(GET, "/v1/campaigns/{id}/steps", Needs(CampaignsRead), campaigns::journeys::steps)
            .says("The steps, each with how many clients wait for it, and how many journeys ended before it.")
            .answers(200, super::schema::page_of(object())),
        route(GET, "/v1/campaigns/{id}/journeys", Needs(CampaignsRead), campaigns::journeys::list)
            .says("The journeys of clients through the campaign.")
            .query("state", "string", "`active`, `done`, `reached` or `held`; all when left out").paged(object()),

        route(GET, "/v1/campaigns/{id}/results", Needs(CampaignsRead), campaigns::results::handle)
            .says("What each run earned against its holdout, with interval, checks and verdict.").answers(200, object()),
        route(POST, "/v1/campaigns/{id}/test-send", Needs(CampaignsRun), campaigns::test_send::handle)
            .says("Sends one message, as a customer would get it, to an address of yours.").takes(named("TestSend"))
            .answers(200, object()),

        // experiments
        route(GET, "/v1/experiments", Needs(AnalysisRead), experiments::list::handle)
            .says("Each campaign against its holdout, and the variants of each campaign that has some.")
            .answers(200, super::schema::page_of(object())),
        route(GET, "/v1/experiments/{id}", Needs(AnalysisRead), experiments::get::handle)
            .says("One experiment, with all that is needed to recompute who is in which arm. The id is CAMPAIGN or CAMPAIGN:EXPERIMENT.")
            .answers(200, object()),
        route(GET, "/v1/experiments/{id}/results", Needs(AnalysisRead), experiments::results::handle)
            .says("Arms, effects with intervals, verdict and warnings of every run, with all sums that they were made of.")
            .answers(200, object()),
        route(POST, "/v1/experiments/{id}/decide", Needs(CampaignsApprove), experiments::decide::handle)
            .says("Chooses a variant: by the data (409 where they cannot carry a winner), or the one that is named.")
            .takes(named("Asked")).answers(200, object()),
        route(GET, "/v1/calendar", Needs(AnalysisRead), analysis::calendar)
            .says("How many contacts clients have had and are to expect, day by day and by campaign.")
            .query("days", "integer", "so many days before today, and as many from today on; 14 when left out").answers(200, object()),
        route(GET, "/v1/attribution", Needs(AnalysisRead), analysis::attribution)
            .says("What each campaign is credited with by a window and a model, beside what its holdout shows that it caused.")
            .query("from", "string", "the begin; 90 days before the end when left out").query("to", "string", "the end; now when left out")
            .query("days", "integer", "days after a contact in which an order is credited; 14 when left out")
            .answers(200, object()).or(&[404, 422]),
        route(GET, "/v1/kpis/people", Needs(AnalysisRead), analysis::people)
            .says("Per owner of campaigns and per salesperson: incremental profit and clients kept, beside turnover.")
            .query("from", "string", "the begin; 90 days before the end when left out").query("to", "string", "the end; now when left out")
            .query("by", "string", "the attribute of customers that names their salesperson; `salesperson` when left out")
            .answers(200, object()).or(&[404, 422]),

        // deliveries
        route(GET, "/v1/deliveries", Needs(DeliveriesRead), deliveries::list)
            .says("What became of each message of a run.").query("run", "integer", "the run; must be given")
            .query("state", "string", "only deliveries in this state").paged(object()).or(&[404]),
        route(GET, "/v1/reviews", Needs(DeliveriesRead), reviews::list)
            .says("Decisions that wait for a person's word, or in another state: what, for whom, until when and why.")
            .query("state", "string", "`waiting` when left out, `released`, `refused` or `lapsed`").paged(object()),
        route(POST, "/v1/reviews/{id}", Needs(CampaignsApprove), reviews::decide)
            .says("Releases or refuses one, by the id of its delivery; what is refused gives back all it holds.")
            .takes(named("ReviewInput")).answers(200, object()),
        route(POST, "/v1/deliveries/{id}/settle", Needs(CampaignsRun), deliveries::settle)
            .says("Settles a held message: it arrived, it never arrived (and is sent), or it is given up.").takes(named("SettleInput"))
            .answers(200, object()),
        route(POST, "/v1/deliveries/resend", Needs(CampaignsRun), deliveries::resend)
            .says("Sends to the missing: everyone of a run whose message failed gets another, once.").takes(named("ResendInput"))
            .answers(200, object()).or(&[404]),
        route(GET, "/v1/inquiries", Needs(CustomersRead), inquiries::list)
            .says("What customers ask in reply to messages.").query("state", "string", "open (when absent), noted or closed")
            .paged(object()),
        route(POST, "/v1/inquiries/{id}/close", Needs(CustomersWrite), inquiries::close)
            .says("Closes an inquiry that was answered.").answers(200, object()),
        route(GET, "/v1/sending", Needs(DeliveriesRead), sending::get)
            .says("Whether messages go out.").answers(200, named("Sending")),
        route(POST, "/v1/sending/stop", Needs(CampaignsRun), sending::stop)
            .says("Stops every sender before its next message.").answers(200, named("Sending")),
        route(POST, "/v1/sending/start", Needs(CampaignsRun), sending::start)
            .says("Lets messages go out again.").answers(200, named("Sending")),

        // analysis
        route(GET, "/v1/overview", Needs(AnalysisRead), analysis::overview)
            .says("What the base is worth, who pays for whom, what runs.").answers(200, object()),
        route(GET, "/v1/kpis", Needs(AnalysisRead), analysis::kpis)
            .says("Overview, profitability and customer equity, as of the last scoring.").answers(200, object()),
        route(GET, "/v1/kpis/profit", Needs(AnalysisRead), analysis::profit)
            .says("Profit and loss of the base: by month, unprofitable clients by tenure, whale curve, payback, causes, potential.")
            .answers(200, object()).or(&[404]),
        route(GET, "/v1/kpis/equity", Needs(AnalysisRead), analysis::equity)
            .says("What the base is worth by segment, what came in and went out, and who stayed.")
            .query("from", "string", "the begin; 365 days before the end when left out")
            .query("to", "string", "the end; now when left out").answers(200, object()).or(&[404, 422]),
        route(GET, "/v1/segments", Needs(AnalysisRead), segments::list::handle)
            .says("The segments: those that a model found with what each is worth, those that a rule defines with how fresh they are, those that were uploaded.")
            .answers(200, super::schema::page_of(object())),
        route(POST, "/v1/segments/preview", Needs(CampaignsWrite), segments::preview::handle)
            .says("What a segment by rule would be: its count, some members, how many can be written to. Keeps nothing.")
            .takes(named("Segment")).answers(200, object()),
        route(POST, "/v1/segments/lookalike", Needs(CampaignsWrite), segments::lookalike::handle)
            .says("Finds customers who resemble the members of a segment, and keeps them as a segment.")
            .takes(named("Lookalike")).answers(201, object()).or(&[404]),
        route(GET, "/v1/segments/{id}", Needs(AnalysisRead), segments::get::handle)
            .says("One segment.").answers(200, object()).or(&[409]),
        route(PUT, "/v1/segments/{id}", Needs(CampaignsWrite), segments::put::handle)
            .says("Adds a segment by rule (201), or replaces its definition, and builds it.").takes(named("Segment"))
            .answers(200, object()).also(201, object()).versioned(),
        route(DELETE, "/v1/segments/{id}", Needs(CampaignsWrite), segments::remove::handle)
            .says("Removes a segment, by rule or static, that nothing names.").answers_as(204, "").versioned(),
        route(GET, "/v1/segments/{id}/members", Needs(CustomersRead), segments::members::handle)
            .says("Who is in a segment, and since when.").paged(object()).or(&[409]),
        route(PUT, "/v1/segments/{id}/members", Needs(CampaignsWrite), segments::upload::handle)
            .says("Makes a static segment of a list of the company's own keys (201), or replaces its members. Unknown keys are faults, each with its line.")
            .query("title", "string", "what people call it").query("skip_unknown", "boolean", "pass over unknown keys, and name them in the answer")
            .takes_list().answers(200, object()).also(201, object()).versioned(),
        route(POST, "/v1/segments/{id}/members", Needs(CampaignsWrite), segments::upload::handle)
            .says("Adds a list of keys to a static segment, which is made (201) when there is none.")
            .query("title", "string", "what people call it").query("skip_unknown", "boolean", "pass over unknown keys, and name them in the answer")
            .takes_list().answers(200, object()).also(201, object()).or(&[412]),
        route(GET, "/v1/segments/{id}/changes", Needs(CustomersRead), segments::changes::handle)
            .says("Who entered and who left a segment by rule during the last 30 days, oldest first.").paged(object()),
        route(GET, "/v1/models", Needs(AnalysisRead), models::list)
            .says("Every fit of every model.").answers(200, super::schema::page_of(object())),
        route(GET, "/v1/models/{id}", Needs(AnalysisRead), models::get)
            .says("The version of a model that serves, with its card and its drift.").answers(200, object()),
        route(POST, "/v1/models/{id}/promote", Needs(CampaignsApprove), models::promote)
            .says("Has a version of a model serve that passed its gate; the one before is retired.")
            .takes(object()).answers(200, object()),
        route(POST, "/v1/models/{id}/rollback", Needs(CampaignsApprove), models::rollback)
            .says("Has the version of a model serve that served before.").answers(200, object()),

        // background work
        route(POST, "/v1/imports", Needs(FactsWrite), imports::post::handle)
            .says("Takes a file (CSV, NDJSON or Parquet; plain, gzip or zstd) and imports it in the background.")
            .query("facts", "string", "what it holds, as vizavi import calls it: orders, returns, customers, ...; must be given")
            .query("file", "string", "its name: its ending tells the format, and it is the source of facts that name none")
            .query("dry_run", "boolean", "read and check everything, and change nothing")
            .query("again", "boolean", "also when the same file was imported before")
            .takes_file(keys("A file with its mapping.", &[("file!", "binary"), ("mapping", "string")]))
            .answers(202, named("ImportShown")).or(&[408]),
        route(GET, "/v1/imports", Needs(ImportsRead), imports::list::handle)
            .says("Files that were imported and what became of their lines, newest first; of others' with jobs:read.")
            .paged(named("ImportShown")),
        route(GET, "/v1/imports/{id}", Needs(ImportsRead), imports::get::handle)
            .says("One import: how far it is, or what became of its lines.").answers(200, named("ImportShown")),
        route(GET, "/v1/imports/{id}/rejects", Needs(ImportsRead), imports::rejects::handle)
            .says("The rejected lines with their reasons, to be mended and sent again: CSV, or NDJSON where the file was.")
            .answers_as(200, "text/csv"),
        route(GET, "/v1/jobs", Needs(JobsRead), jobs::list)
            .says("Background work, newest first.").query("state", "string", "waiting, running, done, dead or cancelled").paged(object())
            .or(&[404]),
        route(GET, "/v1/jobs/{id}", Needs(JobsRead), jobs::get)
            .says("One job, with what it came to.").answers(200, object()),
        route(POST, "/v1/jobs/{id}/retry", Needs(CampaignsRun), jobs::retry)
            .says("Has a job tried again that was laid aside or cancelled.").answers(200, object()),
        route(POST, "/v1/jobs/{id}/cancel", Needs(CampaignsRun), jobs::cancel)
            .says("Calls a job off: one that waits is not begun, one that runs stops at its next step. 409 when it is done or cannot stop.")
            .answers(200, object()),

        // webhooks
        route(GET, "/v1/webhooks", Needs(JobsRead), webhooks::list::handle)
            .says("Who is told what happens, and how each does.").answers(200, super::schema::page_of(object())),
        route(GET, "/v1/webhooks/{id}", Needs(JobsRead), webhooks::get::handle)
            .says("One webhook.").answers(200, object()),
        route(PUT, "/v1/webhooks/{id}", Needs(WebhooksManage), webhooks::put::handle)
            .says("Adds a webhook (201; the answer shows its secret, and nothing shows it again), or changes one.")
            .takes(named("WebhookInput")).answers(200, object()).also(201, object()).versioned(),
        route(DELETE, "/v1/webhooks/{id}", Needs(WebhooksManage), webhooks::remove::handle)
            .says("Removes a webhook with all that waits for it.").answers_as(204, "").versioned(),
        route(POST, "/v1/webhooks/{id}/secret", Needs(WebhooksManage), webhooks::secret::handle)
            .says("Gives a webhook another secret, shown in the answer only.").answers(200, object()),
        route(POST, "/v1/webhooks/{id}/ping", Needs(WebhooksManage), webhooks::ping::handle)
            .says("Posts a test at once, and answers what came of it.").answers(200, object()),
        route(GET, "/v1/webhooks/{id}/events", Needs(JobsRead), webhooks::calls::handle)
            .says("What became of each event, the latest first, with every attempt; dead letters with `state=dead`.")
            .query("state", "string", "`waiting`, `claimed`, `sent` or `dead`; all when left out").paged(object()),
        route(POST, "/v1/webhooks/{id}/replay", Needs(WebhooksManage), webhooks::replay::handle)
            .says("Sends events again: some by id, the dead letters, or all since an instant.")
            .takes(named("Again")).answers(200, object()),

        // the workspace
        route(GET, "/v1/audit", Needs(AuditRead), audit::list)
            .says("Who did what, newest first.").paged(object()),
        route(GET, "/v1/audit/check", Needs(AuditRead), audit::check)
            .says("Whether somebody changed or removed a row of the audit.").answers(200, object()),
        route(GET, "/v1/keys", Needs(AccessManage), api_keys::list::handle)
            .says("All keys, without their secrets.").answers(200, super::schema::page_of(object())),
        route(POST, "/v1/keys", Needs(AccessManage), api_keys::post::handle)
            .says("Makes a key; the answer shows it, and nothing shows it again.").takes(named("KeyInput"))
            .answers(201, keys("The key and its details.", &[("key!", "string"), ("details!", "object")])),
        route(DELETE, "/v1/keys/{id}", Needs(AccessManage), api_keys::revoke::handle)
            .says("Withdraws a key, at once and for good.").answers_as(204, ""),

        // links of messages: the token proves itself
        route(GET, "/t/{token}", Public, links::click)
            .says("Follows a link of a message to the target that stands in it.").answers_as(302, "").or(&[400]),
        route(GET, "/o/{token}", Public, links::open)
            .says("Counts that a message was opened.").answers_as(200, "image/gif").or(&[400]),

        // events of providers: the signature proves them
        route(POST, "/incoming/events", Public, incoming::events)
            .says("Takes bounces, complaints and messages that a provider reports, signed as our own webhooks are.")
            .takes(one_or_many("ProviderEventInput")).answers(200, super::schema::list_of(object())).or(&[400]),
        route(POST, "/incoming/mail", Public, incoming::mail)
            .says("Takes a mail that came back, whole, signed in the same way.").answers(200, object()).or(&[400]),

        // the service
        route(GET, "/healthz", Public, health::live)
            .says("The process lives.").answers(200, object()),
        route(GET, "/readyz", Public, health::ready)
            .says("The store answers.").answers(200, object()),
        route(GET, "/metrics", Public, metrics::show)
            .says("Counters and gauges for Prometheus.").answers_as(200, "text/plain"),
        route(GET, "/openapi.json", Public, docs::json)
            .says("This document.").answers(200, object()),
        route(GET, "/docs", Public, docs::page)
            .says("This document as a page.").answers_as(200, "text/html"),
        route(GET, "/docs/style.css", Public, docs::style)
            .says("The page's style.").answers_as(200, "text/css"),
    ];
    table.extend(kpis::routes::rows());
    table
}

/// One value, or an array of them.
pub(super) fn one_or_many(name: &str) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    use utoipa::openapi::schema::OneOfBuilder;
    OneOfBuilder::new().item(named(name)).item(list_of(named(name))).into()
}
