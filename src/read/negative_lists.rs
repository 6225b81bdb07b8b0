//! Negatives that a user brings, a list for each link.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use crate::error::{Error, Result};
use crate::graph::{NodeIds, Pair};
use crate::read::columns::PairColumns;
use crate::read::listed::check_count;
use crate::read::npy::{NpyArray, Number};
use crate::read::pairs::{Columns, PairReader};

/// The header of the column that says which link a negative belongs to.
const LINK: &str = "link";

impl PairReader<'_> {
    /// Returns `true` if the file has a column headed `link`, so that each link has negatives of its own.
    pub fn has_link_column(&self) -> bool {
        self.header().is_some_and(|header| header.iter().any(|name| is_link(name)))
    }

    /// Reads the negatives of `num_links` links from rows of `link,source,target`, where `link` is the place of the
    /// link in its file, counted from 0. Also returns the number of pairs left out because they have an unknown
    /// node. O(m) memory.
    ///
    /// # Errors
    /// Returns the errors of [`PairReader::read_blocks`], and [`Error::Input`] for a number that is no link and a link
    /// without negatives.
    pub fn read_by_link(self, path: &Path, num_links: usize) -> Result<(Vec<Vec<Pair>>, u64)> {
        let other_columns = self.other_columns();
        let Some(column) = other_columns.iter().position(|name| is_link(name)) else {
            let header = self.header().unwrap_or_default().join(",");
            let problem = format!("has the header {header:?}; expected link,source,target");
            return Err(Error::Input { path: path.to_path_buf(), problem });
        };
        let (fingerprint, file_error) = (self.reader.fingerprint(), self.reader.file_errors());
        let (mut lists, mut num_pairs) = (vec![Vec::new(); num_links], 0);
        let num_skipped = self.read_blocks(Columns::All, |block| {
            for (at, &pair) in block.pairs().iter().enumerate() {
                let text = block.kept(at).nth(column).unwrap_or_default();
                let list = text.parse().ok().and_then(|link: usize| lists.get_mut(link));
                let list = list.ok_or_else(|| {
                    let problem = format!(
                        "has the link {text:?}; expected the place of one of the {num_links} links, counted from 0"
                    );
                    Error::Input { path: path.to_path_buf(), problem }
                })?;
                list.push(pair);
            }
            num_pairs += block.pairs().len();
            check_count(num_pairs, fingerprint.num_bytes()).map_err(&file_error)
        })?;
        if let Some(link) = lists.iter().position(Vec::is_empty) {
            let problem =
                format!("has no negatives for the link {link}; expected at least one for each link");
            return Err(Error::Input { path: path.to_path_buf(), problem });
        }
        Ok((lists, num_skipped))
    }
}

/// Returns the column headed `link`, if there is one.
pub(crate) fn link_column(columns: &PairColumns) -> Option<usize> {
    columns.header.as_ref()?.iter().position(|name| is_link(name))
}

fn is_link(name: &str) -> bool {
    name.trim().eq_ignore_ascii_case(LINK)
}

/// Returns `true` if the name of a file is that of a NumPy array.
pub fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"))
}

/// Reads negatives from a NumPy array of node ids that are whole numbers: [m, K, 2] holds K pairs for each of the m
/// `links`, as HeaRT's files do, and [m, K] K targets for the source of each, as OGB's `target_node_neg`. The links
/// must be in the order of the array, as are the lists. O(m·K) memory.
///
/// # Errors
/// [`Error::Io`] if the file cannot be read; [`Error::Input`] if it is no such array, or has a node that the graph
/// does not have.
pub fn negative_array(path: &Path, nodes: &NodeIds, links: &[Pair]) -> Result<Vec<Vec<Pair>>> {
    let mut lists: Vec<Vec<Pair>> = vec![Vec::new(); links.len()];
    for_each_negative(path, links, |id| nodes.index(id), |link, pair| lists[link].push(pair))?;
    Ok(lists)
}

/// Calls `take` with the place of a link and one of its negatives, for all negatives in an array as in
/// [`negative_array`]. `node` finds the nodes by their ids.
///
/// # Errors
/// Returns the errors of [`negative_array`].
pub(crate) fn for_each_negative(
    path: &Path,
    links: &[Pair],
    mut node: impl FnMut(&str) -> Option<u32>,
    mut take: impl FnMut(usize, Pair),
) -> Result<()> {
    let error = |problem: String| Error::Input { path: path.to_path_buf(), problem };
    let file = File::open(path).map_err(|source| Error::io("read", path, source))?;
    let array = NpyArray::open(BufReader::new(file)).map_err(error)?;
    let shape = array.shape.clone();
    let width = match shape.as_slice() {
        [_, _] => 1,
        [_, _, 2] => 2,
        _ => {
            return Err(error(format!(
                "has the shape {shape:?}; expected [m, K, 2] pairs or [m, K] targets of m links"
            )));
        }
    };
    if shape[0] != links.len() as u64 {
        return Err(error(format!(
            "has lists for {} links; expected {}, one for each link",
            shape[0],
            links.len()
        )));
    }
    if shape[1] == 0 {
        return Err(error("has no negatives; expected at least one for each link".into()));
    }
    let per_link = shape[1] as usize;
    let (mut at, mut first) = (0, None);
    array
        .all_numbers(|number| {
            let Number::Integer(id) = number else {
                return Err("holds floats; expected node ids, which are whole numbers".into());
            };
            let node = node(&id.to_string())
                .ok_or_else(|| format!("has {number}, which is no node of the graph"))?;
            let link = at / (per_link * width);
            match (width, first.take()) {
                (2, None) => first = Some(node),
                (_, Some(source)) => take(link, (source, node)),
                (_, None) => take(link, (links[link].0, node)),
            }
            at += 1;
            Ok(())
        })
        .map_err(error)
}
