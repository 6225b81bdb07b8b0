//! Bar charts over categories, such as metrics by degree or variances of latent dimensions.

use plotters::element::Rectangle;
use plotters::style::text_anchor::HPos;

use super::frame::{Frame, Horizontal, Plot, stroke, units};
use super::palette::{self, Colour};
use super::sheet::{NO_ATTRIBUTE, TEXT, UNITS};
use super::ticks::Extent;
use super::{Axis, Scale, Size, series, text};
use crate::Result;

/// A bar chart with a group of bars for each category.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    /// The title above the chart; empty for no title.
    pub title: String,
    /// The label of the axis of categories.
    pub x_label: String,
    /// The vertical axis. Bars start at 0, or at the lower end of the axis if it is logarithmic or its range
    /// excludes 0.
    pub y: Axis,
    /// The names of the categories, from left to right. If they are too many to fit, only some are written.
    pub categories: Vec<String>,
    /// A second line under each category's name, such as a count; empty for no second line.
    pub notes: Vec<String>,
    /// The series, in the order of the colours and the legend. A single series without a name has no legend.
    pub series: Vec<BarSeries>,
}

/// The bars of one colour.
#[derive(Debug, Clone, PartialEq)]
pub struct BarSeries {
    /// The name in the legend.
    pub name: String,
    /// A value for each category, `None` for no bar. Values that are not finite count as `None`.
    pub values: Vec<Option<f64>>,
}

const NOTE: f64 = 11.0;
/// The share of a category's width that its bars fill.
const FILLED: f64 = 0.76;

impl Bars {
    pub(super) fn draw(&self, size: Size) -> Result<String> {
        let mut frame = Frame::new(&self.title, "Bars", &[&self.y.label, &self.x_label], size)?;
        let alone = matches!(self.series.as_slice(), [only] if only.name.trim().is_empty());
        let names: Vec<(String, f64)> =
            self.series.iter().map(|series| (series::display_name(&series.name), 14.0)).collect();
        frame.legend(if alone { &[] } else { &names }, |frame, index, (left, middle), width| {
            let half = units(5.0);
            bar(frame, index, [(left, middle - half), (left + width, middle + half)])
        })?;

        let num_categories = self.categories.len().max(self.longest());
        let values = || self.series.iter().flat_map(|series| &series.values).flatten().copied();
        let zero = (self.y.range.is_none() && self.y.scale == Scale::Linear).then_some(0.0);
        let mut y = Extent::new(values().chain(zero), self.y.range, self.y.scale);
        if self.y.range.is_none() {
            let below = if y.low < 0.0 { 0.04 } else { 0.0 };
            y.widen(below, 0.04);
        }
        let mut x = Extent::new([0.0, num_categories.max(1) as f64].into_iter(), None, Scale::Linear);
        let below = if self.notes.is_empty() { 0.0 } else { NOTE * 1.4 };
        // `names` writes the labels of the categories.
        let plot =
            frame.axes((&mut x, &self.x_label), (&mut y, &self.y.label), Horizontal::Categories, below)?;
        if values().all(|value| y.scaled(value).is_none()) {
            frame.write_no_data(&plot)?;
        }
        let base = y.scaled(0.0).unwrap_or(y.low).clamp(y.low, y.high);
        let base = if self.y.scale == Scale::Log { y.low } else { base };
        if base > y.low {
            let ((left, right), _) = plot.edges();
            let height = plot.position((0.0, base)).1;
            frame.line(vec![(left, height), (right, height)], palette::MUTED, 1.0)?;
        }
        self.bars(&frame, &plot, num_categories, (&y, base))?;
        self.names(&frame, &plot)?;
        Ok(frame.sheet.finish())
    }

    fn longest(&self) -> usize {
        self.series.iter().map(|series| series.values.len()).max().unwrap_or(0)
    }

    fn bars(
        &self,
        frame: &Frame,
        plot: &Plot,
        num_categories: usize,
        (y, base): (&Extent, f64),
    ) -> Result<()> {
        let ((left, right), _) = plot.edges();
        let num_series = self.series.len().max(1);
        // Bars narrower than a pixel are merged with their neighbours into one bar of the largest value.
        let room = f64::from(right - left) / UNITS;
        let share = (num_categories as f64 * num_series as f64 / room.max(1.0)).ceil().max(1.0) as usize;
        let num_bars = num_categories as f64 * num_series as f64 / share as f64;
        let narrow = room < 3.0 * num_bars;
        let filled = if narrow { 1.0 } else { FILLED };
        let width = filled * share as f64 / num_series as f64;
        for (index, series) in self.series.iter().enumerate() {
            frame.sheet.begin("series", &series.name, NO_ATTRIBUTE);
            for (slot, values) in series.values.chunks(share).enumerate() {
                let positions = values.iter().flatten().filter_map(|value| y.scaled(*value));
                let Some(value) =
                    positions.max_by(|one, other| (one - base).abs().total_cmp(&(other - base).abs()))
                else {
                    continue;
                };
                let from = (slot * share) as f64 + (1.0 - filled) * 0.5 * share as f64 + index as f64 * width;
                bar(frame, index, [plot.position((from, value)), plot.position((from + width, base))])?;
            }
            frame.sheet.end();
        }
        Ok(())
    }

    /// Writes the names and notes of as many categories as fit.
    fn names(&self, frame: &Frame, plot: &Plot) -> Result<()> {
        const GAP: f64 = 6.0;
        let ((left, right), (_, bottom)) = plot.edges();
        let slot = f64::from(right - left) / UNITS / self.categories.len().max(1) as f64;
        let widest = |texts: &[String], size: f64| {
            texts.iter().map(|words| text::width(words, size)).fold(0.0, f64::max)
        };
        let wanted = widest(&self.categories, TEXT).max(widest(&self.notes, NOTE)).min(64.0) + GAP;
        let every = (wanted / slot).ceil().max(1.0) as usize;
        let room = slot * every as f64 - GAP;
        let under = f64::from(bottom) / UNITS + 5.0;
        frame.sheet.begin("categories", "", NO_ATTRIBUTE);
        for (index, category) in self.categories.iter().enumerate().step_by(every) {
            let middle = f64::from(left) / UNITS + (index as f64 + 0.5) * slot;
            let write = |words: &str, size: f64, down: f64, colour: Colour| {
                let words = text::fitted(words, size, room);
                frame.write(&words, (middle, under + down), HPos::Center, size, colour)
            };
            write(category, TEXT, TEXT * 0.5, palette::MUTED)?;
            if let Some(note) = self.notes.get(index) {
                write(note, NOTE, TEXT * 1.4 + NOTE * 0.4, palette::MUTED)?;
            }
        }
        frame.sheet.end();
        Ok(())
    }
}

/// Draws a bar: filled for the first series, pale with an outline for the second, only an outline for the
/// third.
fn bar(frame: &Frame, index: usize, corners: [(i32, i32); 2]) -> Result<()> {
    let colour = series::colour(index);
    let opacity = [1.0, 0.3, 0.0][index % 3];
    if opacity > 0.0 {
        frame.draw(&Rectangle::new(corners, stroke(colour, opacity, 1.0).filled()))?;
    }
    if opacity < 1.0 {
        frame.draw(&Rectangle::new(corners, stroke(colour, 1.0, 1.2)))?;
    }
    Ok(())
}
