//! Reads XML element by element: what GraphML and GEXF have in common.
//!
//! `quick-xml` parses; the code here limits depth and lengths, counts lines, and reads other encodings by their
//! declaration.

use std::io::{BufRead, BufReader, Error as IoError, ErrorKind};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::error::Result;
use crate::read::problem::Problem;
use crate::read::source::{Lines, Source};
use crate::read::values::letter_of_entity;

/// The greatest depth of nested elements; the elements that are read are a few deep.
const MAX_DEPTH: usize = 1000;

/// The result of a step within a file.
pub(super) type Step<T = ()> = std::result::Result<T, Problem>;

/// Takes the elements of a file, in its order.
pub(super) trait Elements {
    /// The name of the outermost element.
    const ROOT: &'static str;

    /// Takes the beginning of an element with this local name.
    fn open(&mut self, name: &str, element: &BytesStart) -> Step;

    /// Takes text within the current element.
    fn text(&mut self, text: &str) -> Step;

    /// Takes the end of an element with this local name.
    fn close(&mut self, name: &str) -> Step;

    /// Checks that the file, which ends here, had a graph.
    fn end(&self) -> Step;
}

/// Hands the elements of `source` to `elements`.
///
/// # Errors
/// Returns [`crate::Error::Row`] with the line of malformed XML or of an error of `elements`;
/// [`crate::Error::Input`] for an encoding that is not known.
pub(super) fn read_elements(source: &mut Source, elements: &mut impl Elements) -> Result<()> {
    let encoding = declared_encoding(&source.beginning().0).map_err(|problem| source.file_error(problem))?;
    let outcome = {
        let text = DecodeReaderBytesBuilder::new().encoding(encoding).build(source.bytes());
        let mut xml = Reader::from_reader(Lines::new(BufReader::new(text)));
        read(&mut xml, elements).map_err(|problem| (problem, xml.get_ref().number()))
    };
    outcome.map_err(|(problem, line)| problem.at(line, source))
}

/// Returns the attribute `name` of an element, if it has one.
pub(super) fn attribute(element: &BytesStart, name: &str) -> Step<Option<String>> {
    let found = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0)).transpose();
    Ok(value.map_err(problem)?.map(|value| value.into_owned()))
}

/// Returns the encoding that the declaration of an XML text names, if it is not UTF-8.
fn declared_encoding(beginning: &[u8]) -> std::result::Result<Option<&'static Encoding>, String> {
    let text = String::from_utf8_lossy(&beginning[..beginning.len().min(1 << 10)]);
    let declaration = text.trim_start().strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let value =
        declaration.and_then(|(declaration, _)| declaration.split_once("encoding")).map(|(_, rest)| rest);
    let Some(value) = value.and_then(|rest| rest.trim_start().strip_prefix('=')).map(str::trim_start) else {
        return Ok(None);
    };
    let name = value.trim_start_matches(['"', '\'']).split(['"', '\'']).next().unwrap_or_default();
    match Encoding::for_label(name.as_bytes()) {
        Some(encoding) if encoding == encoding_rs::UTF_8 => Ok(None),
        Some(encoding) => Ok(Some(encoding)),
        None => Err(format!(
            "declares the encoding {name:?}, which is not known; expected one such as UTF-8 or ISO-8859-1"
        )),
    }
}

/// Reads the file to its end.
fn read<R: BufRead, E: Elements>(xml: &mut Reader<Lines<R>>, elements: &mut E) -> Step {
    let mut buffer = Vec::new();
    let mut depth = 0;
    loop {
        buffer.clear();
        xml.get_mut().begin_part();
        match xml.read_event_into(&mut buffer).map_err(problem)? {
            Event::Start(element) => {
                depth += 1;
                open(elements, &element, depth)?;
            }
            Event::Empty(element) => {
                open(elements, &element, depth + 1)?;
                elements.close(element.local_name().into_inner())?;
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                elements.close(element.local_name().into_inner())?;
            }
            Event::Text(text) => elements.text(&text)?,
            Event::CData(text) => elements.text(&text)?,
            Event::GeneralRef(entity) => {
                let letter = letter_of_entity(&entity)
                    .ok_or_else(|| format!("the XML is damaged: unrecognized entity `{}`", &*entity))?;
                elements.text(letter.encode_utf8(&mut [0; 4]))?;
            }
            Event::Eof if depth > 0 => {
                return Err(format!("the file is cut off; expected </{}>", E::ROOT).into());
            }
            Event::Eof => return elements.end(),
            _ => {}
        }
    }
}

fn open<E: Elements>(elements: &mut E, element: &BytesStart, depth: usize) -> Step {
    let name = element.local_name().into_inner();
    match depth {
        _ if depth > MAX_DEPTH => {
            Err(format!("elements are nested {MAX_DEPTH} deep; expected a graph without nested graphs")
                .into())
        }
        1 if name != E::ROOT => Err(format!("found <{name}>; expected <{}>", E::ROOT).into()),
        _ => elements.open(name, element),
    }
}

/// Converts an error of the parser.
fn problem(error: quick_xml::Error) -> Problem {
    match error {
        quick_xml::Error::Io(source) if source.kind() != ErrorKind::Other => {
            IoError::new(source.kind(), source.to_string()).into()
        }
        error => Problem::Format(format!("the XML is damaged: {error}")),
    }
}
