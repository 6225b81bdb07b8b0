//! Parses the parameters of a request strictly: mistakes are reported, not guessed around.
//!
//! This is written by hand because the `Query` of `axum` keeps damaged percent-encodings as they are and replaces bytes
//! that are not UTF-8, so that another node would be looked up.

use std::ops::RangeInclusive;

use percent_encoding::percent_decode_str;

use super::Refusal;

/// The longest id or text in a request, in bytes.
const MAX_LENGTH: usize = 2048;

/// The parameters of a query string.
pub(super) struct Parameters {
    values: Vec<(&'static str, String)>,
}

impl Parameters {
    /// Parses a query string, encoded as by HTML forms with `+` for a space. Only the parameters `allowed`
    /// may occur, each once.
    pub(super) fn read(query: &str, allowed: &[&'static str]) -> Result<Self, Refusal> {
        let mut values: Vec<(&'static str, String)> = Vec::new();
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decode("query", &name.replace('+', " "))?;
            let refuse = |problem: &str| {
                let expected = match allowed {
                    [] => "no parameters".into(),
                    _ => format!("each of {} at most once", allowed.join(", ")),
                };
                Err(Refusal::Parameter { name: name.clone(), problem: problem.into(), expected })
            };
            let Some(&known) = allowed.iter().find(|&&known| known == name) else {
                return refuse("is not a parameter");
            };
            if values.iter().any(|&(other, _)| other == known) {
                return refuse("is given twice");
            }
            values.push((known, decode(known, &value.replace('+', " "))?));
        }
        Ok(Parameters { values })
    }

    /// Returns the text of the parameter `name`, which must be present and not empty.
    pub(super) fn text(&self, name: &'static str) -> Result<&str, Refusal> {
        let refuse = |problem: &str| {
            let problem = problem.to_string();
            Err(Refusal::Parameter { name: name.into(), problem, expected: format!("{name}=TEXT") })
        };
        match self.get(name) {
            None => refuse("is missing"),
            Some("") => refuse("is empty"),
            Some(value) => Ok(value),
        }
    }

    /// Returns the number of the parameter `name`, or `default` if it is absent.
    pub(super) fn count(
        &self,
        name: &'static str,
        default: usize,
        range: RangeInclusive<usize>,
    ) -> Result<usize, Refusal> {
        let Some(value) = self.get(name) else { return Ok(default) };
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        match value.parse() {
            Ok(count) if is_number && range.contains(&count) => Ok(count),
            _ => Err(Refusal::Parameter {
                name: name.into(),
                problem: format!("is {value:?}"),
                expected: format!("a whole number from {} to {}", range.start(), range.end()),
            }),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|value| value.0 == name).map(|value| value.1.as_str())
    }
}

/// Decodes the percent-encoding of `text`; `name` names that part of the URL in errors.
pub(super) fn decode(name: &str, text: &str) -> Result<String, Refusal> {
    let refuse = |problem: String, expected: &str| {
        Err(Refusal::Parameter { name: name.into(), problem, expected: expected.into() })
    };
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'%', rest) {
        match rest.get(at + 1..at + 3) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => rest = &rest[at + 3..],
            _ => return refuse("has a % without two hexadecimal digits".into(), "%25 for a percent sign"),
        }
    }
    match percent_decode_str(text).decode_utf8() {
        Err(_) => refuse("is not UTF-8".into(), "percent-encoded UTF-8"),
        Ok(decoded) if decoded.len() > MAX_LENGTH => {
            refuse(format!("has {} bytes", decoded.len()), &format!("at most {MAX_LENGTH}"))
        }
        Ok(decoded) => Ok(decoded.into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_strictly() {
        let read = |query: &str| Parameters::read(query, &["source", "top"]);
        let parameters = read("source=a%2Fb+c%2B%C3%A4%25&top=7").unwrap();
        assert_eq!(parameters.text("source"), Ok("a/b c+ä%"));
        assert_eq!(parameters.count("top", 10, 1..=9), Ok(7));
        assert_eq!(read("").unwrap().count("top", 10, 1..=9), Ok(10));
        for (query, expected) in [
            ("x=1", "x is not a parameter"),
            ("source=1&source=1", "source is given twice"),
            ("source=%zz", "source has a % without two hexadecimal digits"),
            ("source=%2", "source has a % without two hexadecimal digits"),
            ("source=%ff", "source is not UTF-8"),
            (&format!("source={}", "a".repeat(2049)), "source has 2049 bytes"),
        ] {
            assert_eq!(read(query).map(|_| ()).unwrap_err().to_string(), expected, "{query}");
        }
        assert_eq!(read("source").unwrap().text("source").unwrap_err().to_string(), "source is empty");
        assert_eq!(read("").unwrap().text("source").unwrap_err().to_string(), "source is missing");
        for top in ["0", "10", "-1", "+7", "1e3", "x", "", "99999999999999999999"] {
            let refusal = read(&format!("top={}", top.replace('+', "%2B"))).unwrap().count("top", 1, 1..=9);
            let refusal = refusal.unwrap_err();
            assert_eq!(refusal.to_string(), format!("top is {top:?}"));
            assert_eq!(refusal.hint(), "expected a whole number from 1 to 9");
        }
    }
}
