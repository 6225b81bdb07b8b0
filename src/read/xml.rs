//! Reads formats of XML, element by element, for the readers of GraphML and GEXF.
//!
//! `quick-xml` parses; it keeps one element in memory at a time, and the code here limits how long and how deep
//! elements may be and names the line of a mistake.

pub(super) mod content;
mod encoding;

use std::io::{BufRead, BufReader, Error as IoError, ErrorKind};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion, escape};

use crate::error::Result;
use crate::read::problem::Problem;
use crate::read::source::{Lines, Source};
use crate::read::values::MAX_FIELD_BYTES;
use crate::read::xml::encoding::XmlEncoding;

/// The greatest depth of nested elements; those that are read are a few deep, but for nested nodes.
const MAX_DEPTH: usize = 1000;
/// The longest text of a weight, in bytes.
const MAX_WEIGHT_BYTES: usize = 1 << 10;

/// The result of reading a part of the file; an error belongs to the current line.
pub(super) type Outcome<T> = std::result::Result<T, Problem>;

/// A text that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// The weight of an edge.
    Weight,
    /// The weight of the edges that have none of their own.
    DefaultWeight,
    /// The name of a node.
    Name,
    /// The name of the nodes that have none of their own.
    DefaultName,
}

impl Text {
    fn check_length(self, text: &str) -> std::result::Result<(), String> {
        let (what, max_bytes, expected) = match self {
            Text::Weight | Text::DefaultWeight => ("weight", MAX_WEIGHT_BYTES, "number"),
            Text::Name | Text::DefaultName => ("name of the node", MAX_FIELD_BYTES, "shorter name"),
        };
        match text.len() <= max_bytes {
            true => Ok(()),
            false => Err(format!("the {what} has more than {max_bytes} bytes; expected a {expected}")),
        }
    }
}

/// The elements of a format, which are told of each element in turn.
pub(super) trait Elements {
    /// The name of the outermost element.
    const ROOT: &'static str;

    /// Takes the beginning of an element at this depth, from 1, and returns what the text directly inside it is
    /// if it is to be read.
    fn open(&mut self, element: &BytesStart, depth: usize) -> Outcome<Option<Text>>;

    /// Takes the end of an element at this depth, and its text if that was to be read.
    fn close(&mut self, depth: usize, text: Option<(Text, &str)>) -> Outcome<()>;

    /// Returns `true` after a graph began.
    fn has_graph(&self) -> bool;
}

/// Reads a file to its end.
///
/// # Errors
/// Returns [`crate::Error::Row`] for malformed XML, for an unknown encoding, and for what `elements` refuses.
pub(super) fn read_elements(source: &mut Source, elements: &mut impl Elements) -> Result<()> {
    let (beginning, _) = source.beginning();
    let encoding = XmlEncoding::detect(&beginning).map_err(|problem| source.error_at(1, problem))?;
    let outcome = {
        let mut xml = Reader::from_reader(Lines::new(BufReader::new(encoding.decode(source.bytes()))));
        let mut walk = Walk { elements, encoding, depth: 0, text: None };
        walk.read(&mut xml).map_err(|problem| (problem, xml.get_ref().number()))
    };
    outcome.map_err(|(problem, line)| problem.at(line, source))
}

/// Returns the attribute `name` of an element, if it has one.
pub(super) fn attribute(element: &BytesStart, name: &str) -> Outcome<Option<String>> {
    let found = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0)).transpose();
    Ok(value.map_err(problem)?.map(|value| value.into_owned()))
}

/// The place in a document while it is read.
struct Walk<'a, E> {
    elements: &'a mut E,
    encoding: XmlEncoding,
    depth: usize,
    /// The text that is read, and the depth of its element.
    text: Option<(Text, usize, String)>,
}

impl<E: Elements> Walk<'_, E> {
    fn read<R: BufRead>(&mut self, xml: &mut Reader<Lines<R>>) -> Outcome<()> {
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            xml.get_mut().begin_part();
            match xml.read_event_into(&mut buffer).map_err(problem)? {
                Event::Start(element) => self.open(&element)?,
                Event::Empty(element) => {
                    self.open(&element)?;
                    self.close()?;
                }
                Event::End(_) => self.close()?,
                Event::Text(text) => self.add_text(&text.xml10_content())?,
                Event::CData(text) => self.add_text(&text.xml10_content())?,
                Event::GeneralRef(entity) if self.text.is_some() => {
                    let entity = format!("&{};", &*entity);
                    let text = escape::unescape(&entity).map_err(|error| problem(error.into()))?;
                    self.add_text(&text)?;
                }
                Event::Eof if self.depth > 0 => {
                    return Err(format!("the file is cut off; expected </{}>", E::ROOT).into());
                }
                Event::Eof if !self.elements.has_graph() => {
                    return Err("the file has no <graph>; expected one".to_string().into());
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn open(&mut self, element: &BytesStart) -> Outcome<()> {
        self.encoding.check(element)?;
        self.depth += 1;
        let name = element.local_name().into_inner();
        if self.depth > MAX_DEPTH {
            return Err(format!(
                "elements are nested {MAX_DEPTH} deep; expected a graph without nested graphs"
            )
            .into());
        }
        if self.depth == 1 && name != E::ROOT {
            return Err(format!("found <{name}>; expected <{}>", E::ROOT).into());
        }
        if let Some(text) = self.elements.open(element, self.depth)? {
            self.text = Some((text, self.depth, String::new()));
        }
        Ok(())
    }

    fn close(&mut self) -> Outcome<()> {
        let ended = self.text.take_if(|(_, depth, _)| *depth == self.depth);
        let text = ended.as_ref().map(|(text, _, content)| (*text, content.trim()));
        self.elements.close(self.depth, text)?;
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }

    fn add_text(&mut self, part: &str) -> Outcome<()> {
        let depth = self.depth;
        if let Some((text, _, content)) = self.text.as_mut().filter(|(_, own, _)| *own == depth) {
            self.encoding.check(part)?;
            content.push_str(part);
            text.check_length(content)?;
        }
        Ok(())
    }
}

/// Converts an error of the parser.
fn problem(error: quick_xml::Error) -> Problem {
    match error {
        quick_xml::Error::Io(source) if source.kind() != ErrorKind::Other => {
            IoError::new(source.kind(), source.to_string()).into()
        }
        quick_xml::Error::Encoding(error) => Problem::Format(format!(
            "the XML is damaged: {error}; hint: a file in another encoding names it in its first line, as in \
             <?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
        )),
        error => Problem::Format(format!("the XML is damaged: {error}")),
    }
}
