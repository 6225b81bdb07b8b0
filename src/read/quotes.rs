//! Fields in double quotes.

/// White space that may stand around a field: no other is taken off, whether there are quotes in a line or not.
pub(super) fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace()
}

/// Of what follows an opening quote: the bytes before the closing one, those before the separator behind that, and
/// whether there are quotes, as `""`, among the former. None if the field goes on after its end or has none.
pub(super) fn quoted_length(quoted: &str, separator: char) -> Option<(usize, usize, bool)> {
    let (mut at, mut has_quotes) = (0, false);
    loop {
        let quote = at + quoted[at..].find('"')?;
        if quoted[quote + 1..].starts_with('"') {
            has_quotes = true;
            at = quote + 2;
            continue;
        }
        let behind = &quoted[quote + 1..];
        let length = behind.find(separator).unwrap_or(behind.len());
        return behind[..length].trim_matches(is_blank).is_empty().then_some((
            quote,
            quote + 1 + length,
            has_quotes,
        ));
    }
}
