//! A segment that a model found, on a terminal: in words, judged by four criteria, and what it is and will be worth.

use crate::cli::print;
use crate::segments::{Criterion, KeptSegment, SegmentEconomics, Worth};

/// Everything that is known of it; amounts in units of `currency`.
pub fn of(segment: &KeptSegment, currency: &str) -> String {
    let economics = &segment.economics;
    let mut text = format!(
        "{} ({}/{}): {} customers, {} of all; {} of them cost more than they bring\nas of {}, model version {}\n",
        segment.name,
        segment.segmentation,
        segment.code,
        segment.size,
        print::percent(economics.share),
        print::percent(economics.unprofitable),
        segment.computed_at,
        segment.model_version_id
    );
    if let Some(level) = &segment.portrait.service_level {
        text += &format!("level of service: {level}\n");
    }
    for part in [
        description(segment),
        criteria(&segment.portrait.criteria),
        segment.portrait.worth.as_ref().map_or_else(String::new, |worth| of_worth(worth, currency)),
        means(economics),
    ] {
        if !part.is_empty() {
            text += &format!("\n{part}");
        }
    }
    text
}

fn description(segment: &KeptSegment) -> String {
    segment.portrait.description.iter().map(|found| format!("  {}\n", found.words)).collect()
}

fn criteria(criteria: &[Criterion]) -> String {
    if criteria.is_empty() {
        return String::new();
    }
    let mut table = print::Table::new(&["criterion", "value", "threshold", "passed"]);
    for criterion in criteria {
        table.row(vec![
            criterion.name.clone(),
            criterion.value.map_or("-".to_owned(), print::number),
            print::number(criterion.threshold),
            if criterion.passed { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table.to_string()
}

fn of_worth(worth: &Worth, currency: &str) -> String {
    let (measured, planned) = (&worth.measured, &worth.planned);
    let said = |value: Option<f64>| value.map_or("-".to_owned(), print::number);
    let mut table = print::Table::new(&["economics", "measured", "planned"]);
    let mut row = |name: String, measured: Option<f64>, planned: Option<f64>| {
        table.row(vec![name, said(measured), said(planned)]);
    };
    row("clients; new ones a year".into(), Some(measured.clients), Some(planned.new_clients));
    row(format!("winning a client, {currency}"), measured.acquisition_cost, planned.acquisition_cost);
    row(format!("margin a client and year, {currency}"), measured.margin, planned.margin);
    row(format!("keeping a client a year, {currency}"), measured.retention_cost, planned.retention_cost);
    row("share who stay another year".into(), measured.retention, planned.retention);
    let mut text = table.to_string();
    text += &format!(
        "net present value over {} years at {}: {} {currency} ({} of clients there, {} of planned ones; {} a client, {} a new one)\n",
        worth.horizon_years,
        print::percent(worth.discount_rate),
        said(worth.net_present_value),
        said(worth.value_of_clients),
        said(worth.value_of_planned),
        said(worth.value_of_client),
        said(worth.value_of_new_client)
    );
    if !worth.unknown.is_empty() {
        text += &format!("not known: {}\n", worth.unknown.join(", "));
    }
    text
}

fn means(economics: &SegmentEconomics) -> String {
    let mut table = print::Table::new(&["feature", "mean"]);
    for (feature, mean) in &economics.means {
        table.row(vec![feature.clone(), print::number(*mean)]);
    }
    table.to_string()
}
