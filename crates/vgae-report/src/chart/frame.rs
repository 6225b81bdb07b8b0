//! The parts that all charts share: title, legend, axes and grid, and the mapping from axis coordinates to
//! the sheet.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Drawable, PathElement, PointCollection, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle, TextStyle,
};

use super::palette::{self, Colour};
use super::sheet::{NO_ATTRIBUTE, Sheet, TEXT, UNITS};
use super::ticks::Extent;
use super::{Size, text};
use crate::Result;

/// A point on the sheet, in its units.
pub(super) type Position = (i32, i32);

/// A sheet with a title, filled from top to bottom.
pub(super) struct Frame {
    pub(super) sheet: Sheet,
    area: DrawingArea<Sheet, Shift>,
    size: Size,
    /// The height of the filled part, in pixels.
    top: f64,
}

/// The area for the data, and its axes.
pub(super) struct Plot {
    context: ChartContext<'static, Sheet, Cartesian2d<Extent, Extent>>,
}

/// The kind of the x axis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Horizontal {
    /// Has ticks with labels, and grid lines.
    Values,
    /// Has neither; the chart writes the categories.
    Categories,
}

const MARGIN: f64 = 10.0;
const TITLE: f64 = 15.0;
/// The distance between lines of text, as a multiple of the font size.
const LEADING: f64 = 1.5;

impl Frame {
    /// Begins a sheet with its title, shortened to one line. The description names the kind of chart and the
    /// axis labels.
    pub(super) fn new(title: &str, kind: &str, labels: &[&str], size: Size) -> Result<Self> {
        let named = if title.trim().is_empty() { "chart" } else { title };
        let labels: Vec<&str> = labels.iter().copied().filter(|label| !label.trim().is_empty()).collect();
        let description =
            if labels.is_empty() { kind.into() } else { format!("{kind}: {}", labels.join(" by ")) };
        let sheet = Sheet::new((size.width, size.height), named, &description);
        let area = sheet.clone().into_drawing_area();
        let mut frame = Self { sheet, area, size, top: MARGIN };
        let line = text::fitted(title, TITLE, f64::from(size.width) - 2.0 * MARGIN);
        if !line.trim().is_empty() {
            let middle = frame.top + TITLE * 0.5;
            frame.write(&line, (MARGIN, middle), HPos::Left, TITLE, palette::INK)?;
            frame.top += TITLE * LEADING;
        }
        Ok(frame)
    }

    /// Draws the legend: rows of names, in the order given, each with a swatch.
    ///
    /// Each entry is a name and the width of its swatch in pixels; `swatch` gets the index, the position and
    /// the width in units of the sheet. The legend takes at most half of the height; if it needs more, it
    /// ends with the number of names left out.
    pub(super) fn legend(
        &mut self,
        entries: &[(String, f64)],
        mut swatch: impl FnMut(&Self, usize, Position, i32) -> Result<()>,
    ) -> Result<()> {
        const GAP: f64 = 6.0;
        const BETWEEN: f64 = 16.0;
        if entries.is_empty() {
            return Ok(());
        }
        let room = f64::from(self.size.width) - 2.0 * MARGIN;
        let line = TEXT * LEADING;
        // With many names, two fit in a row.
        let longest = if entries.len() > 4 { 0.5 * (room - BETWEEN) } else { room };
        let mut left = MARGIN;
        self.sheet.begin("legend", "", NO_ATTRIBUTE);
        for (index, (name, swatch_width)) in entries.iter().enumerate() {
            let name = text::fitted(name, TEXT, longest - swatch_width - GAP);
            let width = swatch_width + GAP + text::width(&name, TEXT);
            if left > MARGIN && left + width > MARGIN + room + 0.01 {
                (left, self.top) = (MARGIN, self.top + line);
            }
            let middle = self.top + line * 0.5;
            if left == MARGIN && index > 0 && self.top + 2.0 * line > 0.5 * f64::from(self.size.height) {
                let rest = format!("… and {} more", entries.len() - index);
                self.write(&rest, (left, middle), HPos::Left, TEXT, palette::MUTED)?;
                break;
            }
            swatch(self, index, (units(left), units(middle)), units(*swatch_width))?;
            self.write(&name, (left + swatch_width + GAP, middle), HPos::Left, TEXT, palette::INK)?;
            left += width + BETWEEN;
        }
        self.sheet.end();
        self.top += line + 4.0;
        Ok(())
    }

    /// Draws the axes with grid, ticks and labels below the filled part, and keeps `below` pixels free under
    /// the tick labels.
    pub(super) fn axes(
        &mut self,
        (x, x_label): (&mut Extent, &str),
        (y, y_label): (&mut Extent, &str),
        horizontal: Horizontal,
        below: f64,
    ) -> Result<Plot> {
        let (width, height) = (f64::from(self.size.width), f64::from(self.size.height));
        let label = |given: &str| if given.trim().is_empty() { 0.0 } else { TEXT * LEADING };
        let under = TEXT * LEADING + 2.0 + label(x_label) + below;
        self.top += 4.0;
        let plot_height = (height - MARGIN - self.top - under).max(20.0);
        y.set_ticks((plot_height / 36.0).round() as usize);
        let widest = |extent: &Extent| {
            extent.ticks.iter().map(|(_, words)| text::width(words, TEXT)).fold(0.0, f64::max)
        };
        let beside = widest(y) + 8.0 + label(y_label);
        let mut right = MARGIN;
        let mut plot_width = (width - MARGIN - beside - right).max(20.0);
        if horizontal == Horizontal::Values {
            // The last tick label may reach beyond the axis by half its width.
            x.set_ticks((plot_width / 72.0) as usize);
            right = right.max(widest(x) * 0.5 + 4.0);
            plot_width = (width - MARGIN - beside - right).max(20.0);
            x.set_ticks((plot_width / (widest(x) + 28.0).max(60.0)) as usize);
        }
        self.sheet.begin("axes", "", NO_ATTRIBUTE);
        let mut plot = self.plot((x, under), (y, beside), right)?;
        let mut mesh = plot.context.configure_mesh();
        mesh.light_line_style(stroke(palette::GRID, 0.0, 1.0))
            .bold_line_style(stroke(palette::GRID, 1.0, 1.0))
            .axis_style(stroke(palette::MUTED, 1.0, 1.0))
            .set_all_tick_mark_size(units(3.0))
            .label_style(lettering(TEXT, palette::MUTED))
            .axis_desc_style(lettering(TEXT, palette::MUTED))
            .x_desc(text::fitted(x_label, TEXT, plot_width))
            .y_desc(text::fitted(y_label, TEXT, plot_height));
        if horizontal == Horizontal::Categories {
            mesh.disable_x_mesh();
        }
        mesh.draw()?;
        drop(mesh);
        self.sheet.end();
        Ok(plot)
    }

    /// Returns the rest of the sheet as a plot without axes.
    pub(super) fn bare_plot(&self, (x, y): (&Extent, &Extent)) -> Result<Plot> {
        self.plot((x, 0.0), (y, 0.0), MARGIN)
    }

    /// Returns the width and the height, in pixels, that are left for a plot without axes.
    pub(super) fn remaining_size(&self) -> (f64, f64) {
        let (width, height) = (f64::from(self.size.width), f64::from(self.size.height));
        (width - 2.0 * MARGIN, (height - MARGIN - self.top).max(20.0))
    }

    /// Builds the plot; `under`, `beside` and `right` are the pixels below, to the left and to the right of
    /// the data area.
    fn plot(&self, (x, under): (&Extent, f64), (y, beside): (&Extent, f64), right: f64) -> Result<Plot> {
        let (_, body) = self.area.split_vertically(units(self.top));
        let context = ChartBuilder::on(&body)
            .margin_left(units(MARGIN))
            .margin_right(units(right))
            .margin_bottom(units(MARGIN))
            .x_label_area_size(units(under))
            .y_label_area_size(units(beside))
            .build_cartesian_2d(x.clone(), y.clone())?;
        Ok(Plot { context })
    }

    /// Writes "no data" in the middle of the plot.
    pub(super) fn write_no_data(&self, plot: &Plot) -> Result<()> {
        let ((left, right), (top, bottom)) = plot.edges();
        let middle = (f64::from(left + right) * 0.5 / UNITS, f64::from(top + bottom) * 0.5 / UNITS);
        self.write("no data", middle, HPos::Center, TEXT, palette::MUTED)
    }

    /// Writes one line of text; `at` is in pixels, its y at half the height of the text.
    pub(super) fn write(
        &self,
        words: &str,
        at: (f64, f64),
        side: HPos,
        size: f64,
        colour: Colour,
    ) -> Result<()> {
        let style = lettering(size, colour).pos(Pos::new(side, VPos::Center));
        self.draw(&Text::new(words.to_owned(), (units(at.0), units(at.1)), style))
    }

    /// Draws a plotters element in the coordinates of the sheet.
    pub(super) fn draw<E>(&self, element: &E) -> Result<()>
    where
        for<'b> &'b E: PointCollection<'b, Position>,
        E: Drawable<Sheet>,
    {
        Ok(self.area.draw(element)?)
    }

    /// Draws a line through the points of `path`, with a width in pixels.
    pub(super) fn line(&self, path: Vec<Position>, colour: Colour, width: f64) -> Result<()> {
        self.draw(&PathElement::new(path, stroke(colour, 1.0, width)))
    }
}

impl Plot {
    /// Maps axis coordinates, as [`Extent::scaled`] returns them, to the sheet.
    pub(super) fn position(&self, point: (f64, f64)) -> Position {
        self.context.backend_coord(&point)
    }

    /// Returns (left, right) and (top, bottom) of the plot, in units of the sheet.
    pub(super) fn edges(&self) -> ((i32, i32), (i32, i32)) {
        let (across, down) = self.context.plotting_area().get_pixel_range();
        ((across.start, across.end), (down.start, down.end))
    }
}

/// Converts pixels to units of the sheet.
pub(super) fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

/// Returns the style of a line, or of an area once `filled()` is called on it.
pub(super) fn stroke(colour: Colour, opacity: f64, width: f64) -> ShapeStyle {
    ShapeStyle { color: ink(colour, opacity), filled: false, stroke_width: units(width).max(1) as u32 }
}

fn ink(colour: Colour, opacity: f64) -> RGBAColor {
    let (red, green, blue) = colour.rgb();
    RGBColor(red, green, blue).mix(opacity)
}

fn lettering(size: f64, colour: Colour) -> TextStyle<'static> {
    let font = plotters::style::FontDesc::new(FontFamily::SansSerif, size * UNITS, FontStyle::Normal);
    font.transform(FontTransform::None).color(&ink(colour, 1.0))
}
