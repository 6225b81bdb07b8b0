//! How series are told apart without colour: by dashes, and by the shapes of their points.

use plotters::element::{Circle, Polygon};

use super::frame::{Frame, Place, stroke, units};
use super::palette::{self, Colour};
use crate::error::Result;

/// The colour of a series or a group, by its number; they come again after the eighth.
pub(super) fn colour(index: usize) -> Colour {
    palette::SERIES[index % palette::SERIES.len()]
}

/// The dashes of a series, by its number: none for the first. After eight series, colours come again with other dashes.
pub(super) fn dashes(index: usize) -> (&'static str, &'static str) {
    const DASHES: [&str; 7] = ["", "7 3", "2 2.5", "9 3 2 3", "4.5 2", "12 4", "9 3 2 3 2 3"];
    ("stroke-dasharray", DASHES[index % DASHES.len()])
}

/// The dashes of references and marks.
pub(super) const REFERENCE: (&str, &str) = ("stroke-dasharray", "4 3");

/// No attribute of a group.
pub(super) const PLAIN: (&str, &str) = ("", "");

/// Draws a point of a series: a circle, a square, a triangle, a diamond, … by its number, of a radius in pixels.
pub(super) fn point(frame: &Frame, index: usize, (x, y): Place, radius: f64, colour: Colour) -> Result<()> {
    let style = stroke(colour, 1.0, 1.0).filled();
    // Shapes of about the circle's area.
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

/// What a series without a name is called.
pub(super) fn named(name: &str) -> String {
    if name.trim().is_empty() { "(no name)".to_owned() } else { name.to_owned() }
}
