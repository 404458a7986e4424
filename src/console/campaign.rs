//! One campaign: what can be done now, its results, its plan, its runs, its definition.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::figures::{Show, count};
use super::page::{Frame, render};
use super::{Ws, campaign_action, campaigns, either, on_pool, plan, results};
use crate::campaigns::store::{self, Campaign, CampaignRun};
use crate::campaigns::{Action, CampaignSpec, State};
use crate::deliveries::outbox::{Reconciliation, reconcile};
use crate::error::{Error, Result};
use crate::operations::access::{Permission, Role, user};
use crate::operations::{Workspace, journeys, send};

/// What an e-mail in a preview may load: its own inline styles and images, nothing from elsewhere, no script.
const PREVIEW_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'";

/// What was done just before.
#[derive(Debug, Deserialize)]
pub struct Done {
    done: Option<String>,
}

/// `GET /campaigns/{name}`
pub async fn show(ws: Ws, req: HttpRequest, name: web::Path<String>, query: web::Query<Done>) -> HttpResponse {
    let notice = campaign_action::notice(query.done.as_deref().unwrap_or_default());
    page(&ws, &req, name.into_inner(), notice, None).await
}

/// The page, with what has just been done or has just failed.
pub async fn page(ws: &Ws, req: &HttpRequest, name: String, notice: &str, fault: Option<Error>) -> HttpResponse {
    let mut frame = Frame::of(req, "/campaigns", false);
    let role = frame.session.as_ref().map_or(Role::Viewer, |session| session.role);
    let status = fault.as_ref().map_or(StatusCode::OK, |error| super::page::status_of(error).0);
    let read = on_pool(ws, move |ws| Ok((send::is_stopped(ws)?, view(ws, &name, role)?))).await;
    either(read.map(|(stopped, page)| {
        frame.stopped = stopped;
        frame.notice = notice.to_owned();
        frame.fault = fault;
        let title = page["title"].as_str().unwrap_or("Campaign").to_owned();
        render(status, &frame, &title, "campaign", page)
    }))
}

fn view(ws: &Workspace, name: &str, role: Role) -> Result<Value> {
    let show = Show(ws);
    let (campaign, approved_by, spec, plan, runs) = ws.store().read(|conn| {
        let campaign = store::by_name(conn, name)?;
        let spec = store::version(conn, campaign.id, campaign.version)?.spec;
        let plan = store::plan_of(conn, campaign.id, campaign.version)?;
        let mut runs = Vec::new();
        for run in store::runs(conn, campaign.id)? {
            let reconciliation = reconcile(conn, run.id)?;
            runs.push((run, reconciliation));
        }
        let approved_by = campaign.approved_by.as_deref().map(|actor| user::name_of(conn, actor)).transpose()?;
        Ok((campaign, approved_by, spec, plan, runs))
    })?;
    let state = State::parse(&campaign.state)?;
    let plan = plan.map(|(text, _)| serde_json::from_str::<Value>(&text)).transpose()?;
    let results = match runs.first() {
        Some((run, _)) => {
            let of_run = crate::operations::results::of_run(ws, run.id)?;
            Some(results::view(&show, &of_run, role.may(Permission::CampaignsApprove)))
        }
        None => None,
    };
    Ok(json!({
        "name": campaign.name,
        "title": campaigns::title(&spec),
        "goal": spec.goal,
        "owner": spec.owner,
        "version": campaign.version,
        "approved_by": approved_by,
        "next_run": campaign.next_run_at.map(|at| show.time(at)),
        "state": campaigns::state(&campaign.state),
        "actions": actions(state, role),
        "next_step": next_step(state, plan.is_some()),
        "may_test": role.may(Permission::CampaignsRun),
        "results": results,
        "plan": plan.map(|plan| plan::view(&show, &plan)),
        "steps": steps(ws, name)?,
        "runs": runs.iter().map(|(run, sums)| run_line(&show, run, sums)).collect::<Vec<_>>(),
        "facts": facts(&show, &spec),
        "channels": channels(&show, &spec),
    }))
}

/// The buttons: what the state allows and the role may do.
fn actions(state: State, role: Role) -> Vec<Value> {
    let all = [
        (Action::Plan, "plan", "Plan", Permission::CampaignsWrite, ""),
        (Action::Approve, "approve", "Approve", Permission::CampaignsApprove, "primary"),
        (Action::Start, "run", "Run now", Permission::CampaignsRun, "primary"),
        (Action::Pause, "pause", "Pause", Permission::CampaignsRun, ""),
        (Action::Resume, "resume", "Resume", Permission::CampaignsRun, "primary"),
        (Action::Close, "close", "Close", Permission::CampaignsRun, "quiet"),
        (Action::Cancel, "cancel", "Cancel", Permission::CampaignsRun, "danger quiet"),
    ];
    // What would change nothing is no button: approving what is approved, pausing what is paused.
    let idle = |action| {
        matches!(
            (state, action),
            (State::Approved, Action::Approve)
                | (State::Paused, Action::Pause)
                | (State::Running, Action::Resume)
                | (State::Closed, Action::Close)
        )
    };
    all.into_iter()
        .filter(|(action, _, _, permission, _)| state.after(*action).is_ok() && role.may(*permission) && !idle(*action))
        .map(|(_, verb, name, _, tone)| json!({ "verb": verb, "name": name, "tone": tone }))
        .collect()
}

fn next_step(state: State, planned: bool) -> &'static str {
    match state {
        State::Draft => "Plan it, to see whom it would reach and what it would bring. Nothing is sent.",
        State::Planned if planned => "Look at the plan below; approve it when you answer for it.",
        State::Planned => "Plan it again: the plan of this version is not kept.",
        State::Approved => "It may run, by hand or on its schedule.",
        State::Running => "A run is going on; messages go out as their hours come.",
        State::Paused => "Nothing is sent until it is resumed; nobody is contacted twice.",
        State::Cancelled | State::Closed => "It does not run again until it is applied anew.",
    }
}

fn run_line(show: &Show<'_>, run: &CampaignRun, sums: &Reconciliation) -> Value {
    let suppressed: i64 = sums.suppressed.values().sum();
    let reasons: Vec<String> = sums.suppressed.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
    json!({
        "started": show.time(run.started_at),
        "occasion": show.written_time(&run.occasion),
        "state": campaigns::state(&run.state),
        "planned": count(sums.planned),
        "sent": count(sums.sent),
        "suppressed": count(suppressed),
        "reasons": reasons.join(", "),
        "failed": count(sums.failed),
        "held": count(sums.held),
        "cancelled": count(sums.cancelled),
        "open": count(sums.open),
        "balances": sums.balances(),
    })
}

fn facts(show: &Show<'_>, spec: &CampaignSpec) -> Vec<Value> {
    let percent = |share: f64| super::figures::percent(share);
    let exploration = spec.exploration.unwrap_or(show.0.settings().exploration);
    let audience = spec.audience.as_ref().map_or("everybody".to_owned(), plan::rule_words);
    let schedule = spec.schedule.as_ref();
    let experiments: Vec<String> = spec
        .experiments
        .iter()
        .map(|experiment| {
            let arms: Vec<String> = experiment.variants.iter().map(|v| format!("{} {}", v.name, v.weight)).collect();
            format!("{}: {}", experiment.name, arms.join(" against "))
        })
        .collect();
    [
        ("Class", spec.class.clone()),
        ("Audience", audience),
        ("Offers", spec.offers.join(", ")),
        ("Budget", spec.budget.map_or("no limit".into(), |budget| show.money(budget))),
        ("Contacts", format!("at most {} per customer and run", spec.contact.per_customer)),
        (
            "Held out",
            format!("{} here, beside {} in the workspace", percent(spec.holdout), percent(show.0.settings().holdout)),
        ),
        ("Tried at random", percent(exploration)),
        ("Priority", format!("{:?}", spec.priority).to_lowercase()),
        ("Experiment", if experiments.is_empty() { "none".into() } else { experiments.join("; ") }),
        ("An order counts", format!("within {} days after the contact", spec.conversion_days)),
        ("Schedule", schedule.map_or("by hand".into(), |s| format!("{} ({})", s.cron, s.zone))),
    ]
    .into_iter()
    .map(|(name, value)| json!({ "name": name, "value": value }))
    .collect()
}

/// The steps of a journey, each with how many clients are where; none for a campaign of a single contact.
fn steps(ws: &Workspace, name: &str) -> Result<Vec<Value>> {
    let steps = journeys::steps(ws, name)?;
    if steps.len() < 2 {
        return Ok(Vec::new());
    }
    let line = |step: &journeys::StepShown| {
        json!({
            "name": step.name,
            "waiting": count(step.waiting),
            "reached": count(step.reached),
            "held": count(step.held),
            "done": count(step.done),
        })
    };
    Ok(steps.iter().map(line).collect())
}

fn channels(show: &Show<'_>, spec: &CampaignSpec) -> Vec<Value> {
    let rates = &show.0.settings().activity_rates;
    let lines = spec.channels.iter().map(|channel| {
        let standard = rates.get(&channel.channel).copied().map(crate::money::Money);
        let hours: Vec<String> = channel.hours.iter().map(|hour| format!("{hour}:00")).collect();
        json!({
            "name": channel.channel,
            "cost": channel.cost.or(standard).map_or("–".into(), |cost| show.money(cost)),
            "capacity": channel.capacity.map_or("no limit".into(), count),
            "hours": hours.join(", "),
            "transport": delivered_by(show, &channel.channel),
        })
    });
    lines.collect()
}

fn delivered_by(show: &Show<'_>, channel: &str) -> &'static str {
    use crate::settings::ChannelTransport as T;
    match show.0.settings().channels.get(channel) {
        Some(T::Smtp) => "SMTP relay",
        Some(T::Webhook { .. }) => "webhook",
        Some(T::File) => "file",
        Some(T::Mbox) => "mbox files",
        None if channel == "email" && show.0.settings().smtp.is_some() => "SMTP relay",
        None => "file",
    }
}

/// `GET /campaigns/{name}/samples/{index}`: the HTML of a sampled message, in a frame that can do nothing.
pub async fn message(ws: Ws, path: web::Path<(String, usize)>) -> HttpResponse {
    let (name, index) = path.into_inner();
    let read = on_pool(&ws, move |ws| {
        let plan = ws.store().read(|conn| {
            let campaign: Campaign = store::by_name(conn, &name)?;
            store::plan_of(conn, campaign.id, campaign.version)
        })?;
        let plan: Option<Value> = plan.map(|(text, _)| serde_json::from_str(&text)).transpose()?;
        let html = plan.and_then(|plan| plan["samples"][index]["message"]["html"].as_str().map(str::to_owned));
        html.ok_or_else(|| Error::not_found("the plan has no such message"))
    })
    .await;
    either(read.map(|html| {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((CONTENT_SECURITY_POLICY, PREVIEW_POLICY))
            .body(html)
    }))
}
