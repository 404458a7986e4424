//! From logged decisions to lifts: what was left to chance, cross-fitted, judged, and drawn together.

use std::collections::BTreeMap;

use super::choose::{Judged, OfferFigures};
use super::learners::{Trial, Trials};
use super::line::{self, Seen};
use super::posterior::{Estimate, shrunk};
use super::realised::{Realised, Tried};
use super::{Learner, Level, OfferLift, SEGMENT, Surface, Uplift};
use crate::error::Result;
use crate::models::calibration::fold_of;
use crate::models::response::{
    Features, LoggedDecision, OfferPrior, ResponseModel, ResponseParams, stabilised_weights,
};
use crate::random::mix;

/// Fewer random decisions than this say nothing about differences between customers.
const LEAST: usize = 4_000;
/// A choice with a higher chance was not drawn at random.
pub(crate) const RANDOM_BELOW: f64 = 0.999;
/// So many random decisions, with an offer and without any, judge an offer alone.
const LEAST_ALONE: usize = 1_000;
/// Fewer decisions than this, of an offer or of one in a segment, have no level of their own.
const LEAST_OF_LEVEL: usize = 50;
/// Deals folds and halves that are not those of the response model.
const SALT: u64 = 0x75_70_6c_69_66_74;

/// Learns what contacts change. With too few random decisions, or none without a contact, the response model's predictions are
/// believed as they are, and nothing was judged.
///
/// # Errors
/// As training.
pub fn fit(
    logs: &[LoggedDecision],
    model: &ResponseModel,
    priors: &[OfferPrior],
    params: &ResponseParams,
) -> Result<(Uplift, Vec<OfferFigures>)> {
    let Some(mut experiment) = Experiment::of(logs, params).filter(|_| model.has_learned()) else {
        return Ok((Uplift::default(), Vec::new()));
    };
    for fold in 0..experiment.fold_count {
        let other = |log: &&LoggedDecision| experiment.fold_of(log) != fold;
        let others: Vec<LoggedDecision> = logs.iter().filter(other).cloned().collect();
        let judge = model.refit(&others, priors, params)?;
        if !judge.has_learned() {
            return Ok((Uplift::default(), Vec::new()));
        }
        experiment.foretell(fold, &judge, params);
    }
    Ok(experiment.solve(model, params))
}

/// Decisions that were left to chance.
struct Experiment<'a> {
    rows: Vec<&'a LoggedDecision>,
    weights: Vec<f64>,
    seed: u64,
    fold_count: usize,
    folds: Vec<usize>,
    /// What came of each beyond P(convert) without a contact, by a model that has not seen it.
    residuals: Vec<f64>,
    strata: Vec<Stratum<'a>>,
}

/// An offer with enough decisions to be judged alone, or all others together: everybody who got it, and everybody left alone.
struct Stratum<'a> {
    offer: Option<&'a str>,
    members: Vec<Member<'a>>,
}

/// A decision in a stratum.
#[derive(Clone, Copy)]
struct Member<'a> {
    row: usize,
    treated: bool,
    /// Offer and channel that were used; for who was left alone those that they stand for, drawn among those used.
    offer: &'a str,
    channel: Option<&'a str>,
    /// By [`Learner::TELLING`].
    foretold: [f64; 3],
}

impl<'a> Experiment<'a> {
    fn of(logs: &'a [LoggedDecision], params: &ResponseParams) -> Option<Experiment<'a>> {
        let rows: Vec<&LoggedDecision> = logs.iter().filter(|log| log.propensity < RANDOM_BELOW).collect();
        let alone: Vec<usize> = (0..rows.len()).filter(|&row| rows[row].offer.is_none()).collect();
        let mut by_offer: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, log) in rows.iter().enumerate() {
            if let Some(offer) = log.offer.as_deref() {
                by_offer.entry(offer).or_default().push(row);
            }
        }
        if rows.len() < LEAST || alone.len().min(rows.len() - alone.len()) < LEAST / 20 {
            return None;
        }
        let judged = |treated: &Vec<usize>| treated.len() >= LEAST_ALONE && alone.len() >= LEAST_ALONE;
        let mut strata = Vec::new();
        let mut others = Vec::new();
        for (offer, treated) in by_offer {
            if judged(&treated) {
                strata.push(Stratum::new(Some(offer), &rows, treated, &alone));
            } else {
                others.extend(treated);
            }
        }
        if !others.is_empty() {
            strata.push(Stratum::new(None, &rows, others, &alone));
        }
        let fold_count = params.folds.max(2);
        let seed = params.seed ^ SALT;
        let folds = rows.iter().map(|log| fold_of(log.customer, fold_count, seed)).collect();
        let weights = stabilised_weights(&rows, params.weight_limit);
        let residuals = vec![0.0; rows.len()];
        Some(Experiment { rows, weights, seed, fold_count, folds, residuals, strata })
    }

    fn fold_of(&self, log: &LoggedDecision) -> usize {
        fold_of(log.customer, self.fold_count, self.seed)
    }

    /// Has the learners foretell a fold; `judge` and they know the others only.
    fn foretell(&mut self, fold: usize, judge: &ResponseModel, params: &ResponseParams) {
        let bins: Vec<Vec<u32>> = self.rows.iter().map(|log| judge.bins_of(&log.context)).collect();
        let surfaces: Vec<[Option<Surface>; 2]> = (self.strata.iter())
            .map(|stratum| {
                let trials = stratum.offer.map(|_| self.trials(stratum, judge, &bins, |row| self.folds[row] != fold));
                let fit = |fit: fn(&Trials, f64) -> Surface| trials.as_ref().map(|trials| fit(trials, params.l2_main));
                [fit(Trials::apart), fit(Trials::doubly_robust)]
            })
            .collect();
        let mut seen = BTreeMap::new();
        for (row, log) in self.rows.iter().enumerate().filter(|(row, _)| self.folds[*row] == fold) {
            let customer = judge.encode(&log.context);
            let without = judge.predict_encoded(&customer, None, None).mean;
            self.residuals[row] = log.converted - without;
            seen.insert(row, (customer, without));
        }
        for (stratum, surfaces) in self.strata.iter_mut().zip(&surfaces) {
            for member in &mut stratum.members {
                let Some((customer, without)) = seen.get(&member.row) else { continue };
                let joint = judge.predict_encoded(customer, Some(member.offer), member.channel).mean - without;
                let channel = judge.channel_of(member.channel);
                let by = |surface: &Option<Surface>| {
                    surface.as_ref().map_or(joint, |s| s.lift(&bins[member.row], channel, judge.bins(), joint))
                };
                member.foretold = [joint, by(&surfaces[0]), by(&surfaces[1])];
            }
        }
    }

    /// Some rows of a stratum as regressions take them, in the bins of a model.
    fn trials(
        &self,
        stratum: &Stratum<'_>,
        model: &ResponseModel,
        bins: &[Vec<u32>],
        kept: impl Fn(usize) -> bool,
    ) -> Trials {
        let members = stratum.members.iter().filter(|member| kept(member.row)).map(|member| Trial {
            bins: &bins[member.row],
            channel: model.channel_of(member.channel),
            treated: member.treated,
            outcome: self.rows[member.row].converted,
            weight: self.weights[member.row],
            half: mix(self.rows[member.row].customer.0 as u64 ^ self.seed).is_multiple_of(2),
        });
        Trials::new(members, model.bins(), model.channels().len())
    }

    /// Chooses for each stratum, and fits what was chosen on all of it.
    fn solve(&self, model: &ResponseModel, params: &ResponseParams) -> (Uplift, Vec<OfferFigures>) {
        let mut made = Uplift { bin_count: model.bins(), slope: self.slope(None), ..Uplift::default() };
        let bins: Vec<Vec<u32>> = self.rows.iter().map(|log| model.bins_of(&log.context)).collect();
        let mut figures = Vec::new();
        let mut lines = Vec::new();
        for stratum in &self.strata {
            let mut of_offer = OfferFigures::of(stratum.offer, &self.judged(stratum));
            let average = stratum.average(model, &self.weights);
            let mut line = StratumLine { chosen: of_offer.chosen, average: average.clone(), slope: made.slope };
            if let Some(offer) = stratum.offer {
                let trials = || self.trials(stratum, model, &bins, |_| true);
                let surface = match of_offer.chosen {
                    Learner::Joint => Surface::Joint,
                    Learner::Apart => trials().apart(params.l2_main),
                    Learner::DoublyRobust => trials().doubly_robust(params.l2_main),
                    Learner::Average => average,
                };
                line.slope = self.slope(Some((stratum, &line, model)));
                made.offers.insert(offer.to_owned(), OfferLift { surface, slope: line.slope });
            }
            of_offer.slope = line.slope;
            figures.push(of_offer);
            lines.push(line);
        }
        let segments = !params.barred.contains(SEGMENT);
        let levels = Levels::new(self, &lines, model, segments);
        let alone = levels.alone();
        (made.offset, made.levels) = (levels.offset, levels.posterior());
        let tried = self.strata.iter().zip(&lines).flat_map(|(stratum, line)| {
            let made = &made;
            stratum.treated().map(move |member| {
                let segment = self.rows[member.row].context.text(SEGMENT);
                let line = made.offset + line.slope * line.foretold(member, model);
                let foretold = line + made.level(member.offer, segment);
                Tried { foretold, came: self.residuals[member.row] - alone, weight: self.weights[member.row] }
            })
        });
        made.realised = Realised::of(tried.collect());
        (made, figures)
    }

    fn judged(&self, stratum: &Stratum<'_>) -> Vec<Judged> {
        let of = |member: &Member<'_>| Judged {
            treated: member.treated,
            outcome: self.rows[member.row].converted,
            weight: self.weights[member.row],
            foretold: member.foretold,
        };
        stratum.members.iter().map(of).collect()
    }

    /// How far lifts of a stratum are believed; joint ones of all strata when None.
    fn slope(&self, of: Option<(&Stratum<'_>, &StratumLine, &ResponseModel)>) -> f64 {
        let seen = |member: &Member<'_>, foretold: f64| Seen {
            residual: self.residuals[member.row],
            foretold,
            weight: self.weights[member.row],
        };
        let rows: Vec<Seen> = match of {
            Some((stratum, line, model)) => {
                stratum.treated().map(|member| seen(member, line.foretold(member, model))).collect()
            }
            None => self.strata.iter().flat_map(Stratum::treated).map(|m| seen(m, m.foretold[0])).collect(),
        };
        line::slope(rows.iter().copied())
    }
}

impl<'a> Stratum<'a> {
    /// Who was left alone stands for the offer and channel of one of the treated, drawn by a hash of the customer.
    fn new(offer: Option<&'a str>, rows: &[&'a LoggedDecision], treated: Vec<usize>, alone: &[usize]) -> Stratum<'a> {
        let member = |row: usize, as_row: usize| Member {
            row,
            treated: row == as_row,
            offer: rows[as_row].offer.as_deref().unwrap_or_default(),
            channel: rows[as_row].channel.as_deref(),
            foretold: [0.0; 3],
        };
        let stands_for = |row: usize| {
            let drawn = mix(rows[row].customer.0 as u64 ^ mix(row as u64 ^ SALT));
            treated[(drawn % treated.len() as u64) as usize]
        };
        let got = treated.iter().map(|&row| member(row, row));
        let members = got.chain(alone.iter().map(|&row| member(row, stands_for(row)))).collect();
        Stratum { offer, members }
    }

    fn treated(&self) -> impl Iterator<Item = &Member<'a>> + Clone {
        self.members.iter().filter(|member| member.treated)
    }

    /// The mean of the joint answers, by channel.
    fn average(&self, model: &ResponseModel, weights: &[f64]) -> Surface {
        let mut sums = vec![(0.0, 0.0f64); 1 + model.channels().len()];
        for member in &self.members {
            let weight = weights[member.row];
            let own = model.channel_of(member.channel).map(|channel| 1 + channel);
            for place in std::iter::once(0).chain(own) {
                sums[place].0 += weight * member.foretold[0];
                sums[place].1 += weight;
            }
        }
        let whole = sums[0].0 / sums[0].1.max(f64::MIN_POSITIVE);
        let mean = |&(sum, weight): &(f64, f64)| if weight > 0.0 { sum / weight } else { whole };
        Surface::Average { by_channel: sums[1..].iter().map(mean).collect(), whole }
    }
}

/// What a stratum's lifts are foretold by, on rows that the learner has not seen.
struct StratumLine {
    chosen: Learner,
    average: Surface,
    slope: f64,
}

impl StratumLine {
    fn foretold(&self, member: &Member<'_>, model: &ResponseModel) -> f64 {
        match Learner::TELLING.iter().position(|learner| *learner == self.chosen) {
            Some(place) => member.foretold[place],
            None => self.average.lift(&[], model.channel_of(member.channel), 0, 0.0),
        }
    }
}

/// How far what was seen lies above the line, by offer and segment.
struct Levels<'a> {
    offset: f64,
    /// Offer, segment, distance above the line, weight.
    treated: Vec<(&'a str, Option<&'a str>, f64, f64)>,
    /// Segment, distance above the baseline, weight.
    alone: Vec<(Option<&'a str>, f64, f64)>,
}

impl<'a> Levels<'a> {
    /// `segments`: whether they may be told apart.
    fn new(experiment: &'a Experiment<'a>, lines: &[StratumLine], model: &ResponseModel, segments: bool) -> Levels<'a> {
        let segment = |row: usize| experiment.rows[row].context.text(SEGMENT).filter(|_| segments);
        let mut made = Levels { offset: 0.0, treated: Vec::new(), alone: Vec::new() };
        for (stratum, line) in experiment.strata.iter().zip(lines) {
            for member in stratum.treated() {
                let row = member.row;
                let above = experiment.residuals[row] - line.slope * line.foretold(member, model);
                made.treated.push((member.offer, segment(row), above, experiment.weights[row]));
            }
        }
        for row in (0..experiment.rows.len()).filter(|&row| experiment.rows[row].offer.is_none()) {
            made.alone.push((segment(row), experiment.residuals[row], experiment.weights[row]));
        }
        let alone = made.alone();
        made.offset = line::offset(made.treated.iter().map(|&(_, _, above, weight)| (above, weight)), alone);
        made.treated.iter_mut().for_each(|treated| treated.2 -= made.offset);
        made
    }

    /// How far those who were left alone lie above the baseline, on average.
    fn alone(&self) -> f64 {
        estimate(self.alone.iter().map(|&(_, above, weight)| (above, weight))).mean
    }

    /// Posterior means: of each offer, then of each offer in each segment beside that.
    fn posterior(mut self) -> BTreeMap<String, Level> {
        let mut levels: BTreeMap<String, Level> = BTreeMap::new();
        for ((offer, _), whole) in self.effects(|offer, _| (offer, None)) {
            levels.entry(offer.to_owned()).or_default().whole = whole;
        }
        for (offer, _, above, _) in &mut self.treated {
            *above -= levels.get(*offer).map_or(0.0, |level| level.whole);
        }
        for ((offer, segment), level) in self.effects(|offer, segment| (offer, segment)) {
            let of_offer = levels.entry(offer.to_owned()).or_default();
            of_offer.by_segment.extend(segment.map(|segment| (segment.to_owned(), level)));
        }
        levels
    }

    /// Of each group of offer and segment that has enough of both: the mean distance above the line of the treated less that of
    /// those left alone, shrunk over all groups.
    fn effects(&self, group: impl Fn(&'a str, Option<&'a str>) -> Group<'a>) -> Vec<(Group<'a>, f64)> {
        let mut groups: BTreeMap<Group<'a>, Vec<(f64, f64)>> = BTreeMap::new();
        for &(offer, segment, above, weight) in &self.treated {
            groups.entry(group(offer, segment)).or_default().push((above, weight));
        }
        let (mut keys, mut effects) = (Vec::new(), Vec::new());
        for (key, treated) in groups {
            let same = self.alone.iter().filter(|(segment, ..)| key.1.is_none() || *segment == key.1);
            let alone: Vec<(f64, f64)> = same.map(|&(_, above, weight)| (above, weight)).collect();
            if treated.len().min(alone.len()) >= LEAST_OF_LEVEL {
                let (with, without) = (estimate(treated.into_iter()), estimate(alone.into_iter()));
                keys.push(key);
                effects.push(Estimate { mean: with.mean - without.mean, variance: with.variance + without.variance });
            }
        }
        keys.into_iter().zip(shrunk(&effects)).collect()
    }
}

/// Offer and segment.
type Group<'a> = (&'a str, Option<&'a str>);

/// Weighted mean of (value, weight), and its variance.
fn estimate(rows: impl Iterator<Item = (f64, f64)> + Clone) -> Estimate {
    let (sum, total) = rows.clone().fold((0.0, 0.0), |(sum, total), (x, w)| (sum + w * x, total + w));
    let mean = sum / f64::max(total, f64::MIN_POSITIVE);
    let squares: f64 = rows.map(|(x, w)| (w * (x - mean)).powi(2)).sum();
    Estimate { mean, variance: squares / f64::max(total * total, f64::MIN_POSITIVE) }
}
