//! Minimises a smooth function of a few variables: Newton's method with Levenberg's damping and a halving line search (Nocedal and
//! Wright 2006, algorithm 3.2 and section 3.4). Where parameters hang together, as those of purchase models do, it needs ten
//! evaluations where gradients alone need two hundred.

/// Value, gradient and second derivatives.
pub type Bend<const N: usize> = (f64, [f64; N], [[f64; N]; N]);

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Most steps.
    pub steps: usize,
    /// Largest absolute component of the gradient that counts as zero.
    pub gradient: f64,
}

/// Promised gain, as a share of the value, at which a step is the last, and below which rounding hides whether it is one.
const LAST: f64 = 1e-12;
/// Gain of a step, as a share of the value, that is not worth another: where parameters run to infinity, as for customers who are
/// all alike, steps would otherwise go on to the limit of the rounding.
const NO_MORE: f64 = 1e-10;
/// The longest step of a variable; variables are logarithms of parameters.
const LONGEST: f64 = 1.5;
/// A step must bring this share of what the slope promises (Armijo).
const SUFFICIENT: f64 = 1e-4;

/// Walks from `x` to a minimum of `function`; returns the value reached.
pub fn newton<const N: usize>(x: &mut [f64; N], stop: Stop, mut function: impl FnMut(&[f64; N]) -> Bend<N>) -> f64 {
    let (mut value, mut gradient, mut hessian) = function(x);
    for _ in 0..stop.steps {
        if gradient.iter().all(|g| g.abs() <= stop.gradient) {
            break;
        }
        let direction = descent(&gradient, &hessian);
        let slope: f64 = gradient.iter().zip(direction).map(|(g, d)| g * d).sum();
        let size = value.abs().max(1.0);
        if -slope <= LAST * size {
            // So near that the step is right to the last digit, and its gain is lost in rounding.
            x.iter_mut().zip(direction).for_each(|(x, d)| *x += d);
            return function(x).0;
        }
        let steps = std::iter::successors(Some(1.0), |step| Some(step * 0.5));
        let found = steps.take_while(|step| -slope * step > LAST * size).find_map(|step| {
            let mut there = *x;
            there.iter_mut().zip(direction).for_each(|(x, d)| *x += step * d);
            let reached = function(&there);
            (reached.0 <= value + SUFFICIENT * step * slope).then_some((there, reached))
        });
        // Rounding hides any further descent.
        let Some((there, reached)) = found else { break };
        let gain = value - reached.0;
        (*x, (value, gradient, hessian)) = (there, reached);
        if gain <= NO_MORE * size {
            break;
        }
    }
    value
}

/// The Newton step, damped until the matrix is positive definite, and not too long.
fn descent<const N: usize>(gradient: &[f64; N], hessian: &[[f64; N]; N]) -> [f64; N] {
    let size = hessian.iter().flatten().fold(1e-12_f64, |most, h| most.max(h.abs()));
    let mut damping = 0.0;
    loop {
        let mut damped = *hessian;
        (0..N).for_each(|i| damped[i][i] += damping);
        if let Some(mut step) = solve(damped, gradient) {
            let longest = step.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
            let scale = -(LONGEST / longest.max(LONGEST));
            step.iter_mut().for_each(|d| *d *= scale);
            return step;
        }
        damping = if damping == 0.0 { 1e-6 * size } else { damping * 10.0 };
    }
}

/// Solves by Cholesky; None when the matrix is not positive definite.
fn solve<const N: usize>(mut a: [[f64; N]; N], b: &[f64; N]) -> Option<[f64; N]> {
    for j in 0..N {
        for i in j..N {
            let sum: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            let rest = a[i][j] - sum;
            if i > j {
                a[i][j] = rest / a[j][j];
            } else if rest > 1e-14 * a[j][j].abs() && rest.is_finite() {
                a[j][j] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    let mut x = *b;
    for i in 0..N {
        let sum: f64 = (0..i).map(|k| a[i][k] * x[k]).sum();
        x[i] = (x[i] - sum) / a[i][i];
    }
    for i in (0..N).rev() {
        let sum: f64 = (i + 1..N).map(|k| a[k][i] * x[k]).sum();
        x[i] = (x[i] - sum) / a[i][i];
    }
    Some(x)
}

/// Second derivatives as differences of a gradient, made symmetric.
pub fn with_differences<const N: usize>(
    x: &[f64; N],
    mut gradient_of: impl FnMut(&[f64; N]) -> (f64, [f64; N]),
) -> Bend<N> {
    const STEP: f64 = 1e-5;
    let (value, gradient) = gradient_of(x);
    let mut hessian = [[0.0; N]; N];
    for i in 0..N {
        let mut near = *x;
        near[i] += STEP;
        let (_, there) = gradient_of(&near);
        for j in 0..N {
            hessian[i][j] += 0.5 * (there[j] - gradient[j]) / STEP;
            hessian[j][i] += 0.5 * (there[j] - gradient[j]) / STEP;
        }
    }
    (value, gradient, hessian)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_rosenbrock_1960() {
        let mut x = [-1.2, 1.0];
        let value = newton(&mut x, Stop { steps: 100, gradient: 1e-10 }, |&[x, y]| {
            let value = (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
            let gradient = [-2.0 * (1.0 - x) - 400.0 * x * (y - x * x), 200.0 * (y - x * x)];
            (value, gradient, [[2.0 + 1200.0 * x * x - 400.0 * y, -400.0 * x], [-400.0 * x, 200.0]])
        });
        assert!(value < 1e-18 && (x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8, "{x:?}");
    }

    #[test]
    fn differences_of_the_gradient_give_the_second_derivatives() {
        let (_, _, hessian) = with_differences(&[0.5, -0.3], |&[x, y]| (0.0, [x * x * y, x * x * x / 3.0 + y]));
        let exact = [[-0.3, 0.25], [0.25, 1.0]];
        for (row, exact) in hessian.iter().zip(exact) {
            row.iter().zip(exact).for_each(|(h, e)| assert!((h - e).abs() < 1e-4, "{hessian:?}"));
        }
    }
}
