//! The printed story of the demo: pure functions from numbers to text. Amounts come in minor units.

use super::cast::Role;
use super::economics::Economics;
use super::measure::Measured;
use super::policies::Policy;
use super::table::{Align, cents, percent, table, thousands, units};
use super::world::RunTruth;

/// One way to choose, in one round: what was measured and what was true.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// `random`, ..., `Vizavi`, `oracle`.
    pub name: String,
    /// Contacts made.
    pub contacts: usize,
    /// Measured within the window, when there is a holdout to measure with.
    pub measured: Option<Measured>,
    /// The truth.
    pub truth: RunTruth,
}

impl Comparison {
    /// The line of a baseline or the oracle.
    pub fn of(policy: Policy, measured: Option<Measured>, truth: RunTruth) -> Comparison {
        Comparison { name: policy.name().into(), contacts: truth.contacts, measured, truth }
    }
}

/// Who gains what: the policies of one round, measured beside true, and the share of the oracle's total.
pub fn comparison(round: u32, currency: &str, rows: &[Comparison]) -> String {
    let oracle = rows.iter().find(|row| row.name == Policy::Oracle.name()).map(|row| row.truth.total());
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let measured = row.measured.as_ref();
            vec![
                row.name.clone(),
                thousands(row.contacts as i64),
                measured.map_or("-".into(), |m| units(m.total)),
                measured.map_or("-".into(), |m| format!("{} .. {}", units(m.interval.0), units(m.interval.1))),
                units(row.truth.window),
                measured.map_or("-", |m| if m.covers(row.truth.window) { "yes" } else { "no" }).into(),
                units(row.truth.total()),
                oracle.filter(|best| *best > 0.0).map_or("-".into(), |best| percent(row.truth.total() / best)),
            ]
        })
        .collect();
    let header = [
        ("policy", Align::Left),
        ("contacts", Align::Right),
        ("measured", Align::Right),
        ("95 % interval", Align::Right),
        ("true in window", Align::Right),
        ("covered", Align::Left),
        ("true in all", Align::Right),
        ("of oracle", Align::Right),
    ];
    format!(
        "Round {round}: incremental profit in {currency}, measured against the holdout beside the truth\n{}",
        table(&header, &cells)
    )
}

/// One client of the five.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Its part.
    pub role: Role,
    /// The client's name.
    pub name: String,
    /// The company's key.
    pub external_id: String,
    /// The rendered message; `None` when the client was left alone.
    pub message: Option<String>,
    /// Why this, in the engine's words.
    pub why: String,
    /// Chance of an order without a contact, in truth.
    pub p0: f64,
    /// The true worth of the best contact and of the one made, in minor units; `None` where there is none.
    pub worth: (Option<f64>, Option<f64>),
    /// What the client then did.
    pub did: String,
}

/// Five clients: what was said to them, why, and what the truth knows.
pub fn scenes(scenes: &[Scene]) -> String {
    let mut text =
        String::from("Five clients (the persuadable is one whom it found; the others are cast by the truth alone)\n");
    for scene in scenes {
        text.push_str(&format!("\n  {} ({}), {}\n", scene.name, scene.external_id, scene.role.name()));
        match &scene.message {
            Some(message) => {
                for line in message.lines() {
                    text.push_str(&format!("    | {line}\n").replace("| \n", "|\n"));
                }
            }
            None => text.push_str("    | (no message)\n"),
        }
        text.push_str(&format!("    why:   {}\n", scene.why));
        let best = scene.worth.0.map_or("nothing is allowed".into(), |worth| format!("best contact {}", cents(worth)));
        let made = scene.worth.1.map_or(String::new(), |worth| format!(", this one {}", cents(worth)));
        text.push_str(&format!("    truth: buys unasked with {}; {best}{made}\n", percent(scene.p0)));
        text.push_str(&format!("    then:  {}\n", scene.did));
    }
    text
}

/// A waterfall: each step with what is left, and where the others went.
pub fn waterfall(steps: &[(String, u64)]) -> String {
    let cells: Vec<Vec<String>> = steps
        .iter()
        .enumerate()
        .map(|(n, (name, left))| {
            let lost = n.checked_sub(1).map_or(0, |before| steps[before].1.saturating_sub(*left));
            vec![name.clone(), thousands(*left as i64), if n == 0 { String::new() } else { thousands(-(lost as i64)) }]
        })
        .collect();
    format!(
        "From the audience to the chosen\n{}",
        table(&[("step", Align::Left), ("clients", Align::Right), ("less", Align::Right)], &cells)
    )
}

/// Where every planned delivery ended, after the sender was killed in mid-run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reconciliation {
    /// Deliveries planned.
    pub planned: u64,
    /// Number by state, the suppressed ones by reason.
    pub states: Vec<(String, u64)>,
    /// How often the sender was killed.
    pub kills: u32,
    /// Messages that the killed sender had handed over without noting it.
    pub unnoted: u64,
    /// Clients with more than one message in the files that were handed over.
    pub doubled: u64,
    /// Deliveries that count as sent.
    pub sent: u64,
    /// Messages in the files.
    pub written: u64,
}

impl Reconciliation {
    /// Planned deliveries that no state accounts for, and those that count as sent without a message in the files.
    pub fn lost(&self) -> u64 {
        let counted: u64 = self.states.iter().map(|(_, count)| *count).sum();
        self.planned.abs_diff(counted) + self.sent.saturating_sub(self.written)
    }
}

/// The reconciliation to the last client.
pub fn reconciliation(of: &Reconciliation) -> String {
    let parts: Vec<String> =
        of.states.iter().map(|(state, count)| format!("{} {state}", thousands(*count as i64))).collect();
    // How many depends on the instant of the kill, and is not the same twice.
    let unnoted = if of.kills > 0 && of.unnoted > 0 { ", with messages handed over and not yet noted" } else { "" };
    format!(
        "Every delivery accounted for (sender killed {} in mid-run{unnoted})\n  {} planned = {}\n  {} messages found in the \
         files; doubled {}, lost {}\n",
        times(of.kills),
        thousands(of.planned as i64),
        if parts.is_empty() { "0".into() } else { parts.join(" + ") },
        thousands(of.written as i64),
        of.doubled,
        of.lost()
    )
}

fn times(count: u32) -> String {
    match count {
        0 => "never".into(),
        1 => "once".into(),
        2 => "twice".into(),
        more => format!("{more} times"),
    }
}

/// The price of a scarce resource, and what a tenth more of it brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// One unit of it, with the verb's noun: `call`, `gift`, `EUR of budget`.
    pub unit: String,
    /// Value of one more unit, in minor units.
    pub price: f64,
    /// What a tenth more was predicted to bring, and what the repeated run obtained; when it was run.
    pub tenth: Option<(f64, f64)>,
}

/// Prices in words, the sensitivity beside them, and the proven gap.
pub fn prices(prices: &[Price], value: f64, bound: f64) -> String {
    let mut text = String::from("What is scarce, and what one more of it is worth\n");
    for price in prices {
        text.push_str(&if price.price < 0.5 {
            format!("  one more {} is worth nothing: there is enough\n", price.unit)
        } else {
            format!("  one more {} is worth {}\n", price.unit, cents(price.price))
        });
        if let Some((predicted, obtained)) = price.tenth {
            text.push_str(&format!("    10 % more: predicted {}, obtained {}\n", cents(predicted), cents(obtained)));
        }
    }
    let gap = if bound > 0.0 { (bound - value) / bound } else { 0.0 };
    text.push_str(&format!(
        "  expected value {}, proven bound {}: nobody can do better by more than {:.4} %\n",
        cents(value),
        cents(bound),
        gap * 100.0
    ));
    text
}

/// An A/B test of two templates that truth makes equal.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitTest {
    /// Sent and converted, by variant.
    pub arms: [(u64, u64); 2],
    /// Two-sided p-value.
    pub p_value: f64,
    /// The verdict in the engine's words.
    pub verdict: String,
}

/// The A/B test without effect.
pub fn split_test(test: &SplitTest) -> String {
    let rate = |(sent, bought): (u64, u64)| bought as f64 / sent.max(1) as f64;
    let rates = test.arms.map(rate);
    let higher = if rates[1] > rates[0] { "B" } else { "A" };
    let cells: Vec<Vec<String>> = [("A", 0), ("B", 1)]
        .map(|(name, arm)| {
            let (sent, bought) = test.arms[arm];
            vec![name.into(), thousands(sent as i64), thousands(bought as i64), format!("{:.2} %", rates[arm] * 100.0)]
        })
        .into();
    let header = [("variant", Align::Left), ("sent", Align::Right), ("orders", Align::Right), ("rate", Align::Right)];
    format!(
        "An A/B test without effect\n{}  by the higher rate, {higher} would be crowned; p = {:.3}\n  Vizavi: {}\n  truth:  equal\n",
        table(&header, &cells),
        test.p_value,
        test.verdict
    )
}

/// What the clients are worth, in words.
pub fn worth(figures: &Economics, currency: &str) -> String {
    let payback = figures.payback_months.map_or("not within eighteen months".into(), |n| format!("after {n} months"));
    format!(
        "What the clients are worth\n  {} clients, {} of them brought nothing in twelve months; the best fifth brings {} of all profit\n  \
         a client brings {} {currency} a year; winning one is repaid {payback}\n  \
         {} of last year's buyers stayed; five points more would raise a buyer's value from {} to {} {currency} ({:+.0} %)\n",
        thousands(figures.clients as i64),
        percent(figures.unprofitable),
        percent(figures.best_fifth),
        cents(figures.yearly_profit),
        percent(figures.retention),
        cents(figures.value_now),
        cents(figures.value_then),
        figures.gain() * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_stands_beside_true() {
        let measured = Measured { treated: 900, holdout: 100, total: 123_456.0, interval: (-10_000.0, 260_000.0) };
        let truth = RunTruth { contacts: 1200, window: 100_000.0, after: -20_000.0, ..RunTruth::default() };
        let oracle = RunTruth { contacts: 700, window: 180_000.0, after: -20_000.0, ..RunTruth::default() };
        let rows =
            [Comparison::of(Policy::Random, Some(measured), truth), Comparison::of(Policy::Oracle, None, oracle)];
        let text = comparison(1, "EUR", &rows);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[3].contains("1,200") && lines[3].contains("-100 .. 2,600") && lines[3].contains("yes"), "{text}");
        assert!(lines[3].ends_with("50.0 %") && lines[4].ends_with("100.0 %"), "{text}");
        assert_eq!(lines[1].chars().count(), lines[3].chars().count().max(lines[1].chars().count()));
    }

    #[test]
    fn what_is_lost_is_said() {
        let states = vec![("sent".into(), 1190), ("suppressed (no consent)".into(), 8), ("held".into(), 2)];
        let of =
            Reconciliation { planned: 1201, states, kills: 1, unnoted: 200, doubled: 0, sent: 1190, written: 1190 };
        let text = reconciliation(&of);
        assert!(text.contains("killed once") && text.contains("1,201 planned = 1,190 sent"), "{text}");
        assert!(text.contains("messages handed over and not yet noted"), "{text}");
        assert!(text.contains("doubled 0, lost 1"), "{text}");
        assert_eq!(Reconciliation { written: 1180, ..of }.lost(), 11);
    }

    #[test]
    fn prices_and_tests_speak_in_words() {
        let scarce = Price { unit: "call".into(), price: 310.0, tenth: Some((12_400.0, 11_900.0)) };
        let ample = Price { unit: "e-mail".into(), price: 0.0, tenth: None };
        let text = prices(&[scarce, ample], 999.0, 1000.0);
        assert!(text.contains("one more call is worth 3.10") && text.contains("predicted 124.00, obtained 119.00"));
        assert!(text.contains("e-mail is worth nothing") && text.contains("0.1000 %"), "{text}");
        let test = SplitTest { arms: [(1000, 50), (1000, 56)], p_value: 0.55, verdict: "no difference".into() };
        assert!(split_test(&test).contains("B would be crowned; p = 0.550"));
    }

    #[test]
    fn a_waterfall_names_its_losses() {
        let text = waterfall(&[("audience".into(), 20_000), ("consented".into(), 17_000), ("chosen".into(), 4_000)]);
        assert!(text.contains("-3,000") && text.contains("-13,000"), "{text}");
    }

    #[test]
    fn silence_is_shown_too() {
        let scene = Scene {
            role: Role::SleepingDog,
            name: "Ruth Stone".into(),
            external_id: "C000001".into(),
            message: None,
            why: "every contact is worth less than nothing".into(),
            p0: 0.4,
            worth: (Some(-250.0), None),
            did: "bought by itself".into(),
        };
        let text = scenes(&[scene]);
        assert!(
            text.contains("(no message)") && text.contains("buys unasked with 40.0 %; best contact -2.50"),
            "{text}"
        );
    }
}
