//! The scorecard as text.

use serde::Serialize;

use crate::cli::print;
use crate::error::Result;
use crate::operations::steering::{Better, Indicator, Unit};
use crate::reports::scorecard::Card;

/// The scorecard: a table, then what is overdue.
pub fn words(card: &Card) -> String {
    let header = ["indicator", "value", "change", "target", "status", "owner", "days", "market"];
    let mut table = print::Table::new(&header);
    for line in &card.indicators {
        let target = line.target.as_ref();
        let market = line.others.iter().map(|other| format!("{} {}", other.subject, other.shown));
        table.row(vec![
            line.title.to_owned(),
            line.shown.clone(),
            line.trend.shown.clone(),
            line.target_shown.clone(),
            line.status.words().to_owned(),
            target.map_or_else(String::new, |target| target.spec.owner.clone()),
            line.window_days.to_string(),
            market.collect::<Vec<_>>().join(", "),
        ]);
    }
    let mut text = format!("scorecard as of {}; objective: {}\n{table}", card.as_of, card.objective.words());
    for overdue in &card.overdue {
        let what = overdue.action.as_ref().map_or_else(String::new, |action| format!(", {action}"));
        text += &format!(
            "overdue: the review of {}{what} by {}, since {} days\n",
            overdue.goal, overdue.owner, overdue.days
        );
    }
    text
}

#[derive(Serialize)]
struct Definition {
    indicator: Indicator,
    title: &'static str,
    unit: Unit,
    better: Better,
    definition: &'static str,
}

/// What each indicator is.
pub fn definitions(json: bool) -> Result<()> {
    let all = Indicator::ALL.iter().map(|&indicator| Definition {
        indicator,
        title: indicator.title(),
        unit: indicator.unit(),
        better: indicator.better(),
        definition: indicator.definition(),
    });
    if json {
        return print::json(&all.collect::<Vec<_>>());
    }
    let text: String = all.map(|one| format!("{}\n  {}\n", one.indicator.key(), one.definition)).collect();
    print::text(&text)
}
