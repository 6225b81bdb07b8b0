//! Fields in double quotes.

/// White space that may stand around a field: no other is taken off, whether there are quotes in a line or not.
pub(super) fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace()
}

/// Returns, for the text after an opening quote, the number of bytes before the closing quote, the number before the
/// next separator, and `true` if the field contains quotes, written `""`. `None` if the closing quote is missing or
/// more text follows it.
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
