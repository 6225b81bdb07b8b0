//! Scatter plots, such as maps of embeddings in two dimensions.

use super::frame::Frame;
use super::palette::{self, Colour};
use super::ticks::Extent;
use super::{Scale, Size, series};
use crate::Result;

/// A scatter plot that shows distances and not coordinates: it has no axes, and both directions have the same
/// scale.
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// The title above the chart; empty for no title.
    pub title: String,
    /// The points (x, y); those that are not finite are left out. Each takes some 50 bytes of SVG: sample if
    /// there are more than 20,000.
    pub points: Vec<(f64, f64)>,
    /// The group of each point, an index into [`Self::groups`]. Points beyond the end of the list have no
    /// group.
    pub group: Vec<Option<usize>>,
    /// The names of the groups. Only the eight groups with the most points get their own colour and shape.
    pub groups: Vec<String>,
}

/// The most groups that get their own colour and shape.
const MAX_GROUPS: usize = palette::SERIES.len();

impl Scatter {
    pub(super) fn draw(&self, size: Size) -> Result<String> {
        let mut frame = Frame::new(&self.title, "Map of points", &[], size)?;
        let shown = self.shown();
        let group = |index: usize| self.group.get(index).copied().flatten();
        let rank =
            |index: usize| group(index).and_then(|group| shown.iter().position(|other| *other == group));
        let mut names: Vec<(String, f64)> = shown
            .iter()
            .map(|group| (series::display_name(self.groups.get(*group).map_or("", String::as_str)), 9.0))
            .collect();
        let rest = (0..self.points.len()).filter(|index| rank(*index).is_none()).map(group);
        if let Some(unlike) = rest.reduce(|one, other| one.or(other))
            && !names.is_empty()
        {
            names.push((if unlike.is_some() { "other" } else { "no group" }.to_owned(), 9.0));
        }
        let num_shown = shown.len();
        frame.legend(&names, |frame, index, (left, middle), width| {
            let position = (left + width / 2, middle);
            match index < num_shown {
                true => series::point(frame, index, position, 4.0, series::colour(index)),
                false => series::point(frame, 0, position, 2.6, palette::MUTED),
            }
        })?;

        let (mut x, mut y) = self.extents();
        // Margins fill the spare room, so that both directions have the same scale.
        let (width, height) = frame.remaining_size();
        let (across, down) = ((x.high - x.low) / width, (y.high - y.low) / height);
        let scale = across.max(down);
        let margin = |own: f64| 0.5 * (scale / own - 1.0) + 0.03 * scale / own;
        x.widen(margin(across), margin(across));
        y.widen(margin(down), margin(down));
        let plot = frame.bare_plot((&x, &y))?;

        let positions: Vec<Option<(i32, i32)>> = self
            .points
            .iter()
            .map(|point| Some(plot.position((x.scaled(point.0)?, y.scaled(point.1)?))))
            .collect();
        let radius = radius(positions.iter().flatten().count());
        let draw =
            |class: &str, opacity: &str, kind: &dyn Fn(usize) -> Option<(usize, Colour)>| -> Result<()> {
                frame.sheet.begin(class, "", ("fill-opacity", opacity));
                for (index, position) in positions.iter().enumerate() {
                    if let (Some(position), Some((shape, colour))) = (position, kind(index)) {
                        series::point(&frame, shape, *position, radius, colour)?;
                    }
                }
                frame.sheet.end();
                Ok(())
            };
        // Points without a group go below; the others are drawn in their own order, so that no group covers
        // another.
        if num_shown > 0 {
            draw("points rest", "0.45", &|index| rank(index).is_none().then_some((0, palette::MUTED)))?;
            draw("points", "0.8", &|index| rank(index).map(|rank| (rank, series::colour(rank))))?;
        } else {
            draw("points", "0.6", &|_| Some((0, series::colour(0))))?;
        }
        if positions.iter().all(Option::is_none) {
            frame.write_no_data(&plot)?;
        }
        Ok(frame.sheet.finish())
    }

    /// Returns the groups that get their own colour, in ascending order.
    fn shown(&self) -> Vec<usize> {
        let mut sizes: Vec<(usize, usize)> = (0..self.groups.len()).map(|group| (0, group)).collect();
        for group in self.group.iter().take(self.points.len()).flatten() {
            if let Some(size) = sizes.get_mut(*group) {
                size.0 += 1;
            }
        }
        sizes.retain(|size| size.0 > 0);
        sizes.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        sizes.truncate(MAX_GROUPS);
        let mut shown: Vec<usize> = sizes.into_iter().map(|size| size.1).collect();
        shown.sort_unstable();
        shown
    }

    fn extents(&self) -> (Extent, Extent) {
        let finite = || self.points.iter().filter(|point| point.0.is_finite() && point.1.is_finite());
        let x = Extent::new(finite().map(|point| point.0), None, Scale::Linear);
        let y = Extent::new(finite().map(|point| point.1), None, Scale::Linear);
        (x, y)
    }
}

/// Returns the radius of a point in pixels: 4 for few points, down to 1.2 for many.
fn radius(num_points: usize) -> f64 {
    (14.0 / (num_points.max(1) as f64).powf(0.25)).clamp(1.2, 4.0)
}
