//! Scores that need no training, measured on the same links as the model.

use hashbrown::HashSet;

use crate::Result;
use crate::report::part::num_resamples;
use vgae::config::{BaselineKind, ModelKind};
use vgae::evaluate::Scored;
use vgae::evaluate::metrics::{Intervals, Metrics};
use vgae::model::baseline::Baseline;
use vgae::run::Run;
use vgae::split::HeldOut;

/// The metrics of a score that needs no training, on the held-out part.
#[derive(Debug, Clone, Copy)]
pub struct BaselineMetrics {
    /// The score.
    pub kind: BaselineKind,
    /// AUC and average precision.
    pub metrics: Metrics,
    /// The 95 % bootstrap intervals of the metrics.
    pub intervals: Intervals,
}

/// The most steps of a score that a report computes: some tenths of a second.
const MAX_STEPS: usize = 100_000_000;

/// Measures on `part` all fast scores that apply to the graph, except the run's own model, and returns them
/// best first. Returns the scores that would take longer as well.
pub(super) fn measure(run: &Run, part: &HeldOut) -> Result<(Vec<BaselineMetrics>, Vec<BaselineKind>)> {
    let (graph, seed) = (&run.graph, run.record.config.seed);
    let mut baselines = Vec::new();
    let mut skipped_baselines = Vec::new();
    for kind in BaselineKind::ALL {
        let is_own = run.record.config.model.model == ModelKind::Baseline(kind);
        // In a bipartite graph, the ends of a pair never share a neighbour.
        let is_always_zero = kind.counts_common_neighbours() && graph.edges.num_sources().is_some();
        if is_own || is_always_zero || (kind.needs_features() && graph.features.is_none()) {
            continue;
        }
        if num_steps(kind, run, part) > MAX_STEPS {
            skipped_baselines.push(kind);
            continue;
        }
        let scored = Scored::of_part(&Baseline::new(kind, &run.split.train, graph.features(), seed)?, part);
        let intervals = scored.intervals(num_resamples(&scored), seed)?;
        baselines.push(BaselineMetrics { kind, metrics: scored.metrics()?, intervals });
    }
    baselines.sort_by(|a, b| b.metrics.roc_auc.total_cmp(&a.metrics.roc_auc));
    Ok((baselines, skipped_baselines))
}

/// Estimates the number of steps of a score, 0 for scores that are always fast.
fn num_steps(kind: BaselineKind, run: &Run, part: &HeldOut) -> usize {
    let (n, m) = (run.graph.num_nodes(), run.split.train.len());
    match kind {
        // These take a walk from each node that is an end of a pair.
        BaselineKind::Katz | BaselineKind::PersonalizedPagerank => {
            let by_link = part.by_link.iter().flatten().flatten().copied();
            let ends: HashSet<u32> =
                part.pairs().into_iter().chain(by_link).flat_map(|pair| [pair.0, pair.1]).collect();
            ends.len() * (n + m)
        }
        // Some 200 products of Â with 128 columns.
        BaselineKind::Spectral => 128 * 200 * (n + m),
        BaselineKind::PropagatedCosine | BaselineKind::NeighbourhoodCosine => {
            let num_nonzeros = run.graph.features().map_or(0, |features| features.num_nonzeros());
            num_nonzeros * (2 * m).div_ceil(n.max(1))
        }
        _ => 0,
    }
}
