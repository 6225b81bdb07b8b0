//! The extent of an axis, and where its ticks stand and what they say.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::Scale;

/// An axis with its extent and ticks, on the axis' own scale: logarithms to base 10 where it is logarithmic.
///
/// The ticks of plotters' own axes are searched for in loops that odd ranges make long, and their texts have many digits.
#[derive(Clone)]
pub(super) struct Extent {
    pub(super) low: f64,
    pub(super) high: f64,
    scale: Scale,
    /// Each tick's place and text.
    pub(super) ticks: Vec<(f64, String)>,
}

impl Extent {
    /// The least extent that holds the values and the range, without ticks.
    ///
    /// Values that are not finite or too large to be drawn, and on a logarithmic axis those that are not positive, do not
    /// count. An extent of no width is widened; one of no values is that from 0 to 1, or from 1 to 10.
    pub(super) fn of(values: impl Iterator<Item = f64>, range: Option<(f64, f64)>, scale: Scale) -> Self {
        let mut extent = Self { low: 0.0, high: 1.0, scale, ticks: Vec::new() };
        let range = range.into_iter().flat_map(|(from, to)| [from, to]);
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for place in values.chain(range).filter_map(|value| extent.place(value)) {
            (low, high) = (low.min(place), high.max(place));
        }
        if low > high {
            return extent;
        }
        // Nearer ones cannot be told apart by their texts.
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

    /// Where a value lies on the axis' scale; none if it has no place there.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let place = match self.scale {
            Scale::Linear => value,
            Scale::Log if value > 0.0 => value.log10(),
            Scale::Log => return None,
        };
        (place.abs() <= LARGEST).then_some(place)
    }

    /// Some more room at both ends, as a part of the extent.
    pub(super) fn widen(&mut self, below: f64, above: f64) {
        let length = self.high - self.low;
        (self.low, self.high) = (self.low - below * length, self.high + above * length);
    }

    /// At most about `most` ticks at round values.
    pub(super) fn mark(&mut self, most: usize) {
        let most = most.max(2) as f64;
        let decades = self.high.floor() - self.low.ceil();
        self.ticks = match self.scale {
            Scale::Log if decades >= 1.0 => {
                let step = ((decades + 1.0) / most).ceil().max(1.0);
                steps(self.low, self.high, step)
                    .map(|place| (place, label(10f64.powf(place), place)))
                    .collect()
            }
            Scale::Log => self.within_a_decade(most),
            Scale::Linear => {
                let step = round_step((self.high - self.low) / most);
                let largest = self.low.abs().max(self.high.abs());
                steps(self.low, self.high, step).map(|place| (place, text(place, step, largest))).collect()
            }
        };
    }

    /// Round values of a linear axis, at their logarithms.
    fn within_a_decade(&self, most: f64) -> Vec<(f64, String)> {
        let (low, high) = (10f64.powf(self.low), 10f64.powf(self.high));
        let step = round_step((high - low) / most);
        let value_ticks = steps(low, high, step).filter(|value| *value > 0.0);
        value_ticks.map(|value| (value.log10(), text(value, step, high))).collect()
    }
}

impl Ranged for Extent {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (from, to): (i32, i32)) -> i32 {
        let share = ((place - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
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
    fn format_ext(&self, place: &f64) -> String {
        self.ticks.iter().find(|(at, _)| at == place).map(|(_, words)| words.clone()).unwrap_or_default()
    }
}

/// A number for a reader: few digits, thousands as k, very small or large ones as a power of ten.
///
/// `step` is what two neighbours differ by, and `largest` the largest number beside it.
pub(super) fn text(value: f64, step: f64, largest: f64) -> String {
    // A zero that rounding missed.
    let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
    // As many as the step has, which is a short number.
    let digits = |unit: f64| {
        let whole = |scaled: f64| scaled.round() >= 1.0 && (scaled - scaled.round()).abs() < 1e-6 * scaled;
        (0..16).find(|digits| whole(step / unit * 10f64.powi(*digits))).unwrap_or(15) as usize
    };
    let units = [(1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")];
    let found = units.iter().find(|(from, unit, _)| {
        largest >= 0.9999 * from && value.abs() >= 0.9999 * unit && step >= unit / 100.0
    });
    let plain = |unit: f64| trimmed(&format!("{:.*}", digits(unit), value / unit));
    let said = match found {
        _ if value == 0.0 => "0".to_owned(),
        _ if !(1e-3..1e13).contains(&largest) => {
            let mantissa = digits(10f64.powf(largest.log10().floor()));
            let exponential = format!("{value:.mantissa$e}");
            let (number, power) = exponential.split_once('e').unwrap_or((&exponential, "0"));
            format!("{}e{power}", trimmed(number))
        }
        Some((_, unit, name)) => plain(*unit) + name,
        None => plain(1.0),
    };
    said.replace('-', "−")
}

/// The power of ten of a decade.
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

/// The least of 1, 2, 2.5 and 5 times a power of ten that is no less than the least step.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|times| times * power);
    steps.into_iter().find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * power)
}

/// The multiples of a step from `low` to `high`: never more than [`MOST_TICKS`].
fn steps(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((low / step - 1e-6).ceil(), (high / step + 1e-6).floor());
    let count = (last - first + 1.0).clamp(0.0, MOST_TICKS) as usize;
    (0..count).map(move |index| (first + index as f64) * step)
}

const MOST_TICKS: f64 = 50.0;
const NARROWEST: f64 = 1e-9;
/// Beyond it, differences overflow.
const LARGEST: f64 = 1e100;

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(values: [f64; 2], scale: Scale, most: usize) -> Vec<String> {
        let mut extent = Extent::of(values.into_iter(), None, scale);
        extent.mark(most);
        extent.ticks.into_iter().map(|tick| tick.1).collect()
    }

    #[test]
    fn texts_are_short_and_differ() {
        let linear = |low, high, most| texts([low, high], Scale::Linear, most);
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
