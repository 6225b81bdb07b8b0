//! The errors of this crate.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use plotters::drawing::DrawingAreaErrorKind;
use vgae::error::reason;

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// The errors of drawing charts, building reports and serving the explorer.
///
/// # Examples
/// ```
/// let error = vgae_report::Error::from(vgae::Error::NotANumber { index: 3 });
/// assert!(matches!(error, vgae_report::Error::Library(vgae::Error::NotANumber { index: 3 })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the library.
    #[error(transparent)]
    Library(#[from] vgae::Error),
    /// A chart could not be drawn.
    #[error("cannot draw the chart: {0}")]
    Chart(String),
    /// The size or the scale of a picture is out of range.
    #[error("{0}")]
    Size(String),
    /// The server cannot listen at an address.
    #[error("cannot listen on {address}: {}", reason(source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl From<DrawingAreaErrorKind<Infallible>> for Error {
    fn from(error: DrawingAreaErrorKind<Infallible>) -> Self {
        Self::Chart(error.to_string())
    }
}
