//! The source of the negatives: the run's split, a kind to draw, or a file.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, Result};
use vgae::evaluate::negatives::{HEART_PER_EDGE, NegativeLists, Negatives};
use vgae::graph::{NodeIds, Pair};
use vgae::progress::Progress;
use vgae::read::{self, LabelledPairs};
use vgae::run::Run;
use vgae::split::{self, NegativeFiles};

use super::Args;
use crate::cli::progress::Reporter;
use crate::cli::score::note_impossible;
use crate::cli::shared_args::{PairsArgs, note_skipped};

/// The default number of hard negatives per link.
const HARD_PER_EDGE: usize = 100;

/// The value of `--negatives`.
#[derive(Debug, Clone)]
pub(super) enum KindOrFile {
    Uniform,
    Degree,
    Hard,
    Heart,
    All,
    File(PathBuf),
}

impl From<OsString> for KindOrFile {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("uniform") => KindOrFile::Uniform,
            Some("degree") => KindOrFile::Degree,
            Some("hard") => KindOrFile::Hard,
            Some("heart") => KindOrFile::Heart,
            Some("all") => KindOrFile::All,
            _ => KindOrFile::File(text.into()),
        }
    }
}

/// The pairs to rank, and the negatives to rank them among.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The split's edges and negatives.
    Split,
    /// The split's edges and negatives of this kind.
    Kind(Negatives),
    /// The split's edges among all pairs.
    All,
    /// The given pairs and negatives; without a file of negatives, the pairs say which are links.
    Files { pairs: &'a Path, negatives: Option<&'a Path> },
    /// The held-out edges in this directory of a split, each part among its file of negatives.
    Directory(&'a Path),
}

impl<'a> Source<'a> {
    /// Determines the source from the arguments.
    ///
    /// # Errors
    /// [`vgae::Error::Config`] if the arguments contradict each other.
    pub(super) fn from_args(args: &'a Args) -> Result<Self> {
        let reject = |problem: String| Err(Error::Usage(problem));
        if let (Some(count), false) =
            (args.negatives_per_edge, matches!(args.negatives, Some(KindOrFile::Hard | KindOrFile::Heart)))
        {
            return reject(format!(
                "--negatives-per-edge {count} is for hard negatives; add --negatives hard or heart"
            ));
        }
        let has_files = args.pairs.is_some()
            || matches!(&args.negatives, Some(KindOrFile::File(directory)) if directory.is_dir());
        if let (Some(flag), false) = (args.reading.given(), has_files) {
            return reject(format!("{flag} is for files of pairs; add --pairs FILE"));
        }
        let kind = match (&args.negatives, &args.pairs) {
            (None, None) => return Ok(Source::Split),
            (None, Some(pairs)) => return Ok(Source::Files { pairs, negatives: None }),
            (Some(KindOrFile::File(directory)), None) if directory.is_dir() => {
                return Ok(Source::Directory(directory));
            }
            (Some(KindOrFile::File(file)), None) if !file.exists() => {
                return reject(format!(
                    "--negatives {} is no file or directory, and not one of uniform, degree, hard, heart and all",
                    file.display()
                ));
            }
            (Some(KindOrFile::File(file)), None) => {
                return reject(format!(
                    "--negatives {} is a file of pairs, not one of uniform, degree, hard, heart and all; it needs \
                     --pairs with the links",
                    file.display()
                ));
            }
            (Some(KindOrFile::File(negatives)), Some(pairs)) => {
                let dash = Path::new("-");
                if pairs == dash && negatives == dash {
                    return reject(
                        "--pairs and --negatives are both -; stdin can be only one of them".into(),
                    );
                }
                return Ok(Source::Files { pairs, negatives: Some(negatives) });
            }
            (Some(KindOrFile::Uniform), _) => Negatives::Uniform,
            (Some(KindOrFile::Degree), _) => Negatives::Degree,
            (Some(KindOrFile::Hard), _) => {
                Negatives::Hard { per_edge: args.negatives_per_edge.unwrap_or(HARD_PER_EDGE) }
            }
            (Some(KindOrFile::Heart), _) => {
                Negatives::Heart { per_edge: args.negatives_per_edge.unwrap_or(HEART_PER_EDGE) }
            }
            (Some(KindOrFile::All), None) => {
                let given = [
                    ("--by-degree", args.by_degree),
                    ("--bootstrap", args.bootstrap.is_some()),
                    ("--reliability", args.reliability),
                ];
                return match given.into_iter().find(|(_, is_given)| *is_given) {
                    Some((flag, _)) => {
                        reject(format!("{flag} is for lists of negatives, not for --negatives all"))
                    }
                    None => Ok(Source::All),
                };
            }
            (Some(KindOrFile::All), Some(_)) => {
                return reject("--negatives all ranks the held-out links, not --pairs".into());
            }
        };
        match &args.pairs {
            None => Ok(Source::Kind(kind)),
            Some(pairs) => reject(format!(
                "--negatives {kind} are drawn for the held-out links, not for --pairs {}; expected a file \
                 (write ./{kind} for a file named {kind})",
                pairs.display()
            )),
        }
    }
}

/// Prints a note that explains negatives of `kind`.
pub(super) fn explain_kind(kind: Negatives, run: &Run, reporter: &Reporter) {
    match kind {
        Negatives::Uniform => {}
        Negatives::Degree => reporter.note(
            "degree negatives are pairs that are not edges, but whose nodes have degrees like those of linked \
             nodes, so that degrees alone say little about which pairs are links",
        ),
        Negatives::Hard { per_edge } => {
            let heuristics = match run.graph.features() {
                Some(_) => "resource allocation, personalised PageRank and feature cosine",
                None => "resource allocation and personalised PageRank",
            };
            reporter.note(format!(
                "hard negatives are, for each link, up to {per_edge} pairs at its nodes that are not edges and \
                 that {heuristics} on the training edges rank highest (HeaRT); mrr and hits rank each link \
                 among its own negatives, the other metrics among those of all links"
            ));
        }
        Negatives::Heart { per_edge } => reporter.note(format!(
            "heart negatives are, for each link, {per_edge} pairs at its nodes, drawn by the rules of the benchmark \
             HeaRT; mrr and hits rank each link among its own negatives, with ties in the middle"
        )),
    }
}

/// Returns the files of links and of negatives of each part that `directory` holds: the negatives of each link, else
/// those that all links share.
///
/// # Errors
/// [`Error::Usage`] if no part has both files; [`vgae::Error::Foreign`] if one of them is a link.
pub(super) fn part_files(directory: &Path, nodes: &NodeIds) -> Result<Vec<(&'static str, PathBuf, PathBuf)>> {
    let directory = &split::split_directory(directory)?;
    let mut found = Vec::new();
    for part in ["validation", "test"] {
        let NegativeFiles { by_link, shared } = NegativeFiles::find(directory, part, nodes)?;
        let links = directory.join(format!("{part}.csv"));
        let negatives = by_link.or(shared).filter(|file| links.is_file() && file.is_file());
        found.extend(negatives.map(|negatives| (part, links, negatives)));
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(Error::Usage(format!(
            "--negatives {} is a directory without negatives; expected validation.csv or test.csv, and beside it \
             validation_negatives or test_negatives with the ending .npy or .csv",
            directory.display()
        ))),
    }
}

/// The pairs in the files of `--pairs` and `--negatives`.
pub(super) struct GivenPairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) negatives: NegativeLists,
}

impl GivenPairs {
    /// Reads the files and notes what makes their metrics doubtful.
    ///
    /// # Errors
    /// [`Error::Usage`] if there are no negatives, or if a pair is both a link and a negative.
    pub(super) fn read(
        pairs_file: &Path,
        negatives_file: Option<&Path>,
        reading: &PairsArgs,
        run: &Run,
        reporter: &Reporter,
    ) -> Result<Self> {
        let given = read_pairs(pairs_file, reading, run, reporter)?;
        let (pairs, mut negatives) = (given.links, given.negatives);
        if let Some(column) = given.column {
            reporter.note(format!(
                "{}: by the column {column}, {} pairs are links and {} negatives",
                pairs_file.display(),
                pairs.len(),
                negatives.len()
            ));
        }
        let refuse_skipping = || {
            match reading.skip_unknown {
            true => Err(Error::Usage(
                "--skip-unknown would change the places of the links, by which each finds its negatives; leave it out"
                    .into(),
            )),
            false => Ok(()),
        }
        };
        match negatives_file {
            Some(file) if read::is_array(file) => {
                refuse_skipping()?;
                let lists = read::negative_array(file, &run.graph.nodes, &pairs)?;
                return Self::checked(pairs, NegativeLists::PerEdge(lists), run, reporter);
            }
            // The same file holds both.
            Some(file) if file == pairs_file && !negatives.is_empty() => {}
            Some(file) => {
                let reader = reading.open(file, &run.graph.nodes, &Progress::default(), reporter)?;
                if reader.has_link_column() {
                    refuse_skipping()?;
                    let (lists, num_skipped) = reader.read_by_link(file, pairs.len())?;
                    note_skipped(num_skipped, reporter);
                    return Self::checked(pairs, NegativeLists::PerEdge(lists), run, reporter);
                }
                let LabelledPairs { links, negatives: others, column, num_skipped } =
                    reader.read_labelled()?;
                note_skipped(num_skipped, reporter);
                match column {
                    None => negatives.extend(links),
                    Some(column) => {
                        reporter.note(format!(
                            "{}: rows with 1 in the column {column} are links and were left out: {}",
                            file.display(),
                            links.len()
                        ));
                        negatives.extend(others);
                    }
                }
            }
            None if negatives.is_empty() => {
                return Err(Error::Usage(format!(
                    "--pairs {} holds only links; give pairs that are not links by --negatives FILE, or in the same file \
                     with a column label of 1 and 0",
                    pairs_file.display()
                )));
            }
            None => {}
        }
        Self::checked(pairs, NegativeLists::Shared(negatives), run, reporter)
    }

    /// Notes what makes the metrics doubtful.
    ///
    /// # Errors
    /// [`Error::Usage`] if a pair is both a link and a pooled negative, or its own negative.
    fn checked(pairs: Vec<Pair>, lists: NegativeLists, run: &Run, reporter: &Reporter) -> Result<Self> {
        let orient = |pair: &Pair| run.graph.edges.direction().orient(*pair);
        let links: HashSet<Pair> = pairs.iter().map(orient).collect();
        let clash = match &lists {
            NegativeLists::Shared(pooled) => pooled.iter().find(|pair| links.contains(&orient(pair))),
            // The negative of one link may be another link, as in HeaRT.
            NegativeLists::PerEdge(lists) => pairs
                .iter()
                .zip(lists)
                .find_map(|(link, list)| list.iter().find(|pair| orient(pair) == orient(link))),
        };
        if let Some(&(u, v)) = clash {
            return Err(Error::Usage(format!(
                "{},{} is both a link and a negative; expected each pair in one of --pairs and --negatives",
                run.graph.nodes.id(u),
                run.graph.nodes.id(v)
            )));
        }
        let num_seen = pairs.iter().filter(|&&pair| run.split.train.contains(pair)).count();
        if num_seen > 0 {
            reporter.note(format!(
                "{num_seen} of the {} pairs were trained on, so this is not a held-out metric",
                pairs.len()
            ));
        }
        let negatives = lists.pairs();
        let num_edges = negatives.iter().filter(|&&pair| run.graph.edges.contains(pair)).count();
        if num_edges > 0 {
            reporter.note(format!("{num_edges} of the {} negatives are edges of the graph", negatives.len()));
        }
        let can_join = |pair: &Pair| run.graph.edges.can_join(*pair);
        let num_impossible = pairs.iter().chain(&negatives).filter(|pair| !can_join(pair)).count();
        note_impossible(num_impossible, reporter);
        Ok(GivenPairs { pairs, negatives: lists })
    }
}

fn read_pairs(path: &Path, reading: &PairsArgs, run: &Run, reporter: &Reporter) -> Result<LabelledPairs> {
    let given = reading.open(path, &run.graph.nodes, &Progress::default(), reporter)?.read_labelled()?;
    note_skipped(given.num_skipped, reporter);
    Ok(given)
}
