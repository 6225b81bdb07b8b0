//! Numbers of a row.

/// A finite number, or what was found instead.
pub(crate) fn parse_finite(text: &str) -> std::result::Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            Err(format!("{text:?}; expected a number within ±3.4e38"))
        }
        _ if text.contains(',') && text.replacen(',', ".", 1).parse::<f64>().is_ok() => {
            Err(format!("{text:?}; expected a finite number; hint: decimals are set off by a point"))
        }
        _ => Err(format!("{text:?}; expected a finite number")),
    }
}

/// A weight, a number above 0, or a sentence on what was found instead.
pub(crate) fn parse_weight(text: &str) -> std::result::Result<f32, String> {
    let weight = parse_finite(text).map_err(|found| format!("the weight is {found}"))?;
    match weight > 0.0 {
        true => Ok(weight),
        false => Err(format!("the weight is {text}; expected a number above 0")),
    }
}
