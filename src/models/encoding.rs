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
    /// Pairs of features that act together; their columns stand after those of the features.
    #[serde(default)]
    crosses: Vec<Cross>,
}

/// Two features at once: a column for each pair of a part of the one and a part of the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Cross {
    names: [String; 2],
    start: usize,
    parts: [Parts; 2],
}

/// What a side of a cross is cut into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Parts {
    Bins(QuantileBins),
    Levels(usize),
}

/// Bins of a number in a cross: pairs of more would stand on few customers each.
const CROSS_BINS: usize = 5;

impl Parts {
    fn count(&self) -> usize {
        match self {
            Parts::Bins(bins) => bins.count(),
            Parts::Levels(levels) => 1 + levels,
        }
    }

    fn part(&self, value: f64) -> usize {
        match self {
            Parts::Bins(bins) => bins.bin(value),
            Parts::Levels(levels) => level(value, *levels).map_or(0, |level| 1 + level),
        }
    }
}

/// The level that a value stands for; None when it is missing or unknown.
fn level(value: f64, levels: usize) -> Option<usize> {
    (value >= 0.0 && value < levels as f64).then_some(value as usize)
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
    /// One column a level; the value is the level's number.
    Levels { count: usize },
    /// The value as it is, missing ones too: trees need no scale.
    Plain,
}

/// ln(1 + x), continued to negative amounts (a month of returns) as -ln(1 - x).
fn log1p(x: f64) -> f64 {
    x.signum() * x.abs().ln_1p()
}

/// How many levels a column of their numbers has.
fn count_levels(values: ArrayView1<'_, f64>) -> usize {
    values.iter().filter(|v| v.is_finite()).fold(0, |most, &v| most.max(v as usize + 1))
}

impl How {
    fn fit(spec: &FeatureSpec, values: ArrayView1<'_, f64>) -> How {
        let log = match spec.transform {
            Transform::Bins => {
                return How::Binned { bins: QuantileBins::fit(&values.to_vec(), spec.bins) };
            }
            Transform::Categories => return How::Levels { count: count_levels(values) },
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
            How::Scaled { .. } | How::Plain => 1,
            How::Binned { bins } => bins.count(),
            How::Levels { count } => *count,
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
            How::Levels { count } => {
                if let Some(level) = level(value, *count) {
                    columns[level] = 1.0;
                }
            }
            How::Plain => columns[0] = value,
        }
    }
}

impl Encoder {
    /// Learns scales and bins from training data.
    ///
    /// # Errors
    /// Invalid, naming every feature that the matrix lacks.
    pub fn fit(specs: &[FeatureSpec], matrix: &FeatureMatrix) -> Result<Encoder> {
        Encoder::of(specs, matrix, How::fit)
    }

    /// The same for trees: values as they are, and levels.
    ///
    /// # Errors
    /// Invalid, naming every feature that the matrix lacks.
    pub fn plain(specs: &[FeatureSpec], matrix: &FeatureMatrix) -> Result<Encoder> {
        Encoder::of(specs, matrix, |spec, values| match spec.transform {
            Transform::Categories => How::Levels { count: count_levels(values) },
            _ => How::Plain,
        })
    }

    /// The same with pairs of features that act together.
    ///
    /// # Errors
    /// Invalid, naming every feature that the matrix lacks.
    pub fn with_crosses(
        mut self,
        pairs: &[[String; 2]],
        specs: &[FeatureSpec],
        matrix: &FeatureMatrix,
    ) -> Result<Encoder> {
        for names in pairs {
            let columns = find(names.iter().map(String::as_str), matrix)?;
            let parts = |side: usize| {
                let values = matrix.values.column(columns[side]);
                let spec = specs.iter().find(|spec| spec.name == names[side]);
                if spec.is_some_and(|spec| spec.transform == Transform::Categories) {
                    Parts::Levels(count_levels(values))
                } else {
                    Parts::Bins(QuantileBins::fit(&values.to_vec(), CROSS_BINS))
                }
            };
            let cross = Cross { names: names.clone(), start: self.width(), parts: [parts(0), parts(1)] };
            self.crosses.push(cross);
        }
        Ok(self)
    }

    fn of(
        specs: &[FeatureSpec],
        matrix: &FeatureMatrix,
        how: impl Fn(&FeatureSpec, ArrayView1<'_, f64>) -> How,
    ) -> Result<Encoder> {
        let columns = find(specs.iter().map(|spec| spec.name.as_str()), matrix)?;
        let mut start = 0;
        let mut features = Vec::with_capacity(specs.len());
        for (spec, column) in specs.iter().zip(columns) {
            let how = how(spec, matrix.values.column(column));
            let width = how.width();
            features.push(Encoded { name: spec.name.clone(), start, how });
            start += width;
        }
        Ok(Encoder { features, crosses: Vec::new() })
    }

    /// How many columns come out.
    pub fn width(&self) -> usize {
        let of_features = self.features.last().map_or(0, |last| last.start + last.how.width());
        self.crosses.last().map_or(of_features, |last| last.start + last.parts[0].count() * last.parts[1].count())
    }

    /// The rows of the matrix as columns.
    ///
    /// # Errors
    /// Invalid, naming every feature that the matrix lacks.
    pub fn encode(&self, matrix: &FeatureMatrix) -> Result<Array2<f64>> {
        let sources = find(self.features.iter().map(|feature| feature.name.as_str()), matrix)?;
        let crossed = find(self.crosses.iter().flat_map(|cross| &cross.names).map(String::as_str), matrix)?;
        let mut made = Array2::zeros((matrix.values.nrows(), self.width()));
        for (mut to, from) in made.rows_mut().into_iter().zip(matrix.values.rows()) {
            let to = to.as_slice_mut().expect("a new matrix has contiguous rows");
            for (feature, &source) in self.features.iter().zip(&sources) {
                feature.how.write(from[source], &mut to[feature.start..]);
            }
            for (cross, sources) in self.crosses.iter().zip(crossed.chunks_exact(2)) {
                let [a, b] = [0, 1].map(|side| cross.parts[side].part(from[sources[side]]));
                to[cross.start + a * cross.parts[1].count() + b] = 1.0;
            }
        }
        Ok(made)
    }

    /// For each feature its name and its columns: to say which feature did what.
    pub fn spans(&self) -> impl Iterator<Item = (&str, std::ops::Range<usize>)> {
        self.features.iter().map(|f| (f.name.as_str(), f.start..f.start + f.how.width()))
    }

    /// Adds what columns give to what features give: a cross by halves to its two.
    pub fn by_feature(&self, columns: &[f64], features: &mut [f64]) {
        for (to, (_, span)) in features.iter_mut().zip(self.spans()) {
            *to += columns[span].iter().sum::<f64>();
        }
        for cross in &self.crosses {
            let width = cross.parts[0].count() * cross.parts[1].count();
            let sum: f64 = columns[cross.start..cross.start + width].iter().sum();
            for name in &cross.names {
                if let Some(at) = self.features.iter().position(|feature| feature.name == *name) {
                    features[at] += sum / 2.0;
                }
            }
        }
    }

    /// The features in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
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
