//! A plotters backend that writes SVG.
//!
//! It is written by hand because the backend of plotters-svg has neither dashes nor groups, rounds to whole
//! pixels, and adds an opacity to every element; this one writes a tenth of the bytes. A pixel has [`UNITS`]
//! units, so that curves are smooth.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;
use std::rc::Rc;

use plotters::backend::DrawingBackend;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontTransform,
};

use super::palette;
use super::text;

/// Units of the sheet per CSS pixel.
pub(super) const UNITS: f64 = 10.0;
/// The default font size, in pixels.
pub(super) const TEXT: f64 = 12.0;

/// No attribute for [`Sheet::begin`].
pub(super) const NO_ATTRIBUTE: (&str, &str) = ("", "");

/// An SVG document under construction. Clones write to the same document.
#[derive(Clone)]
pub(super) struct Sheet {
    svg: Rc<RefCell<String>>,
    /// The width and the height, in units.
    size: (u32, u32),
}

impl Sheet {
    /// Begins an empty document with a width and a height in pixels; the title and the description are for
    /// screen readers.
    pub(super) fn new((width, height): (u32, u32), title: &str, description: &str) -> Self {
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"{}\" font-size=\"{TEXT}\" direction=\"ltr\" fill=\"none\" \
             stroke-linejoin=\"round\">\n\
             <title>{}</title>\n<desc>{}</desc>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\" fill=\"{}\"/>\n",
            text::FAMILIES,
            text::escaped(title),
            text::escaped(description),
            palette::PAPER.light
        );
        let size = ((f64::from(width) * UNITS) as u32, (f64::from(height) * UNITS) as u32);
        Self { svg: Rc::new(RefCell::new(svg)), size }
    }

    /// Begins a group, which lasts until [`Self::end`]. A browser shows its name as a tooltip. An attribute
    /// with an empty value is left out.
    pub(super) fn begin(&self, class: &str, name: &str, (attribute, value): (&str, &str)) {
        let mut svg = self.svg.borrow_mut();
        svg.push_str(&format!("<g class=\"{class}\""));
        if !value.is_empty() {
            svg.push_str(&format!(" {attribute}=\"{value}\""));
        }
        svg.push_str(">\n");
        if !name.is_empty() {
            svg.push_str(&format!("<title>{}</title>\n", text::escaped(name)));
        }
    }

    /// Ends the innermost open group.
    pub(super) fn end(&self) {
        self.svg.borrow_mut().push_str("</g>\n");
    }

    /// Returns the complete document.
    pub(super) fn finish(&self) -> String {
        format!("{}</svg>\n", self.svg.borrow())
    }

    fn push(&self, element: &str) -> Drawn {
        let mut svg = self.svg.borrow_mut();
        svg.push_str(element);
        svg.push('\n');
        Ok(())
    }
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl DrawingBackend for Sheet {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, colour: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        filled: bool,
    ) -> Drawn {
        let paint = paint(style, filled);
        let (left, right) = (left.min(right), left.max(right));
        let (top, bottom) = (top.min(bottom), top.max(bottom));
        self.push(&format!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{paint}/>",
            pixels(left),
            pixels(top),
            pixels(right - left),
            pixels(bottom - top)
        ))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.push(&format!("<path d=\"{}\"{}/>", outline(path), paint(style, false)))
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        self.push(&format!("<path d=\"{}z\"{}/>", outline(corners), paint(style, true)))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        filled: bool,
    ) -> Drawn {
        self.push(&format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}/>",
            pixels(x),
            pixels(y),
            pixels(radius as i32),
            paint(style, filled)
        ))
    }

    fn draw_text<S: BackendTextStyle>(&mut self, words: &str, style: &S, (x, y): BackendCoord) -> Drawn {
        if words.is_empty() {
            return Ok(());
        }
        let size = style.size() / UNITS;
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " text-anchor=\"middle\"",
            HPos::Right => " text-anchor=\"end\"",
        };
        // The distance from the given height to the baseline, as a multiple of the font size. Not every SVG
        // reader supports the attributes for vertical alignment.
        let below = match style.anchor().v_pos {
            VPos::Top => 0.78,
            VPos::Center => 0.36,
            VPos::Bottom => -0.24,
        } * style.size();
        let (x, y, turn) = match style.transform() {
            FontTransform::Rotate270 => {
                let (x, y) = (x + below as i32, y);
                (x, y, format!(" transform=\"rotate(-90 {} {})\"", pixels(x), pixels(y)))
            }
            _ => (x, y + below as i32, String::new()),
        };
        let size = if size == TEXT { String::new() } else { format!(" font-size=\"{size}\"") };
        let fill = paint(&style.color(), true);
        let (x, y, words) = (pixels(x), pixels(y), text::escaped(words));
        self.push(&format!("<text x=\"{x}\" y=\"{y}\"{size}{anchor}{fill}{turn}>{words}</text>"))
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        words: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        Ok((text::width(words, style.size()) as u32, style.size() as u32))
    }
}

/// Returns the SVG attributes for the fill of an area, or for a stroke.
fn paint<S: BackendStyle>(style: &S, filled: bool) -> String {
    let BackendColor { alpha, rgb: (red, green, blue) } = style.color();
    let what = if filled { "fill" } else { "stroke" };
    let mut paint = format!(" {what}=\"#{red:02x}{green:02x}{blue:02x}\"");
    if alpha < 1.0 {
        // Writing to a String cannot fail.
        let _ = write!(paint, " {what}-opacity=\"{alpha}\"");
    }
    if !filled {
        let _ = write!(paint, " stroke-width=\"{}\"", pixels(style.stroke_width() as i32));
    }
    paint
}

/// Converts units to pixels, which have at most one decimal.
fn pixels(units: i32) -> f64 {
    f64::from(units) / UNITS
}

/// Returns the data of a path in relative coordinates, which are shorter than absolute ones.
fn outline(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut outline = String::from("m");
    let mut last = (0, 0);
    for (x, y) in path {
        if last != (0, 0) {
            outline.push(' ');
        }
        let _ = write!(outline, "{},{}", pixels(x - last.0), pixels(y - last.1));
        last = (x, y);
    }
    outline
}
