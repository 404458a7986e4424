//! Vizavi's REST API. Made by `vizavi client`, from the description that the service gives at /openapi.json: do not edit.

use serde_json::Value;

/// What the service refused, or why it could not be asked (status 0).
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Its application/problem+json.
    pub body: Value,
}

/// What an answer brought.
#[derive(Debug)]
pub struct Answer {
    /// The body: JSON, or a text.
    pub body: Value,
    /// The version, for the `if_match` of an edit.
    pub etag: Option<String>,
}

/// What some requests carry beside their arguments.
#[derive(Debug, Default, Clone, Copy)]
pub struct With<'a> {
    /// The ETag of the version that is edited.
    pub if_match: Option<&'a str>,
    /// The same key and body give the same answer, and nothing is done twice.
    pub idempotency_key: Option<&'a str>,
}

/// A body: JSON, or a file of some media type.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// None.
    Empty,
    /// A JSON value.
    Json(&'a Value),
    /// A file, with its media type.
    File(&'a str, &'a [u8]),
}

/// One service and one key.
pub struct Vizavi {
    url: String,
    key: String,
    agent: ureq::Agent,
}

impl Vizavi {
    /// The service at `url`, asked with `key`.
    pub fn new(url: &str, key: &str) -> Vizavi {
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        Vizavi { url: url.trim_end_matches('/').to_owned(), key: key.to_owned(), agent }
    }

    fn call(&self, method: &str, path: &str, query: &[(&str, Option<String>)], body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        let failed = |error: String| Problem { status: 0, body: Value::String(error) };
        let said: Vec<String> = query
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", part(value.as_ref()?))))
            .collect();
        let said = if said.is_empty() { String::new() } else { format!("?{}", said.join("&")) };
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}{said}", self.url));
        request = request.header("Authorization", format!("Bearer {}", self.key));
        for (name, value) in [("If-Match", with.if_match), ("Idempotency-Key", with.idempotency_key)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let bytes = match body {
            Body::Empty => Vec::new(),
            Body::Json(value) => {
                request = request.header("Content-Type", "application/json");
                value.to_string().into_bytes()
            }
            Body::File(media, bytes) => {
                request = request.header("Content-Type", media);
                bytes.to_vec()
            }
        };
        let request = request.body(bytes).map_err(|error| failed(error.to_string()))?;
        let mut answer = self.agent.run(request).map_err(|error| failed(error.to_string()))?;
        let status = answer.status().as_u16();
        let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (etag, media) = (header("ETag"), header("Content-Type").unwrap_or_default());
        let text = answer.body_mut().read_to_string().map_err(|error| failed(error.to_string()))?;
        let body = if media.contains("json") { serde_json::from_str(&text).unwrap_or(Value::String(text)) } else { Value::String(text) };
        if status < 400 { Ok(Answer { body, etag }) } else { Err(Problem { status, body }) }
    }

    /// This document as a page.
    pub fn get_docs(&self) -> Result<Answer, Problem> {
        self.call("GET", "/docs", &[], Body::Empty, With::default())
    }

    /// The page's style.
    pub fn get_docs_style_css(&self) -> Result<Answer, Problem> {
        self.call("GET", "/docs/style.css", &[], Body::Empty, With::default())
    }

    /// The process lives.
    pub fn get_healthz(&self) -> Result<Answer, Problem> {
        self.call("GET", "/healthz", &[], Body::Empty, With::default())
    }

    /// Takes bounces, complaints and messages that a provider reports, signed as our own webhooks are.
    pub fn post_incoming_events(&self, body: &Value) -> Result<Answer, Problem> {
        self.call("POST", "/incoming/events", &[], Body::Json(body), With::default())
    }

    /// Takes a mail that came back, whole, signed in the same way.
    pub fn post_incoming_mail(&self) -> Result<Answer, Problem> {
        self.call("POST", "/incoming/mail", &[], Body::Empty, With::default())
    }

    /// Counters and gauges for Prometheus.
    pub fn get_metrics(&self) -> Result<Answer, Problem> {
        self.call("GET", "/metrics", &[], Body::Empty, With::default())
    }

    /// Counts that a message was opened.
    pub fn get_o_token(&self, token: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/o/{}", part(token)), &[], Body::Empty, With::default())
    }

    /// This document.
    pub fn get_openapi_json(&self) -> Result<Answer, Problem> {
        self.call("GET", "/openapi.json", &[], Body::Empty, With::default())
    }

    /// The store answers.
    pub fn get_readyz(&self) -> Result<Answer, Problem> {
        self.call("GET", "/readyz", &[], Body::Empty, With::default())
    }

    /// Follows a link of a message to the target that stands in it.
    pub fn get_t_token(&self, token: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/t/{}", part(token)), &[], Body::Empty, With::default())
    }

    /// What each campaign is credited with by a window and a model, beside what its holdout shows that it caused.
    pub fn get_attribution(&self, query: &GetAttribution<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/attribution", &[("from", query.from.map(str::to_owned)), ("to", query.to.map(str::to_owned)), ("days", query.days.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Who did what, newest first.
    pub fn get_audit(&self, query: &GetAudit<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/audit", &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Whether somebody changed or removed a row of the audit.
    pub fn get_audit_check(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/audit/check", &[], Body::Empty, With::default())
    }

    /// How many contacts clients have had and are to expect, day by day and by campaign.
    pub fn get_calendar(&self, query: &GetCalendar<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/calendar", &[("days", query.days.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// All campaigns, by name.
    pub fn get_campaigns(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/campaigns", &[], Body::Empty, With::default())
    }

    /// Begins a campaign from an example, with the offers and segments that it needs; it is a draft.
    pub fn post_campaigns(&self, query: &PostCampaigns<'_>, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/campaigns", &[("from", query.from.map(str::to_owned))], Body::Json(body), with)
    }

    /// One campaign: its state, its definition and templates.
    pub fn get_campaigns_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/campaigns/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Applies a definition with its templates: all faults at once, and nothing is kept when there is one.
    pub fn put_campaigns_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/campaigns/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Answers for the planned version; from now on it may run.
    pub fn post_campaigns_id_approve(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/approve", part(id)), &[], Body::Empty, with)
    }

    /// Ends the campaign; what was not sent is taken back.
    pub fn post_campaigns_id_cancel(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/cancel", part(id)), &[], Body::Empty, with)
    }

    /// What is left of budget, stock and channels for real time and the next run, and what one more is worth now.
    pub fn get_campaigns_id_capacity(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/campaigns/{}/capacity", part(id)), &[], Body::Empty, With::default())
    }

    /// Ends the campaign when it has done what it was for: nothing new begins, its results stand.
    pub fn post_campaigns_id_close(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/close", part(id)), &[], Body::Empty, with)
    }

    /// The journeys of clients through the campaign.
    pub fn get_campaigns_id_journeys(&self, id: &str, query: &GetCampaignsIdJourneys<'_>) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/campaigns/{}/journeys", part(id)), &[("state", query.state.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Stops sending; nothing is lost.
    pub fn post_campaigns_id_pause(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/pause", part(id)), &[], Body::Empty, with)
    }

    /// The last dry run of the present version.
    pub fn get_campaigns_id_plan(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/campaigns/{}/plan", part(id)), &[], Body::Empty, With::default())
    }

    /// A dry run as of now: waterfall, forecast, prices, sampled decisions.
    pub fn post_campaigns_id_plan(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/plan", part(id)), &[], Body::Empty, with)
    }

    /// What each run earned against its holdout, with interval, checks and verdict.
    pub fn get_campaigns_id_results(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/campaigns/{}/results", part(id)), &[], Body::Empty, With::default())
    }

    /// Goes on where it stopped.
    pub fn post_campaigns_id_resume(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/resume", part(id)), &[], Body::Empty, with)
    }

    /// The runs, newest first, each reconciled to the last message.
    pub fn get_campaigns_id_runs(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/campaigns/{}/runs", part(id)), &[], Body::Empty, With::default())
    }

    /// Starts a run; an occasion has one run only.
    pub fn post_campaigns_id_runs(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/runs", part(id)), &[], Body::Json(body), with)
    }

    /// The steps, each with how many clients wait for it, and how many journeys ended before it.
    pub fn get_campaigns_id_steps(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/campaigns/{}/steps", part(id)), &[], Body::Empty, With::default())
    }

    /// Sends one message, as a customer would get it, to an address of yours.
    pub fn post_campaigns_id_test_send(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/test-send", part(id)), &[], Body::Json(body), with)
    }

    /// What it would do under other limits, beside what it would do under its own; nothing is kept.
    pub fn post_campaigns_id_what_if(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/campaigns/{}/what-if", part(id)), &[], Body::Json(body), with)
    }

    /// Records one step of a claim; several as NDJSON, all or none.
    pub fn post_claims(&self, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/claims", &[], body, with)
    }

    /// Customers whose complaints are open, with what winning each back is worth.
    pub fn get_complaints(&self, query: &GetComplaints<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/complaints", &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Which campaigns want the same clients now, and what it costs that only one may write; nothing is kept.
    pub fn post_conflicts(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/conflicts", &[], Body::Json(body), with)
    }

    /// Records one consent or withdrawal, or an array of them.
    pub fn post_consents(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/consents", &[], Body::Json(body), with)
    }

    /// Customers, in pages.
    pub fn get_customers(&self, query: &GetCustomers<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/customers", &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// One customer by the company's own key, with what is known at once.
    pub fn get_customers_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Adds a customer (201), or replaces the profile.
    pub fn put_customers_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/customers/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Erases a person for good, from the store at once; the numbers of runs stay.
    pub fn delete_customers_id(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("DELETE", &format!("/v1/customers/{}", part(id)), &[], Body::Empty, with)
    }

    /// The next best action for a customer, and what to say.
    pub fn get_customers_id_advice(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}/advice", part(id)), &[], Body::Empty, With::default())
    }

    /// Merges another key into this customer for good: facts, consents and messages move.
    pub fn post_customers_id_aliases(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/customers/{}/aliases", part(id)), &[], Body::Json(body), with)
    }

    /// What was decided for a customer, newest first, with why.
    pub fn get_customers_id_decisions(&self, id: &str, query: &GetCustomersIdDecisions<'_>) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}/decisions", part(id)), &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// What staff wrote down about a customer, newest first.
    pub fn get_customers_id_notes(&self, id: &str, query: &GetCustomersIdNotes<'_>) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}/notes", part(id)), &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Writes a note about a customer.
    pub fn post_customers_id_notes(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/customers/{}/notes", part(id)), &[], Body::Json(body), with)
    }

    /// Sets who looks after a customer, and in which team.
    pub fn put_customers_id_owner(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/customers/{}/owner", part(id)), &[], Body::Json(body), with)
    }

    /// A customer's profit and loss by month and in whole, why it is a loss and what would mend it, potential apart.
    pub fn get_customers_id_profit(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}/profit", part(id)), &[], Body::Empty, With::default())
    }

    /// What whoever takes an account over should know: value, what is open, notes, and what to do next.
    pub fn get_customers_id_summary(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}/summary", part(id)), &[], Body::Empty, With::default())
    }

    /// What was or is to be done for a customer, newest first.
    pub fn get_customers_id_tasks(&self, id: &str, query: &GetCustomersIdTasks<'_>) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}/tasks", part(id)), &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Adds something to do for a customer.
    pub fn post_customers_id_tasks(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/customers/{}/tasks", part(id)), &[], Body::Json(body), with)
    }

    /// The whole story of a customer: facts, decisions, messages and what came of them.
    pub fn get_customers_id_timeline(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/customers/{}/timeline", part(id)), &[], Body::Empty, With::default())
    }

    /// What now for this customer, or these few? What it takes is reserved, and it is logged, before it is answered.
    pub fn post_decisions(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/decisions", &[], Body::Json(body), with)
    }

    /// What became of each message of a run.
    pub fn get_deliveries(&self, query: &GetDeliveries<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/deliveries", &[("run", query.run.map(|value| value.to_string())), ("state", query.state.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Sends to the missing: everyone of a run whose message failed gets another, once.
    pub fn post_deliveries_resend(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/deliveries/resend", &[], Body::Json(body), with)
    }

    /// Settles a held message: it arrived, it never arrived (and is sent), or it is given up.
    pub fn post_deliveries_id_settle(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/deliveries/{}/settle", part(id)), &[], Body::Json(body), with)
    }

    /// What is declared of events, by name.
    pub fn get_event_types(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/event-types", &[], Body::Empty, With::default())
    }

    /// Which properties an event of this name may carry.
    pub fn get_event_types_name(&self, name: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/event-types/{}", part(name)), &[], Body::Empty, With::default())
    }

    /// Declares the properties of an event (201), or replaces the declaration.
    pub fn put_event_types_name(&self, name: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/event-types/{}", part(name)), &[], Body::Json(body), with)
    }

    /// Records something that a customer did; several as NDJSON, all or none.
    pub fn post_events(&self, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/events", &[], body, with)
    }

    /// The campaigns that come with the program.
    pub fn get_examples(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/examples", &[], Body::Empty, With::default())
    }

    /// Each campaign against its holdout, and the variants of each campaign that has some.
    pub fn get_experiments(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/experiments", &[], Body::Empty, With::default())
    }

    /// One experiment, with all that is needed to recompute who is in which arm. The id is CAMPAIGN or CAMPAIGN:EXPERIMENT.
    pub fn get_experiments_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/experiments/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Chooses a variant: by the data (409 where they cannot carry a winner), or the one that is named.
    pub fn post_experiments_id_decide(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/experiments/{}/decide", part(id)), &[], Body::Json(body), with)
    }

    /// Arms, effects with intervals, verdict and warnings of every run, with all sums that they were made of.
    pub fn get_experiments_id_results(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/experiments/{}/results", part(id)), &[], Body::Empty, With::default())
    }

    /// Exports that are whole, newest first; each is kept for two weeks.
    pub fn get_exports(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/exports", &[], Body::Empty, With::default())
    }

    /// Has a worker write facts and tables as files for a warehouse; they hold personal data.
    pub fn post_exports(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/exports", &[], Body::Json(body), with)
    }

    /// One export with its files.
    pub fn get_exports_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/exports/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// One file of an export.
    pub fn get_exports_id_files_name(&self, id: &str, name: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/exports/{}/files/{}", part(id), part(name)), &[], Body::Empty, With::default())
    }

    /// Files that were imported and what became of their lines, newest first; of others' with jobs:read.
    pub fn get_imports(&self, query: &GetImports<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/imports", &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Takes a file (CSV, NDJSON or Parquet; plain, gzip or zstd) and imports it in the background.
    pub fn post_imports(&self, query: &PostImports<'_>, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/imports", &[("facts", query.facts.map(str::to_owned)), ("file", query.file.map(str::to_owned)), ("dry_run", query.dry_run.map(|value| value.to_string())), ("again", query.again.map(|value| value.to_string()))], body, with)
    }

    /// One import: how far it is, or what became of its lines.
    pub fn get_imports_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/imports/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// The rejected lines with their reasons, to be mended and sent again: CSV, or NDJSON where the file was.
    pub fn get_imports_id_rejects(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/imports/{}/rejects", part(id)), &[], Body::Empty, With::default())
    }

    /// What customers ask in reply to messages.
    pub fn get_inquiries(&self, query: &GetInquiries<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/inquiries", &[("state", query.state.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Opens an inquiry that came by telephone, in a shop or from another system, and records it as an interaction.
    pub fn post_inquiries(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/inquiries", &[], Body::Json(body), with)
    }

    /// One inquiry, with the next best action and what to say beside it.
    pub fn get_inquiries_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/inquiries/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Closes an inquiry that was answered.
    pub fn post_inquiries_id_close(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/inquiries/{}/close", part(id)), &[], Body::Empty, with)
    }

    /// Records a call, message, visit or complaint; several as NDJSON, all or none.
    pub fn post_interactions(&self, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/interactions", &[], body, with)
    }

    /// Background work, newest first.
    pub fn get_jobs(&self, query: &GetJobs<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/jobs", &[("state", query.state.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// One job, with what it came to.
    pub fn get_jobs_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/jobs/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Calls a job off: one that waits is not begun, one that runs stops at its next step. 409 when it is done or cannot stop.
    pub fn post_jobs_id_cancel(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/jobs/{}/cancel", part(id)), &[], Body::Empty, with)
    }

    /// Has a job tried again that was laid aside or cancelled.
    pub fn post_jobs_id_retry(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/jobs/{}/retry", part(id)), &[], Body::Empty, with)
    }

    /// All keys, without their secrets.
    pub fn get_keys(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/keys", &[], Body::Empty, With::default())
    }

    /// Makes a key; the answer shows it, and nothing shows it again.
    pub fn post_keys(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/keys", &[], Body::Json(body), with)
    }

    /// Withdraws a key, at once and for good.
    pub fn delete_keys_id(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("DELETE", &format!("/v1/keys/{}", part(id)), &[], Body::Empty, with)
    }

    /// Overview, profitability and customer equity, as of the last scoring.
    pub fn get_kpis(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis", &[], Body::Empty, With::default())
    }

    /// Holds winning clients against keeping them for the same money, under each objective; keeps nothing.
    pub fn post_kpis_budget(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/kpis/budget", &[], Body::Json(body), with)
    }

    /// What the base is worth by segment, what came in and went out, and who stayed.
    pub fn get_kpis_equity(&self, query: &GetKpisEquity<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/equity", &[("from", query.from.map(str::to_owned)), ("to", query.to.map(str::to_owned))], Body::Empty, With::default())
    }

    /// What the strategy wants: goals with indicator, actions, budgets, owners and reviews.
    pub fn get_kpis_goals(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/goals", &[], Body::Empty, With::default())
    }

    /// One goal.
    pub fn get_kpis_goals_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/kpis/goals/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Adds a goal (201), or replaces it.
    pub fn put_kpis_goals_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/kpis/goals/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Gives a goal up.
    pub fn delete_kpis_goals_id(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("DELETE", &format!("/v1/kpis/goals/{}", part(id)), &[], Body::Empty, with)
    }

    /// Notes that a goal, or one of its actions, was looked at, and when it is to be again.
    pub fn post_kpis_goals_id_reviews(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/kpis/goals/{}/reviews", part(id)), &[], Body::Json(body), with)
    }

    /// What the company goes for first, once that was chosen.
    pub fn get_kpis_objective(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/objective", &[], Body::Empty, With::default())
    }

    /// Chooses the objective: profit, clients_kept, new_clients or base_value.
    pub fn put_kpis_objective(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", "/v1/kpis/objective", &[], Body::Json(body), with)
    }

    /// Goals and actions whose review is overdue, the longest first.
    pub fn get_kpis_overdue(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/overdue", &[], Body::Empty, With::default())
    }

    /// Per owner of campaigns and per salesperson: incremental profit and clients kept, beside turnover.
    pub fn get_kpis_people(&self, query: &GetKpisPeople<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/people", &[("from", query.from.map(str::to_owned)), ("to", query.to.map(str::to_owned)), ("by", query.by.map(str::to_owned))], Body::Empty, With::default())
    }

    /// Profit and loss of the base: by month, unprofitable clients by tenure, whale curve, payback, causes, potential.
    pub fn get_kpis_profit(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/profit", &[], Body::Empty, With::default())
    }

    /// Answers to surveys and complaints by the team that looks after each customer.
    pub fn get_kpis_satisfaction(&self, query: &GetKpisSatisfaction<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/satisfaction", &[("days", query.days.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Every indicator with its definition, window, target, owner, trend and status, beside market and competitors.
    pub fn get_kpis_scorecard(&self, query: &GetKpisScorecard<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/scorecard", &[("at", query.at.map(str::to_owned))], Body::Empty, With::default())
    }

    /// Figures of the market and of competitors, by subject and indicator.
    pub fn get_kpis_series(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/series", &[], Body::Empty, With::default())
    }

    /// One series.
    pub fn get_kpis_series_subject_indicator(&self, subject: &str, indicator: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/kpis/series/{}/{}", part(subject), part(indicator)), &[], Body::Empty, With::default())
    }

    /// Adds the series of an indicator of the market or of a competitor (201), or replaces it.
    pub fn put_kpis_series_subject_indicator(&self, subject: &str, indicator: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/kpis/series/{}/{}", part(subject), part(indicator)), &[], Body::Json(body), with)
    }

    /// Removes a series.
    pub fn delete_kpis_series_subject_indicator(&self, subject: &str, indicator: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("DELETE", &format!("/v1/kpis/series/{}/{}", part(subject), part(indicator)), &[], Body::Empty, with)
    }

    /// Sources of leads, with what the marketer expects of each.
    pub fn get_kpis_sources(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/sources", &[], Body::Empty, With::default())
    }

    /// Adds a source of leads (201), or replaces what is expected of it.
    pub fn put_kpis_sources_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/kpis/sources/{}", part(id)), &[], Body::Json(body), with)
    }

    /// The targets of indicators, and who answers for each.
    pub fn get_kpis_targets(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/kpis/targets", &[], Body::Empty, With::default())
    }

    /// The target of one indicator.
    pub fn get_kpis_targets_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/kpis/targets/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Sets the target of an indicator (201), or replaces it.
    pub fn put_kpis_targets_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/kpis/targets/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Takes the target of an indicator away.
    pub fn delete_kpis_targets_id(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("DELETE", &format!("/v1/kpis/targets/{}", part(id)), &[], Body::Empty, with)
    }

    /// Profit and value of the base if retention, margin, a cost or a rate were others, per segment; keeps nothing.
    pub fn post_kpis_what_if(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/kpis/what-if", &[], Body::Json(body), with)
    }

    /// Prospects with source, cost and the chance that they become clients.
    pub fn get_leads(&self, query: &GetLeads<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/leads", &[("source", query.source.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Records one lead, or an array of them; who is not known becomes a prospect.
    pub fn post_leads(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/leads", &[], Body::Json(body), with)
    }

    /// What leads of each source cost, how many became clients, and which rates serve.
    pub fn get_leads_sources(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/leads/sources", &[], Body::Empty, With::default())
    }

    /// The person of a lead is this client: both become one customer, for good.
    pub fn post_leads_id_convert(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/leads/{}/convert", part(id)), &[], Body::Json(body), with)
    }

    /// Every fit of every model.
    pub fn get_models(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/models", &[], Body::Empty, With::default())
    }

    /// The version of a model that serves, with its card and its drift.
    pub fn get_models_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/models/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Has a version of a model serve that passed its gate; the one before is retired.
    pub fn post_models_id_promote(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/models/{}/promote", part(id)), &[], Body::Json(body), with)
    }

    /// Has the version of a model serve that served before.
    pub fn post_models_id_rollback(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/models/{}/rollback", part(id)), &[], Body::Empty, with)
    }

    /// All offers, by name.
    pub fn get_offers(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/offers", &[], Body::Empty, With::default())
    }

    /// One offer, and how much of it is left.
    pub fn get_offers_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/offers/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Adds an offer (201), or replaces its definition; what is used up stays counted.
    pub fn put_offers_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/offers/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Adds single-use codes to an offer's list; each is given to one customer at most.
    pub fn post_offers_id_codes(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/offers/{}/codes", part(id)), &[], Body::Json(body), with)
    }

    /// How many customers have bought all goods of the offer's bundle, and how many would by chance.
    pub fn get_offers_id_together(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/offers/{}/together", part(id)), &[], Body::Empty, With::default())
    }

    /// Records an order or a return; several as NDJSON, all or none.
    pub fn post_orders(&self, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/orders", &[], body, with)
    }

    /// Records what became of a message, or of a proposal in real time, as another system reports it; several as NDJSON.
    pub fn post_outcomes(&self, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/outcomes", &[], body, with)
    }

    /// What the base is worth, who pays for whom, what runs.
    pub fn get_overview(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/overview", &[], Body::Empty, With::default())
    }

    /// What several campaigns would do together, each client left to the one to which they are worth most; nothing is kept.
    pub fn post_plans(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/plans", &[], Body::Json(body), with)
    }

    /// Records that a client brought somebody; who is not known becomes a prospect. A person is brought once.
    pub fn post_referrals(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/referrals", &[], Body::Json(body), with)
    }

    /// Decisions that wait for a person's word, or in another state: what, for whom, until when and why.
    pub fn get_reviews(&self, query: &GetReviews<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/reviews", &[("state", query.state.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Releases or refuses one, by the id of its delivery; what is refused gives back all it holds.
    pub fn post_reviews_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/reviews/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Starts a run of each of several campaigns, decided together: of all, or of none.
    pub fn post_runs(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/runs", &[], Body::Json(body), with)
    }

    /// The segments: those that a model found with what each is worth, those that a rule defines with how fresh they are, those that were uploaded.
    pub fn get_segments(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/segments", &[], Body::Empty, With::default())
    }

    /// Finds customers who resemble the members of a segment, and keeps them as a segment.
    pub fn post_segments_lookalike(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/segments/lookalike", &[], Body::Json(body), with)
    }

    /// What a segment by rule would be: its count, some members, how many can be written to. Keeps nothing.
    pub fn post_segments_preview(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/segments/preview", &[], Body::Json(body), with)
    }

    /// One segment.
    pub fn get_segments_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/segments/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Adds a segment by rule (201), or replaces its definition, and builds it.
    pub fn put_segments_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/segments/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Removes a segment, by rule or static, that nothing names.
    pub fn delete_segments_id(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("DELETE", &format!("/v1/segments/{}", part(id)), &[], Body::Empty, with)
    }

    /// Who entered and who left a segment by rule during the last 30 days, oldest first.
    pub fn get_segments_id_changes(&self, id: &str, query: &GetSegmentsIdChanges<'_>) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/segments/{}/changes", part(id)), &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Who is in a segment, and since when.
    pub fn get_segments_id_members(&self, id: &str, query: &GetSegmentsIdMembers<'_>) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/segments/{}/members", part(id)), &[("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Makes a static segment of a list of the company's own keys (201), or replaces its members. Unknown keys are faults, each with its line.
    pub fn put_segments_id_members(&self, id: &str, query: &PutSegmentsIdMembers<'_>, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/segments/{}/members", part(id)), &[("title", query.title.map(str::to_owned)), ("skip_unknown", query.skip_unknown.map(|value| value.to_string()))], body, with)
    }

    /// Adds a list of keys to a static segment, which is made (201) when there is none.
    pub fn post_segments_id_members(&self, id: &str, query: &PostSegmentsIdMembers<'_>, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/segments/{}/members", part(id)), &[("title", query.title.map(str::to_owned)), ("skip_unknown", query.skip_unknown.map(|value| value.to_string()))], body, with)
    }

    /// Whether messages go out.
    pub fn get_sending(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/sending", &[], Body::Empty, With::default())
    }

    /// Lets messages go out again.
    pub fn post_sending_start(&self, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/sending/start", &[], Body::Empty, with)
    }

    /// Stops every sender before its next message.
    pub fn post_sending_stop(&self, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/sending/stop", &[], Body::Empty, with)
    }

    /// Records that a contract began, was renewed, changed or ended; several as NDJSON, all or none.
    pub fn post_subscriptions(&self, body: Body<'_>, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/subscriptions", &[], body, with)
    }

    /// Adds one address that must not be used, or an array of them; only hashes are kept.
    pub fn post_suppressions(&self, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", "/v1/suppressions", &[], Body::Json(body), with)
    }

    /// Open tasks, oldest first.
    pub fn get_tasks(&self, query: &GetTasks<'_>) -> Result<Answer, Problem> {
        self.call("GET", "/v1/tasks", &[("owner", query.owner.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Says that a task is done.
    pub fn post_tasks_id_close(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/tasks/{}/close", part(id)), &[], Body::Empty, with)
    }

    /// Who is told what happens, and how each does.
    pub fn get_webhooks(&self) -> Result<Answer, Problem> {
        self.call("GET", "/v1/webhooks", &[], Body::Empty, With::default())
    }

    /// One webhook.
    pub fn get_webhooks_id(&self, id: &str) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/webhooks/{}", part(id)), &[], Body::Empty, With::default())
    }

    /// Adds a webhook (201; the answer shows its secret, and nothing shows it again), or changes one.
    pub fn put_webhooks_id(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("PUT", &format!("/v1/webhooks/{}", part(id)), &[], Body::Json(body), with)
    }

    /// Removes a webhook with all that waits for it.
    pub fn delete_webhooks_id(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("DELETE", &format!("/v1/webhooks/{}", part(id)), &[], Body::Empty, with)
    }

    /// What became of each event, the latest first, with every attempt; dead letters with `state=dead`.
    pub fn get_webhooks_id_events(&self, id: &str, query: &GetWebhooksIdEvents<'_>) -> Result<Answer, Problem> {
        self.call("GET", &format!("/v1/webhooks/{}/events", part(id)), &[("state", query.state.map(str::to_owned)), ("cursor", query.cursor.map(str::to_owned)), ("limit", query.limit.map(|value| value.to_string()))], Body::Empty, With::default())
    }

    /// Posts a test at once, and answers what came of it.
    pub fn post_webhooks_id_ping(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/webhooks/{}/ping", part(id)), &[], Body::Empty, with)
    }

    /// Sends events again: some by id, the dead letters, or all since an instant.
    pub fn post_webhooks_id_replay(&self, id: &str, body: &Value, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/webhooks/{}/replay", part(id)), &[], Body::Json(body), with)
    }

    /// Gives a webhook another secret, shown in the answer only.
    pub fn post_webhooks_id_secret(&self, id: &str, with: With<'_>) -> Result<Answer, Problem> {
        self.call("POST", &format!("/v1/webhooks/{}/secret", part(id)), &[], Body::Empty, with)
    }
}

fn part(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// The query of [`Vizavi::get_attribution`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetAttribution<'a> {
    /// the begin; 90 days before the end when left out
    pub from: Option<&'a str>,
    /// the end; now when left out
    pub to: Option<&'a str>,
    /// days after a contact in which an order is credited; 14 when left out
    pub days: Option<i64>,
}

/// The query of [`Vizavi::get_audit`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetAudit<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_calendar`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetCalendar<'a> {
    /// so many days before today, and as many from today on; 14 when left out
    pub days: Option<i64>,
    /// Nothing.
    pub of: std::marker::PhantomData<&'a ()>,
}

/// The query of [`Vizavi::post_campaigns`].
#[derive(Debug, Default, Clone, Copy)]
pub struct PostCampaigns<'a> {
    /// the example; `GET /v1/examples` names them
    pub from: Option<&'a str>,
}

/// The query of [`Vizavi::get_campaigns_id_journeys`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetCampaignsIdJourneys<'a> {
    /// `active`, `done`, `reached` or `held`; all when left out
    pub state: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_complaints`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetComplaints<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_customers`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetCustomers<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_customers_id_decisions`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetCustomersIdDecisions<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_customers_id_notes`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetCustomersIdNotes<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_customers_id_tasks`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetCustomersIdTasks<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_deliveries`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetDeliveries<'a> {
    /// the run; must be given
    pub run: Option<i64>,
    /// only deliveries in this state
    pub state: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_imports`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetImports<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::post_imports`].
#[derive(Debug, Default, Clone, Copy)]
pub struct PostImports<'a> {
    /// what it holds, as vizavi import calls it: orders, returns, customers, ...; must be given
    pub facts: Option<&'a str>,
    /// its name: its ending tells the format, and it is the source of facts that name none
    pub file: Option<&'a str>,
    /// read and check everything, and change nothing
    pub dry_run: Option<bool>,
    /// also when the same file was imported before
    pub again: Option<bool>,
}

/// The query of [`Vizavi::get_inquiries`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetInquiries<'a> {
    /// open (when absent), noted or closed
    pub state: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_jobs`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetJobs<'a> {
    /// waiting, running, done, dead or cancelled
    pub state: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_kpis_equity`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetKpisEquity<'a> {
    /// the begin; 365 days before the end when left out
    pub from: Option<&'a str>,
    /// the end; now when left out
    pub to: Option<&'a str>,
}

/// The query of [`Vizavi::get_kpis_people`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetKpisPeople<'a> {
    /// the begin; 90 days before the end when left out
    pub from: Option<&'a str>,
    /// the end; now when left out
    pub to: Option<&'a str>,
    /// the attribute of customers that names their salesperson; `salesperson` when left out
    pub by: Option<&'a str>,
}

/// The query of [`Vizavi::get_kpis_satisfaction`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetKpisSatisfaction<'a> {
    /// how far back, 1 to 3660; 365 when absent
    pub days: Option<i64>,
    /// Nothing.
    pub of: std::marker::PhantomData<&'a ()>,
}

/// The query of [`Vizavi::get_kpis_scorecard`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetKpisScorecard<'a> {
    /// as of another instant, made afresh; as of the last scoring when left out
    pub at: Option<&'a str>,
}

/// The query of [`Vizavi::get_leads`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetLeads<'a> {
    /// only this source
    pub source: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_reviews`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetReviews<'a> {
    /// `waiting` when left out, `released`, `refused` or `lapsed`
    pub state: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_segments_id_changes`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetSegmentsIdChanges<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_segments_id_members`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetSegmentsIdMembers<'a> {
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::put_segments_id_members`].
#[derive(Debug, Default, Clone, Copy)]
pub struct PutSegmentsIdMembers<'a> {
    /// what people call it
    pub title: Option<&'a str>,
    /// pass over unknown keys, and name them in the answer
    pub skip_unknown: Option<bool>,
}

/// The query of [`Vizavi::post_segments_id_members`].
#[derive(Debug, Default, Clone, Copy)]
pub struct PostSegmentsIdMembers<'a> {
    /// what people call it
    pub title: Option<&'a str>,
    /// pass over unknown keys, and name them in the answer
    pub skip_unknown: Option<bool>,
}

/// The query of [`Vizavi::get_tasks`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetTasks<'a> {
    /// only this person's
    pub owner: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}

/// The query of [`Vizavi::get_webhooks_id_events`].
#[derive(Debug, Default, Clone, Copy)]
pub struct GetWebhooksIdEvents<'a> {
    /// `waiting`, `claimed`, `sent` or `dead`; all when left out
    pub state: Option<&'a str>,
    /// the `next` of the page before
    pub cursor: Option<&'a str>,
    /// how many items, 1 to 1000; 100 when absent
    pub limit: Option<i64>,
}
