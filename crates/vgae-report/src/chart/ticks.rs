//! The extent of an axis, and its ticks.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::Scale;

/// The extent and the ticks of an axis, in axis coordinates: logarithms to base 10 on a logarithmic axis.
///
/// The axes of plotters are not used because their tick search is slow for unusual ranges and their labels
/// have many digits.
#[derive(Clone)]
pub(super) struct Extent {
    pub(super) low: f64,
    pub(super) high: f64,
    scale: Scale,
    /// The axis coordinate and the label of each tick.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Extent {
    /// Builds the smallest extent that contains the values and the range, without ticks.
    ///
    /// Values that are not finite or too large to draw are ignored, as are values that are not positive on a
    /// logarithmic axis. An extent of zero width is widened; without values, it is 0 to 1, or 1 to 10 on a
    /// logarithmic axis.
    pub(super) fn new(values: impl Iterator<Item = f64>, range: Option<(f64, f64)>, scale: Scale) -> Self {
        let mut extent = Self { low: 0.0, high: 1.0, scale, ticks: Vec::new() };
        let range = range.into_iter().flat_map(|(from, to)| [from, to]);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for coordinate in values.chain(range).filter_map(|value| extent.scaled(value)) {
            (low, high) = (low.min(coordinate), high.max(coordinate));
        }
        if low > high {
            return extent;
        }
        // The labels of a narrower extent would all be equal.
        if high - low <= NARROWEST * low.abs().max(high.abs()) || high == low {
            let half = match scale {
                Scale::Linear => (low.abs() * 0.1).max(if low == 0.0 { 0.5 } else { 0.0 }),
                Scale::Log => 0.5,
            };
            (low, high) = (low - half, high + half);
        }
        (extent.low, extent.high) = (low, high);
        extent
    }

    /// Returns the axis coordinate of a value, `None` if the axis cannot show it.
    pub(super) fn scaled(&self, value: f64) -> Option<f64> {
        let coordinate = match self.scale {
            Scale::Linear => value,
            Scale::Log if value > 0.0 => value.log10(),
            Scale::Log => return None,
        };
        (coordinate.abs() <= LARGEST).then_some(coordinate)
    }

    /// Widens the extent at both ends, by shares of its length.
    pub(super) fn widen(&mut self, below: f64, above: f64) {
        let length = self.high - self.low;
        (self.low, self.high) = (self.low - below * length, self.high + above * length);
    }

    /// Sets at most about `max_ticks` ticks, at round values.
    pub(super) fn set_ticks(&mut self, max_ticks: usize) {
        let max_ticks = max_ticks.max(2) as f64;
        let decades = self.high.floor() - self.low.ceil();
        self.ticks = match self.scale {
            Scale::Log if decades >= 1.0 => {
                let step = ((decades + 1.0) / max_ticks).ceil().max(1.0);
                steps(self.low, self.high, step)
                    .map(|power| (power, label(10f64.powf(power), power)))
                    .collect()
            }
            Scale::Log => self.linear_ticks(max_ticks),
            Scale::Linear => {
                let step = round_step((self.high - self.low) / max_ticks);
                let largest = self.low.abs().max(self.high.abs());
                steps(self.low, self.high, step).map(|value| (value, text(value, step, largest))).collect()
            }
        };
    }

    /// Returns ticks at evenly spaced round values, for a logarithmic axis that spans less than a decade.
    fn linear_ticks(&self, max_ticks: f64) -> Vec<(f64, String)> {
        let (low, high) = (10f64.powf(self.low), 10f64.powf(self.high));
        let step = round_step((high - low) / max_ticks);
        let value_ticks = steps(low, high, step).filter(|value| *value > 0.0);
        value_ticks.map(|value| (value.log10(), text(value, step, high))).collect()
    }
}

impl Ranged for Extent {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, coordinate: &f64, (from, to): (i32, i32)) -> i32 {
        let share = ((coordinate - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        from + (f64::from(to - from) * share).round() as i32
    }

    fn key_points<H: KeyPointHint>(&self, hint: H) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => Vec::new(),
            false => self.ticks.iter().map(|tick| tick.0).collect(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Extent {
    fn format_ext(&self, coordinate: &f64) -> String {
        self.ticks.iter().find(|(at, _)| at == coordinate).map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

/// Formats a tick label with few digits: thousands as k, very small or large numbers in scientific notation.
///
/// `step` is the difference between neighbouring ticks, and `largest` the largest absolute value on the axis.
pub(super) fn text(value: f64, step: f64, largest: f64) -> String {
    // Rounding may turn a zero into a tiny number.
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    // The label needs as many decimals as the step.
    let digits = |unit: f64| {
        let whole = |scaled: f64| scaled.round() >= 1.0 && (scaled - scaled.round()).abs() < 1e-6 * scaled;
        (0..16).find(|digits| whole(step / unit * 10f64.powi(*digits))).unwrap_or(15) as usize
    };
    let units = [(1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")];
    let found = units.iter().find(|(from, unit, _)| {
        largest >= 0.9999 * from && value.abs() >= 0.9999 * unit && step >= unit / 100.0
    });
    let plain = |unit: f64| trimmed(&format!("{:.*}", digits(unit), value / unit));
    let label = match found {
        _ if value == 0.0 => "0".to_owned(),
        _ if !(1e-3..1e13).contains(&largest) => {
            let mantissa = digits(10f64.powf(largest.log10().floor()));
            let exponential = format!("{value:.mantissa$e}");
            let (number, power) = exponential.split_once('e').unwrap_or((&exponential, "0"));
            format!("{}e{power}", trimmed(number))
        }
        Some((_, unit, suffix)) => plain(*unit) + suffix,
        None => plain(1.0),
    };
    label.replace('-', "−")
}

/// Formats the label of a power of ten.
fn label(value: f64, power: f64) -> String {
    if (-3.0..=9.0).contains(&power) {
        text(value, value, value.max(1.0))
    } else {
        format!("1e{power}").replace('-', "−")
    }
}

fn trimmed(number: &str) -> String {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number.to_owned(),
    }
}

/// Returns the smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|times| times * power);
    steps.into_iter().find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * power)
}

/// Returns the multiples of a step from `low` to `high`, at most [`MAX_TICKS`].
fn steps(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = (last - first + 1.0).clamp(0.0, MAX_TICKS) as usize;
    (0..count).map(move |index| (first + index as f64) * step)
}

const MAX_TICKS: f64 = 50.0;
/// The smallest width of an extent, as a share of its largest absolute value.
const NARROWEST: f64 = 1e-9;
/// Differences of larger values could overflow.
const LARGEST: f64 = 1e100;

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: [f64; 2], scale: Scale, max_ticks: usize) -> Vec<String> {
        let mut extent = Extent::new(values.into_iter(), None, scale);
        extent.set_ticks(max_ticks);
        extent.ticks.into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn labels_are_short_and_distinct() {
        let linear = |low, high, max_ticks| texts([low, high], Scale::Linear, max_ticks);
        assert_eq!(linear(0.0, 1.0, 4), ["0", "0.25", "0.5", "0.75", "1"]);
        assert_eq!(linear(0.0, 1.0, 5), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(linear(0.7, 0.9, 4), ["0.7", "0.75", "0.8", "0.85", "0.9"]);
        assert_eq!(linear(-10.0, 10.0, 4), ["−10", "−5", "0", "5", "10"]);
        assert_eq!(linear(0.0, 20_000.0, 4), ["0", "5k", "10k", "15k", "20k"]);
        assert_eq!(linear(0.0, 2e6, 4), ["0", "500k", "1M", "1.5M", "2M"]);
        assert_eq!(linear(0.0, 2000.0, 4), ["0", "500", "1000", "1500", "2000"]);
        assert_eq!(linear(0.0, 4e-5, 4), ["0", "1e−5", "2e−5", "3e−5", "4e−5"]);
        assert_eq!(linear(0.0, 4e20, 4), ["0", "1e20", "2e20", "3e20", "4e20"]);
        assert_eq!(
            linear(1e9, 1e9 + 4.0, 4),
            ["1000000000", "1000000001", "1000000002", "1000000003", "1000000004"]
        );
        assert_eq!(texts([1e-5, 1.0], Scale::Log, 6), ["1e−5", "1e−4", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(texts([1.0, 1e6], Scale::Log, 4), ["1", "100", "10k", "1M"]);
        assert_eq!(texts([2.0, 6.0], Scale::Log, 4), ["2", "3", "4", "5", "6"]);
    }
}
