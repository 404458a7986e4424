//! The model card: what a fit is for, what it was made from, how good it is and what it must not be used for.

use serde::{Deserialize, Serialize, Serializer};

/// A model card; as JSON for machines, as Markdown for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The model's name.
    pub name: String,
    /// What it answers, in one sentence.
    pub purpose: String,
    /// What it was trained and judged on.
    pub data: Vec<String>,
    /// How it was made.
    pub method: Vec<String>,
    /// Figures by name; one that too few rows could tell is not kept.
    #[serde(serialize_with = "known")]
    pub figures: Vec<(String, f64)>,
    /// What drives its answers, strongest first: (feature, weight).
    pub drivers: Vec<(String, f64)>,
    /// What it cannot do and must not be used for.
    pub limits: Vec<String>,
    /// Whether it may serve, and why not.
    pub verdict: String,
}

impl Card {
    /// The card as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = format!("# Model `{}`\n\n{}\n\n**{}**\n", self.name, self.purpose, self.verdict);
        let list = |text: &mut String, title: &str, lines: &[String]| {
            if !lines.is_empty() {
                text.push_str(&format!("\n## {title}\n\n"));
                lines.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
            }
        };
        list(&mut text, "Data", &self.data);
        list(&mut text, "Method", &self.method);
        let table = |text: &mut String, title: &str, head: &str, rows: &[(String, f64)]| {
            if !rows.is_empty() {
                text.push_str(&format!("\n## {title}\n\n| {head} |\n|---|---|\n"));
                rows.iter().for_each(|(name, value)| text.push_str(&format!("| {name} | {} |\n", figure(*value))));
            }
        };
        table(&mut text, "Figures", "figure | value", &self.figures);
        table(&mut text, "What drives it", "feature | weight", &self.drivers);
        list(&mut text, "Limits", &self.limits);
        text
    }
}

/// JSON has no word for what is no number, and a card that holds one could not be read again.
fn known<S: Serializer>(figures: &[(String, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(figures.iter().filter(|(_, value)| value.is_finite()))
}

/// A whole number as such, anything else with four digits.
fn figure(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value}") } else { format!("{value:.4}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card() -> Card {
        Card {
            name: "churn".into(),
            purpose: "Who leaves?".into(),
            data: vec!["one cut".into()],
            method: vec!["logistic".into()],
            figures: vec![("rows".into(), 3370.0), ("AUC".into(), 0.743_123)],
            drivers: vec![("recency".into(), 0.5)],
            limits: vec!["not for prices".into()],
            verdict: "May serve.".into(),
        }
    }

    #[test]
    fn a_card_can_be_read_again_whatever_its_figures() {
        let mut of_few = card();
        of_few.figures.push(("AUC of a single class".into(), f64::NAN));
        let text = serde_json::to_string(&of_few).unwrap();
        assert_eq!(serde_json::from_str::<Card>(&text).unwrap(), card());
    }

    #[test]
    fn markdown_shows_every_part() {
        let text = card().to_markdown();
        for part in
            ["# Model `churn`", "| rows | 3370 |", "| AUC | 0.7431 |", "| recency | 0.5000 |", "- not for prices"]
        {
            assert!(text.contains(part), "{text}");
        }
    }
}
