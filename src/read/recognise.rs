//! Recognises the format of a text by its beginning.

use crate::config::EdgeFormat;
use crate::read::source::BYTE_ORDER_MARK;

/// The beginning of a Matrix Market file, whatever its name.
const BANNER: &str = "%%MatrixMarket";

/// The beginning of a file.
pub(super) struct Beginning {
    /// Whole lines, without a byte order mark.
    pub(super) text: String,
    /// `true` if the text is the whole file.
    pub(super) is_whole: bool,
}

impl Beginning {
    pub(super) fn new(bytes: &[u8], is_whole: bool) -> Self {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        let end = match is_whole {
            true => bytes.len(),
            false => memchr::memrchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1),
        };
        Beginning { text: String::from_utf8_lossy(&bytes[..end]).into_owned(), is_whole }
    }

    /// Returns the format other than rows of text that the text begins like, if any.
    pub(super) fn format(&self) -> Option<EdgeFormat> {
        let text = self.text.trim_start();
        match text.bytes().next()? {
            _ if text.starts_with(BANNER) => Some(EdgeFormat::MatrixMarket),
            b'<' => self.root_element().and_then(|name| match name {
                "graphml" => Some(EdgeFormat::GraphMl),
                "gexf" => Some(EdgeFormat::Gexf),
                _ => None,
            }),
            b'{' => text[1..].trim_start().starts_with(['"', '}']).then_some(EdgeFormat::Json),
            b'[' => {
                let rest = text[1..].trim_start();
                let is_list = rest.starts_with('{') || text.lines().next() == Some("[");
                is_list.then_some(EdgeFormat::Json)
            }
            _ if self.is_gml() => Some(EdgeFormat::Gml),
            _ if self.is_pajek() => Some(EdgeFormat::Pajek),
            _ => None,
        }
    }

    /// Returns the local name of the first element of an XML text.
    pub(super) fn root_element(&self) -> Option<&str> {
        let mut rest = self.text.as_str();
        loop {
            rest = &rest[rest.find('<')? + 1..];
            if rest.starts_with(['?', '!']) {
                rest = match rest.strip_prefix("!--") {
                    Some(comment) => &comment[comment.find("-->")?..],
                    None => rest,
                };
                continue;
            }
            let end = rest.find(|letter: char| letter.is_whitespace() || matches!(letter, '>' | '/'))?;
            return rest[..end].rsplit(':').next();
        }
    }

    /// Returns the lines that are neither blank nor begin with one of `comments`.
    pub(super) fn lines<'a>(&'a self, comments: &'a [char]) -> impl Iterator<Item = &'a str> + 'a {
        let lines = self.text.lines().map(str::trim);
        lines.filter(move |line| !line.is_empty() && !line.starts_with(comments))
    }

    /// Returns the lines before the first row.
    pub(super) fn comments(&self) -> String {
        let lines = self.text.lines().take_while(|line| line.is_empty() || line.starts_with(['#', '%']));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Returns `true` for `graph [`, after lines such as `Creator "…"` and `directed 1`.
    fn is_gml(&self) -> bool {
        let mut lines = self.lines(&['#']).skip_while(|line| {
            let key = line.split_whitespace().next().unwrap_or_default();
            ["creator", "version", "comment"].iter().any(|known| key.eq_ignore_ascii_case(known))
        });
        let is_graph = |line: &str| line.eq_ignore_ascii_case("graph");
        match lines.next() {
            Some(line) if is_graph(line) => lines.next().is_some_and(|next| next.starts_with('[')),
            Some(line) => line.split_once('[').is_some_and(|(before, _)| is_graph(before.trim())),
            None => false,
        }
    }

    /// Returns `true` for `*Vertices` or `*Network`, after comments.
    fn is_pajek(&self) -> bool {
        let first = self.lines(&['%']).next().unwrap_or_default().to_ascii_lowercase();
        ["*vertices", "*network"].iter().any(|known| first.starts_with(known))
    }
}
