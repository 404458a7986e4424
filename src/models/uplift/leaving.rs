//! Who leaves for having been asked: the share of those who would still have bought later and do not after a contact.
//!
//! `P(buys later | contact) = P(buys later | left alone) x (1 - leaving)`. A share, not a difference: who hardly buys has little to
//! lose, and of those who buy regularly few stay away by chance, so that they tell most. It is estimated on decisions that were left
//! to chance, against chances that are foretold without them (cross-fitting), as a ratio of ratios: what came of the contacted
//! over what was foretold, by the same of those who were left alone. Three bands of regularity and the channels each have a share of
//! their own: posterior means under normal priors, since so rare a thing is believed before it is seen, and seen late.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::experiment::RANDOM_BELOW;
use super::posterior::Estimate;
use crate::error::Result;
use crate::models::calibration::fold_of;
use crate::models::response::{LoggedDecision, OfferPrior, ResponseModel, ResponseParams, stabilised_weights};

/// Fewer random decisions than this, of either kind, tell nothing.
const LEAST: usize = 500;
/// Bands of regularity, each with as many who buy later.
const BANDS: usize = 3;
/// Believed before anything was tried: one contact in a hundred loses a client; and so far do bands and channels lie apart.
const BELIEVED: Estimate = Estimate { mean: 0.01, variance: 0.02 * 0.02 };
/// A channel loses no more than so many times what all do.
const MOST_OF_CHANNEL: f64 = 4.0;
/// Deals folds that are those of nobody else.
const SALT: u64 = 0x6c_65_61_76_65;

/// What share of later buyers a contact loses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leaving {
    /// Of all.
    whole: f64,
    /// Standard error of that.
    error: f64,
    /// By the chance of buying later: from which chance on, and the share. Rising.
    bands: Vec<(f64, f64)>,
    /// Standard errors of these shares.
    #[serde(default)]
    errors: Vec<f64>,
    /// How many times the share of all a channel loses.
    by_channel: BTreeMap<String, f64>,
    /// Contacts left to chance that it was learned from.
    contacts: usize,
}

/// A decision that was left to chance.
#[derive(Debug, Clone, Copy)]
struct Row<'a> {
    /// The channel of the contact; None for who was left alone.
    channel: Option<&'a str>,
    /// P(buys later | left alone), foretold without this decision.
    without: f64,
    bought: f64,
    weight: f64,
}

impl Leaving {
    /// Learns from decisions whose label says who bought later; `model` foretells it. None with too few that were left to chance.
    ///
    /// # Errors
    /// As training.
    pub fn fit(
        logs: &[LoggedDecision],
        model: &ResponseModel,
        priors: &[OfferPrior],
        params: &ResponseParams,
    ) -> Result<Option<Leaving>> {
        let random: Vec<&LoggedDecision> = logs.iter().filter(|log| log.propensity < RANDOM_BELOW).collect();
        let alone = random.iter().filter(|log| log.offer.is_none()).count();
        if !model.has_learned() || alone.min(random.len() - alone) < LEAST {
            return Ok(None);
        }
        let weights = stabilised_weights(&random, params.weight_limit);
        let (fold_count, seed) = (params.folds.max(2), params.seed ^ SALT);
        let mut rows = Vec::with_capacity(random.len());
        for fold in 0..fold_count {
            let is_in = |log: &LoggedDecision| fold_of(log.customer, fold_count, seed) == fold;
            let others: Vec<LoggedDecision> = logs.iter().filter(|log| !is_in(log)).cloned().collect();
            let judge = model.refit(&others, priors, params)?;
            for (log, &weight) in random.iter().zip(&weights).filter(|(log, _)| is_in(log)) {
                let without = judge.predict(&log.context, None, None).mean.clamp(1e-3, 1.0);
                let channel = log.offer.as_ref().map(|_| log.channel.as_deref().unwrap_or_default());
                rows.push(Row { channel, without, bought: log.converted, weight });
            }
        }
        Ok(Some(Leaving::of(rows)))
    }

    fn of(mut rows: Vec<Row<'_>>) -> Leaving {
        rows.sort_by(|a, b| a.without.total_cmp(&b.without));
        let all = lost(&rows, |_| true);
        let [before, seen] = [BELIEVED.variance, all.variance].map(f64::recip);
        let whole = (before * BELIEVED.mean + seen * all.mean) / (before + seen);

        let bands = bands(&rows);
        let beyond = |of: Estimate| Estimate { mean: of.mean - all.mean, variance: of.variance };
        let of_bands: Vec<Estimate> = bands.iter().map(|band| beyond(lost(band, |_| true))).collect();
        let of_band = |beyond: &Estimate| {
            let own = (BELIEVED.variance.recip() + beyond.variance.recip()).recip();
            ((whole + drawn_in(*beyond)).clamp(0.0, 1.0), ((before + seen).recip() + own).sqrt())
        };
        let (shares, errors): (Vec<f64>, Vec<f64>) = of_bands.iter().map(of_band).unzip();
        let bands = bands.iter().map(|band| band.first().map_or(0.0, |row| row.without)).zip(shares).collect();

        let mut channels: Vec<&str> = rows.iter().filter_map(|row| row.channel).collect();
        channels.sort_unstable();
        channels.dedup();
        let of_channels: Vec<Estimate> =
            channels.iter().map(|&channel| beyond(lost(&rows, |row| row.channel == Some(channel)))).collect();
        let times = |beyond: Estimate| match drawn_in(beyond) {
            beyond if whole > 0.0 => (1.0 + beyond / whole).clamp(0.0, MOST_OF_CHANNEL),
            _ => 1.0,
        };
        let by_channel = channels.into_iter().map(str::to_owned).zip(of_channels.into_iter().map(times));
        Leaving {
            whole: whole.max(0.0),
            error: (before + seen).sqrt().recip(),
            bands,
            errors,
            by_channel: by_channel.collect(),
            contacts: rows.iter().filter(|row| row.channel.is_some()).count(),
        }
    }

    /// The share, 0 to 1, that a contact by a channel loses of those who would buy later with this chance.
    pub fn share(&self, without: f64, channel: &str) -> f64 {
        let share = self.bands.get(self.band(without)).map_or(self.whole, |(_, share)| *share);
        (share * self.times(channel)).clamp(0.0, 1.0)
    }

    /// The standard error of that share: no less than that of its band, since how few a channel loses is not known for certain either.
    pub fn error(&self, without: f64, channel: &str) -> f64 {
        self.errors.get(self.band(without)).copied().unwrap_or(self.error) * self.times(channel).max(1.0)
    }

    fn band(&self, without: f64) -> usize {
        self.bands.iter().rposition(|(from, _)| without >= *from).unwrap_or(0)
    }

    fn times(&self, channel: &str) -> f64 {
        self.by_channel.get(channel).copied().unwrap_or(1.0)
    }

    /// For the card.
    pub fn words(&self) -> String {
        let bands: Vec<String> =
            self.bands.iter().map(|(from, share)| format!("{share:.4} from {from:.2} on")).collect();
        let channels: Vec<String> =
            self.by_channel.iter().map(|(channel, times)| format!("{channel} {times:.2} times")).collect();
        format!(
            "a contact loses {:.4} +- {:.4} of those who would buy later (from {} contacts left to chance); by the chance of buying \
             later: {}; by channel: {}",
            self.whole,
            self.error,
            self.contacts,
            bands.join(", "),
            channels.join(", ")
        )
    }
}

/// The posterior mean of a difference from the whole.
fn drawn_in(beyond: Estimate) -> f64 {
    beyond.mean * BELIEVED.variance / (BELIEVED.variance + beyond.variance)
}

/// Rows that rise by their chance, in bands of as many later buyers each.
fn bands<'r, 'a>(rows: &'r [Row<'a>]) -> Vec<&'r [Row<'a>]> {
    let total: f64 = rows.iter().map(|row| row.weight * row.without).sum();
    let (mut sum, mut from, mut made) = (0.0, 0, Vec::new());
    for (at, row) in rows.iter().enumerate() {
        sum += row.weight * row.without;
        if sum >= total * (made.len() + 1) as f64 / BANDS as f64 - 1e-9 || at + 1 == rows.len() {
            made.push(&rows[from..=at]);
            from = at + 1;
        }
    }
    made.retain(|band| !band.is_empty());
    made
}

/// `1 - (came / foretold of the contacted) / (the same of those left alone)`, of the contacted that are `wanted`; its variance by the
/// delta method. Of what cannot be told the variance is without end.
fn lost<'a>(rows: &[Row<'a>], wanted: impl Fn(&Row<'a>) -> bool) -> Estimate {
    let with = ratio(rows.iter().filter(|row| row.channel.is_some() && wanted(row)));
    let alone = ratio(rows.iter().filter(|row| row.channel.is_none()));
    match (with, alone) {
        (Some(with), Some(alone)) if alone.mean > 0.0 => {
            let kept = with.mean / alone.mean;
            let variance = (with.variance + kept * kept * alone.variance) / (alone.mean * alone.mean);
            Estimate { mean: 1.0 - kept, variance: variance.max(1e-9) }
        }
        _ => Estimate { mean: 0.0, variance: f64::INFINITY },
    }
}

/// What came over what was foretold, and the variance of that.
fn ratio<'r, 'a: 'r>(rows: impl Iterator<Item = &'r Row<'a>> + Clone) -> Option<Estimate> {
    let foretold: f64 = rows.clone().map(|row| row.weight * row.without).sum();
    let came: f64 = rows.clone().map(|row| row.weight * row.bought).sum();
    if foretold <= 0.0 {
        return None;
    }
    let mean = came / foretold;
    let squares: f64 = rows.map(|row| (row.weight * (row.bought - mean * row.without)).powi(2)).sum();
    Some(Estimate { mean, variance: squares / (foretold * foretold) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// Regular buyers and others; of the regular ones a contact loses `lost`, twice as many by a call.
    fn tried(seed: u64, count: usize, lost: f64) -> Vec<Row<'static>> {
        let mut stream = Stream::new(seed, "leaving");
        (0..count)
            .map(|_| {
                let without =
                    if stream.uniform() < 0.4 { 0.6 + 0.35 * stream.uniform() } else { 0.3 * stream.uniform() };
                let channel = (stream.uniform() < 0.7).then(|| ["call", "email"][stream.below(2)]);
                let share = match channel {
                    Some(channel) if without > 0.5 => lost * if channel == "call" { 2.0 } else { 1.0 },
                    _ => 0.0,
                };
                let p = without * (1.0 - share);
                // What is foretold is a tenth too high for everybody.
                Row { channel, without: 1.1 * without, bought: f64::from(u8::from(stream.uniform() < p)), weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn who_leaves_for_having_been_asked_is_found_among_regular_buyers() {
        let found = Leaving::of(tried(1, 200_000, 0.06));
        assert!((found.share(0.95, "email") - 0.06).abs() < 0.015, "{found:?}");
        assert!((found.share(0.95, "call") - 0.12).abs() < 0.03, "{found:?}");
        assert!(found.share(0.05, "email") < found.share(0.95, "email"), "{found:?}");
        // The regular ones are 31 of 40 later buyers; both channels on average.
        assert!((found.whole - 0.09 * 31.0 / 40.0).abs() < 2.5 * found.error, "{found:?}");
    }

    #[test]
    fn few_decisions_tell_little_and_yet_something() {
        // As many as a company of 5,000 clients has of two years.
        let found =
            |lost: f64| -> Vec<Leaving> { (0..20).map(|seed| Leaving::of(tried(seed, 10_000, lost))).collect() };
        let mean = |found: &[Leaving]| found.iter().map(|one| one.share(0.9, "email")).sum::<f64>() / 20.0;
        let (none, some) = (found(0.0), found(0.06));
        let (without, with) = (mean(&none), mean(&some));
        assert!((0.0..0.025).contains(&without) && with > without + 0.015, "{without} {with}");
        // What is said of the error holds.
        for (lost, found) in [(0.0, none), (0.06, some)] {
            let holds = |one: &&Leaving| (one.share(0.9, "email") - lost).abs() <= 1.96 * one.error(0.9, "email");
            assert!(found.iter().filter(holds).count() >= 16, "{lost}: {found:?}");
        }
        let many = Leaving::of(tried(1, 200_000, 0.06));
        assert!(many.error(0.9, "email") < 0.5 * Leaving::of(tried(1, 10_000, 0.06)).error(0.9, "email"), "{many:?}");
    }

    #[test]
    fn where_nobody_leaves_little_is_charged_and_nothing_credited() {
        let found = Leaving::of(tried(1, 200_000, 0.0));
        let shares = [0.05, 0.5, 0.95].map(|p| found.share(p, "email"));
        assert!(shares.iter().all(|share| (0.0..0.015).contains(share)), "{shares:?}");
        let thanked = Leaving::of(tried(3, 10_000, -0.1));
        assert!(thanked.share(0.95, "email") == 0.0, "{thanked:?}");
    }

    #[test]
    fn one_kind_alone_tells_nothing() {
        let mut rows = tried(1, 1_000, 0.1);
        rows.retain(|row| row.channel.is_some());
        let found = Leaving::of(rows);
        assert!((found.share(0.9, "email") - BELIEVED.mean).abs() < 1e-9, "{found:?}");
    }
}
