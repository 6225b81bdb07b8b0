//! GML as networkx, igraph, Gephi and others write it: lists in brackets of keys and values.
//!
//! Written by hand because no crate reads the format as a stream with the lines of mistakes.
//!
//! The format is that of Himsolt 1997, "GML: a portable graph file format", except that text is UTF-8.

mod tokens;

use std::io::{BufRead, BufReader};

use crate::config::ReadConfig;
use crate::error::Result;
use crate::graph::{Direction, Graph};
use crate::read::document::Document;
use crate::read::problem::Problem;
use crate::read::source::{Lines, Source};
use crate::read::values::parse_weight;

use tokens::{Token, Tokens};

/// Reads the nodes and edges of a GML file. The ids are the `id` of the nodes. The edge data named `weight`, or the
/// name in `config`, is the weight.
///
/// # Errors
/// Returns [`crate::Error::Row`] for text that is not GML and for a second graph; [`crate::Error::Input`] for the
/// errors of [`Document::graph`].
pub(super) fn read_gml(mut source: Source, config: &ReadConfig) -> Result<Graph> {
    let mut document = Document::new(config, source.fingerprint());
    let outcome = {
        let mut tokens = Tokens::new(Lines::new(BufReader::new(source.bytes())));
        read(&mut tokens, &mut document).map_err(|problem| (problem, tokens.line()))
    };
    outcome.map_err(|(problem, line)| problem.at(line, &source))?;
    document.graph(source.finish())
}

/// Reads the keys and values outside the graph.
fn read(tokens: &mut Tokens<impl BufRead>, document: &mut Document) -> std::result::Result<(), Problem> {
    let mut num_graphs = 0;
    while let Some(token) = tokens.next()? {
        match token {
            Token::Value(key) if key.eq_ignore_ascii_case("graph") => {
                num_graphs += 1;
                if num_graphs > 1 {
                    return Err("found a second graph; expected one".into());
                }
                expect_open(tokens, "graph")?;
                read_graph(tokens, document)?;
            }
            Token::Value(_) => skip_value(tokens)?,
            Token::Open => return Err("found [; expected a key such as graph".into()),
            Token::Close => return Err("found ]; expected a key such as graph".into()),
        }
    }
    match num_graphs {
        0 => Err("the file has no graph; expected graph [ … ]".into()),
        _ => Ok(()),
    }
}

/// Reads the list of the graph, after its bracket.
fn read_graph(
    tokens: &mut Tokens<impl BufRead>,
    document: &mut Document,
) -> std::result::Result<(), Problem> {
    let mut direction = Direction::Undirected;
    let mut has_edges = false;
    while let Some(key) = next_key(tokens)? {
        match key.to_ascii_lowercase().as_str() {
            "directed" => {
                direction = match next_value(tokens, "directed")?.as_str() {
                    "0" => Direction::Undirected,
                    "1" => Direction::Directed,
                    found => return Err(format!("directed is {found}; expected 0 or 1").into()),
                };
                if has_edges {
                    return Err("directed comes after an edge; expected it before all edges".into());
                }
            }
            "node" => {
                let items = read_items(tokens, "node")?;
                let node = document.add_node(required(&items, "node", "id")?)?;
                for (key, value) in items.iter().filter(|(key, _)| !key.eq_ignore_ascii_case("id")) {
                    document.add_node_data(node, key, value);
                }
            }
            "edge" => {
                has_edges = true;
                let items = read_items(tokens, "edge")?;
                let (source, target) =
                    (required(&items, "edge", "source")?, required(&items, "edge", "target")?);
                document.add_edge(source, target, direction)?;
                let is_end =
                    |key: &str| ["source", "target", "id"].iter().any(|end| key.eq_ignore_ascii_case(end));
                for (key, value) in items.iter().filter(|(key, _)| !is_end(key)) {
                    document.declare_edge_data(key);
                    if document.is_weight(key) {
                        document.set_weight(parse_weight(value)?);
                    }
                }
            }
            _ => skip_value(tokens)?,
        }
    }
    Ok(())
}

/// Reads the keys of a node or an edge that have a single value.
fn read_items(
    tokens: &mut Tokens<impl BufRead>,
    of: &str,
) -> std::result::Result<Vec<(String, String)>, Problem> {
    expect_open(tokens, of)?;
    let mut items = Vec::new();
    while let Some(key) = next_key(tokens)? {
        match tokens.next()? {
            Some(Token::Value(value)) => items.push((key, value)),
            Some(Token::Open) => skip_list(tokens)?,
            Some(Token::Close) => return Err(format!("{key} has no value; expected one before ]").into()),
            None => return Err(cut_off()),
        }
    }
    Ok(items)
}

fn required<'a>(items: &'a [(String, String)], of: &str, key: &str) -> std::result::Result<&'a str, Problem> {
    let found = items.iter().find(|(found, _)| found.eq_ignore_ascii_case(key));
    found
        .map(|(_, value)| value.as_str())
        .ok_or_else(|| format!("the {of} has no {key}; expected one").into())
}

/// Returns the next key of a list, or `None` at its end.
fn next_key(tokens: &mut Tokens<impl BufRead>) -> std::result::Result<Option<String>, Problem> {
    match tokens.next()? {
        Some(Token::Value(key)) => Ok(Some(key)),
        Some(Token::Close) => Ok(None),
        Some(Token::Open) => Err("found [; expected a key before it".into()),
        None => Err(cut_off()),
    }
}

fn next_value(tokens: &mut Tokens<impl BufRead>, key: &str) -> std::result::Result<String, Problem> {
    match tokens.next()? {
        Some(Token::Value(value)) => Ok(value),
        Some(_) => Err(format!("found a bracket; expected the value of {key}").into()),
        None => Err(cut_off()),
    }
}

fn expect_open(tokens: &mut Tokens<impl BufRead>, key: &str) -> std::result::Result<(), Problem> {
    match tokens.next()? {
        Some(Token::Open) => Ok(()),
        Some(Token::Value(found)) => Err(format!("found {found:?} after {key}; expected [").into()),
        Some(Token::Close) => Err(format!("found ] after {key}; expected [").into()),
        None => Err(cut_off()),
    }
}

fn skip_value(tokens: &mut Tokens<impl BufRead>) -> std::result::Result<(), Problem> {
    match tokens.next()? {
        Some(Token::Value(_)) => Ok(()),
        Some(Token::Open) => skip_list(tokens),
        Some(Token::Close) => Err("found ]; expected a value before it".into()),
        None => Err(cut_off()),
    }
}

/// Skips a list after its bracket, however deep the lists in it.
fn skip_list(tokens: &mut Tokens<impl BufRead>) -> std::result::Result<(), Problem> {
    let mut depth = 1u64;
    while depth > 0 {
        match tokens.next()? {
            Some(Token::Open) => depth += 1,
            Some(Token::Close) => depth -= 1,
            Some(Token::Value(_)) => {}
            None => return Err(cut_off()),
        }
    }
    Ok(())
}

fn cut_off() -> Problem {
    "the file is cut off; expected ]".into()
}
