//! From features to the columns that an estimator takes: transformed, scaled, or cut into bins.

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::algorithms::quantile_bins::QuantileBins;
use super::matrix::FeatureMatrix;
use super::spec::{FeatureSpec, Transform};
use crate::error::{Error, Fault, Result};

/// Turns rows of a feature matrix into columns; fitted on training data, kept with the model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    features: Vec<Encoded>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Encoded {
    name: String,
    /// The first of its columns.
    start: usize,
    #[serde(flatten)]
    how: How,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "transform")]
enum How {
    /// (f(x) - mean) / sd, one column; f is the identity or log1p.
    Scaled { log1p: bool, mean: f64, sd: f64 },
    /// One column a bin, of which one is 1.
    Binned { bins: QuantileBins },
}

/// ln(1 + x), continued to negative amounts (a month of returns) as -ln(1 - x).
fn log1p(x: f64) -> f64 {
    x.signum() * x.abs().ln_1p()
}

impl How {
    fn fit(spec: &FeatureSpec, values: ArrayView1<'_, f64>) -> How {
        let log = match spec.transform {
            Transform::Bins => {
                return How::Binned { bins: QuantileBins::fit(&values.to_vec(), spec.bins) };
            }
            Transform::Log1p => true,
            Transform::None => false,
        };
        let finite = values.iter().filter(|v| v.is_finite()).map(|&v| if log { log1p(v) } else { v });
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for value in finite {
            // Welford's running mean and squares: exact also where the mean is large beside the spread.
            count += 1.0;
            let away = value - mean;
            mean += away / count;
            squares += away * (value - mean);
        }
        let sd = if count > 0.0 { (squares / count).sqrt() } else { 0.0 };
        // A constant column teaches nothing: it becomes 0.
        How::Scaled { log1p: log, mean, sd: if sd > 0.0 { sd } else { 1.0 } }
    }

    fn width(&self) -> usize {
        match self {
            How::Scaled { .. } => 1,
            How::Binned { bins } => bins.count(),
        }
    }

    fn write(&self, value: f64, columns: &mut [f64]) {
        match self {
            // A missing value stands at the mean.
            How::Scaled { .. } if !value.is_finite() => columns[0] = 0.0,
            How::Scaled { log1p: log, mean, sd } => {
                columns[0] = ((if *log { log1p(value) } else { value }) - mean) / sd;
            }
            How::Binned { bins } => columns[bins.bin(value)] = 1.0,
        }
    }
}

impl Encoder {
    /// Learns scales and bins from training data.
    ///
    /// # Errors
    /// Invalid, naming every feature that the matrix lacks.
    pub fn fit(specs: &[FeatureSpec], matrix: &FeatureMatrix) -> Result<Encoder> {
        let columns = find(specs.iter().map(|spec| spec.name.as_str()), matrix)?;
        let mut start = 0;
        let mut features = Vec::with_capacity(specs.len());
        for (spec, column) in specs.iter().zip(columns) {
            let how = How::fit(spec, matrix.values.column(column));
            let width = how.width();
            features.push(Encoded { name: spec.name.clone(), start, how });
            start += width;
        }
        Ok(Encoder { features })
    }

    /// How many columns come out.
    pub fn width(&self) -> usize {
        self.features.last().map_or(0, |last| last.start + last.how.width())
    }

    /// The rows of the matrix as columns.
    ///
    /// # Errors
    /// Invalid, naming every feature that the matrix lacks.
    pub fn encode(&self, matrix: &FeatureMatrix) -> Result<Array2<f64>> {
        let sources = find(self.features.iter().map(|feature| feature.name.as_str()), matrix)?;
        let mut made = Array2::zeros((matrix.values.nrows(), self.width()));
        for (mut to, from) in made.rows_mut().into_iter().zip(matrix.values.rows()) {
            let to = to.as_slice_mut().expect("a new matrix has contiguous rows");
            for (feature, &source) in self.features.iter().zip(&sources) {
                feature.how.write(from[source], &mut to[feature.start..]);
            }
        }
        Ok(made)
    }

    /// For each feature its name and its columns: to say which feature did what.
    pub fn spans(&self) -> impl Iterator<Item = (&str, std::ops::Range<usize>)> {
        self.features.iter().map(|f| (f.name.as_str(), f.start..f.start + f.how.width()))
    }
}

/// The columns of features by name.
fn find<'a>(names: impl Iterator<Item = &'a str>, matrix: &FeatureMatrix) -> Result<Vec<usize>> {
    let mut faults = Vec::new();
    let mut columns = Vec::new();
    for name in names {
        match matrix.names.iter().position(|known| known == name) {
            Some(column) => columns.push(column),
            None => faults.push(Fault::at(
                format!("features.{name}"),
                format!("there is no such feature; known: {}", matrix.names.join(", ")),
            )),
        }
    }
    if faults.is_empty() { Ok(columns) } else { Err(Error::faults("the model's features are not all there", faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::CustomerId;
    use ndarray::array;

    fn matrix() -> FeatureMatrix {
        FeatureMatrix {
            customers: (0..4).map(CustomerId).collect(),
            names: vec!["recency".into(), "country".into()],
            values: array![[0.0, 1.0], [1.0, 1.0], [3.0, 2.0], [f64::NAN, 2.0]],
        }
    }

    fn spec(name: &str, transform: Transform) -> FeatureSpec {
        FeatureSpec { name: name.into(), transform, bins: 2 }
    }

    #[test]
    fn scales_what_is_a_size_and_bins_what_is_not() {
        let specs = [spec("recency", Transform::Log1p), spec("country", Transform::Bins)];
        let encoder = Encoder::fit(&specs, &matrix()).unwrap();
        let encoded = encoder.encode(&matrix()).unwrap();
        assert_eq!(encoded[[3, 0]], 0.0, "a missing value stands at the mean");
        assert!(encoded.column(0).sum().abs() < 1e-12);
        // ln 1, ln 2, ln 4 lie one ln 2 apart: scaled, -1.22, 0, 1.22
        assert!((encoded[[2, 0]] - 1.5f64.sqrt()).abs() < 1e-12);
        assert_eq!(encoded.slice(ndarray::s![.., 1..]).sum_axis(ndarray::Axis(1)), array![1.0, 1.0, 1.0, 1.0]);
        assert_ne!(encoded.row(0).slice(ndarray::s![1..]), encoded.row(2).slice(ndarray::s![1..]));
    }

    #[test]
    fn names_what_is_missing() {
        let error = Encoder::fit(&[spec("speed", Transform::None)], &matrix()).unwrap_err();
        assert_eq!(error.fault_list()[0].key, "features.speed");
        assert!(error.fault_list()[0].message.contains("recency, country"));
    }
}
