//! Tables of `vizavi kpi people` and `vizavi kpi attribution`.

use super::print;
use crate::experiments::Degenerate;
use crate::experiments::lift::Lift;
use crate::money::{Currency, Money};
use crate::reports::attribution::Attribution;
use crate::reports::people::{Kept, People};

/// Incremental profit with its interval, or why there is none.
fn shown(lift: &Result<Lift, Degenerate>, currency: Currency) -> String {
    let amount = |value: f64| currency.show(Money(value.round() as i64));
    match lift {
        Ok(lift) => {
            format!("{} ({} .. {})", amount(lift.total), amount(lift.total_lower), amount(lift.total_upper))
        }
        Err(_) => "–".into(),
    }
}

fn kept(kept: &Kept) -> String {
    let (clients, stayed) = kept.treated;
    match (&kept.effect, kept.clients) {
        (Ok(effect), Some(more)) => {
            let of = clients as f64;
            format!("{stayed} of {clients}: {more:+.1} ({:+.1} .. {:+.1})", effect.ci_lower * of, effect.ci_upper * of)
        }
        _ => format!("{stayed} of {clients}"),
    }
}

/// Salespersons, then owners.
pub fn of_people(found: &People, currency: Currency) -> String {
    let header = ["customers", "held out", "turnover", "incremental profit", "clients kept"];
    let mut table = print::Table::new(&[&[found.by.as_str()][..], &header[..]].concat());
    for one in &found.salespersons {
        table.row(vec![
            if one.name.is_empty() { "–".into() } else { one.name.clone() },
            one.treated.to_string(),
            one.holdout.to_string(),
            currency.show(one.turnover),
            shown(&one.lift, currency),
            kept(&one.kept),
        ]);
    }
    let mut text =
        format!("All campaigns together against the global holdout, {} to {}\n{table}\n", found.from, found.until);
    let mut table = print::Table::new(&["owner", "campaign", "run", "turnover", "incremental profit", "clients kept"]);
    for owner in &found.owners {
        for run in &owner.runs {
            table.row(vec![
                if owner.name.is_empty() { "–".into() } else { owner.name.clone() },
                run.campaign.clone(),
                if run.is_final { run.occasion.clone() } else { format!("{} (preliminary)", run.occasion) },
                currency.show(run.turnover),
                shown(&run.lift, currency),
                kept(&run.kept),
            ]);
        }
    }
    text += &format!("Each run against its own holdout; lifts are not added up, since runs share customers\n{table}");
    text
}

/// Credit beside lift.
pub fn of_attribution(found: &Attribution, currency: Currency) -> String {
    let mut table = print::Table::new(&["campaign", "model", "orders", "revenue", "margin"]);
    for campaign in &found.campaigns {
        for credit in &campaign.credit {
            table.row(vec![
                campaign.campaign.clone(),
                format!("{:?}", credit.model),
                format!("{:.1}", credit.orders),
                currency.show(credit.revenue),
                currency.show(credit.margin),
            ]);
        }
    }
    let mut text = format!(
        "{} orders, {}; {} credited to nobody within {} days after a contact\n{table}\n",
        found.orders,
        currency.show(found.revenue),
        currency.show(found.uncredited),
        found.window_days
    );
    let mut table = print::Table::new(&["campaign", "run", "incremental profit"]);
    for campaign in &found.campaigns {
        for run in &campaign.incremental {
            table.row(vec![campaign.campaign.clone(), run.occasion.clone(), shown(&run.lift, currency)]);
        }
    }
    text += &format!("{table}{}\n", found.note);
    text
}
