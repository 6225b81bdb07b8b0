//! An SVG of this module as PNG.

use std::sync::{Arc, LazyLock};

use resvg::{tiny_skia, usvg};

use super::{Size, text};
use crate::error::{Error, Result};

/// More would take more than 400 MB.
pub(super) const MOST_PIXELS: f64 = 1e8;

/// The PNG of an SVG of a size, at `scale` pixels to each of its own, on white.
pub(super) fn render(svg: &str, size: Size, scale: f64) -> Result<Vec<u8>> {
    let options =
        usvg::Options { fontdb: Arc::clone(&FONTS), font_family: FAMILY.into(), ..Default::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|error| Error::Chart(error.to_string()))?;
    let pixels = |length: u32| (f64::from(length) * scale).round().max(1.0) as u32;
    let mut picture = tiny_skia::Pixmap::new(pixels(size.width), pixels(size.height))
        .ok_or_else(|| Error::Chart("no memory for the picture".into()))?;
    picture.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale as f32, scale as f32), &mut picture.as_mut());
    picture.encode_png().map_err(|error| Error::Chart(error.to_string()))
}

const FAMILY: &str = "DejaVu Sans";

/// The program's own font alone, so that every machine draws the same picture.
static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(text::FONT.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
});
