//! The fold of a cross-validation that a run tests on.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ParseError;

/// One of the k folds of a cross-validation, as in `3/10`.
///
/// # Examples
/// ```
/// use vgae::config::Fold;
///
/// let third: Fold = "3/10".parse()?;
/// assert_eq!((third.number(), third.count(), third.to_string()), (3, 10, "3/10".to_string()));
/// assert_eq!((third.range(25), third.range(5)), (5..7, 1..1));
/// assert_eq!(Fold::all(10).nth(2), Some(third));
/// assert!("0/10".parse::<Fold>().is_err() && "11/10".parse::<Fold>().is_err() && "1/1".parse::<Fold>().is_err());
/// # Ok::<(), vgae::error::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fold {
    number: usize,
    count: usize,
}

impl Fold {
    /// Returns all `count` folds in order; none if there are fewer than 2.
    pub fn all(count: usize) -> impl Iterator<Item = Fold> {
        (1..=count).filter_map(move |number| Fold::new(number, count))
    }

    /// Returns the number of this fold, from 1 to [`Fold::count`].
    pub fn number(self) -> usize {
        self.number
    }

    /// Returns the number of folds, k.
    pub fn count(self) -> usize {
        self.count
    }

    /// Returns the share of the edges that a fold holds, 1/k.
    pub fn fraction(self) -> f64 {
        1.0 / self.count as f64
    }

    /// Returns the positions of this fold among n = `num_items` shuffled items. The folds are one after the other,
    /// and their sizes differ by at most 1.
    pub fn range(self, num_items: usize) -> Range<usize> {
        // The product exceeds 64 bits for an absurd number of folds.
        let end = |number: usize| (number as u128 * num_items as u128 / self.count as u128) as usize;
        end(self.number - 1)..end(self.number)
    }

    fn new(number: usize, count: usize) -> Option<Self> {
        (count >= 2 && (1..=count).contains(&number)).then_some(Fold { number, count })
    }
}

impl FromStr for Fold {
    type Err = ParseError;
    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        let parsed = text.split_once('/').and_then(|(number, count)| {
            let (number, count) = (number.trim().parse().ok()?, count.trim().parse().ok()?);
            Fold::new(number, count)
        });
        parsed.ok_or_else(|| {
            ParseError::new(text, "a fold, from 1/10 to 10/10 for ten folds; at least two folds")
        })
    }
}

impl TryFrom<String> for Fold {
    type Error = ParseError;
    fn try_from(text: String) -> std::result::Result<Self, ParseError> {
        text.parse()
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl From<Fold> for String {
    fn from(fold: Fold) -> Self {
        fold.to_string()
    }
}
