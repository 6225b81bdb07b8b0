//! Maps of points: two-dimensional embeddings.

use super::frame::Frame;
use super::palette::{self, Colour};
use super::ticks::Extent;
use super::{Scale, Size, marks};
use crate::error::Result;

/// Points in the plane, whose distances count and whose coordinates do not: there are no axes, and both directions have
/// the same scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// Stands above; empty for none.
    pub title: String,
    /// x and y; those that are not finite are left out. Some 50 bytes of SVG each: draw a sample of more than 20,000.
    pub points: Vec<(f64, f64)>,
    /// The group of each point, if it has one: an index into [`Self::groups`]. Points beyond the end have none.
    pub group: Vec<Option<usize>>,
    /// The names of the groups. Of more than eight, those with the most points are told apart.
    pub groups: Vec<String>,
}

/// As many groups have a colour and a shape of their own.
const MOST_GROUPS: usize = palette::SERIES.len();

impl Scatter {
    pub(super) fn draw(&self, size: Size) -> Result<String> {
        let mut frame = Frame::new(&self.title, "Map of points", &[], size)?;
        let shown = self.shown();
        let group = |index: usize| self.group.get(index).copied().flatten();
        let rank =
            |index: usize| group(index).and_then(|group| shown.iter().position(|other| *other == group));
        let mut names: Vec<(String, f64)> = shown
            .iter()
            .map(|group| (marks::named(self.groups.get(*group).map_or("", String::as_str)), 9.0))
            .collect();
        let rest = (0..self.points.len()).filter(|index| rank(*index).is_none()).map(group);
        if let Some(unlike) = rest.reduce(|one, other| one.or(other))
            && !names.is_empty()
        {
            names.push((if unlike.is_some() { "other" } else { "no group" }.to_owned(), 9.0));
        }
        let num_shown = shown.len();
        frame.legend(&names, |frame, index, (left, middle), width| {
            let place = (left + width / 2, middle);
            match index < num_shown {
                true => marks::point(frame, index, place, 4.0, marks::colour(index)),
                false => marks::point(frame, 0, place, 2.6, palette::MUTED),
            }
        })?;

        let (mut x, mut y) = self.extents();
        // Unequal room becomes margin, so that both directions have one scale.
        let (width, height) = frame.room();
        let (across, down) = ((x.high - x.low) / width, (y.high - y.low) / height);
        let scale = across.max(down);
        let margin = |own: f64| 0.5 * (scale / own - 1.0) + 0.03 * scale / own;
        x.widen(margin(across), margin(across));
        y.widen(margin(down), margin(down));
        let plot = frame.rest((&x, &y))?;

        let places: Vec<Option<(i32, i32)>> = self
            .points
            .iter()
            .map(|point| Some(plot.place((x.place(point.0)?, y.place(point.1)?))))
            .collect();
        let radius = radius(places.iter().flatten().count());
        let draw =
            |class: &str, opacity: &str, kind: &dyn Fn(usize) -> Option<(usize, Colour)>| -> Result<()> {
                frame.sheet.begin(class, "", ("fill-opacity", opacity));
                for (index, place) in places.iter().enumerate() {
                    if let (Some(place), Some((shape, colour))) = (place, kind(index)) {
                        marks::point(&frame, shape, *place, radius, colour)?;
                    }
                }
                frame.sheet.end();
                Ok(())
            };
        // Those of no group lie below; the others in the points' order, so that no group covers another.
        if num_shown > 0 {
            draw("points rest", "0.45", &|index| rank(index).is_none().then_some((0, palette::MUTED)))?;
            draw("points", "0.8", &|index| rank(index).map(|rank| (rank, marks::colour(rank))))?;
        } else {
            draw("points", "0.6", &|_| Some((0, marks::colour(0))))?;
        }
        if places.iter().all(Option::is_none) {
            frame.nothing(&plot)?;
        }
        Ok(frame.sheet.finish())
    }

    /// The groups with colours of their own, in their own order.
    fn shown(&self) -> Vec<usize> {
        let mut sizes: Vec<(usize, usize)> = (0..self.groups.len()).map(|group| (0, group)).collect();
        for group in self.group.iter().take(self.points.len()).flatten() {
            if let Some(size) = sizes.get_mut(*group) {
                size.0 += 1;
            }
        }
        sizes.retain(|size| size.0 > 0);
        sizes.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        sizes.truncate(MOST_GROUPS);
        let mut shown: Vec<usize> = sizes.into_iter().map(|size| size.1).collect();
        shown.sort_unstable();
        shown
    }

    fn extents(&self) -> (Extent, Extent) {
        let finite = || self.points.iter().filter(|point| point.0.is_finite() && point.1.is_finite());
        let x = Extent::of(finite().map(|point| point.0), None, Scale::Linear);
        let y = Extent::of(finite().map(|point| point.1), None, Scale::Linear);
        (x, y)
    }
}

/// Many points are small ones: from 4 pixels for a few down to 1.2.
fn radius(num_points: usize) -> f64 {
    (14.0 / (num_points.max(1) as f64).powf(0.25)).clamp(1.2, 4.0)
}
