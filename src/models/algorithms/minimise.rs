//! Minimises a smooth convex function: L-BFGS with a diagonal start (Nocedal and Wright 2006, algorithms 7.4 and 7.5).

use std::collections::VecDeque;

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 10;
/// A step must bring this share of what the slope promises (Armijo).
const SUFFICIENT: f64 = 1e-4;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Most steps.
    pub steps: usize,
    /// Largest absolute component of the gradient that counts as zero.
    pub gradient: f64,
    /// Five steps that bring less than this share of the value are the last.
    pub gain: f64,
}

/// Walks from `x` to the minimum of `function`, which writes its gradient into the slice and returns its value.
/// `curvature` is a guess of the second derivatives' diagonal, all positive: it scales the first step, and one good guess saves
/// many steps where columns differ in size. Returns the value reached.
pub fn minimise(
    x: &mut Vec<f64>,
    curvature: &[f64],
    stop: Stop,
    function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> f64 {
    let scale = |direction: &mut [f64]| direction.iter_mut().zip(curvature).for_each(|(d, c)| *d /= c);
    minimise_scaled(x, scale, stop, function)
}

/// As [`minimise`], with a guess of all second derivatives: `scale` multiplies a direction by their inverse.
pub fn minimise_scaled(
    x: &mut Vec<f64>,
    scale: impl Fn(&mut [f64]),
    stop: Stop,
    mut function: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> f64 {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    let mut value = function(x, &mut gradient);
    let mut memory: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    let mut checkpoint = value;
    for step in 0..stop.steps {
        if step % 5 == 0 && step > 0 {
            if checkpoint - value <= stop.gain * value.abs() {
                break;
            }
            checkpoint = value;
        }
        if gradient.iter().all(|g| g.abs() <= stop.gradient) {
            break;
        }
        let direction = descent(&gradient, &scale, &memory);
        let slope = dot(&gradient, &direction);
        let Some((step, there, new_value, new_gradient)) = line_search(x, &direction, value, slope, &mut function)
        else {
            break; // rounding hides any further descent
        };
        let change: Vec<f64> = new_gradient.iter().zip(&gradient).map(|(new, old)| new - old).collect();
        let moved: Vec<f64> = direction.iter().map(|d| d * step).collect();
        let product = dot(&moved, &change);
        if product > 1e-12 * dot(&change, &change).sqrt() * dot(&moved, &moved).sqrt() {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back(Pair { moved, change, inverse: 1.0 / product });
        }
        *x = there;
        gradient = new_gradient;
        value = new_value;
    }
    value
}

struct Pair {
    moved: Vec<f64>,
    change: Vec<f64>,
    inverse: f64,
}

/// The two loops: -H gradient, with H from the remembered pairs over the guess.
fn descent(gradient: &[f64], scale: &impl Fn(&mut [f64]), memory: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for pair in memory.iter().rev() {
        let share = pair.inverse * dot(&pair.moved, &direction);
        add(&mut direction, &pair.change, -share);
        shares.push(share);
    }
    scale(&mut direction);
    for (pair, share) in memory.iter().zip(shares.into_iter().rev()) {
        let back = pair.inverse * dot(&pair.change, &direction);
        add(&mut direction, &pair.moved, share - back);
    }
    direction
}

/// Halves the step until the value falls enough; None when 40 halvings do not help.
fn line_search(
    x: &[f64],
    direction: &[f64],
    value: f64,
    slope: f64,
    function: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Option<(f64, Vec<f64>, f64, Vec<f64>)> {
    let mut gradient = vec![0.0; x.len()];
    let mut step = 1.0;
    for _ in 0..40 {
        let there: Vec<f64> = x.iter().zip(direction).map(|(x, d)| x + step * d).collect();
        let reached = function(&there, &mut gradient);
        if reached <= value + SUFFICIENT * step * slope {
            return Some((step, there, reached, gradient));
        }
        step *= 0.5;
    }
    None
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn add(to: &mut [f64], what: &[f64], times: f64) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += times * w);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_an_ill_scaled_bowl() {
        let scale = [1.0, 100.0, 1e4];
        let mut x = vec![5.0; 3];
        let value = minimise(&mut x, &[1.0; 3], Stop { steps: 200, gradient: 1e-9, gain: 0.0 }, |x, gradient| {
            let mut value = 0.0;
            for i in 0..3 {
                let away = x[i] - i as f64;
                gradient[i] = scale[i] * away;
                value += 0.5 * scale[i] * away * away;
            }
            value
        });
        assert!(value < 1e-12 && x.iter().enumerate().all(|(i, x)| (x - i as f64).abs() < 1e-8), "{x:?}");
    }
}
