//! Checks the negatives of each link. Two links may share a negative, and the negative of one link may be another link,
//! as in HeaRT, so the rules for lists that all links share do not apply.

use std::path::{Path, PathBuf};

use crate::audit::lists::{Found, List, Role, Row};
use crate::audit::{Audit, Report, Rule, open_pairs};
use crate::config::NodeColumns;
use crate::error::{Error, Result};
use crate::graph::Pair;
use crate::read::{PairColumns, RowReader, for_each_negative, is_array, link_column};

/// The negatives of the links of one list.
pub(super) struct LinkNegatives {
    /// The place of the file of negatives in the lists.
    list: u16,
    /// The place of the list of the links.
    of: u16,
    /// The links, in the order of their file.
    links: Vec<Row>,
    /// The negatives, with the place of their link.
    rows: Vec<(usize, Row)>,
}

impl Audit {
    /// Reads the negatives in `path` of each link of the list at `of`.
    pub(super) fn read_by_link(&mut self, path: &Path, of: u16) -> Result<()> {
        if is_array(path) {
            return self.read_array(path, of);
        }
        let (reader, columns) = open_pairs(path, &NodeColumns::default())?;
        self.read_rows_by_link(reader, &columns, path, of)
    }

    fn read_array(&mut self, path: &Path, of: u16) -> Result<()> {
        let links = self.links(of);
        let list = self.lists.len() as u16;
        let sources: Vec<Pair> = links.iter().map(Row::written).collect();
        let (direction, nodes) = (self.direction, &mut self.nodes);
        let mut rows = Vec::new();
        let node = |id: &str| Some(nodes.intern(id));
        for_each_negative(path, &sources, node, |link, pair| {
            rows.push((link, Row::new(pair, direction, list, 0)));
        })?;
        self.push_by_link(path, LinkNegatives { list, of, links, rows });
        Ok(())
    }

    /// Reads rows of `link,source,target` from `reader`, which is before the header.
    fn read_rows_by_link(
        &mut self,
        mut reader: RowReader,
        columns: &PairColumns,
        path: &Path,
        of: u16,
    ) -> Result<()> {
        let links = self.links(of);
        let list = self.lists.len() as u16;
        let mut rows = Vec::new();
        reader.advance()?;
        let column = link_column(columns).unwrap_or_default();
        while reader.advance()? {
            let (source, target) = reader.pair(columns.nodes)?;
            let pair = (self.nodes.intern(source), self.nodes.intern(target));
            let text = reader.fields().nth(column).unwrap_or_default();
            let link = text.parse().ok().filter(|&link: &usize| link < links.len());
            let link = link.ok_or_else(|| {
                let count = links.len();
                reader.error(format!(
                    "has the link {text:?}; expected the place of one of the {count} links, counted from 0"
                ))
            })?;
            rows.push((link, Row::new(pair, self.direction, list, reader.line_number())));
        }
        self.push_by_link(path, LinkNegatives { list, of, links, rows });
        Ok(())
    }

    /// Returns the pairs of the list at `of`, in the order of their file.
    fn links(&self, of: u16) -> Vec<Row> {
        self.rows.iter().filter(|row| row.list == of).copied().collect()
    }

    fn push_by_link(&mut self, path: &Path, negatives: LinkNegatives) {
        self.lists.push(List { path: path.to_path_buf(), role: Role::LinkNegatives });
        self.by_link.push(negatives);
    }

    /// Reads an array with negatives of each link of the one file of pairs.
    pub(super) fn read_array_of_pairs(&mut self, path: &Path) -> Result<()> {
        let of = self.only_pairs(path)?;
        self.read_array(path, of)
    }

    /// Reads rows of `link,source,target`, negatives of each link of the one file of pairs.
    pub(super) fn read_rows_of_pairs(
        &mut self,
        reader: RowReader,
        columns: &PairColumns,
        path: &Path,
    ) -> Result<()> {
        let of = self.only_pairs(path)?;
        self.read_rows_by_link(reader, columns, path, of)
    }

    /// Returns the place of the one file of pairs.
    fn only_pairs(&self, path: &Path) -> Result<u16> {
        let mut of_pairs = (0u16..).zip(&self.lists).filter(|(_, list)| list.role == Role::Pairs);
        match (of_pairs.next(), of_pairs.next()) {
            (Some((of, _)), None) => Ok(of),
            _ => {
                let problem =
                    "has negatives for each link; expected one file of pairs with these links".into();
                Err(Error::Input { path: PathBuf::from(path), problem })
            }
        }
    }
}

impl LinkNegatives {
    /// Notes that `train` refuses the file if its links are among the lists with `both_directions` of each pair.
    pub(super) fn note_directions(&self, both_directions: &[usize], lists: &[List], report: &mut Report) {
        if both_directions.contains(&usize::from(self.of)) {
            report.add_note(format!(
                "{}: its links are listed in both directions; `train` expects each link once",
                lists[usize::from(self.list)].path.display()
            ));
        }
    }

    /// Returns the number of negatives.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the negatives.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// Returns the offences, given the sorted `rows` of all other lists. Adds a note to `report` on negatives that are
    /// held-out edges.
    pub(super) fn check(&self, lists: &[List], rows: &[Row], report: &mut Report) -> Vec<Found> {
        let (mut found, mut num_held_out) = (Vec::new(), 0);
        let mut has_negatives = vec![false; self.links.len()];
        self.rows.iter().for_each(|&(link, _)| has_negatives[link] = true);
        for (link, _) in self.links.iter().zip(has_negatives).filter(|(_, has_negatives)| !has_negatives) {
            // The place is the file that lacks them.
            let row = link.in_list(self.list);
            found.push(Found { rule: Rule::NoNegatives, row, other: Some(*link) });
        }
        for &(link, row) in &self.rows {
            let mut push = |rule, other: Option<Row>| found.push(Found { rule, row, other });
            let pair = row.key();
            if pair.0 == pair.1 {
                push(Rule::SelfLoop, None);
                continue;
            }
            if pair == self.links[link].key() {
                push(Rule::NegativeIsEdge, Some(self.links[link]));
                continue;
            }
            let start = rows.partition_point(|other| other.key() < pair);
            let same = || rows[start..].iter().take_while(|other| other.key() == pair);
            let with = |roles: &[Role]| same().find(|other| roles.contains(&lists[other.list as usize].role));
            if let Some(edge) = with(&[Role::Train]) {
                push(Rule::NegativeIsEdge, Some(*edge));
            } else if with(&[Role::HeldOut, Role::Pairs]).is_some() {
                num_held_out += 1;
            } else if let Some(edge) = with(&[Role::Graph]) {
                push(Rule::NegativeIsEdge, Some(*edge));
            }
        }
        if num_held_out > 0 {
            report.add_note(format!(
                "{}: negatives that are other links to evaluate, as in HeaRT: {num_held_out} of {}",
                lists[self.list as usize].path.display(),
                self.rows.len()
            ));
        }
        found
    }
}
