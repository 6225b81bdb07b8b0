//! Problems of an XML file.

use std::io::{Error as IoError, ErrorKind};

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

/// A problem at the current line.
pub(super) enum Problem {
    Read(IoError),
    Here(String),
}

impl From<String> for Problem {
    fn from(problem: String) -> Self {
        Problem::Here(problem)
    }
}

/// An attribute of an element, if it has that.
pub(super) fn attribute(element: &BytesStart, name: &str) -> std::result::Result<Option<String>, Problem> {
    let found = element.try_get_attribute(name).map_err(|error| error.to_string())?;
    let value = found.map(|found| found.normalized_value(XmlVersion::Implicit1_0)).transpose();
    Ok(value.map_err(problem)?.map(|value| value.into_owned()))
}

/// Turns an error of the parser into a problem.
pub(super) fn problem(error: quick_xml::Error) -> Problem {
    match error {
        quick_xml::Error::Io(source) if source.kind() == ErrorKind::FileTooLarge => {
            Problem::Here(source.to_string())
        }
        quick_xml::Error::Io(source) if source.kind() != ErrorKind::Other => {
            Problem::Read(IoError::new(source.kind(), source.to_string()))
        }
        error => Problem::Here(format!("the XML is damaged: {error}")),
    }
}
