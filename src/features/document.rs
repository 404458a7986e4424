//! `docs/FEATURES.md`, made from the headers.

use super::catalogue::{Catalogue, Family};

const BEGINNING: &str = "# Features

Made from the headers of `models/features/`: change those, then run `UPDATE=1 cargo test --test suite features`.

A feature is a number about a customer as of an instant. Whatever a query asks for, it sees only facts with
`occurred_at < as_of`. A customer about whom a family says nothing gets the default. Amounts are in units of the
workspace's currency, instants in UTC.

*Serving* families stand in the customers' serving rows, where rules and decisions read them; the others are for models and
analysis. A company adds families of its own, or replaces one of these by a file of the same name, in `features/` of the data
folder; views in `features/views/`. A query may only read. It sees the fact types (`order_item`, `return_item`,
`interaction`, `event`, `subscription`, `claim`, `decision`), the views below, and these placeholders:

| placeholder | becomes |
|---|---|
| `:as_of` | the instant |
| `:days(EXPRESSION)` | days from that instant to `:as_of`, with fractions |
| `:unit` | minor units in one unit of the currency |
| `:margin` | the margin of the settings, for lines without a cost |
| `:activity_rates` | a table `(activity, rate)` of the settings' rates, in minor units |

Beside the usual aggregates there are `gap_sd(instants)`, `gap_trend(instants)`, `gap_last(instants)` (of the days between
neighbouring instants: standard deviation, slope, latest) and `mix_entropy(amounts)` (how evenly a sum is spread, in nats).
";

/// The catalogue as a page.
pub fn markdown(catalogue: &Catalogue) -> String {
    let count: usize = catalogue.families().iter().map(|family| family.features.len()).sum();
    let mut page = format!("{BEGINNING}\n{count} features in {} families.\n", catalogue.families().len());
    catalogue.families().iter().for_each(|family| page.push_str(&section(family)));
    page.push_str("\n## Views\n\nTables that several families read; each is made once.\n\n| view | a row is | it tells |\n|---|---|---|\n");
    for view in catalogue.views() {
        page.push_str(&format!("| `{}` | {} | {} |\n", view.name, view.grain, view.meaning));
    }
    page
}

fn section(family: &Family) -> String {
    let serving = if family.serving { "yes" } else { "no" };
    let mut text = format!(
        "\n## {}\n\nGrain: {}. Window: {}. As of: {}. Serving: {serving}. File: `{}`.\n\n\
         | feature | unit | default | meaning |\n|---|---|---|---|\n",
        family.name, family.grain, family.window, family.as_of, family.file
    );
    for feature in &family.features {
        let (name, unit, default, meaning) = (&feature.name, &feature.unit, feature.default, &feature.meaning);
        text.push_str(&format!("| `{name}` | {unit} | {default} | {meaning} |\n"));
    }
    text
}
