//! Writes the company as the files that any company would bring: what is on record, and nothing of the truth.

use std::fs::File;
use std::path::Path;

use serde::Serialize;

use super::catalogue::{OFFERS, OfferTerms, Terms};
use super::company::{Client, Company};
use super::market::Capacities;
use super::records;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::money::Money;
use crate::offers::{Benefit, OfferSpec, Tier};
use crate::simulation::catalogue::Channel;

/// Rows written, by file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exported {
    /// `customers.csv`.
    pub customers: usize,
    /// `consents.csv`.
    pub consents: usize,
    /// `orders.csv`: lines.
    pub orders: usize,
    /// `returns.csv`: lines.
    pub returns: usize,
    /// `interactions.csv`.
    pub interactions: usize,
    /// `decisions.csv`.
    pub decisions: usize,
    /// `offers.ndjson`.
    pub offers: usize,
}

/// Which column of each file fills which field: what a company writes once for its own files.
pub const MAPPINGS: [(&str, &str); 6] = [
    ("customers.toml", include_str!("mappings/customers.toml")),
    ("consents.toml", include_str!("mappings/consents.toml")),
    ("orders.toml", include_str!("mappings/orders.toml")),
    ("returns.toml", include_str!("mappings/returns.toml")),
    ("interactions.toml", include_str!("mappings/interactions.toml")),
    ("decisions.toml", include_str!("mappings/decisions.toml")),
];

#[derive(Serialize)]
struct CustomerRow<'a> {
    external_id: &'a str,
    kind: &'static str,
    first_name: &'static str,
    last_name: &'static str,
    email: String,
    phone: String,
    address: String,
    country: &'static str,
    locale: &'static str,
    zone: &'static str,
    born: i32,
    source: &'static str,
}

/// Writes `customers.csv`, `consents.csv`, `orders.csv`, `returns.csv`, `interactions.csv`, `decisions.csv` and `offers.ndjson`
/// into an existing folder, with a mapping beside each CSV.
///
/// # Errors
/// Unavailable when the folder cannot be written, or the disk is full.
pub fn write(company: &Company, folder: &Path) -> Result<Exported> {
    let clients = &company.clients;
    let now = company.shape.now;
    let offers = offers(clients.len())?;
    for (name, text) in MAPPINGS {
        std::fs::write(folder.join(name), text)?;
    }
    let text: Vec<String> = offers.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    std::fs::write(folder.join("offers.ndjson"), text.join("\n") + "\n")?;
    Ok(Exported {
        customers: file(folder, "customers.csv", clients.iter().map(|client| customer(client)))?,
        consents: file(folder, "consents.csv", clients.iter().flat_map(|client| consents(client, company)))?,
        orders: file(
            folder,
            "orders.csv",
            clients.iter().flat_map(|client| {
                keyed(client).flat_map(|(key, order)| records::lines(&client.person.external_id, &key, order))
            }),
        )?,
        returns: file(
            folder,
            "returns.csv",
            clients.iter().flat_map(|client| {
                keyed(client)
                    .flat_map(move |(key, order)| records::returns(&client.person.external_id, &key, order, now))
            }),
        )?,
        interactions: file(folder, "interactions.csv", clients.iter().flat_map(|client| interactions(client, now)))?,
        decisions: file(
            folder,
            "decisions.csv",
            clients
                .iter()
                .flat_map(|client| client.life.decisions.iter().map(move |past| records::decision(client, past))),
        )?,
        offers: offers.len(),
    })
}

/// Writes rows as CSV, named after their fields; answers how many.
pub fn file<T: Serialize>(folder: &Path, name: &str, rows: impl Iterator<Item = T>) -> Result<usize> {
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(error) => Error::from(error).context(name),
        _ => Error::internal(format!("{name}: a row could not be written")),
    };
    let out = File::create(folder.join(name)).map_err(|error| Error::from(error).context(name))?;
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 18).from_writer(out);
    let mut count = 0;
    for row in rows {
        writer.serialize(row).map_err(failed)?;
        count += 1;
    }
    writer.flush()?;
    Ok(count)
}

/// The company's offers as the engine takes them. Stated base rates are a marketer's honest guess, the same for all.
///
/// # Errors
/// Invalid when the engine takes offers of another shape.
pub fn offers(customers: usize) -> Result<Vec<OfferSpec>> {
    let stock = Capacities::for_customers(customers).stock;
    OFFERS.iter().zip(stock).map(|(terms, stock)| offer(terms, stock)).collect()
}

/// An offer as a company would write it down; what it leaves out, the engine's own defaults fill.
fn offer(terms: &OfferTerms, stock: Option<usize>) -> Result<OfferSpec> {
    let benefit = match terms.terms {
        Terms::Tiers(tiers) => {
            let tier = |(from, off): &(i64, i64)| Tier { from: Money(*from), off: Money(*off) };
            Benefit::Tiers(tiers.iter().map(tier).collect())
        }
        Terms::Percent(share) => Benefit::Percent(share * 100.0),
        Terms::Fixed(cost) => Benefit::Gift(Money(cost)),
        Terms::Free => Benefit::Information,
    };
    let written = serde_json::json!({
        "name": terms.key,
        "title": { "en": terms.name },
        "description": { "en": terms.description },
        "benefit": benefit,
        "stock": stock,
        "base_rate": 0.1,
        "base_weight": 100.0,
        "redeem": 0.75,
        "basket": 4500,
        "code": terms.key.to_uppercase(),
    });
    Ok(serde_json::from_value(written)?)
}

fn keyed(client: &Client) -> impl Iterator<Item = (String, &super::order::Order)> {
    let id = &client.person.external_id;
    client.life.orders.iter().enumerate().map(move |(n, order)| (format!("O-{id}-{n}"), order))
}

fn customer(client: &Client) -> CustomerRow<'_> {
    let person = &client.person;
    let number = &person.external_id[1..];
    CustomerRow {
        external_id: &person.external_id,
        kind: if client.is_prospect() { "prospect" } else { "client" },
        first_name: person.name.0,
        last_name: person.name.1,
        // Domains and numbers reserved for examples: nothing can ever reach a real person.
        email: format!("c{number}@clients.example"),
        phone: format!("+999{number}"),
        address: format!("{number} Example Street"),
        country: person.country(),
        locale: person.locale,
        zone: person.zone,
        born: person.born,
        source: person.source,
    }
}

fn consents<'a>(client: &'a Client, company: &Company) -> impl Iterator<Item = records::ConsentRow> + 'a {
    let recorded_at = company.shape.from();
    Channel::ALL.into_iter().filter(|channel| client.person.consent[channel.index()]).map(move |channel| {
        let granted = client.life.consent[channel.index()];
        let stop = || client.life.interactions.iter().rev().find(|i| i.reason == "stop" && i.channel == channel);
        records::ConsentRow {
            external_id: client.person.external_id.clone(),
            channel: channel.name(),
            purpose: "marketing",
            granted,
            legal_basis: "consent",
            source: "sign-up form",
            recorded_at: if granted { recorded_at } else { stop().map_or(recorded_at, |i| i.at) },
        }
    })
}

fn interactions(client: &Client, now: Timestamp) -> impl Iterator<Item = records::InteractionRow> + '_ {
    let id = &client.person.external_id;
    let own = client.life.interactions.iter().enumerate();
    let own = own.map(move |(n, fact)| records::interaction(id, format!("I-{id}-{n}"), fact, None));
    own.chain(keyed(client).flat_map(move |(key, order)| records::service(id, &key, order, now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::company::Shape;
    use crate::simulation::order::Order;

    #[test]
    fn files_hold_the_record_and_not_the_truth() {
        let company = Company::generate(Shape { customers: 400, seed: 3, ..Shape::default() }).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let exported = write(&company, folder.path()).unwrap();
        let lines: usize = company.clients.iter().flat_map(|c| &c.life.orders).map(|order| order.lines.len()).sum();
        assert_eq!((exported.customers, exported.orders, exported.offers), (400, lines, 5));
        let mut reader = csv::Reader::from_path(folder.path().join("orders.csv")).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let column = |name: &str| header.iter().position(|column| column == name).unwrap();
        let (amount, cost) = (column("amount"), column("cost"));
        let mut margin = 0;
        for row in reader.records() {
            let row = row.unwrap();
            let minor = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
            margin += minor(&row[amount]) - minor(&row[cost]);
        }
        let orders = || company.clients.iter().flat_map(|client| &client.life.orders);
        let truth: i64 = orders().map(|order: &Order| order.amount() - order.cost() - order.discount).sum();
        assert_eq!(margin, truth, "margin in the files is the margin of the record");
        for name in ["customers.csv", "decisions.csv", "interactions.csv"] {
            let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
            assert!(text.lines().count() > 100, "{name}");
            assert!(!text.contains("ersuadable") && !text.contains("leaves if asked"), "{name} gives the truth away");
        }
    }

    #[test]
    fn a_shut_folder_is_named() {
        let company = Company::generate(Shape { customers: 2, ..Shape::default() }).unwrap();
        assert!(write(&company, Path::new("/nonexistent/folder")).is_err());
    }

    #[test]
    fn offers_cost_what_the_truth_says() {
        for (spec, terms) in offers(20_000).unwrap().iter().zip(OFFERS) {
            for basket in [500, 1000, 9_999, 10_000, 19_999, 20_000, 70_001] {
                assert_eq!(spec.redemption_cost(Money(basket)).0, terms.cost(basket), "{} {basket}", terms.key);
            }
        }
    }
}
