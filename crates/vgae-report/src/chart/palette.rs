//! The colours of every chart, which colour-blind readers can tell apart.
//!
//! The SVGs of this crate contain only these colours, written exactly as [`Colour::light`], with opacity in
//! separate attributes. A page that embeds the SVG can therefore map `[fill="#0072b2"]` and
//! `[stroke="#0072b2"]` to [`Colour::dark`]. Series and ink have a contrast of at least 3:1 to the paper,
//! light and dark.

/// A colour, for light and for dark pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// The colour in the SVG: `#` and six lower-case hexadecimal digits.
    pub light: &'static str,
    /// The colour that replaces it on a dark page.
    pub dark: &'static str,
}

impl Colour {
    /// Returns the red, green and blue of [`Self::light`].
    pub fn rgb(self) -> (u8, u8, u8) {
        let part = |from: usize| {
            self.light.get(from..from + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0)
        };
        (part(1), part(3), part(5))
    }
}

/// The background.
pub const PAPER: Colour = Colour { light: "#ffffff", dark: "#14181d" };
/// The colour of titles and names.
pub const INK: Colour = Colour { light: "#1c2128", dark: "#e6e9ee" };
/// The colour of axis labels, references, marks and points without a group.
pub const MUTED: Colour = Colour { light: "#5f6875", dark: "#9aa4b2" };
/// The colour of grid lines.
pub const GRID: Colour = Colour { light: "#e3e6ea", dark: "#2c333c" };
/// The colours of the series, in order: Okabe and Ito's blue, vermilion, green and purple, then four more
/// that differ from these in protanopia, deuteranopia and tritanopia.
pub const SERIES: [Colour; 8] = [
    Colour { light: "#0072b2", dark: "#56b4e9" },
    Colour { light: "#d55e00", dark: "#ff8a4c" },
    Colour { light: "#009e73", dark: "#2fc79a" },
    Colour { light: "#cc79a7", dark: "#f0a8d0" },
    Colour { light: "#332288", dark: "#7a6cf0" },
    Colour { light: "#8b1a2b", dark: "#d94a64" },
    Colour { light: "#7b68ee", dark: "#f0e442" },
    Colour { light: "#000000", dark: "#ffffff" },
];

/// Returns all colours, each once.
pub fn all() -> impl Iterator<Item = Colour> {
    [PAPER, INK, MUTED, GRID].into_iter().chain(SERIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_and_ink_contrast_with_the_paper() {
        let contrast = |one: &'static str, other: &'static str| {
            let (one, other) = (luminance(one), luminance(other));
            (one.max(other) + 0.05) / (one.min(other) + 0.05)
        };
        for colour in SERIES.into_iter().chain([INK, MUTED]) {
            assert!(contrast(colour.light, PAPER.light) >= 3.0, "{colour:?}");
            assert!(contrast(colour.dark, PAPER.dark) >= 3.0, "{colour:?}");
        }
        assert_eq!(SERIES[1].rgb(), (0xd5, 0x5e, 0x00));
    }

    /// Returns the relative luminance of WCAG 2.
    fn luminance(colour: &'static str) -> f64 {
        let (red, green, blue) = Colour { light: colour, dark: "" }.rgb();
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}
