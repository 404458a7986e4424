//! Scores every customer with the models that serve, and rebuilds the serving rows.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use serde::Serialize;

use crate::clock::Timestamp;
use crate::customers::{CustomerState, change, store as customers};
use crate::error::Result;
use crate::features::{FeatureMatrix, matrix};
use crate::ids::CustomerId;
use crate::models::registry::{self, ModelVersion};
use crate::models::scoring;
use crate::money::Money;
use crate::operations::{Workspace, train};
use crate::progress::Progress;
use crate::segments::{self, ClusterModel};
use crate::storage::counter;

/// The feature that says what a customer is worth: margin less cost to serve, in units of the currency.
pub const PROFIT: &str = "profit";

/// What scoring did.
#[derive(Debug, Clone, Serialize)]
pub struct Scored {
    /// Customers whose serving row was written.
    pub customers: usize,
    /// Customers with a purchase, who were scored.
    pub scored: usize,
    /// The models that served, with their versions.
    pub models: BTreeMap<String, i64>,
    /// As of when.
    pub as_of: Timestamp,
}

/// Rebuilds all serving rows as of now.
///
/// # Errors
/// Unavailable, when store or history do not answer.
pub fn score(ws: &Workspace, progress: &dyn Progress) -> Result<Scored> {
    let now = ws.now();
    progress.stage("features", None);
    let full = matrix(ws.history(), now, ws.features(), &ws.features().serving(), ws.settings())?;
    let profit = profits(&full);
    let full = full.with_column(PROFIT, |customer| profit.get(&customer).copied().unwrap_or_default());
    let matrix = train::of_consenting(ws, full.clone())?;
    progress.stage("scores", None);
    let mut models = BTreeMap::new();
    let churn = ws.store().read(|conn| registry::champion(conn, "churn"))?;
    let churn_scores = churn.as_ref().map(|version| scoring::score(version, &matrix, now)).transpose()?;
    let clusters = ws.store().read(|conn| registry::champion(conn, "segments"))?;
    let membership = clusters.as_ref().map(|version| Segmentation::of(version, &matrix)).transpose()?;
    for version in churn.iter().chain(&clusters) {
        models.insert(version.fit.name.clone(), version.id.0);
    }
    progress.stage("serving rows", None);
    let states = states(ws, &full, &matrix, churn_scores.as_deref(), membership.as_ref(), now)?;
    let customers = states.len();
    ws.store().write(|conn| {
        if let Some(scores) = &churn_scores {
            scoring::keep(conn, scores)?;
        }
        if let Some(made) = &membership {
            made.keep(conn, &matrix, now)?;
        }
        counter::raise(conn, change::SCORED)?;
        customers::put_states(conn, &states)
    })?;
    progress.finish();
    Ok(Scored { customers, scored: matrix.customers.len(), models, as_of: now })
}

fn profits(matrix: &FeatureMatrix) -> HashMap<CustomerId, f64> {
    let (margin, cost) = (matrix.column("gross_margin"), matrix.column("cost_to_serve"));
    let value = |column: &Option<ndarray::ArrayView1<'_, f64>>, row: usize| column.as_ref().map_or(0.0, |c| c[row]);
    let of_row = |(row, &customer): (usize, &CustomerId)| (customer, value(&margin, row) - value(&cost, row));
    matrix.customers.iter().enumerate().map(of_row).collect()
}

/// The segment of every row, and what each segment is worth.
struct Segmentation<'a> {
    version: &'a ModelVersion,
    model: ClusterModel,
    membership: Vec<usize>,
}

impl<'a> Segmentation<'a> {
    fn of(version: &'a ModelVersion, matrix: &FeatureMatrix) -> Result<Segmentation<'a>> {
        let model: ClusterModel = version.fit.parameters()?;
        let membership = model.assign(matrix)?;
        Ok(Segmentation { version, model, membership })
    }

    fn keep(&self, conn: &mut crate::storage::Connection, matrix: &FeatureMatrix, now: Timestamp) -> Result<()> {
        let segments = self.model.segments();
        let economics = segments::economics(matrix, &self.membership, segments.len(), PROFIT)?;
        let made = segments::Segmented {
            segmentation: &self.version.fit.name,
            model_version_id: self.version.id,
            segments,
            economics: &economics,
            customers: &matrix.customers,
            membership: &self.membership,
        };
        segments::keep(conn, &made, now)
    }
}

/// Totals that are read from facts as they are, whatever the models.
#[derive(Default, Clone, Copy)]
struct Totals {
    orders: i64,
    revenue: i64,
    last_order_at: Option<Timestamp>,
    open_complaints: i64,
}

/// Orders first: a set of order numbers for each customer would take kilobytes a customer.
const ORDERS: &str = "SELECT customer_id, count(*) AS orders, sum(amount) AS revenue, max(last) AS last FROM (\
    SELECT customer_id, sum(amount) AS amount, max(occurred_at) AS last FROM order_item GROUP BY customer_id, order_key) \
    GROUP BY customer_id";
const OPEN_COMPLAINTS: &str = "SELECT customer_id, count(*) AS open FROM interaction \
    WHERE reason = 'complaint' AND (outcome IS NULL OR outcome = 'open') GROUP BY customer_id";

fn totals(ws: &Workspace, now: Timestamp) -> Result<HashMap<CustomerId, Totals>> {
    let mut totals: HashMap<CustomerId, Totals> = HashMap::new();
    let snapshot = ws.history().snapshot_before(now)?;
    snapshot.stream(ORDERS, |batch| {
        let [customers, orders, revenue] = [0, 1, 2].map(|c| batch.column(c).as_primitive::<Int64Type>());
        let last = batch.column(3).as_primitive::<TimestampMicrosecondType>();
        for row in 0..batch.num_rows() {
            let total = totals.entry(CustomerId(customers.value(row))).or_default();
            (total.orders, total.revenue) = (orders.value(row), revenue.value(row));
            total.last_order_at = last.is_valid(row).then(|| Timestamp(last.value(row)));
        }
        Ok(())
    })?;
    snapshot.stream(OPEN_COMPLAINTS, |batch| {
        let [customers, open] = [0, 1].map(|c| batch.column(c).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            totals.entry(CustomerId(customers.value(row))).or_default().open_complaints = open.value(row);
        }
        Ok(())
    })?;
    Ok(totals)
}

fn states(
    ws: &Workspace,
    full: &FeatureMatrix,
    scored: &FeatureMatrix,
    churn: Option<&[scoring::Score]>,
    segmentation: Option<&Segmentation<'_>>,
    now: Timestamp,
) -> Result<Vec<CustomerState>> {
    let totals = totals(ws, now)?;
    let minor_units = ws.settings().currency.minor_units() as f64;
    let ids = ws.store().read(customers::ids)?;
    let position = |name: &str| full.names.iter().position(|known| known == name);
    let (profit_at, cost_at) = (position(PROFIT), position("cost_to_serve"));
    let mut states = Vec::with_capacity(ids.len());
    for id in ids {
        let mut state = CustomerState::empty(id, now);
        let total = totals.get(&id).copied().unwrap_or_default();
        (state.orders, state.revenue) = (total.orders, Money(total.revenue));
        (state.last_order_at, state.open_complaints) = (total.last_order_at, total.open_complaints);
        if let Some(row) = full.row(id) {
            let amount = |at: Option<usize>| Money((at.map_or(0.0, |at| row[at]) * minor_units).round() as i64);
            (state.profit, state.cost_to_serve) = (amount(profit_at), amount(cost_at));
        }
        // Who objects to profiling has totals, which are book-keeping, but neither features nor scores.
        if let Ok(row) = scored.customers.binary_search(&id) {
            let features: BTreeMap<&str, f64> =
                scored.names.iter().map(String::as_str).zip(scored.values.row(row).iter().copied()).collect();
            state.features = serde_json::to_string(&features)?;
            if let Some(scores) = churn {
                state.scores = serde_json::to_string(&BTreeMap::from([("churn", scores[row].value)]))?;
            }
            state.segment = segmentation.map(|made| made.model.segments()[made.membership[row]].name.clone());
            state.scored_at = Some(now);
        }
        states.push(state);
    }
    Ok(states)
}
