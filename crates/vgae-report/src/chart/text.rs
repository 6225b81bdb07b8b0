//! Measures, shortens and escapes the texts of charts.

use std::sync::LazyLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};

/// The font of PNG files, by which every text is measured: a subset of DejaVu Sans, wider than the fonts that
/// browsers use instead.
pub(super) const FONT: &[u8] = include_bytes!("DejaVuSans.ttf");
/// The font families of the SVG, quoted for an attribute.
pub(super) const FAMILIES: &str = "Inter, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif";

/// Returns the width of a text in pixels, at a font size in pixels. O(length).
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|character| advance(character) * size).sum()
}

/// Returns the text on one line, without characters that XML forbids, shortened with "…" to at most `room`
/// pixels. O(length).
///
/// Control characters and characters that change the direction of the surrounding text are left out.
pub(super) fn fitted(text: &str, size: f64, room: f64) -> String {
    let clean = without_controls(text);
    if width(&clean, size) <= room {
        return clean;
    }
    let mut left = room - width(ELLIPSIS, size);
    let mut kept: String = clean
        .chars()
        .take_while(|character| {
            left -= advance(*character) * size;
            left >= 0.0
        })
        .collect();
    // A joiner at the end would join with the ellipsis.
    kept.truncate(kept.trim_end_matches([ZERO_WIDTH_JOINER, VARIATION_SELECTOR, ' ']).len());
    kept + ELLIPSIS
}

/// Escapes the text for XML character data and attributes.
pub(super) fn escaped(text: &str) -> String {
    quick_xml::escape::escape(without_controls(text)).into_owned()
}

const ELLIPSIS: &str = "…";
const ZERO_WIDTH_JOINER: char = '\u{200d}';
const VARIATION_SELECTOR: char = '\u{fe0f}';

/// The widths of Latin characters, which are looked up often.
static LATIN: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..0x250).map(|code| char::from_u32(code).map_or(1.0, measure)).collect());

/// Returns the width of a character as a share of the font size.
fn advance(character: char) -> f64 {
    LATIN.get(character as usize).copied().unwrap_or_else(|| measure(character))
}

/// Measures a character in the font; a character that the font lacks counts as one font size wide.
fn measure(character: char) -> f64 {
    let width = FontRef::new(FONT).ok().and_then(|font| {
        let glyph = font.charmap().map(character)?;
        font.glyph_metrics(Size::new(1.0), LocationRef::default()).advance_width(glyph)
    });
    width.map_or(1.0, f64::from)
}

fn without_controls(text: &str) -> String {
    let kept = text.chars().filter_map(|character| match character {
        '\t' | '\n' | '\r' => Some(' '),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => None,
        '\u{fffe}' | '\u{ffff}' => None,
        _ if character.is_control() => None,
        _ => Some(character),
    });
    kept.collect()
}
