//! Line charts, such as losses, ROC and precision–recall curves, and reliability diagrams.

use super::frame::{Frame, Horizontal, Plot, Position, units};
use super::sheet::NO_ATTRIBUTE;
use super::ticks::Extent;
use super::{Axis, Size, palette, series};
use crate::Result;

/// A chart of curves on common axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// The title above the chart; empty for no title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves, in the order of the colours and the legend. A single one without a name has no legend.
    pub series: Vec<Series>,
    /// A line to compare the curves with.
    pub reference: Option<Reference>,
    /// Vertical lines, such as one at the selected epoch.
    pub marks: Vec<Mark>,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The name in the legend.
    pub name: String,
    /// The points (x, y). They are sorted by x unless x already rises or falls throughout. Points that are
    /// not finite are left out, as are points that are not positive on a logarithmic axis. A million points
    /// take a moment.
    pub points: Vec<(f64, f64)>,
    /// The style.
    pub style: Style,
}

/// The style of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Straight lines between the points.
    Line,
    /// Each value holds until the next point.
    Steps,
    /// Straight lines with a dot at each point; for few points.
    Dots,
}

/// A line to compare the curves with, and its name in the legend; an empty name is left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// The line y = x.
    Diagonal(String),
    /// A horizontal line at this y.
    Level(f64, String),
}

/// A vertical line.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The x coordinate.
    pub x: f64,
    /// The name in the legend; an empty name is left out.
    pub label: String,
}

const WIDTH: f64 = 1.8;
const RADIUS: f64 = 3.2;

impl Lines {
    pub(super) fn draw(&self, size: Size) -> Result<String> {
        let mut frame = Frame::new(&self.title, "Curves", &[&self.y.label, &self.x.label], size)?;
        self.legend(&mut frame)?;
        let level = match &self.reference {
            Some(Reference::Level(level, _)) => Some(*level),
            _ => None,
        };
        let points = || self.series.iter().flat_map(|series| &series.points);
        let lines = self.marks.iter().map(|mark| mark.x);
        let mut x = Extent::new(points().map(|point| point.0).chain(lines), self.x.range, self.x.scale);
        let mut y = Extent::new(points().map(|point| point.1).chain(level), self.y.range, self.y.scale);
        if self.y.range.is_none() {
            y.widen(0.04, 0.04);
        }
        let positions: Vec<Vec<(f64, f64)>> =
            self.series.iter().map(|series| in_order(&series.points, &x, &y)).collect();
        let plot = frame.axes((&mut x, &self.x.label), (&mut y, &self.y.label), Horizontal::Values, 0.0)?;
        self.references(&frame, &plot, (&x, &y))?;
        // More series get wider columns, so that the SVG stays small.
        let pixels = (self.series.len() as f64 / 8.0).ceil().max(1.0);
        for (index, (series, positions)) in self.series.iter().zip(&positions).enumerate() {
            let positions: Vec<Position> =
                positions.iter().map(|position| plot.position(*position)).collect();
            series.draw(&frame, index, &positions, pixels)?;
        }
        if positions.iter().all(Vec::is_empty) {
            frame.write_no_data(&plot)?;
        }
        Ok(frame.sheet.finish())
    }

    fn legend(&self, frame: &mut Frame) -> Result<()> {
        const LINE: f64 = 26.0;
        let alone = self.series.len() == 1;
        let series: Vec<&Series> =
            self.series.iter().filter(|series| !(alone && series.name.trim().is_empty())).collect();
        let mut entries: Vec<(String, f64)> =
            series.iter().map(|series| (series::display_name(&series.name), LINE)).collect();
        let is_named = |name: &String| !name.trim().is_empty();
        let reference = match &self.reference {
            Some(Reference::Diagonal(name) | Reference::Level(_, name)) => Some(name),
            None => None,
        };
        entries.extend(reference.into_iter().filter(|name| is_named(name)).map(|name| (name.clone(), LINE)));
        let num_lying = entries.len();
        let marks = self.marks.iter().map(|mark| &mark.label);
        entries.extend(marks.filter(|name| is_named(name)).map(|name| (name.clone(), 4.0)));
        frame.legend(&entries, |frame, index, (left, middle), width| {
            let across = vec![(left, middle), (left + width, middle)];
            let Some(series) = series.get(index) else {
                frame.sheet.begin("reference", "", series::REFERENCE);
                let (half, centre) = (units(6.0), left + width / 2);
                let down = vec![(centre, middle - half), (centre, middle + half)];
                frame.line(if index < num_lying { across } else { down }, palette::MUTED, 1.2)?;
                frame.sheet.end();
                return Ok(());
            };
            let colour = series::colour(index);
            if series.points.len() != 1 {
                frame.sheet.begin("swatch", "", series::dashes(index));
                frame.line(across, colour, WIDTH)?;
                frame.sheet.end();
            }
            if series.points.len() == 1 || series.style == Style::Dots {
                series::point(frame, index, (left + width / 2, middle), RADIUS, colour)?;
            }
            Ok(())
        })
    }

    fn references(&self, frame: &Frame, plot: &Plot, (x, y): (&Extent, &Extent)) -> Result<()> {
        let ((left, right), (top, bottom)) = plot.edges();
        let mut lines: Vec<(&str, Vec<Position>)> = Vec::new();
        match &self.reference {
            Some(Reference::Diagonal(name)) => {
                let (low, high) = (x.low.max(y.low), x.high.min(y.high));
                if low < high {
                    lines.push((name, vec![plot.position((low, low)), plot.position((high, high))]));
                }
            }
            Some(Reference::Level(level, name)) => {
                lines.extend(y.scaled(*level).map(|level| {
                    let height = plot.position((x.low, level)).1;
                    (name.as_str(), vec![(left, height), (right, height)])
                }));
            }
            None => {}
        }
        for mark in &self.marks {
            lines.extend(x.scaled(mark.x).map(|at| {
                let across = plot.position((at, y.low)).0;
                (mark.label.as_str(), vec![(across, top), (across, bottom)])
            }));
        }
        for (name, line) in lines {
            frame.sheet.begin("reference", name, series::REFERENCE);
            frame.line(line, palette::MUTED, 1.2)?;
            frame.sheet.end();
        }
        Ok(())
    }
}

impl Series {
    fn draw(&self, frame: &Frame, index: usize, positions: &[Position], pixels: f64) -> Result<()> {
        let colour = series::colour(index);
        let corners = match self.style {
            Style::Steps => series::simplified(&series::steps(positions), pixels),
            Style::Line | Style::Dots => series::simplified(positions, pixels),
        };
        frame.sheet.begin("series", &self.name, series::dashes(index));
        let dotted = self.style == Style::Dots || corners.len() == 1;
        if corners.len() > 1 {
            frame.line(corners.clone(), colour, WIDTH)?;
        }
        frame.sheet.end();
        if dotted {
            frame.sheet.begin("dots", &self.name, NO_ATTRIBUTE);
            for position in corners {
                series::point(frame, index, position, RADIUS, colour)?;
            }
            frame.sheet.end();
        }
        Ok(())
    }
}

/// Returns the axis coordinates of the points that have some, sorted by x unless x already rises or falls
/// throughout.
fn in_order(points: &[(f64, f64)], x: &Extent, y: &Extent) -> Vec<(f64, f64)> {
    let mut positions: Vec<(f64, f64)> =
        points.iter().filter_map(|point| Some((x.scaled(point.0)?, y.scaled(point.1)?))).collect();
    let falling = positions.is_sorted_by(|one, other| one.0 >= other.0);
    if !falling && !positions.is_sorted_by(|one, other| one.0 <= other.0) {
        positions.sort_by(|one, other| one.0.total_cmp(&other.0));
    }
    positions
}
