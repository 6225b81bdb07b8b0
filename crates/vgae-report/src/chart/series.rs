//! The look of series: colours, dashes, point shapes, names in the legend, and curves reduced to what a
//! picture can show.

use plotters::element::{Circle, Polygon};

use super::frame::{Frame, Position, stroke, units};
use super::palette::{self, Colour};
use super::sheet::UNITS;
use crate::Result;

/// Returns the colour of the series or group with this index; colours repeat after the eighth.
pub(super) fn colour(index: usize) -> Colour {
    palette::SERIES[index % palette::SERIES.len()]
}

/// Returns the dashes of the series with this index; the first is solid. There are seven patterns and eight
/// colours, so that a repeated colour has other dashes.
pub(super) fn dashes(index: usize) -> (&'static str, &'static str) {
    const DASHES: [&str; 7] = ["", "7 3", "2 2.5", "9 3 2 3", "4.5 2", "12 4", "9 3 2 3 2 3"];
    ("stroke-dasharray", DASHES[index % DASHES.len()])
}

/// The dashes of references and marks.
pub(super) const REFERENCE: (&str, &str) = ("stroke-dasharray", "4 3");

/// Draws a point of the series with this index as a circle, a square, a triangle, a diamond, …; the radius is
/// in pixels.
pub(super) fn point(
    frame: &Frame,
    index: usize,
    (x, y): Position,
    radius: f64,
    colour: Colour,
) -> Result<()> {
    let style = stroke(colour, 1.0, 1.0).filled();
    // All shapes have about the area of the circle.
    let at = |corners: &[(f64, f64)]| {
        let corner = |(across, down): &(f64, f64)| (x + units(across * radius), y + units(down * radius));
        Polygon::new(corners.iter().map(corner).collect::<Vec<_>>(), style)
    };
    match index % 8 {
        0 => frame.draw(&Circle::new((x, y), units(radius), style)),
        1 => frame.draw(&at(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])),
        2 => frame.draw(&at(&[(0.0, -1.3), (1.15, 0.8), (-1.15, 0.8)])),
        3 => frame.draw(&at(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)])),
        4 => frame.draw(&at(&[(0.0, 1.3), (1.15, -0.8), (-1.15, -0.8)])),
        5 => frame.draw(&at(&PLUS)),
        6 => frame.draw(&at(&PLUS.map(|(across, down)| (0.71 * (across - down), 0.71 * (across + down))))),
        _ => frame.draw(&at(&[(-1.4, -0.55), (1.4, -0.55), (1.4, 0.55), (-1.4, 0.55)])),
    }
}

const PLUS: [(f64, f64); 12] = [
    (-0.4, -1.3),
    (0.4, -1.3),
    (0.4, -0.4),
    (1.3, -0.4),
    (1.3, 0.4),
    (0.4, 0.4),
    (0.4, 1.3),
    (-0.4, 1.3),
    (-0.4, 0.4),
    (-1.3, 0.4),
    (-1.3, -0.4),
    (-0.4, -0.4),
];

/// Returns the name for the legend, with a placeholder for an empty name.
pub(super) fn display_name(name: &str) -> String {
    if name.trim().is_empty() { "(no name)".to_owned() } else { name.to_owned() }
}

/// Reduces a curve, given by its points in order, to the points that a picture can show. O(points).
///
/// Consecutive points in one column, `pixels` wide, are reduced to the first, the lowest, the highest and the
/// last, in their order. The curve looks the same, and has at most four points per column if it runs from
/// left to right. Points equal to their predecessor are left out.
pub(super) fn simplified(points: &[Position], pixels: f64) -> Vec<Position> {
    let column = |position: &Position| (f64::from(position.0) / (pixels * UNITS)).floor() as i64;
    let mut kept = Vec::new();
    for run in points.chunk_by(|one, other| column(one) == column(other)) {
        let height = |index: &usize| run.get(*index).map_or(0, |position| position.1);
        let lowest = (0..run.len()).min_by_key(height).unwrap_or(0);
        let highest = (0..run.len()).max_by_key(height).unwrap_or(0);
        let mut indices = [0, lowest.min(highest), lowest.max(highest), run.len() - 1].to_vec();
        if run.len() <= 4 {
            indices = (0..run.len()).collect();
        }
        kept.extend(indices.iter().filter_map(|index| run.get(*index).copied()));
    }
    kept.dedup();
    kept
}

/// Returns the corners of a curve that holds each value until the next point: (x₀, y₀), (x₁, y₀), (x₁, y₁), …
pub(super) fn steps(points: &[Position]) -> Vec<Position> {
    let mut corners = points.first().copied().into_iter().collect::<Vec<_>>();
    for pair in points.windows(2) {
        if let [(_, before), (x, y)] = pair {
            corners.extend([(*x, *before), (*x, *y)]);
        }
    }
    corners.dedup();
    corners
}
