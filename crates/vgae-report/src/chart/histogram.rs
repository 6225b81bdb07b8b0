//! Histograms over one another: scores of links and of non-links.

use plotters::element::Polygon;

use super::frame::{Across, Frame, Place, Plot, stroke, units};
use super::ticks::Extent;
use super::{Axis, Size, marks, simplify};
use crate::error::Result;

/// Distributions over common bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Stands above; empty for none.
    pub title: String,
    /// The axis of the values.
    pub x: Axis,
    /// The axis of the counts, shares or densities; it begins at 0.
    pub y: Axis,
    /// Where the bins begin, rising, and where the last one ends.
    pub edges: Vec<f64>,
    /// In the order of colours and of the legend: the first is an area, the others lines with a pale area. There is no
    /// legend for a single one without a name.
    pub series: Vec<Distribution>,
}

/// One distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// What the legend says.
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
            self.series.iter().map(|series| (marks::named(&series.name), 22.0)).collect();
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
        let mut x = Extent::of(self.edges.iter().copied(), self.x.range, self.x.scale);
        let mut y = Extent::of(heights().chain([0.0]), self.y.range, self.y.scale);
        if self.y.range.is_none() {
            y.widen(0.0, 0.05);
        }
        let plot = frame.axes((&mut x, &self.x.label), (&mut y, &self.y.label), Across::Values, 0.0)?;
        let mut drawn = false;
        for (index, series) in self.series.iter().enumerate() {
            let corners = self.corners(&series.heights, &plot, (&x, &y));
            frame.sheet.begin("series", &series.name, marks::PLAIN);
            if !corners.is_empty() {
                drawn = true;
                outline(&frame, index, corners)?;
            }
            frame.sheet.end();
        }
        if !drawn {
            frame.nothing(&plot)?;
        }
        Ok(frame.sheet.finish())
    }

    /// The outline of a distribution, from the ground and back to it.
    fn corners(&self, heights: &[f64], plot: &Plot, (x, y): (&Extent, &Extent)) -> Vec<Place> {
        let mut corners = Vec::new();
        for (bin, height) in self.edges.windows(2).zip(heights) {
            let [from, to] = bin else { continue };
            let (Some(from), Some(to)) = (x.place(*from), x.place(*to)) else { continue };
            let height = y.place(*height).unwrap_or(y.low);
            corners.extend([plot.place((from, height)), plot.place((to, height))]);
        }
        let mut corners = simplify::curve(&corners, 1.0);
        if let (Some(first), Some(last)) = (corners.first().copied(), corners.last().copied()) {
            let ground = plot.place((x.low, y.low)).1;
            corners.insert(0, (first.0, ground));
            corners.push((last.0, ground));
        }
        corners
    }
}

fn outline(frame: &Frame, index: usize, corners: Vec<Place>) -> Result<()> {
    let colour = marks::colour(index);
    let opacity = if index == 0 { 0.35 } else { 0.1 };
    frame.draw(&Polygon::new(corners.clone(), stroke(colour, opacity, 1.0).filled()))?;
    frame.sheet.begin("outline", "", marks::dashes(index));
    frame.line(corners, colour, WIDTH)?;
    frame.sheet.end();
    Ok(())
}
