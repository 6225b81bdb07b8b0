//! Numbers of a row.

/// A finite number, or what was found instead.
pub(crate) fn parse_finite(text: &str) -> std::result::Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            Err(format!("{text:?}; expected a number within ±3.4e38"))
        }
        _ => Err(format!("{text:?}; expected a finite number")),
    }
}
