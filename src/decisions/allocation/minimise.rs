//! Minimises a convex, nearly smooth function over x >= 0: projected L-BFGS.
//!
//! Byrd, Lu, Nocedal, Zhu (1995) for the idea of L-BFGS under bounds, here with the simpler rule of Bertsekas (1982): variables
//! at the bound whose gradient pushes them out are fixed for the step. The line search is that of Lewis and Overton (2013),
//! which also converges where the function has kinks, as a dual function of few customers has.

use std::collections::VecDeque;

/// How far to go.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most evaluations of the function.
    pub evaluations: usize,
    /// Stop when four steps together gain less than this part of the function.
    pub gain: f64,
}

/// The best point found.
#[derive(Debug, Clone)]
pub struct Minimum {
    /// The point.
    pub x: Vec<f64>,
    /// The function there.
    pub f: f64,
    /// Evaluations it took.
    pub evaluations: usize,
    /// Good points on the way, the best last.
    pub trail: Vec<Vec<f64>>,
}

/// Pairs of steps and gradient changes that are kept.
const MEMORY: usize = 24;

#[derive(Clone)]
struct Point {
    x: Vec<f64>,
    f: f64,
    g: Vec<f64>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Minimises `function` (value and gradient) from `start`.
pub fn minimise(start: Vec<f64>, limits: Limits, mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>)) -> Minimum {
    let (f, g) = function(&start);
    let mut now = Point { x: start, f, g };
    let mut found = Minimum { x: now.x.clone(), f, evaluations: 1, trail: vec![now.x.clone()] };
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    let mut history = vec![f];
    while found.evaluations < limits.evaluations {
        let direction = direction(&now, &memory);
        let slope = dot(&direction, &now.g);
        let next = if slope < 0.0 { search(&now, &direction, limits, &mut found, &mut function) } else { None };
        let Some(next) = next else {
            if memory.is_empty() {
                break;
            }
            // A kink has spoilt the curvature that was gathered: begin again from here.
            memory.clear();
            continue;
        };
        let s: Vec<f64> = next.x.iter().zip(&now.x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next.g.iter().zip(&now.g).map(|(a, b)| a - b).collect();
        if dot(&s, &y) > 1e-12 * (dot(&s, &s) * dot(&y, &y)).sqrt() {
            memory.push_back((s, y));
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        now = next;
        if now.f < found.f {
            found.f = now.f;
            found.x.clone_from(&now.x);
            found.trail.push(now.x.clone());
        }
        history.push(found.f);
        let back = history.len().saturating_sub(5);
        if history.len() > 5 && history[back] - found.f <= limits.gain * found.f.abs() {
            break;
        }
    }
    let keep = found.trail.len().saturating_sub(6);
    found.trail.drain(..keep);
    found
}

/// Minus the inverse Hessian's estimate times the gradient, over the variables that are free to move.
fn direction(now: &Point, memory: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let free: Vec<bool> = now.x.iter().zip(&now.g).map(|(&x, &g)| x > 0.0 || g < 0.0).collect();
    let masked =
        |v: &[f64]| -> Vec<f64> { v.iter().zip(&free).map(|(&v, &free)| if free { v } else { 0.0 }).collect() };
    let mut q = masked(&now.g);
    // Pairs as seen by the free variables only; those that lose their curvature so are left out.
    let pairs: Vec<(Vec<f64>, Vec<f64>, f64)> = (memory.iter())
        .map(|(s, y)| (masked(s), masked(y)))
        .filter_map(|(s, y)| {
            let curvature = dot(&s, &y);
            (curvature > 1e-14 * (dot(&s, &s) * dot(&y, &y)).sqrt() && curvature > 0.0).then_some((s, y, curvature))
        })
        .collect();
    let Some((_, last, curvature)) = pairs.last() else {
        // The first step moves the prices by about a tenth of the function's value in all.
        let size = 0.1 * now.f.abs().max(1e-9) / dot(&q, &q).max(f64::MIN_POSITIVE);
        return q.iter().map(|g| -g * size).collect();
    };
    let scale = curvature / dot(last, last);
    let mut alphas = vec![0.0; pairs.len()];
    for (alpha, (s, y, curvature)) in alphas.iter_mut().zip(&pairs).rev() {
        *alpha = dot(s, &q) / curvature;
        q.iter_mut().zip(y).for_each(|(q, y)| *q -= *alpha * y);
    }
    q.iter_mut().for_each(|q| *q *= scale);
    for (alpha, (s, y, curvature)) in alphas.iter().zip(&pairs) {
        let beta = dot(y, &q) / curvature;
        q.iter_mut().zip(s).for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q.iter()
        .zip(&now.x)
        .zip(&free)
        .map(|((&q, &x), &free)| if !free || (x <= 0.0 && q > 0.0) { 0.0 } else { -q })
        .collect()
}

/// A point along the projected direction that falls enough and is steep enough no longer; `None` when there is none.
fn search(
    now: &Point,
    direction: &[f64],
    limits: Limits,
    found: &mut Minimum,
    function: &mut impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Option<Point> {
    let (mut low, mut high, mut step) = (0.0, f64::INFINITY, 1.0);
    let slope = dot(direction, &now.g);
    let mut fallen: Option<Point> = None;
    for _ in 0..12 {
        if found.evaluations >= limits.evaluations {
            break;
        }
        let x: Vec<f64> = now.x.iter().zip(direction).map(|(x, d)| (x + step * d).max(0.0)).collect();
        let moved: Vec<f64> = x.iter().zip(&now.x).map(|(a, b)| a - b).collect();
        let (f, g) = function(&x);
        found.evaluations += 1;
        if f > now.f + 1e-4 * dot(&now.g, &moved) {
            high = step;
        } else {
            let flat = dot(&g, &moved) / step >= 0.5 * slope;
            fallen = Some(Point { x, f, g });
            if flat {
                break;
            }
            low = step;
        }
        step = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * step };
    }
    fallen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bounded_minimum_of_a_quadratic() {
        // (x - 3)^2 + 10 (y + 1)^2 + x y over x, y >= 0: at y = 0 the slope in y is 20 + x > 0, so (3, 0).
        let limits = Limits { evaluations: 100, gain: 0.0 };
        let found = minimise(vec![1.0, 5.0], limits, |v| {
            let (x, y) = (v[0], v[1]);
            ((x - 3.0).powi(2) + 10.0 * (y + 1.0).powi(2) + x * y, vec![2.0 * (x - 3.0) + y, 20.0 * (y + 1.0) + x])
        });
        assert!((found.x[0] - 3.0).abs() < 1e-6 && found.x[1] == 0.0, "{:?}", found.x);
    }

    #[test]
    fn converges_where_the_function_has_kinks() {
        let limits = Limits { evaluations: 300, gain: 0.0 };
        let found = minimise(vec![0.0, 0.0], limits, |v| {
            let terms = [v[0] - 2.0 * v[1] + 1.0, -3.0 * v[0] + v[1] + 4.0, v[0] + v[1] - 1.0];
            let slopes = [[1.0, -2.0], [-3.0, 1.0], [1.0, 1.0]];
            let top = (0..3).max_by(|&a, &b| terms[a].total_cmp(&terms[b])).unwrap();
            (terms[top], slopes[top].to_vec())
        });
        // The three planes meet at (1.25, 0.667), where the function is 0.9167.
        assert!(found.f < 0.9167 + 1e-3, "{found:?}");
    }
}
