//! Checks the values in an input file: numbers, weights and node ids.
//!
//! The standard library parses the numbers; the code here turns failures into messages with a hint.

/// The longest field in bytes. Fields are node ids, labels and names, so a longer one is a mistake in the
/// separators.
pub(super) const MAX_FIELD_BYTES: usize = 1 << 16;

/// Parses a finite number.
///
/// # Errors
/// Returns a message that says what was found instead.
pub(crate) fn parse_finite(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            Err(format!("{text:?}; expected a number within ±3.4e38"))
        }
        _ if text.contains(',') && text.replacen(',', ".", 1).parse::<f64>().is_ok() => {
            Err(format!("{text:?}; expected a finite number; hint: write decimals with a point"))
        }
        _ => Err(format!("{text:?}; expected a finite number")),
    }
}

/// Parses a weight, a number above 0.
///
/// # Errors
/// Returns a message that says what was found instead.
pub(super) fn parse_weight(text: &str) -> Result<f32, String> {
    let weight = parse_finite(text).map_err(|found| format!("the weight is {found}"))?;
    match weight > 0.0 {
        true => Ok(weight),
        false if text.parse::<f64>().is_ok_and(|weight| weight > 0.0) => Err(too_small(text)),
        false => Err(format!("the weight is {text}; expected a number above 0")),
    }
}

/// Converts a weight of a binary format, a number above 0.
///
/// # Errors
/// Returns a message that says what was found instead.
pub(super) fn checked_weight(value: f64) -> Result<f32, String> {
    let weight = value as f32;
    match weight.is_finite() && weight > 0.0 {
        true => Ok(weight),
        false if value > 0.0 && weight == 0.0 => Err(too_small(&format!("{value:e}"))),
        false => Err(format!("the weight is {value}; expected a number above 0 and up to 3.4e38")),
    }
}

/// Returns the message for a weight that is above 0 and rounds to 0 in single precision.
fn too_small(weight: &str) -> String {
    format!(
        "the weight is {weight}; expected at least 1.4e-45; hint: multiply all weights by the same number"
    )
}

/// Checks a node id of a format that is not text.
///
/// # Errors
/// Returns a message if the id is empty, too long, or cannot be written on a line of text.
pub(super) fn check_id(id: &str) -> Result<(), String> {
    match id {
        "" => Err("is empty; expected a node id".into()),
        _ if id.len() > MAX_FIELD_BYTES => {
            Err(format!("has {} bytes; expected at most {MAX_FIELD_BYTES}", id.len()))
        }
        _ if id.contains(['\n', '\r']) => Err(format!("is {id:?}; expected a node id without a line break")),
        _ if id.contains('\0') => Err(format!("is {id:?}; expected a node id without a zero byte")),
        _ => Ok(()),
    }
}
