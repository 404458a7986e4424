//! Who buys the goods of a bundle together: what a bundle, or an offer with a partner, can add to.

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::offers::store as offers;
use crate::operations::Workspace;

/// Customers by the goods of a bundle that they have bought.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Together {
    /// The offer.
    pub offer: String,
    /// Customers who have bought anything.
    pub customers: i64,
    /// Each of the goods.
    pub goods: Vec<Bought>,
    /// Customers who have bought all of them.
    pub all: i64,
    /// As a share of all customers, 0 to 1.
    pub share: f64,
    /// The share there would be if nobody bought one for the sake of another: the product of the shares.
    pub by_chance: f64,
    /// The one by the other (the lift of association rules; Brin et al. 1997): above 1 they go together; none where chance gives nobody.
    pub lift: Option<f64>,
}

/// One of the goods.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bought {
    /// Its SKU.
    pub sku: String,
    /// Customers who have bought it.
    pub customers: i64,
    /// As a share of all customers.
    pub share: f64,
}

/// Counts the buyers of the goods of an offer's bundle over all history.
///
/// # Errors
/// Not found; invalid, when the offer has no bundle; unavailable, when history does not answer.
pub fn together(ws: &Workspace, name: &str) -> Result<Together> {
    let offer = ws.store().read(|conn| offers::by_name(conn, name))?.spec;
    if offer.bundle.is_empty() {
        return Err(Error::invalid(format!(
            "the offer `{name}` has no `bundle`; name the goods that it offers together"
        )));
    }
    let quoted: Vec<String> = offer.bundle.iter().map(|sku| format!("'{}'", sku.replace('\'', "''"))).collect();
    let has: Vec<String> = (quoted.iter().enumerate())
        .map(|(place, sku)| format!("max(CASE WHEN sku = {sku} THEN 1 ELSE 0 END) AS has_{place}"))
        .collect();
    let places = 0..quoted.len();
    let each: Vec<String> = places.clone().map(|place| format!("coalesce(sum(has_{place}), 0)")).collect();
    let all: Vec<String> = places.map(|place| format!("has_{place}")).collect();
    // Who came without buying anything of the bundle counts among the customers.
    let sql = format!(
        "SELECT count(*), coalesce(sum({}), 0), {} FROM (SELECT customer_id, {} FROM order_item GROUP BY customer_id)",
        all.join(" * "),
        each.join(", "),
        has.join(", ")
    );
    let batches = ws.history().snapshot()?.query(&sql)?;
    let number = |column: usize| {
        let batch = batches.first().filter(|batch| batch.num_rows() == 1);
        batch.map_or(0, |batch| batch.column(column).as_primitive::<Int64Type>().value(0))
    };
    let customers = number(0);
    let share = |count: i64| if customers > 0 { count as f64 / customers as f64 } else { 0.0 };
    let goods: Vec<Bought> = (offer.bundle.into_iter().enumerate())
        .map(|(place, sku)| Bought { sku, customers: number(2 + place), share: share(number(2 + place)) })
        .collect();
    let (all, by_chance) = (number(1), goods.iter().map(|one| one.share).product());
    let lift = (by_chance > 0.0).then(|| share(all) / by_chance);
    Ok(Together { offer: name.to_owned(), customers, goods, all, share: share(all), by_chance, lift })
}
