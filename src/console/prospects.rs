//! The page of prospects: what leads of each source cost and became, and where a budget goes, for winning or for keeping.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::figures::{Show, count, percent};
use super::page::{Frame, render};
use super::{Ws, either, on_pool};
use crate::error::{Kind, Result};
use crate::money::Money;
use crate::operations::leads::{Source, sources};
use crate::operations::{Workspace, send};
use crate::progress::Silent;
use crate::reports::budget::{Budget, Choice, Question, budget};
use crate::reports::scorecard::kept_card;

/// What may be spent, in units of the currency.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    budget: Option<f64>,
}

/// `GET /prospects`
pub async fn show(ws: Ws, req: HttpRequest, asked: web::Query<Asked>) -> HttpResponse {
    let asked = asked.into_inner();
    let read = on_pool(&ws, move |ws| Ok((send::is_stopped(ws)?, view(ws, &asked)?))).await;
    either(read.map(|(stopped, page)| {
        render(StatusCode::OK, &Frame::of(&req, "/prospects", stopped), "Prospects", "prospects", page)
    }))
}

fn view(ws: &Workspace, asked: &Asked) -> Result<Value> {
    let show = Show(ws);
    let known = sources(ws)?;
    let units = asked.budget.filter(|units| units.is_finite() && *units > 0.0 && *units < 1e12);
    let money = units.map(|units| Money::from_units(units, ws.settings().currency));
    // Without the figures of a scoring all of history would have to be read, which no page waits for.
    let ready = kept_card(ws)?.is_some();
    let found = match money.filter(|_| ready) {
        None => None,
        Some(money) => match budget(ws, &Question { budget: money, client_value: None }, &Silent) {
            Ok(found) => Some(found),
            Err(error) if error.kind() == Kind::Invalid => None,
            Err(error) => return Err(error),
        },
    };
    Ok(json!({
        "sources": known.sources.iter().map(|source| source_view(&show, source)).collect::<Vec<_>>(),
        "gate": known.gate.words,
        "asked": units,
        "ready": ready,
        "budget": found.map(|found| budget_view(&show, &found)),
    }))
}

fn source_view(show: &Show<'_>, source: &Source) -> Value {
    let dash = || "–".to_owned();
    json!({
        "name": source.name,
        "leads": count(source.leads as i64),
        "converted": count(source.converted as i64),
        "cost": show.money(source.cost),
        "per_lead": show.amount(source.cost_per_lead),
        "per_client": source.cost_per_client.map_or_else(dash, |cost| show.amount(cost)),
        "expected": source.expected.map_or_else(dash, percent),
        "rate": percent(source.rate),
    })
}

fn budget_view(show: &Show<'_>, found: &Budget) -> Value {
    let row = |name: String, choice: &Choice, chosen: bool| {
        let shares = choice.shares.iter().map(|(option, spent)| format!("{option} {}", show.amount(*spent)));
        json!({
            "name": name,
            "chosen": chosen,
            "spent": show.amount(choice.spent),
            "profit": show.amount(choice.effect.profit),
            "kept": format!("{:.1}", choice.effect.clients_kept),
            "new": format!("{:.1}", choice.effect.new_clients),
            "value": show.amount(choice.effect.base_value),
            "forgone": format!(
                "{}; {:.1} kept; {:.1} new; {}",
                show.amount(choice.forgone.profit),
                choice.forgone.clients_kept,
                choice.forgone.new_clients,
                show.amount(choice.forgone.base_value)
            ),
            "shares": shares.collect::<Vec<_>>().join(", "),
        })
    };
    let rows = found.choices.iter().map(|c| row(c.objective.words().to_owned(), c, c.objective == found.objective));
    let only = [("winning only", &found.acquisition_only), ("keeping only", &found.retention_only)];
    let rows = rows.chain(only.map(|(name, choice)| row(name.to_owned(), choice, false)));
    json!({ "rows": rows.collect::<Vec<_>>(), "notes": found.notes })
}
