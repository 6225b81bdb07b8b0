//! Curves: losses, ROC and precision–recall curves, reliability diagrams.

use super::frame::{Across, Frame, Place, Plot, units};
use super::ticks::Extent;
use super::{Axis, Size, marks, palette, simplify};
use crate::error::Result;

/// Curves on common axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// Stands above; empty for none.
    pub title: String,
    /// The axis from left to right.
    pub x: Axis,
    /// The axis from bottom to top.
    pub y: Axis,
    /// The curves, in the order of colours and of the legend. There is no legend for a single one without a name.
    pub series: Vec<Series>,
    /// What the curves are to be held against.
    pub reference: Option<Reference>,
    /// Vertical lines, such as at the epoch that was kept.
    pub marks: Vec<Mark>,
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What the legend says.
    pub name: String,
    /// x and y, in the order of x, rising or falling; in another order they are sorted by x. Points that are not finite
    /// are left out, as are those that are not positive on a logarithmic axis. A million take a moment.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub style: Style,
}

/// How a curve is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Straight from point to point.
    Line,
    /// Each value holds until the next point.
    Steps,
    /// Straight from point to point, with a mark at each; for few points.
    Dots,
}

/// A line that the curves are to be held against, with its name in the legend (empty for none).
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// y = x.
    Diagonal(String),
    /// y is this everywhere.
    Level(f64, String),
}

/// A vertical line.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where it stands.
    pub x: f64,
    /// What the legend says; empty for nothing.
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
        let mut x = Extent::of(points().map(|point| point.0).chain(lines), self.x.range, self.x.scale);
        let mut y = Extent::of(points().map(|point| point.1).chain(level), self.y.range, self.y.scale);
        if self.y.range.is_none() {
            y.widen(0.04, 0.04);
        }
        let places: Vec<Vec<(f64, f64)>> =
            self.series.iter().map(|series| in_order(&series.points, &x, &y)).collect();
        let plot = frame.axes((&mut x, &self.x.label), (&mut y, &self.y.label), Across::Values, 0.0)?;
        self.references(&frame, &plot, (&x, &y))?;
        // More series, wider columns: all together are to stay small.
        let pixels = (self.series.len() as f64 / 8.0).ceil().max(1.0);
        for (index, (series, places)) in self.series.iter().zip(&places).enumerate() {
            let places: Vec<Place> = places.iter().map(|place| plot.place(*place)).collect();
            series.draw(&frame, index, &places, pixels)?;
        }
        if places.iter().all(Vec::is_empty) {
            frame.nothing(&plot)?;
        }
        Ok(frame.sheet.finish())
    }

    fn legend(&self, frame: &mut Frame) -> Result<()> {
        const LINE: f64 = 26.0;
        let alone = self.series.len() == 1;
        let series: Vec<&Series> =
            self.series.iter().filter(|series| !(alone && series.name.trim().is_empty())).collect();
        let mut entries: Vec<(String, f64)> =
            series.iter().map(|series| (marks::named(&series.name), LINE)).collect();
        let said = |name: &String| !name.trim().is_empty();
        let reference = match &self.reference {
            Some(Reference::Diagonal(name) | Reference::Level(_, name)) => Some(name),
            None => None,
        };
        entries.extend(reference.into_iter().filter(|name| said(name)).map(|name| (name.clone(), LINE)));
        let num_lying = entries.len();
        let marks = self.marks.iter().map(|mark| &mark.label);
        entries.extend(marks.filter(|name| said(name)).map(|name| (name.clone(), 4.0)));
        frame.legend(&entries, |frame, index, (left, middle), width| {
            let across = vec![(left, middle), (left + width, middle)];
            let Some(series) = series.get(index) else {
                frame.sheet.begin("reference", "", marks::REFERENCE);
                let (half, centre) = (units(6.0), left + width / 2);
                let down = vec![(centre, middle - half), (centre, middle + half)];
                frame.line(if index < num_lying { across } else { down }, palette::MUTED, 1.2)?;
                frame.sheet.end();
                return Ok(());
            };
            let colour = marks::colour(index);
            if series.points.len() != 1 {
                frame.sheet.begin("swatch", "", marks::dashes(index));
                frame.line(across, colour, WIDTH)?;
                frame.sheet.end();
            }
            if series.points.len() == 1 || series.style == Style::Dots {
                marks::point(frame, index, (left + width / 2, middle), RADIUS, colour)?;
            }
            Ok(())
        })
    }

    fn references(&self, frame: &Frame, plot: &Plot, (x, y): (&Extent, &Extent)) -> Result<()> {
        let ((left, right), (top, bottom)) = plot.edges();
        let mut lines: Vec<(&str, Vec<Place>)> = Vec::new();
        match &self.reference {
            Some(Reference::Diagonal(name)) => {
                let (low, high) = (x.low.max(y.low), x.high.min(y.high));
                if low < high {
                    lines.push((name, vec![plot.place((low, low)), plot.place((high, high))]));
                }
            }
            Some(Reference::Level(level, name)) => {
                lines.extend(y.place(*level).map(|level| {
                    let height = plot.place((x.low, level)).1;
                    (name.as_str(), vec![(left, height), (right, height)])
                }));
            }
            None => {}
        }
        for mark in &self.marks {
            lines.extend(x.place(mark.x).map(|at| {
                let across = plot.place((at, y.low)).0;
                (mark.label.as_str(), vec![(across, top), (across, bottom)])
            }));
        }
        for (name, line) in lines {
            frame.sheet.begin("reference", name, marks::REFERENCE);
            frame.line(line, palette::MUTED, 1.2)?;
            frame.sheet.end();
        }
        Ok(())
    }
}

impl Series {
    fn draw(&self, frame: &Frame, index: usize, places: &[Place], pixels: f64) -> Result<()> {
        let colour = marks::colour(index);
        let corners = match self.style {
            Style::Steps => simplify::curve(&simplify::steps(places), pixels),
            Style::Line | Style::Dots => simplify::curve(places, pixels),
        };
        frame.sheet.begin("series", &self.name, marks::dashes(index));
        let dotted = self.style == Style::Dots || corners.len() == 1;
        if corners.len() > 1 {
            frame.line(corners.clone(), colour, WIDTH)?;
        }
        frame.sheet.end();
        if dotted {
            frame.sheet.begin("dots", &self.name, marks::PLAIN);
            for place in corners {
                marks::point(frame, index, place, RADIUS, colour)?;
            }
            frame.sheet.end();
        }
        Ok(())
    }
}

/// The points that have a place on both axes, there, sorted by x unless they run one way already.
fn in_order(points: &[(f64, f64)], x: &Extent, y: &Extent) -> Vec<(f64, f64)> {
    let mut places: Vec<(f64, f64)> =
        points.iter().filter_map(|point| Some((x.place(point.0)?, y.place(point.1)?))).collect();
    let falling = places.is_sorted_by(|one, other| one.0 >= other.0);
    if !falling && !places.is_sorted_by(|one, other| one.0 <= other.0) {
        places.sort_by(|one, other| one.0.total_cmp(&other.0));
    }
    places
}
