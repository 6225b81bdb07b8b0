//! The colours of every chart: few, exact, and told apart by colour-blind readers.
//!
//! An SVG of this crate holds no other colour than these, each as the very text of [`Colour::light`], and opacity only in
//! attributes of its own. A page that embeds the SVG can therefore map `[fill="#0072b2"]` and `[stroke="#0072b2"]`
//! to [`Colour::dark`]. Series and ink have a contrast of at least 3:1 to the paper, in either of both.

/// A colour of the charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Its text in the SVG: `#` and six lower-case hexadecimal digits.
    pub light: &'static str,
    /// What stands for it on a dark page.
    pub dark: &'static str,
}

impl Colour {
    /// The red, green and blue of [`Self::light`].
    pub fn rgb(self) -> (u8, u8, u8) {
        let part = |from: usize| {
            self.light.get(from..from + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).unwrap_or(0)
        };
        (part(1), part(3), part(5))
    }
}

/// The background.
pub const PAPER: Colour = Colour { light: "#ffffff", dark: "#14181d" };
/// Titles and names.
pub const INK: Colour = Colour { light: "#1c2128", dark: "#e6e9ee" };
/// Labels of axes, references and marks, and points of no group.
pub const MUTED: Colour = Colour { light: "#5f6875", dark: "#9aa4b2" };
/// The lines behind the data.
pub const GRID: Colour = Colour { light: "#e3e6ea", dark: "#2c333c" };
/// The series, in their order: Okabe and Ito's blue, vermilion, green and purple, then four more that stay apart from
/// these in protanopia, deuteranopia and tritanopia.
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

/// All of them, each once.
pub fn all() -> impl Iterator<Item = Colour> {
    [PAPER, INK, MUTED, GRID].into_iter().chain(SERIES)
}
