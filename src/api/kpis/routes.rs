//! The rows of the route table about what the company steers by; see [`crate::api::routes`].

use actix_web::http::Method;

use super::{questions, scorecard, steering};
use crate::api::auth::Access::Needs;
use crate::api::route::{Route, route};
use crate::api::routes::one_or_many;
use crate::api::schema::{named, object, page_of};
use crate::api::{exports, leads, service};
use crate::operations::access::Permission::{
    AnalysisRead, CampaignsApprove, CampaignsWrite, CustomersManage, CustomersRead, CustomersWrite, FactsWrite,
};
use crate::operations::steering::{Goal, Series, SourceSpec, Target};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// The rows, in the order of the document.
#[rustfmt::skip] // one row a route: path and permission are read together
pub fn rows() -> Vec<Route> {
    vec![
        route(GET, "/v1/kpis/scorecard", Needs(AnalysisRead), scorecard::show)
            .says("Every indicator with its definition, window, target, owner, trend and status, beside market and competitors.")
            .query("at", "string", "as of another instant, made afresh; as of the last scoring when left out")
            .answers(200, object()).or(&[404, 422]),
        route(GET, "/v1/kpis/overdue", Needs(AnalysisRead), scorecard::overdue)
            .says("Goals and actions whose review is overdue, the longest first.").answers(200, page_of(object())),
        route(GET, "/v1/kpis/targets", Needs(AnalysisRead), steering::list::<Target>)
            .says("The targets of indicators, and who answers for each.").answers(200, page_of(object())),
        route(GET, "/v1/kpis/targets/{id}", Needs(AnalysisRead), steering::get::<Target>)
            .says("The target of one indicator.").answers(200, object()).or(&[404]),
        route(PUT, "/v1/kpis/targets/{id}", Needs(CampaignsWrite), steering::put::<Target>)
            .says("Sets the target of an indicator (201), or replaces it.").takes(named("Target"))
            .answers(200, object()).also(201, object()).versioned(),
        route(DELETE, "/v1/kpis/targets/{id}", Needs(CampaignsWrite), steering::remove::<Target>)
            .says("Takes the target of an indicator away.").answers_as(204, "").or(&[404]),
        route(GET, "/v1/kpis/goals", Needs(AnalysisRead), steering::list::<Goal>)
            .says("What the strategy wants: goals with indicator, actions, budgets, owners and reviews.")
            .answers(200, page_of(object())),
        route(GET, "/v1/kpis/goals/{id}", Needs(AnalysisRead), steering::get::<Goal>)
            .says("One goal.").answers(200, object()).or(&[404]),
        route(PUT, "/v1/kpis/goals/{id}", Needs(CampaignsWrite), steering::put::<Goal>)
            .says("Adds a goal (201), or replaces it.").takes(named("Goal"))
            .answers(200, object()).also(201, object()).versioned(),
        route(DELETE, "/v1/kpis/goals/{id}", Needs(CampaignsWrite), steering::remove::<Goal>)
            .says("Gives a goal up.").answers_as(204, "").or(&[404]),
        route(POST, "/v1/kpis/goals/{id}/reviews", Needs(CampaignsWrite), steering::review)
            .says("Notes that a goal, or one of its actions, was looked at, and when it is to be again.").takes(named("GoalReview"))
            .answers(200, object()).or(&[404, 422]),
        route(GET, "/v1/kpis/series", Needs(AnalysisRead), steering::list::<Series>)
            .says("Figures of the market and of competitors, by subject and indicator.").answers(200, page_of(object())),
        route(GET, "/v1/kpis/series/{subject}/{indicator}", Needs(AnalysisRead), steering::get_of::<Series>)
            .says("One series.").answers(200, object()).or(&[404]),
        route(PUT, "/v1/kpis/series/{subject}/{indicator}", Needs(CampaignsWrite), steering::put_of::<Series>)
            .says("Adds the series of an indicator of the market or of a competitor (201), or replaces it.").takes(named("Series"))
            .answers(200, object()).also(201, object()).versioned(),
        route(DELETE, "/v1/kpis/series/{subject}/{indicator}", Needs(CampaignsWrite), steering::remove_of::<Series>)
            .says("Removes a series.").answers_as(204, "").or(&[404]),
        route(GET, "/v1/kpis/objective", Needs(AnalysisRead), steering::objective)
            .says("What the company goes for first, once that was chosen.").answers(200, object()).or(&[404]),
        route(PUT, "/v1/kpis/objective", Needs(CampaignsApprove), steering::put_objective)
            .says("Chooses the objective: profit, clients_kept, new_clients or base_value.").takes(named("Objective"))
            .answers(200, object()).also(201, object()).versioned(),
        route(GET, "/v1/kpis/sources", Needs(AnalysisRead), steering::list::<SourceSpec>)
            .says("Sources of leads, with what the marketer expects of each.").answers(200, page_of(object())),
        route(PUT, "/v1/kpis/sources/{id}", Needs(CampaignsWrite), steering::put::<SourceSpec>)
            .says("Adds a source of leads (201), or replaces what is expected of it.").takes(named("LeadSource"))
            .answers(200, object()).also(201, object()).versioned(),
        route(POST, "/v1/kpis/what-if", Needs(AnalysisRead), questions::what_if)
            .says("Profit and value of the base if retention, margin, a cost or a rate were others, per segment; keeps nothing.")
            .takes(named("KpiQuestion")).answers(200, object()).or(&[404]),
        route(POST, "/v1/kpis/budget", Needs(AnalysisRead), questions::budget)
            .says("Holds winning clients against keeping them for the same money, under each objective; keeps nothing.")
            .takes(named("BudgetQuestion")).answers(200, object()),
        route(GET, "/v1/leads", Needs(CustomersRead), leads::list)
            .says("Prospects with source, cost and the chance that they become clients.").query("source", "string", "only this source")
            .paged(object()),
        route(POST, "/v1/leads", Needs(CustomersWrite), leads::post)
            .says("Records one lead, or an array of them; who is not known becomes a prospect.").takes(one_or_many("Lead"))
            .answers(200, named("LeadsRecorded")),
        route(GET, "/v1/leads/sources", Needs(AnalysisRead), leads::sources)
            .says("What leads of each source cost, how many became clients, and which rates serve.").answers(200, object()),
        route(POST, "/v1/leads/{id}/convert", Needs(CustomersManage), leads::convert)
            .says("The person of a lead is this client: both become one customer, for good.").takes(named("Conversion"))
            .answers(200, object()).or(&[404]),
        route(GET, "/v1/kpis/satisfaction", Needs(AnalysisRead), service::satisfaction)
            .says("Answers to surveys and complaints by the team that looks after each customer.")
            .query("days", "integer", "how far back, 1 to 3660; 365 when absent").answers(200, page_of(object())),
        route(GET, "/v1/customers/{id}/notes", Needs(CustomersRead), service::notes)
            .says("What staff wrote down about a customer, newest first.").paged(object()).or(&[404]),
        route(POST, "/v1/customers/{id}/notes", Needs(CustomersWrite), service::add_note)
            .says("Writes a note about a customer.").takes(named("Note")).answers(201, object()).or(&[404]),
        route(GET, "/v1/customers/{id}/tasks", Needs(CustomersRead), service::tasks)
            .says("What was or is to be done for a customer, newest first.").paged(object()).or(&[404]),
        route(POST, "/v1/customers/{id}/tasks", Needs(CustomersWrite), service::add_task)
            .says("Adds something to do for a customer.").takes(named("Task")).answers(201, object()).or(&[404]),
        route(GET, "/v1/tasks", Needs(CustomersRead), service::open_tasks)
            .says("Open tasks, oldest first.").query("owner", "string", "only this person's").paged(object()),
        route(POST, "/v1/tasks/{id}/close", Needs(CustomersWrite), service::close_task)
            .says("Says that a task is done.").answers(200, object()).or(&[404, 409]),
        route(PUT, "/v1/customers/{id}/owner", Needs(CustomersWrite), service::set_owner)
            .says("Sets who looks after a customer, and in which team.").takes(named("AccountOwner")).answers(200, object()).or(&[404]),
        route(GET, "/v1/customers/{id}/summary", Needs(CustomersRead), service::summary)
            .says("What whoever takes an account over should know: value, what is open, notes, and what to do next.")
            .answers(200, object()).or(&[404]),
        route(GET, "/v1/customers/{id}/advice", Needs(CustomersRead), service::next)
            .says("The next best action for a customer, and what to say.").answers(200, object()).or(&[404]),
        route(GET, "/v1/inquiries/{id}", Needs(CustomersRead), service::inquiry)
            .says("One inquiry, with the next best action and what to say beside it.").answers(200, object()).or(&[404]),
        route(POST, "/v1/referrals", Needs(FactsWrite), service::refer)
            .says("Records that a client brought somebody; who is not known becomes a prospect. A person is brought once.")
            .takes(named("Referral")).answers(200, named("Recorded")).or(&[404]),
        route(POST, "/v1/exports", Needs(CustomersManage), exports::post)
            .says("Has a worker write facts and tables as files for a warehouse; they hold personal data.").takes(named("ExportQuestion"))
            .answers(202, object()),
        route(GET, "/v1/exports", Needs(CustomersManage), exports::list)
            .says("Exports that are whole, newest first; each is kept for two weeks.").answers(200, page_of(object())),
        route(GET, "/v1/exports/{id}", Needs(CustomersManage), exports::get)
            .says("One export with its files.").answers(200, object()).or(&[404]),
        route(GET, "/v1/exports/{id}/files/{name}", Needs(CustomersManage), exports::file)
            .says("One file of an export.").answers_as(200, "application/octet-stream").or(&[404]),
    ]
}
