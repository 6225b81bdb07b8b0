//! How scores that need no training do on the same links.

use hashbrown::HashSet;

use crate::error::Result;
use crate::report::part::num_resamples;
use vgae::config::{BaselineKind, ModelKind};
use vgae::evaluate::Scored;
use vgae::evaluate::metrics::{Intervals, Metrics};
use vgae::evaluate::negatives::NegativeLists;
use vgae::model::baseline::Baseline;
use vgae::model::score::Score;
use vgae::run::Run;
use vgae::split::Part;

/// How well a score does on the held-out part.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// The score.
    pub kind: BaselineKind,
    /// AUC and AP.
    pub metrics: Metrics,
    /// Their 95 % intervals.
    pub intervals: Intervals,
}

/// Steps of a score up to which it is worked out for a report: some tenths of a second.
const MOST_STEPS: usize = 100_000_000;

/// The standings on `part` of all scores that go with the graph and take no long time, best first, the run's own model left
/// out; and those scores that would take longer.
pub(super) fn all(run: &Run, part: &Part) -> Result<(Vec<Standing>, Vec<BaselineKind>)> {
    let (graph, seed) = (&run.graph, run.record.config.seed);
    let train = run.split.train.undirected();
    let mut standings = Vec::new();
    let mut left_out = Vec::new();
    for kind in BaselineKind::ALL {
        let is_own = run.record.config.model.model == ModelKind::Baseline(kind);
        // In a bipartite graph the ends of a pair have no neighbour in common.
        let is_idle = is_of_neighbours(kind) && graph.edges.num_sources().is_some();
        if is_own || is_idle || (kind.needs_features() && graph.features.is_none()) {
            continue;
        }
        if num_steps(kind, run, part) > MOST_STEPS {
            left_out.push(kind);
            continue;
        }
        let scored = scored(&Baseline::new(kind, &train, graph.features(), seed)?, part);
        let intervals = scored.intervals(num_resamples(&scored), seed)?;
        standings.push(Standing { kind, metrics: scored.metrics()?, intervals });
    }
    standings.sort_by(|a, b| b.metrics.roc_auc.total_cmp(&a.metrics.roc_auc));
    Ok((standings, left_out))
}

/// The edges and negatives of `part` by `score`.
pub(super) fn scored(score: &dyn Score, part: &Part) -> Scored {
    Scored::new(score, part.edges.pairs(), &NegativeLists::Shared(part.negatives.clone()))
}

fn is_of_neighbours(kind: BaselineKind) -> bool {
    use BaselineKind::*;
    matches!(kind, CommonNeighbours | Jaccard | AdamicAdar | ResourceAllocation)
}

/// About how many steps a score takes, where that can be many.
fn num_steps(kind: BaselineKind, run: &Run, part: &Part) -> usize {
    let (n, m) = (run.graph.num_nodes(), run.split.train.len());
    match kind {
        // A walk from each node that is an end of a pair.
        BaselineKind::Katz | BaselineKind::PersonalizedPagerank => {
            let ends: HashSet<u32> = part.pairs().iter().flat_map(|pair| [pair.0, pair.1]).collect();
            ends.len() * (n + m)
        }
        // Some hundred products of Â with 128 columns.
        BaselineKind::Spectral => 128 * 200 * (n + m),
        BaselineKind::PropagatedCosine => {
            let num_nonzeros = run.graph.features().map_or(0, |features| features.num_nonzeros());
            num_nonzeros * (2 * m).div_ceil(n.max(1))
        }
        _ => 0,
    }
}
