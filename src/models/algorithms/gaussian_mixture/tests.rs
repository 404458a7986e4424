//! Mixtures whose parameters are known.

use linfa::traits::Predict;
use ndarray::Array2;

use super::*;
use crate::random::Stream;

/// Two slanting clouds: (share, mean, standard deviations, correlation).
const CLOUDS: [(f64, [f64; 2], [f64; 2], f64); 2] =
    [(0.7, [0.0, 0.0], [2.0, 1.0], 0.8), (0.3, [1.0, 5.0], [0.5, 1.5], -0.5)];

fn clouds(rows: usize, seed: u64) -> (Array2<f64>, Vec<usize>) {
    let mut stream = Stream::new(seed, "clouds");
    let mut groups = Vec::new();
    let mut flat = Vec::new();
    for _ in 0..rows {
        let group = usize::from(stream.uniform() >= CLOUDS[0].0);
        let (_, mean, sd, correlation) = CLOUDS[group];
        let (a, b) = (stream.normal(), stream.normal());
        flat.push(mean[0] + sd[0] * a);
        flat.push(mean[1] + sd[1] * (correlation * a + (1.0 - correlation * correlation).sqrt() * b));
        groups.push(group);
    }
    (Array2::from_shape_vec((rows, 2), flat).unwrap(), groups)
}

#[test]
fn recovers_shares_means_and_covariances_from_simulated_rows() {
    let (data, groups) = clouds(20_000, 3);
    let found = GaussianMixture::of(data.view(), GaussianMixture::params(2).ridge(1e-6)).unwrap();
    let first = usize::from(found.weights()[0] < 0.5);
    for (index, (share, mean, sd, correlation)) in CLOUDS.into_iter().enumerate() {
        let group = if index == 0 { first } else { 1 - first };
        assert!((found.weights()[group] - share).abs() < 0.01, "{:?}", found.weights());
        let covariance = found.covariance(group);
        for column in 0..2 {
            assert!((found.means()[[group, column]] - mean[column]).abs() < 0.05);
            assert!((covariance[[column, column]] / (sd[column] * sd[column]) - 1.0).abs() < 0.06);
        }
        let found = covariance[[0, 1]] / (covariance[[0, 0]] * covariance[[1, 1]]).sqrt();
        assert!((found - correlation).abs() < 0.03, "{found}");
    }
    let assigned: Array1<usize> = found.predict(&data);
    let right = assigned.iter().zip(&groups).filter(|(a, g)| (**a == first) == (**g == 0)).count();
    assert!(right as f64 / 20_000.0 > 0.97, "{right}");
}

/// With one group the fit is the sample's own mean and covariance, and ln L that of the normal distribution.
#[test]
fn one_group_is_the_normal_distribution_of_the_rows() {
    let (data, _) = clouds(500, 1);
    let found = GaussianMixture::of(data.view(), GaussianMixture::params(1).ridge(1e-12)).unwrap();
    let mean = data.mean_axis(ndarray::Axis(0)).unwrap();
    let away = &data - &mean;
    let covariance = away.t().dot(&away) / 500.0;
    assert!((&found.covariance(0) - &covariance).iter().all(|d| d.abs() < 1e-9));
    let det = covariance[[0, 0]] * covariance[[1, 1]] - covariance[[0, 1]] * covariance[[0, 1]];
    // sum of x' S^-1 x = n d, so ln L = -n/2 (d ln 2 pi + ln det S + d)
    let expected = -250.0 * (2.0 * std::f64::consts::TAU.ln() + det.ln() + 2.0);
    assert!((found.log_likelihood() - expected).abs() < 1e-6, "{} {expected}", found.log_likelihood());
    assert!((found.bic(data.view()) - (5.0 * 500f64.ln() - 2.0 * expected)).abs() < 1e-6);
}

#[test]
fn the_criterion_is_least_at_the_number_of_clouds_there_are() {
    let (data, _) = clouds(4_000, 7);
    let bic = |count| GaussianMixture::of(data.view(), GaussianMixture::params(count)).unwrap().bic(data.view());
    let [one, two, three] = [1, 2, 3].map(bic);
    assert!(two < one && two < three, "{one} {two} {three}");
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let (data, _) = clouds(20_001, 5);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| GaussianMixture::of(data.view(), GaussianMixture::params(3).starts(2).rounds(8)));
        serde_json::to_string(&found.unwrap()).unwrap()
    };
    let alone = on(1);
    [2, 3, 5].into_iter().for_each(|threads| assert_eq!(alone, on(threads), "{threads} threads"));
}

#[test]
fn columns_that_repeat_each_other_do_no_harm() {
    let (data, _) = clouds(300, 9);
    let twice = ndarray::concatenate![ndarray::Axis(1), data, data];
    let found = GaussianMixture::of(twice.view(), GaussianMixture::params(2)).unwrap();
    assert!(found.log_likelihood().is_finite() && found.weights().iter().all(|w| *w > 0.0), "{:?}", found.weights());
    let error = GaussianMixture::of(twice.view(), GaussianMixture::params(2).ridge(0.0)).unwrap_err();
    assert!(error.to_string().contains("must be above 0"));
}
