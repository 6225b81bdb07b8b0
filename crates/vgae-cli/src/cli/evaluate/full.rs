//! The held-out links among all pairs of the graph.

use std::io::Write;

use crate::{Error, Result};
use serde::Serialize;
use vgae::evaluate::ranking::{Estimate, RankingConfig, RankingMetrics};
use vgae::model::score::Score;
use vgae::run::Run;
use vgae::write::Output;

use super::report::{estimate, names};
use super::{Args, write_json};
use crate::cli::progress::Reporter;
use crate::cli::stdout;

/// The figures of both parts.
#[derive(Serialize)]
pub(super) struct Ranked {
    negatives: &'static str,
    seed: u64,
    validation: Option<RankingMetrics>,
    test: Option<RankingMetrics>,
}

impl Ranked {
    pub(super) fn compute(run: &Run, score: &dyn Score, args: &Args, reporter: &Reporter) -> Result<Self> {
        if run.split.validation.is_empty() && run.split.test.is_empty() {
            return Err(Error::Usage("this run held out no links to evaluate".into()));
        }
        let mut config = RankingConfig { seed: args.seed, ..RankingConfig::default() };
        if !args.hits.is_empty() {
            config.ks = args.hits.clone();
        }
        let [validation, test] = run.rank_parts(score, &config)?;
        let ranked = Ranked { negatives: "all", seed: args.seed, validation, test };
        ranked.explain(reporter);
        Ok(ranked)
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, &RankingMetrics)> {
        let parts = [("validation", &self.validation), ("test", &self.test)];
        parts.into_iter().filter_map(|(name, part)| Some((name, part.as_ref()?)))
    }

    fn explain(&self, reporter: &Reporter) {
        reporter.note(
            "each link is ranked, at both of its nodes, among all pairs of this node that are not edges; the lists \
             hold the highest pairs of the graph that are neither training edges nor in the other held-out part",
        );
        if self.parts().any(|(_, part)| part.list.is_none()) {
            reporter.note(
                "the lists of the highest pairs are left out, since this model scores too slowly for all pairs of the graph",
            );
        }
        for (name, part) in self.parts() {
            if part.num_ranked_ends < part.num_ends {
                reporter.note(format!(
                    "{name}: ranked at a sample of {} of {} nodes, with 95 % intervals, since this model scores too \
                     slowly for all of them",
                    part.num_ranked_ends, part.num_ends
                ));
            }
        }
    }

    pub(super) fn write(&self, output: &mut Output, json: bool) -> Result<()> {
        if json {
            return write_json(output, self);
        }
        let mut text = stdout::table(&self.rank_rows());
        let lists = self.list_rows();
        if lists.len() > 1 {
            text.push('\n');
            text.push_str(&stdout::table(&lists));
        }
        output.write_all(text.as_bytes()).map_err(|error| stdout::write_error(output, error))
    }

    fn rank_rows(&self) -> Vec<Vec<String>> {
        let mut header = names(["part", "negatives", "mrr", "median_rank"]);
        if let Some((_, part)) = self.parts().next() {
            for name in ["hits", "recall", "ndcg"] {
                header.extend(part.hits.keys().map(|k| format!("{name}@{k}")));
            }
        }
        header.extend(names(["num_links", "num_nodes"]));
        let row = |(name, part): (&'static str, &RankingMetrics)| {
            let cell = |&Estimate { value, interval }: &Estimate| estimate(value, interval);
            let mut row = vec![name.to_string(), self.negatives.into(), cell(&part.mean_reciprocal_rank)];
            row.push(format!("{:.1}", part.median_rank));
            row.extend(
                [&part.hits, &part.recall, &part.ndcg].into_iter().flat_map(|at| at.values().map(cell)),
            );
            row.extend([part.num_links.to_string(), part.num_ranked_ends.to_string()]);
            row
        };
        [header].into_iter().chain(self.parts().map(row)).collect()
    }

    fn list_rows(&self) -> Vec<Vec<String>> {
        let header = names(["part", "highest_pairs", "precision", "recall", "precision_by_chance"]);
        let rows = self.parts().flat_map(|(name, part)| {
            part.list.iter().flat_map(move |list| {
                list.precision.iter().map(move |(k, precision)| {
                    let chance = format!("{:.2e}", list.precision_by_chance);
                    let [precision, recall] = [*precision, list.recall[k]].map(|share| format!("{share:.4}"));
                    vec![name.to_string(), k.to_string(), precision, recall, chance]
                })
            })
        });
        [header].into_iter().chain(rows).collect()
    }
}
