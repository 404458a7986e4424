//! A horizontal bar, drawn as SVG: the page's policy allows neither script nor inline style.

use serde::Serialize;

/// A bar over a track of 100 units.
#[derive(Debug, Clone, Serialize)]
pub struct Bar {
    x: String,
    width: String,
    tone: &'static str,
    label: String,
}

/// `part` of `whole`.
pub fn share(part: f64, whole: f64, tone: &'static str) -> Bar {
    let width = if whole > 0.0 { (part / whole * 100.0).clamp(0.0, 100.0) } else { 0.0 };
    Bar { x: "0".into(), width: format!("{width:.2}"), tone, label: format!("{width:.0} %") }
}

/// A signed value on a scale from `least` (at most 0) to `most` (at least 0); losses lie left of the zero line.
pub fn signed(value: f64, least: f64, most: f64) -> Bar {
    let (least, most) = (least.min(0.0), most.max(0.0));
    let span = (most - least).max(f64::MIN_POSITIVE);
    let zero = -least / span * 100.0;
    let width = value.abs() / span * 100.0;
    let (x, tone) = if value < 0.0 { (zero - width, "bad") } else { (zero, "good") };
    Bar { x: format!("{x:.2}"), width: format!("{width:.2}"), tone, label: format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stay_on_their_track() {
        assert_eq!(share(5.0, 20.0, "").width, "25.00");
        assert_eq!(share(5.0, 0.0, "").width, "0.00");
        let loss = signed(-25.0, -25.0, 75.0);
        assert_eq!((loss.x.as_str(), loss.width.as_str(), loss.tone), ("0.00", "25.00", "bad"));
        let gain = signed(75.0, -25.0, 75.0);
        assert_eq!((gain.x.as_str(), gain.width.as_str(), gain.tone), ("25.00", "75.00", "good"));
    }
}
