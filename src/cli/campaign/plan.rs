//! `vizavi campaign plan NAME`.

use super::ACTOR;
use crate::cli::{Done, Place, print};
use crate::deliveries::outbox;
use crate::money::{Currency, Money};
use crate::operations::disparity::Disparity;
use crate::operations::forecast::Forecast;
use crate::operations::plan::{Detectable, Plan, Proof, Sample, plan};

/// Lines of a message that a sample shows.
const MESSAGE_LINES: usize = 6;

/// Plans, and prints waterfall, forecast, prices, proof, what the holdout can tell apart, and samples.
pub fn run(place: &Place, name: &str) -> Done {
    let ws = place.open()?;
    let plan = plan(&ws, name, ACTOR)?;
    if place.json {
        print::json(&plan)?;
        return Ok(());
    }
    print::text(&words(&plan, ws.settings().currency))?;
    if ws.store().read(outbox::brake::is_stopped)? {
        print::text("Sending is stopped for everything; start it again before a run.\n")?;
    }
    Ok(())
}

fn words(plan: &Plan, currency: Currency) -> String {
    let mut text = format!("Campaign {}, version {}, as of {}\n\n", plan.campaign, plan.version, plan.decided_at);
    for line in &plan.waterfall_lines {
        text += &format!("{line}\n");
    }
    text += &format!("\n{}\n{}\n", forecast(&plan.forecast, currency), proof(plan.proof, currency));
    text += &prices(&plan.prices);
    for relaxed in &plan.relaxed {
        text += &format!("  {}\n", relaxed.words);
    }
    text += &segments(&plan.forecast, currency);
    plan.disparity.iter().for_each(|disparity| text += &groups(disparity, currency));
    text += &detectable(plan.detectable, currency);
    if !plan.samples.is_empty() {
        text += &format!("\nSamples ({})\n", plan.samples.len());
    }
    for sample in &plan.samples {
        text += &format!("\n{}", sample_words(sample));
    }
    text += &format!("\nnext: vizavi campaign approve {}\n", plan.campaign);
    text
}

/// What a campaign would use and bring.
pub fn forecast(forecast: &Forecast, currency: Currency) -> String {
    let list = |counts: &std::collections::BTreeMap<String, usize>| {
        counts.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("contacts   {}", forecast.contacts);
    if forecast.contacts > 0 {
        text += &format!("   by channel: {};  by offer: {}", list(&forecast.by_channel), list(&forecast.by_offer));
    }
    text += &format!("\nexplorers  {}   holdout {}\n", forecast.explorers, forecast.holdout);
    let [least, most] = forecast.interval.map(|end| currency.show(end));
    text += &format!(
        "spend      {}   expected incremental profit {} (95 % interval {least} to {most}; the estimates promise {})\n",
        currency.show(forecast.spend),
        currency.show(forecast.profit),
        currency.show(forecast.promised)
    );
    text
}

/// What each segment gets and brings.
fn segments(forecast: &Forecast, currency: Currency) -> String {
    let mut table = print::Table::new(&["segment", "customers", "contacts", "spend", "profit"]);
    for (name, part) in &forecast.by_segment {
        let numbers = [part.customers.to_string(), part.contacts.to_string()];
        let amounts = [currency.show(part.spend), currency.show(part.profit)];
        table.row([name.clone()].into_iter().chain(numbers).chain(amounts).collect());
    }
    if forecast.by_segment.len() > 1 { format!("\n{table}\n") } else { String::new() }
}

/// Contact, offer and benefit by the groups of a protected attribute.
fn groups(disparity: &Disparity, currency: Currency) -> String {
    let header =
        [disparity.attribute.as_str(), "customers", "contacted", "share", "of the highest", "benefit", "offers"];
    let mut table = print::Table::new(&header);
    for group in &disparity.groups {
        let offers: Vec<String> =
            group.by_offer.iter().map(|(offer, contacts)| format!("{offer} {contacts}")).collect();
        let remark = if group.stands_out { " (below four fifths)" } else { "" };
        table.row(vec![
            group.value.clone(),
            group.customers.to_string(),
            group.contacted.to_string(),
            print::percent(group.rate),
            format!("{:.2}{remark}", group.ratio),
            currency.show(Money(group.benefit.round() as i64)),
            offers.join(", "),
        ]);
    }
    format!("{table}\n")
}

/// Value beside the proven bound.
pub fn proof(proof: Proof, currency: Currency) -> String {
    format!(
        "The choice is worth {}; no other within the same limits is worth more than {} (proven gap {}).\n",
        currency.show(proof.value),
        currency.show(Money(proof.bound.round() as i64)),
        print::percent(proof.gap)
    )
}

/// What one more of each scarce thing would be worth.
pub fn prices(prices: &[String]) -> String {
    if prices.is_empty() {
        return "Nothing is scarce: one more of anything would be worth nothing.\n".to_owned();
    }
    prices.iter().map(|price| format!("  {price}\n")).collect()
}

fn detectable(found: Option<Detectable>, currency: Currency) -> String {
    let Some(found) = found else {
        return "What the holdout could prove is not known yet: there are too few past orders.\n".to_owned();
    };
    let show = |minor: f64| currency.show(Money(minor.round() as i64));
    let judgement = if found.expected_per_customer >= found.per_customer {
        "so this campaign can be judged by its holdout"
    } else {
        "so a larger holdout or more runs are needed to prove it"
    };
    format!(
        "The holdout ({} against {}) finds an effect of {} per customer four times in five; {} is expected, {judgement}.\n",
        found.holdout,
        found.treated,
        show(found.per_customer),
        show(found.expected_per_customer)
    )
}

fn sample_words(sample: &Sample) -> String {
    let choice = sample.choice.as_deref().unwrap_or("nothing");
    let mut text = format!("{} ({}): {choice}\n", sample.customer, sample.arm);
    for why in &sample.why {
        text += &format!("    {why}\n");
    }
    let Some(preview) = &sample.message else { return text };
    if let Some(subject) = &preview.message.subject {
        text += &format!("    | Subject: {}\n", subject.as_str());
    }
    let lines = preview.message.text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    for line in lines.take(MESSAGE_LINES) {
        text += &format!("    | {line}\n");
    }
    text
}
