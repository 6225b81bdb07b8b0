//! Splits GML into brackets, words and texts in quotes.

use std::io::BufRead;

use crate::read::problem::Problem;
use crate::read::source::Lines;

/// A part of the text.
#[derive(Debug, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    /// A key, a number, or the text between quotes.
    Value(String),
}

/// Reads one token at a time.
pub(super) struct Tokens<R> {
    text: Lines<R>,
}

impl<R: BufRead> Tokens<R> {
    pub(super) fn new(text: Lines<R>) -> Self {
        Tokens { text }
    }

    /// Returns the line of the next token, from 1.
    pub(super) fn line(&self) -> u64 {
        self.text.number()
    }

    /// Returns the next token, or `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Problem> {
        loop {
            self.text.begin_part();
            let Some(byte) = self.peek()? else { return Ok(None) };
            match byte {
                b'[' => return self.take(Token::Open),
                b']' => return self.take(Token::Close),
                b'#' => {
                    self.text_until(|byte| byte == b'\n')?;
                }
                b'"' => {
                    self.text.consume(1);
                    let text = self.text_until(|byte| byte == b'"')?;
                    if self.peek()?.is_none() {
                        return Err("a text has no closing quote; expected one".into());
                    }
                    self.text.consume(1);
                    return Ok(Some(Token::Value(unescaped(&utf8(text)?))));
                }
                byte if byte.is_ascii_whitespace() => self.text.consume(1),
                _ => {
                    let ends = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'[' | b']' | b'"');
                    return Ok(Some(Token::Value(utf8(self.text_until(ends)?)?)));
                }
            }
        }
    }

    fn take(&mut self, token: Token) -> Result<Option<Token>, Problem> {
        self.text.consume(1);
        Ok(Some(token))
    }

    fn peek(&mut self) -> Result<Option<u8>, Problem> {
        Ok(self.text.fill_buf()?.first().copied())
    }

    /// Returns the bytes before the one that ends them, which remains, or before the end of the file.
    fn text_until(&mut self, ends: impl Fn(u8) -> bool) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        loop {
            let buffer = self.text.fill_buf()?;
            let length = buffer.iter().position(|&byte| ends(byte)).unwrap_or(buffer.len());
            let is_complete = length < buffer.len() || buffer.is_empty();
            bytes.extend_from_slice(&buffer[..length]);
            self.text.consume(length);
            if is_complete {
                return Ok(bytes);
            }
        }
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes()[at];
        format!(
            "found the byte 0x{byte:02x}; expected UTF-8 text; hint: `iconv -f WINDOWS-1252 -t UTF-8` converts text of \
             older programs"
        )
        .into()
    })
}

/// Replaces `&quot;`, `&#233;` and the like by the letters that they stand for.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let entity = after.split_once(';').and_then(|(name, after)| Some((letter_of_entity(name)?, after)));
        rest = match entity {
            Some((letter, after)) => {
                plain.push(letter);
                after
            }
            None => {
                plain.push('&');
                after
            }
        };
    }
    plain.push_str(rest);
    plain
}

/// Returns the letter that an entity stands for, by its name between `&` and `;`: `amp`, `#233`, ….
fn letter_of_entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_unescaped() {
        let text = "Ren&#233; &amp; &quot;Ann&quot; &#x1F980; &unknown; & &#9999999; A&B;";
        assert_eq!(unescaped(text), "René & \"Ann\" 🦀 &unknown; & &#9999999; A&B;");
    }

    #[test]
    fn tokens_do_not_depend_on_the_buffer() {
        let text = "graph[node [ id 1\nlabel \"a\n]b\" ] # a [ comment\n]";
        let value = |text: &str| Token::Value(text.into());
        let expected = [
            value("graph"),
            Token::Open,
            value("node"),
            Token::Open,
            value("id"),
            value("1"),
            value("label"),
            value("a\n]b"),
            Token::Close,
            Token::Close,
        ];
        for capacity in 1..20 {
            let buffer = std::io::BufReader::with_capacity(capacity, text.as_bytes());
            let mut tokens = Tokens::new(Lines::new(buffer));
            for expected in &expected {
                assert_eq!(tokens.next().ok().flatten().as_ref(), Some(expected), "{capacity}");
            }
            assert_eq!((tokens.next().ok(), tokens.line()), (Some(None), 4));
        }
    }
}
