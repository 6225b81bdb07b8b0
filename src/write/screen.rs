//! Writes to stdout and, if it is a terminal, escapes control characters.

use std::io::{self, IsTerminal, Write};

/// Stdout. Data pass through unchanged unless stdout is a terminal: an id may contain escape sequences that
/// clear the screen, rename the window or hide text.
pub(crate) struct Screen<W> {
    inner: W,
    is_terminal: bool,
    /// `true` if the last byte was `FIRST`, which is written with the next byte.
    is_pending: bool,
}

/// The first byte, in UTF-8, of the control characters beyond ASCII and of some other characters.
const FIRST: u8 = 0xc2;

impl Screen<io::Stdout> {
    pub(crate) fn stdout() -> Self {
        let inner = io::stdout();
        Screen { is_terminal: inner.is_terminal(), inner, is_pending: false }
    }
}

impl<W: Write> Write for Screen<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_terminal {
            return self.inner.write(bytes);
        }
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            let was_pending = std::mem::replace(&mut self.is_pending, byte == FIRST);
            let ends_control = was_pending && (0x80..=0x9f).contains(&byte);
            if was_pending && !ends_control {
                shown.push(FIRST);
            }
            match byte {
                _ if ends_control => write!(shown, "\\u{{{byte:x}}}")?,
                0..=8 | 11..=31 | 127 => write!(shown, "\\u{{{byte:x}}}")?,
                FIRST => {}
                _ => shown.push(byte),
            }
        }
        self.inner.write_all(&shown)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_escaped_control_characters_in_chunks_of_any_length() {
        let text = "a\x1b[2J\tä\u{9b}31m\u{a0}¢\x7f\r\n\u{80}é\x08";
        let shown = "a\\u{1b}[2J\tä\\u{9b}31m\u{a0}¢\\u{7f}\\u{d}\n\\u{80}é\\u{8}";
        for length in 1..text.len() {
            let mut screen = Screen { inner: Vec::new(), is_terminal: true, is_pending: false };
            text.as_bytes().chunks(length).for_each(|bytes| screen.write_all(bytes).unwrap());
            assert_eq!(String::from_utf8(screen.inner).unwrap(), shown);
        }
        let mut screen = Screen { inner: Vec::new(), is_terminal: true, is_pending: false };
        screen.write_all(b"\xc2\x1b[\xc2\xc2\x9b").unwrap();
        assert_eq!(screen.inner, b"\xc2\\u{1b}[\xc2\\u{9b}");
        let mut file = Screen { inner: Vec::new(), is_terminal: false, is_pending: false };
        file.write_all(text.as_bytes()).unwrap();
        assert_eq!(file.inner, text.as_bytes());
    }
}
