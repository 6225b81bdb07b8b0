//! Reads and writes the CSV and JSON files of a run directory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::graph::{Graph, NodeIds, Pair, hex};
use crate::read::read_csv;
use crate::split::by_link::{PARTS, own_file};
use crate::split::files::{HEADERS, paths};
use crate::split::{RowSplit, Split};
use crate::write::csv::{write_csv, write_file};
use crate::write::rows;

/// Writes rows `node` or `node,label`.
pub(super) fn write_nodes(path: &Path, graph: &Graph) -> Result<()> {
    let header = if graph.labels.is_some() { ["node", "label"].as_slice() } else { &["node"] };
    write_file(path, |output| {
        rows::write_rows(output, header, graph.num_nodes(), |node, row| {
            row.field(graph.nodes.id(node as u32));
            if let Some(labels) = &graph.labels {
                row.field(&labels[node]);
            }
        })
    })
}

/// Writes rows `row,part`, for the feature rows of a VAE.
pub(super) fn write_rows(path: &Path, split: &RowSplit, nodes: &NodeIds) -> Result<()> {
    let parts = [("train", &split.train), ("validation", &split.validation), ("test", &split.test)];
    write_csv(path, |writer| {
        writer.write_record(["row", "part"])?;
        parts.iter().try_for_each(|(part, rows)| {
            rows.iter().try_for_each(|&row| writer.write_record([nodes.id(row as u32), part]))
        })
    })
}

/// Writes rows `feature`.
pub(super) fn write_feature_names(path: &Path, names: &[String]) -> Result<()> {
    write_file(path, |output| {
        rows::write_rows(output, ["feature"], names.len(), |at, row| row.field(&names[at]))
    })
}

/// Reads the names of the features, in order.
pub(super) fn read_feature_names(path: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    read_csv(path, &[&["feature"]], |record| {
        names.push(record[0].to_string());
        Ok(())
    })?;
    Ok(names)
}

/// Reads the ids of `nodes.csv`, in order, and the labels if there are any.
pub(super) fn read_nodes(path: &Path) -> Result<(NodeIds, Option<Vec<String>>)> {
    let mut nodes = NodeIds::default();
    let mut labels = Vec::new();
    let has_labels = read_csv(path, &[&["node"], &["node", "label"]], |record| {
        let known = nodes.len();
        nodes.intern(&record[0]);
        labels.extend(record.get(1).map(str::to_string));
        if nodes.len() > known { Ok(()) } else { Err(format!("repeats node {}", &record[0])) }
    })? == 2;
    Ok((nodes, has_labels.then_some(labels)))
}

/// Returns the SHA-256 of a file, in hexadecimal.
pub fn sha256(path: &Path) -> Result<String> {
    let error = |source: io::Error| Error::io("read", path, source);
    let mut hasher = Sha256::new();
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(error)?);
    loop {
        let bytes = reader.fill_buf().map_err(error)?;
        if bytes.is_empty() {
            break;
        }
        hasher.update(bytes);
        let length = bytes.len();
        reader.consume(length);
    }
    Ok(hex(&hasher.finalize()))
}

/// Writes the five files, and the negatives of each link of a part that has them.
pub(super) fn write_split(directory: &Path, split: &Split, nodes: &NodeIds) -> Result<()> {
    let weights =
        [split.train.weights(), split.validation.edges.weights(), None, split.test.edges.weights(), None];
    for ((path, pairs), weights) in paths(directory).iter().zip(split.lists()).zip(weights) {
        let header = HEADERS[usize::from(weights.is_some())];
        write_file(path, |output| {
            rows::write_rows(output, header, pairs.len(), |at, row| {
                let (u, v) = pairs[at];
                row.field(nodes.id(u));
                row.field(nodes.id(v));
                if let Some(weights) = weights {
                    row.number(weights[at]);
                }
            })
        })?;
    }
    for (name, part) in PARTS.into_iter().zip([&split.validation, &split.test]) {
        let Some(lists) = &part.by_link else { continue };
        let pairs: Vec<(usize, Pair)> = lists
            .iter()
            .enumerate()
            .flat_map(|(link, list)| list.iter().map(move |&pair| (link, pair)))
            .collect();
        write_file(&own_file(directory, name), |output| {
            rows::write_rows(output, ["link", "source", "target"], pairs.len(), |at, row| {
                let (link, (u, v)) = pairs[at];
                row.field(&link.to_string());
                row.field(nodes.id(u));
                row.field(nodes.id(v));
            })
        })?;
    }
    Ok(())
}
