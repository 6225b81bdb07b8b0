//! Reads the elements of an SVG with an XML parser.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The name, the attributes and the direct text of an element.
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) words: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.0 == name).map(|attribute| attribute.1.as_str())
    }
}

/// Returns all elements in order; panics unless the SVG is well-formed and contains only characters of XML.
pub(super) fn elements(svg: &str) -> Vec<Element> {
    let allowed =
        |c: char| matches!(c, '\n' | ' '..='\u{7e}' | '\u{80}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}');
    assert_eq!(svg.chars().find(|c| !allowed(*c)), None);
    let mut reader = Reader::from_str(svg);
    reader.config_mut().check_end_names = true;
    let (mut elements, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(tag) => {
                open.push(elements.len());
                elements.push(element(&tag));
            }
            Event::Empty(tag) => elements.push(element(&tag)),
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => {
                if let Some(inner) = open.last() {
                    elements[*inner].words.push_str(&text);
                }
            }
            Event::GeneralRef(entity) => {
                let inner = open.last().expect("inside of the root");
                elements[*inner]
                    .words
                    .push_str(quick_xml::escape::resolve_predefined_entity(&entity).unwrap());
            }
            Event::Eof => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(open.is_empty());
    elements
}

fn element(tag: &quick_xml::events::BytesStart) -> Element {
    let attributes = tag.attributes().map(|attribute| {
        let attribute = attribute.expect("well-formed attribute");
        (attribute.key.as_ref().to_owned(), attribute.value.to_string())
    });
    Element { name: tag.name().as_ref().to_owned(), attributes: attributes.collect(), words: String::new() }
}

pub(super) fn count(svg: &str, name: &str, attribute: &str, value: &str) -> usize {
    let elements = elements(svg);
    elements.iter().filter(|one| one.name == name && one.attribute(attribute) == Some(value)).count()
}

pub(super) fn words(svg: &str) -> Vec<String> {
    elements(svg).into_iter().filter(|one| one.name == "text").map(|one| one.words).collect()
}
