//! Where the negatives come from: the run's split, a kind of them, or a file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use vgae::evaluate::negatives::Negatives;
use vgae::graph::Pair;
use vgae::read::{PairReader, Unknown};
use vgae::run::Run;
use vgae::{Error, Result};

use super::Args;
use crate::cli::progress::Voice;
use crate::cli::score::tell_impossible;

/// The hard negatives of a link unless another number is given.
const PER_EDGE: usize = 100;

/// The value of `--negatives`.
#[derive(Debug, Clone)]
pub(super) enum KindOrFile {
    Uniform,
    Degree,
    Hard,
    File(PathBuf),
}

impl From<OsString> for KindOrFile {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some("uniform") => KindOrFile::Uniform,
            Some("degree") => KindOrFile::Degree,
            Some("hard") => KindOrFile::Hard,
            _ => KindOrFile::File(text.into()),
        }
    }
}

/// What is ranked, and among what.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The split's edges and negatives.
    Split,
    /// The split's edges, and negatives of this kind.
    Kind(Negatives),
    /// Pairs of one's own.
    Files { pairs: &'a Path, negatives: &'a Path },
}

impl<'a> Source<'a> {
    /// What `args` ask for, which must not contradict themselves.
    pub(super) fn of(args: &'a Args) -> Result<Self> {
        let refuse = |problem: String| Err(Error::Config(problem));
        if let (Some(count), false) =
            (args.negatives_per_edge, matches!(args.negatives, Some(KindOrFile::Hard)))
        {
            return refuse(format!(
                "--negatives-per-edge {count} is for hard negatives; add --negatives hard"
            ));
        }
        let kind = match (&args.negatives, &args.pairs) {
            (None, _) => return Ok(Source::Split),
            (Some(KindOrFile::File(file)), None) => {
                return refuse(format!(
                    "--negatives {} is none of uniform, degree and hard, hence a file of pairs, which needs --pairs \
                     with those that are links",
                    file.display()
                ));
            }
            (Some(KindOrFile::File(negatives)), Some(pairs)) => {
                let dash = Path::new("-");
                if pairs == dash && negatives == dash {
                    return refuse(
                        "--pairs and --negatives are both -; stdin can be only one of them".into(),
                    );
                }
                return Ok(Source::Files { pairs, negatives });
            }
            (Some(KindOrFile::Uniform), _) => Negatives::Uniform,
            (Some(KindOrFile::Degree), _) => Negatives::Degree,
            (Some(KindOrFile::Hard), _) => {
                Negatives::Hard { per_edge: args.negatives_per_edge.unwrap_or(PER_EDGE) }
            }
        };
        match &args.pairs {
            None => Ok(Source::Kind(kind)),
            Some(pairs) => refuse(format!(
                "--negatives {kind} are drawn for the held-out links, not for --pairs {}; expected a file, ./{kind} \
                 if it is called so",
                pairs.display()
            )),
        }
    }
}

/// Says what negatives of `kind` are, where the name alone does not.
pub(super) fn describe(kind: Negatives, run: &Run, voice: &Voice) {
    match kind {
        Negatives::Uniform => {}
        Negatives::Degree => voice.say(
            "note: degree negatives are absent pairs whose ends have as many training edges as the ends of edges \
             have: a degree alone tells little",
        ),
        Negatives::Hard { per_edge } => {
            let heuristics = match run.graph.features() {
                Some(_) => "resource allocation, personalised PageRank and feature cosine",
                None => "resource allocation and personalised PageRank",
            };
            voice.say(format!(
                "note: hard negatives are, for each link, the up to {per_edge} likeliest absent pairs at its ends by \
                 {heuristics} on the training edges (HeaRT); mrr and hits rank a link among its own, the other \
                 figures pool them"
            ));
        }
    }
}

/// The pairs of the two files.
pub(super) struct OwnPairs {
    pub(super) pairs: Vec<Pair>,
    pub(super) negatives: Vec<Pair>,
}

impl OwnPairs {
    /// Reads both, and says what speaks against a figure of them.
    pub(super) fn read(pairs: &Path, negatives: &Path, run: &Run, voice: &Voice) -> Result<Self> {
        let pairs = read_pairs(pairs, run)?;
        let negatives = read_pairs(negatives, run)?;
        let num_seen = pairs.iter().filter(|&&pair| run.split.train.contains(pair)).count();
        if num_seen > 0 {
            voice.say(format!(
                "note: {num_seen} of the {} pairs were trained on: no held-out figure",
                pairs.len()
            ));
        }
        let num_edges = negatives.iter().filter(|&&pair| run.graph.edges.contains(pair)).count();
        if num_edges > 0 {
            voice.say(format!(
                "note: {num_edges} of the {} negatives are edges of the graph",
                negatives.len()
            ));
        }
        let can_join = |pair: &Pair| run.graph.edges.can_join(*pair);
        let num_impossible = pairs.iter().chain(&negatives).filter(|pair| !can_join(pair)).count();
        tell_impossible(num_impossible, voice);
        Ok(OwnPairs { pairs, negatives })
    }
}

fn read_pairs(path: &Path, run: &Run) -> Result<Vec<Pair>> {
    Ok(PairReader::open(path, &run.graph.nodes, Unknown::Refuse)?.read_all()?.0)
}
