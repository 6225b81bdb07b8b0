//! The encoding of an XML file: that of its byte order mark, or else the one that it declares.
//!
//! `encoding_rs` knows the encodings and `encoding_rs_io` decodes a stream. Neither looks into the declaration
//! of XML; `quick-xml` does, but not for UTF-16.

use std::io::Read;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

/// The longest declaration, in bytes.
const MAX_DECLARATION_BYTES: usize = 1 << 10;

/// The first bytes of UTF-16, by a byte order mark or by `<?`.
const UTF_16: [(&[u8], &Encoding); 4] =
    [(b"\xff\xfe", UTF_16LE), (b"\xfe\xff", UTF_16BE), (b"<\0?\0", UTF_16LE), (b"\0<\0?", UTF_16BE)];

/// The encoding of an XML file.
#[derive(Clone, Copy)]
pub(super) struct XmlEncoding {
    /// `None` for UTF-8, which the parser checks.
    other: Option<&'static Encoding>,
}

impl XmlEncoding {
    /// Finds the encoding of a file that begins with these bytes; UTF-8 unless it says otherwise.
    ///
    /// # Errors
    /// Returns a message if the file declares an encoding that is unknown.
    pub(super) fn detect(beginning: &[u8]) -> Result<Self, String> {
        if let Some(&(_, encoding)) = UTF_16.iter().find(|(bytes, _)| beginning.starts_with(bytes)) {
            return Ok(XmlEncoding { other: Some(encoding) });
        }
        let Some(name) = declared(beginning) else { return Ok(XmlEncoding { other: None }) };
        match Encoding::for_label_no_replacement(name.as_bytes()) {
            // The declaration could be read, so that the file is not in UTF-16. Text that some programs made in
            // UTF-16 and wrote as UTF-8 says so.
            Some(encoding) if [UTF_8, UTF_16LE, UTF_16BE].contains(&encoding) => {
                Ok(XmlEncoding { other: None })
            }
            Some(encoding) => Ok(XmlEncoding { other: Some(encoding) }),
            None => Err(format!(
                "the file declares the encoding {name:?}, which is unknown; expected one such as UTF-8, UTF-16, \
                 ISO-8859-1 or windows-1252; hint: convert the file to UTF-8"
            )),
        }
    }

    /// Converts bytes to UTF-8. What is not in the encoding becomes U+FFFD, which [`XmlEncoding::check`] finds.
    pub(super) fn decode<'a>(self, bytes: &'a mut (dyn Read + Send)) -> Box<dyn Read + 'a> {
        match self.other {
            None => Box::new(bytes),
            Some(encoding) => Box::new(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(bytes)),
        }
    }

    /// Checks a part of the decoded text.
    ///
    /// # Errors
    /// Returns a message if the file had other bytes there than its encoding allows.
    pub(super) fn check(self, text: &str) -> Result<(), String> {
        match self.other {
            Some(encoding) if text.contains(char::REPLACEMENT_CHARACTER) => Err(format!(
                "some bytes are not {}; expected the encoding that the file declares or begins with",
                encoding.name()
            )),
            _ => Ok(()),
        }
    }
}

/// Returns the encoding in `<?xml version="1.0" encoding="…"?>`, unless the byte order mark of UTF-8 stands
/// before it.
fn declared(beginning: &[u8]) -> Option<String> {
    let beginning = String::from_utf8_lossy(&beginning[..beginning.len().min(MAX_DECLARATION_BYTES)]);
    let (declaration, _) = beginning.trim_start().strip_prefix("<?xml")?.split_once("?>")?;
    let (_, rest) = declaration.split_once("encoding")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split(quote).next().map(|name| name.trim().to_string())
}
