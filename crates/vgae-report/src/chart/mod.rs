//! Charts as pictures: plain data in, an SVG or a PNG out.
//!
//! A chart knows nothing of graphs or of runs. The same data give the same bytes on every machine. Texts may be anything;
//! those that are too long are shortened, and none can break out of the SVG. Data may be anything: what is not finite is left
//! out, and a chart without data says so.
//!
//! # Examples
//! ```
//! use vgae_report::chart::{Axis, Chart, Lines, Reference, Series, Size, Style};
//!
//! let chart = Chart::Lines(Lines {
//!     title: "ROC curve".into(),
//!     x: Axis::new("false positive rate").from(0.0, 1.0),
//!     y: Axis::new("true positive rate").from(0.0, 1.0),
//!     series: vec![Series {
//!         name: "test, AUC 0.75".into(),
//!         points: vec![(0.0, 0.0), (0.0, 0.5), (0.5, 0.5), (0.5, 1.0), (1.0, 1.0)],
//!         style: Style::Line,
//!     }],
//!     reference: Some(Reference::Diagonal("chance".into())),
//!     marks: Vec::new(),
//! });
//! let svg = chart.svg(Size { width: 420, height: 420 })?;
//! assert!(svg.starts_with("<svg ") && svg.contains("test, AUC 0.75"));
//! let png = chart.png(Size { width: 420, height: 420 }, 2.0)?;
//! assert!(png.starts_with(b"\x89PNG"));
//! # Ok::<(), vgae::Error>(())
//! ```

mod bars;
mod frame;
mod histogram;
mod lines;
mod marks;
pub mod palette;
mod png;
mod scatter;
mod sheet;
mod simplify;
#[cfg(test)]
mod tests;
mod text;
mod ticks;

use crate::error::{Error, Result};

pub use bars::{BarSeries, Bars};
pub use histogram::{Distribution, Histogram};
pub use lines::{Lines, Mark, Reference, Series, Style};
pub use scatter::Scatter;

/// A picture of data.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Curves.
    Lines(Lines),
    /// Bars of categories.
    Bars(Bars),
    /// Distributions over bins.
    Histogram(Histogram),
    /// Points in the plane.
    Scatter(Scatter),
}

/// An axis of numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it measures, with the unit; empty for nothing.
    pub label: String,
    /// What it shows at least; data beyond it widen it. Without one, it shows the data and little more.
    pub range: Option<(f64, f64)>,
    /// How values lie along it.
    pub scale: Scale,
}

/// How values lie along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long; values that are not positive have no place.
    Log,
}

/// The size of a picture in CSS pixels, each from [`Size::SMALLEST`] to [`Size::LARGEST`].
///
/// Texts are 11 to 15 pixels high whatever the size: a picture for a column of text or a phone is 420 to 480 wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

impl Chart {
    /// The chart as an SVG document: text remains text, the `viewBox` lets a page scale it, the title is there for screen
    /// readers, and all colours are of the [`palette`].
    ///
    /// Each curve is a `<g class="series">`, each point of a map or of [`Style::Dots`] a shape in a `<g class="points">` or
    /// `<g class="dots">`. There are no ids, so that a page can hold several. Less than 200 kB, except for a map of many points.
    ///
    /// # Errors
    /// [`Error::Config`] if the size is not in its range.
    pub fn svg(&self, size: Size) -> Result<String> {
        size.check()?;
        match self {
            Self::Lines(chart) => chart.draw(size),
            Self::Bars(chart) => chart.draw(size),
            Self::Histogram(chart) => chart.draw(size),
            Self::Scatter(chart) => chart.draw(size),
        }
    }

    /// [`Self::svg`] as a PNG file on white, of `scale` pixels to each CSS pixel.
    ///
    /// The font is part of the program, so that no font of the machine matters. It has the letters of Latin, Greek, Cyrillic,
    /// Armenian, Georgian, Hebrew and Arabic; others are boxes.
    ///
    /// # Errors
    /// As [`Self::svg`], and [`Error::Config`] if the scale is not positive or the picture would have more than
    /// 100 million pixels.
    pub fn png(&self, size: Size, scale: f64) -> Result<Vec<u8>> {
        size.check()?;
        let num_pixels = f64::from(size.width) * f64::from(size.height) * scale * scale;
        if !(scale > 0.0 && num_pixels <= png::MOST_PIXELS) {
            return Err(Error::Config(format!(
                "a picture of {}×{} at scale {scale}; expected a positive scale and at most {:e} pixels",
                size.width,
                size.height,
                png::MOST_PIXELS
            )));
        }
        png::render(&self.svg(size)?, size, scale)
    }
}

impl Axis {
    /// A linear axis that shows the data.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), range: None, scale: Scale::Linear }
    }

    /// The axis, showing at least from `low` to `high`.
    pub fn from(self, low: f64, high: f64) -> Self {
        Self { range: Some((low, high)), ..self }
    }

    /// The axis, logarithmic.
    pub fn log(self) -> Self {
        Self { scale: Scale::Log, ..self }
    }
}

impl Size {
    /// The least width and height.
    pub const SMALLEST: u32 = 160;
    /// The greatest width and height.
    pub const LARGEST: u32 = 8000;

    fn check(self) -> Result<()> {
        let range = Self::SMALLEST..=Self::LARGEST;
        if range.contains(&self.width) && range.contains(&self.height) {
            return Ok(());
        }
        Err(Error::Config(format!(
            "a picture of {}×{} pixels; expected a width and a height of {} to {}",
            self.width,
            self.height,
            Self::SMALLEST,
            Self::LARGEST
        )))
    }
}
