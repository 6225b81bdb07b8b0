//! Draws charts from plain data, as SVG or PNG.
//!
//! This module knows nothing about graphs or runs. The same data give the same bytes on every machine. Any
//! text is safe: long ones are shortened, and markup is escaped. Any data are safe: values that are not
//! finite are left out, and a chart without data says "no data".
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
//! # Ok::<(), vgae_report::Error>(())
//! ```

mod bars;
mod frame;
mod histogram;
mod lines;
pub mod palette;
mod scatter;
mod series;
mod sheet;
#[cfg(test)]
mod tests;
mod text;
mod ticks;

use std::sync::{Arc, LazyLock};

use resvg::{tiny_skia, usvg};

use crate::{Error, Result};

pub use bars::{BarSeries, Bars};
pub use histogram::{Distribution, Histogram};
pub use lines::{Lines, Mark, Reference, Series, Style};
pub use scatter::Scatter;

/// A chart of one of four kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Curves.
    Lines(Lines),
    /// Bars of categories.
    Bars(Bars),
    /// Distributions over bins.
    Histogram(Histogram),
    /// Points in two dimensions.
    Scatter(Scatter),
}

/// A numeric axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The label, with the unit; empty for no label.
    pub label: String,
    /// The least range to show; data outside widen it. If `None`, the axis fits the data.
    pub range: Option<(f64, f64)>,
    /// Linear or logarithmic.
    pub scale: Scale,
}

/// The scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences have equal lengths.
    Linear,
    /// Equal ratios have equal lengths; values that are not positive are left out.
    Log,
}

/// The size of a picture in CSS pixels, each side from [`Size::SMALLEST`] to [`Size::LARGEST`].
///
/// Text is 11 to 15 pixels high at every size; 420 to 480 pixels of width suit a text column or a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The width.
    pub width: u32,
    /// The height.
    pub height: u32,
}

impl Chart {
    /// Draws the chart as an SVG document.
    ///
    /// Text stays text, the `viewBox` lets a page scale the picture, a title serves screen readers, and all
    /// colours come from the [`palette`]. Each curve is a `<g class="series">`; the points of a map are
    /// shapes in a `<g class="points">`, those of [`Style::Dots`] in a `<g class="dots">`. There are no ids,
    /// so one page can hold several charts. The document is smaller than 200 kB, except for a map of many
    /// points.
    ///
    /// # Errors
    /// Returns [`Error::Size`] if the size is out of range.
    pub fn svg(&self, size: Size) -> Result<String> {
        size.check()?;
        match self {
            Self::Lines(chart) => chart.draw(size),
            Self::Bars(chart) => chart.draw(size),
            Self::Histogram(chart) => chart.draw(size),
            Self::Scatter(chart) => chart.draw(size),
        }
    }

    /// Draws the chart as a PNG file on white, with `scale` pixels per CSS pixel.
    ///
    /// The font is built in, so the fonts of the machine do not matter. It covers Latin, Greek, Cyrillic,
    /// Armenian, Georgian, Hebrew and Arabic; other characters become boxes.
    ///
    /// # Errors
    /// Returns the errors of [`Self::svg`], and [`Error::Size`] if the scale is not positive or the picture
    /// would have more than 100 million pixels.
    pub fn png(&self, size: Size, scale: f64) -> Result<Vec<u8>> {
        size.check()?;
        let num_pixels = f64::from(size.width) * f64::from(size.height) * scale * scale;
        if !(scale > 0.0 && num_pixels <= MAX_PIXELS) {
            return Err(Error::Size(format!(
                "the picture has {}×{} points at scale {scale}; expected a scale above 0 and at most {:e} pixels",
                size.width, size.height, MAX_PIXELS
            )));
        }
        render_png(&self.svg(size)?, size, scale)
    }
}

impl Axis {
    /// Builds a linear axis that fits the data.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), range: None, scale: Scale::Linear }
    }

    /// Makes the axis show at least `low` to `high`.
    pub fn from(self, low: f64, high: f64) -> Self {
        Self { range: Some((low, high)), ..self }
    }

    /// Makes the axis logarithmic.
    pub fn log(self) -> Self {
        Self { scale: Scale::Log, ..self }
    }
}

impl Size {
    /// The smallest width and height.
    pub const SMALLEST: u32 = 160;
    /// The largest width and height.
    pub const LARGEST: u32 = 8000;

    fn check(self) -> Result<()> {
        let range = Self::SMALLEST..=Self::LARGEST;
        if range.contains(&self.width) && range.contains(&self.height) {
            return Ok(());
        }
        Err(Error::Size(format!(
            "the picture has {}×{} points; expected a width and a height of {} to {}",
            self.width,
            self.height,
            Self::SMALLEST,
            Self::LARGEST
        )))
    }
}

/// At 4 bytes per pixel, a larger picture would take more than 400 MB.
const MAX_PIXELS: f64 = 1e8;

/// Renders an SVG of the given size on white, with `scale` pixels per CSS pixel.
fn render_png(svg: &str, size: Size, scale: f64) -> Result<Vec<u8>> {
    let options =
        usvg::Options { fontdb: Arc::clone(&FONTS), font_family: FAMILY.into(), ..Default::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| Error::Chart(error.to_string()))?;
    let pixels = |length: u32| (f64::from(length) * scale).round().max(1.0) as u32;
    let mut picture = tiny_skia::Pixmap::new(pixels(size.width), pixels(size.height))
        .ok_or_else(|| Error::Chart("no memory for the picture".into()))?;
    picture.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale as f32, scale as f32), &mut picture.as_mut());
    picture.encode_png().map_err(|error| Error::Chart(error.to_string()))
}

const FAMILY: &str = "DejaVu Sans";

/// Holds only the built-in font, so that every machine draws the same picture.
static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(text::FONT.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
});
