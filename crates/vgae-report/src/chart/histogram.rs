//! Overlaid histograms, such as the scores of links and of non-links.

use plotters::element::Polygon;

use super::frame::{Frame, Horizontal, Plot, Position, stroke, units};
use super::sheet::NO_ATTRIBUTE;
use super::ticks::Extent;
use super::{Axis, Size, series};
use crate::Result;

/// A histogram of one or more distributions over common bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The title above the chart; empty for no title.
    pub title: String,
    /// The axis of the values.
    pub x: Axis,
    /// The axis of the counts, shares or densities, which begins at 0.
    pub y: Axis,
    /// The bounds of the bins, ascending: one more than there are bins.
    pub edges: Vec<f64>,
    /// The distributions, in the order of the colours and the legend. The first is drawn as an area, the
    /// others as lines with a pale area. A single one without a name has no legend.
    pub series: Vec<Distribution>,
}

/// A distribution over the bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// The name in the legend.
    pub name: String,
    /// The count, share or density of each bin: one fewer than the edges.
    pub heights: Vec<f64>,
}

const WIDTH: f64 = 1.8;

impl Histogram {
    pub(super) fn draw(&self, size: Size) -> Result<String> {
        let mut frame = Frame::new(&self.title, "Histogram", &[&self.y.label, &self.x.label], size)?;
        let alone = matches!(self.series.as_slice(), [only] if only.name.trim().is_empty());
        let names: Vec<(String, f64)> =
            self.series.iter().map(|series| (series::display_name(&series.name), 22.0)).collect();
        frame.legend(if alone { &[] } else { &names }, |frame, index, (left, middle), width| {
            let half = units(5.0);
            let (right, top, bottom) = (left + width, middle - half, middle + half);
            outline(
                frame,
                index,
                vec![(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)],
            )
        })?;

        let heights = || self.series.iter().flat_map(|series| &series.heights).copied();
        let mut x = Extent::new(self.edges.iter().copied(), self.x.range, self.x.scale);
        let mut y = Extent::new(heights().chain([0.0]), self.y.range, self.y.scale);
        if self.y.range.is_none() {
            y.widen(0.0, 0.05);
        }
        let plot = frame.axes((&mut x, &self.x.label), (&mut y, &self.y.label), Horizontal::Values, 0.0)?;
        let mut drawn = false;
        for (index, series) in self.series.iter().enumerate() {
            let corners = self.corners(&series.heights, &plot, (&x, &y));
            frame.sheet.begin("series", &series.name, NO_ATTRIBUTE);
            if !corners.is_empty() {
                drawn = true;
                outline(&frame, index, corners)?;
            }
            frame.sheet.end();
        }
        if !drawn {
            frame.write_no_data(&plot)?;
        }
        Ok(frame.sheet.finish())
    }

    /// Returns the outline of a distribution, beginning and ending on the baseline.
    fn corners(&self, heights: &[f64], plot: &Plot, (x, y): (&Extent, &Extent)) -> Vec<Position> {
        let mut corners = Vec::new();
        for (bin, height) in self.edges.windows(2).zip(heights) {
            let [from, to] = bin else { continue };
            let (Some(from), Some(to)) = (x.scaled(*from), x.scaled(*to)) else { continue };
            let height = y.scaled(*height).unwrap_or(y.low);
            corners.extend([plot.position((from, height)), plot.position((to, height))]);
        }
        let mut corners = series::simplified(&corners, 1.0);
        if let (Some(first), Some(last)) = (corners.first().copied(), corners.last().copied()) {
            let ground = plot.position((x.low, y.low)).1;
            corners.insert(0, (first.0, ground));
            corners.push((last.0, ground));
        }
        corners
    }
}

fn outline(frame: &Frame, index: usize, corners: Vec<Position>) -> Result<()> {
    let colour = series::colour(index);
    let opacity = if index == 0 { 0.35 } else { 0.1 };
    frame.draw(&Polygon::new(corners.clone(), stroke(colour, opacity, 1.0).filled()))?;
    frame.sheet.begin("outline", "", series::dashes(index));
    frame.line(corners, colour, WIDTH)?;
    frame.sheet.end();
    Ok(())
}
