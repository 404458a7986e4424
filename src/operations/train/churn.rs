//! Rows and labels of churn models, by what their spec calls the event.

use ndarray::Array2;

use super::{learned_from, sample, span_of};
use crate::clock::{DAY, Timestamp};
use crate::error::{Error, Result};
use crate::features::{FeatureMatrix, Sample, matrix_of_customers, purchase_within_of};
use crate::ids::CustomerId;
use crate::models::calibration::fold_of;
use crate::models::churn::{ChurnModel, Levels};
use crate::models::spec::{Bound, ChurnSpec, Split, Target};
use crate::models::{ChurnData, Fit, Labelled, Protected, registry, train_churn, train_churn_in_folds};
use crate::operations::Workspace;
use crate::operations::attributes::{Attributes, as_number, text};
use crate::operations::lifetime::Contracts;

/// Trains, or refuses with the reason.
pub(super) fn fit(ws: &Workspace, spec: &ChurnSpec) -> Result<Fit> {
    let champion = ws.store().read(|conn| registry::champion(conn, &spec.name))?;
    // Parameters that an earlier release wrote in another form cannot be compared with.
    let champion: Option<ChurnModel> = champion.and_then(|version| version.fit.parameters().ok());
    // Nor can one that serves no more because of what it learned from.
    let protected = Protected::of(ws.settings());
    let champion = champion.filter(|model| protected.outdates(&spec.name, model.columns()).is_none());
    let attributes = match (&spec.target, spec.attributes.is_empty()) {
        (Target::Attribute { .. }, _) | (_, false) => Some(Attributes::of_consenting(ws)?),
        _ => None,
    };
    let rows = Rows {
        ws,
        spec,
        levels: attributes.as_ref().map(|a| a.levels(&spec.attributes)).unwrap_or_default(),
        attributes,
        contracts: match &spec.target {
            Target::ContractEnds => Contracts::read_of_consenting(ws, ws.now())?,
            _ => Contracts::default(),
        },
    };
    match &spec.target {
        Target::Attribute { attribute, positive } => rows.by_attribute(attribute, positive, champion.as_ref()),
        _ => rows.in_time(champion.as_ref()),
    }
}

struct Rows<'a> {
    ws: &'a Workspace,
    spec: &'a ChurnSpec,
    attributes: Option<Attributes>,
    levels: Levels,
    /// Contracts of those who may be profiled, where their ends are the event.
    contracts: Contracts,
}

impl Rows<'_> {
    fn in_time(&self, champion: Option<&ChurnModel>) -> Result<Fit> {
        let days = self.spec.horizon_days.ok_or_else(|| Error::internal("a checked spec has a horizon"))?;
        let (table, what) = match self.spec.target {
            Target::ContractEnds => ("subscription", "contracts"),
            _ => ("order_item", "orders"),
        };
        let none = || Error::invalid(format!("there are no {what} yet; import some first"));
        let (first, last) = span_of(self.ws, table)?.ok_or_else(none)?;
        // What is dated in the future is not known to be all.
        let cuts = self.spec.split.cuts(first, last.min(self.ws.now()), days)?;
        let some = sample(self.ws, cuts.train.len())?;
        let train: Vec<Labelled> = cuts.train.iter().map(|&cut| self.as_of(some, cut, days)).collect::<Result<_>>()?;
        let test = self.as_of(some, cuts.test, days)?;
        train_churn(self.spec, ChurnData { train: &train, test: &test, levels: &self.levels, champion })
    }

    /// Features and labels as of a cut.
    fn as_of(&self, some: Sample, as_of: Timestamp, days: u32) -> Result<Labelled> {
        if self.spec.target == Target::ContractEnds {
            let ended = self.contracts.ending(as_of, as_of.plus(i64::from(days) * DAY));
            let (customers, happened): (Vec<CustomerId>, Vec<bool>) =
                ended.into_iter().filter(|(customer, _)| some.has(*customer)).unzip();
            return Ok(Labelled { as_of, matrix: self.of_customers(customers, as_of)?, happened });
        }
        let matrix = learned_from(self.ws, some, as_of, &self.wanted())?;
        let bought = purchase_within_of(some, self.ws.history(), as_of, days)?;
        let happened = matrix.customers.iter().map(|customer| !bought.contains_key(customer)).collect();
        Ok(Labelled { as_of, matrix: self.with_attributes(matrix), happened })
    }

    fn by_attribute(&self, attribute: &str, positive: &str, champion: Option<&ChurnModel>) -> Result<Fit> {
        let attributes = self.attributes.as_ref().ok_or_else(|| Error::internal("attributes were read"))?;
        let some = sample(self.ws, 1)?;
        let labels: Vec<(CustomerId, String)> = attributes
            .with(attribute)
            .filter(|(customer, _)| some.has(*customer))
            .filter_map(|(customer, value)| Some((customer, text(value)?)))
            .collect();
        let (customers, labels): (Vec<CustomerId>, Vec<String>) = labels.into_iter().unzip();
        let as_of = self.ws.now();
        let happened = labels.iter().map(|label| label == positive).collect();
        let rows = Labelled { as_of, matrix: self.of_customers(customers, as_of)?, happened };
        match &self.spec.split {
            Split::From { test_from, .. } => {
                let before = self.index(&rows.matrix.customers, test_from)?;
                let (early, late): (Vec<usize>, Vec<usize>) = (0..before.len()).partition(|&row| before[row] < 0.0);
                let (train, test) = ([rows.some(&early)], rows.some(&late));
                train_churn(self.spec, ChurnData { train: &train, test: &test, levels: &self.levels, champion })
            }
            Split::Folds { folds, index: None } => {
                let of = |&customer: &CustomerId| fold_of(customer, *folds, self.spec.seed ^ 1);
                let fold: Vec<usize> = rows.matrix.customers.iter().map(of).collect();
                train_churn_in_folds(self.spec, &rows, &fold, &self.levels)
            }
            Split::Folds { folds, .. } => {
                let numbers = self.index(&rows.matrix.customers, &Bound::Number(0.0))?;
                let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
                let fold: Vec<usize> = numbers.iter().map(|number| (number - least) as usize % folds).collect();
                train_churn_in_folds(self.spec, &rows, &fold, &self.levels)
            }
            _ => Err(Error::internal("a checked spec splits an attribute by folds or an index")),
        }
    }

    /// How far each customer's index lies beyond `from`; below 0 before it.
    fn index(&self, customers: &[CustomerId], from: &Bound) -> Result<Vec<f64>> {
        let name = self.spec.split.index().unwrap_or_default();
        let value = |customer: &CustomerId| {
            let value = self.attributes.as_ref()?.value(*customer, name)?;
            match from {
                Bound::Number(from) => Some(as_number(value, None) - from).filter(|number| number.is_finite()),
                Bound::Time(from) => {
                    let at = Timestamp::parse(&text(value)?).ok()?;
                    Some((at.0 - Timestamp::parse(from).ok()?.0) as f64)
                }
            }
        };
        let values: Vec<Option<f64>> = customers.iter().map(value).collect();
        let lacking = values.iter().filter(|value| value.is_none()).count();
        if lacking > 0 {
            return Err(Error::invalid(format!(
                "`{}` is not trained: {lacking} of {} customers have no usable attribute `{name}` to split by; a mapping \
                can keep the number of the line: {name} = \"_row\"",
                self.spec.name,
                customers.len()
            )));
        }
        Ok(values.into_iter().flatten().collect())
    }

    fn wanted(&self) -> Vec<&str> {
        // Without features of its own the matrix still says who has bought.
        let names: Vec<&str> = self.spec.features.iter().map(|feature| feature.name.as_str()).collect();
        if names.is_empty() { vec!["freq"] } else { names }
    }

    fn with_attributes(&self, matrix: FeatureMatrix) -> FeatureMatrix {
        let names = self.spec.attributes.iter().map(|feature| feature.name.as_str());
        match &self.attributes {
            Some(attributes) => attributes.beside(matrix, names, &self.levels),
            None => matrix,
        }
    }

    /// A row for each of these customers, who rise, whether they have bought or not.
    fn of_customers(&self, customers: Vec<CustomerId>, as_of: Timestamp) -> Result<FeatureMatrix> {
        if self.spec.features.is_empty() {
            let values = Array2::zeros((customers.len(), 0));
            return Ok(self.with_attributes(FeatureMatrix { customers, names: Vec::new(), values }));
        }
        let (ws, wanted) = (self.ws, self.wanted());
        let matrix = matrix_of_customers(&customers, ws.history(), as_of, ws.features(), &wanted, ws.settings())?;
        Ok(self.with_attributes(matrix))
    }
}
