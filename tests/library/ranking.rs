//! Ranks among all pairs, for every model and kind of graph, against a list of all pairs at each end.

use ndarray::Array2;
use proptest::prelude::*;
use vgae::config::{BaselineKind, Config, ModelKind, SplitConfig};
use vgae::evaluate::ranking::{Ends, Estimate, FullRanking, RankingConfig, TopList};
use vgae::graph::{EdgeList, Graph, Pair};
use vgae::model::baseline::Baseline;
use vgae::model::decoder::{Decoder, EmbeddingScorer};
use vgae::model::score::Score;
use vgae::{split, train};

use crate::candidates::{Kind, candidates, graphs, model_kinds};

/// The pairs at one end: their logits, and which of them are links.
struct Listed {
    pairs: Vec<(f64, bool)>,
}

impl Listed {
    /// Lists the candidates that `shares_end` keeps, and the links among them.
    fn new(logit: impl Fn(Pair) -> f64, candidates: &[Pair], links: &[Pair]) -> Self {
        let negatives = candidates.iter().map(|&pair| (logit(pair), false));
        Listed { pairs: negatives.chain(links.iter().map(|&pair| (logit(pair), true))).collect() }
    }

    fn num_links(&self) -> usize {
        self.pairs.iter().filter(|pair| pair.1).count()
    }

    /// Returns the filtered rank of each link, with ties in the middle.
    fn ranks(&self) -> Vec<f64> {
        let rank = |&(logit, _): &(f64, bool)| {
            let negatives = || self.pairs.iter().filter(|pair| !pair.1);
            let num_above = negatives().filter(|pair| pair.0 > logit).count();
            let num_tied = negatives().filter(|pair| pair.0 == logit).count();
            1.0 + num_above as f64 + 0.5 * num_tied as f64
        };
        self.pairs.iter().filter(|pair| pair.1).map(rank).collect()
    }

    /// Sums `gain` of the places of the links, each with an equal share of the places of its ties.
    fn sum(&self, gain: impl Fn(usize) -> f64) -> f64 {
        let shared = |&(logit, _): &(f64, bool)| {
            let num_above = self.pairs.iter().filter(|pair| pair.0 > logit).count();
            let num_tied = self.pairs.iter().filter(|pair| pair.0 == logit).count();
            (1..=num_tied).map(|at| gain(num_above + at)).sum::<f64>() / num_tied as f64
        };
        self.pairs.iter().filter(|pair| pair.1).map(shared).sum()
    }

    fn recall_at(&self, k: usize) -> f64 {
        self.sum(|place| f64::from(u8::from(place <= k))) / self.num_links() as f64
    }

    fn ndcg_at(&self, k: usize) -> f64 {
        let discount = |place: usize| if place <= k { 1.0 / ((place + 1) as f64).log2() } else { 0.0 };
        let ideal: f64 = (1..=self.num_links()).map(discount).sum();
        self.sum(discount) / ideal
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().sum::<f64>() / values.len() as f64
}

fn assert_close(found: Estimate, expected: f64) {
    assert!(
        found.interval.is_none() && (found.value - expected).abs() < 1e-12,
        "{found:?}, expected {expected}"
    );
}

/// Lists the pairs at both ends of each link, end after end.
fn listed(graph: &Graph, kind: Kind, score: &dyn Score, links: &[Pair]) -> Vec<Listed> {
    let known = &graph.edges;
    let all = candidates(known, kind, known.num_sources().unwrap_or(0));
    // Whole rows differ from single logits by rounding, which decides between ties.
    let logit_from = |node: u32, pair: Pair| match (score.factors(), score.rows(&[node])) {
        (None, Some(row)) => row[if pair.0 == node { pair.1 } else { pair.0 } as usize],
        _ => score.logits(&[pair])[0],
    };
    let mut lists = Vec::new();
    for node in 0..known.num_nodes() as u32 {
        let at_end: Vec<fn(Pair, u32) -> bool> = match kind {
            Kind::Directed => vec![|pair, node| pair.0 == node, |pair, node| pair.1 == node],
            _ => vec![|pair, node| pair.0 == node || pair.1 == node],
        };
        for is_at in at_end {
            let at = |pairs: &[Pair]| -> Vec<Pair> {
                pairs.iter().copied().filter(|&pair| is_at(pair, node)).collect()
            };
            let links = at(links);
            if !links.is_empty() {
                lists.push(Listed::new(|pair| logit_from(node, pair), &at(&all), &links));
            }
        }
    }
    lists
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn full_ranking_is_that_of_brute_force((graph, kind) in graphs(), k in 1usize..12, seed in any::<u64>()) {
        let fractions = SplitConfig { val_fraction: 0.2, test_fraction: 0.3, ..SplitConfig::default() };
        prop_assume!(split::edges(&graph, &fractions, seed).is_ok());
        let split = split::edges(&graph, &fractions, seed).unwrap();
        let links = split.test.edges.pairs();
        for (model, decoder) in model_kinds(kind) {
            let mut config = Config { split: fractions.clone(), seed, ..Config::default() };
            (config.model.model, config.model.decoder) = (model, Some(decoder));
            config.train.epochs = (model.is_network() || model == ModelKind::Best).then_some(2);
            let trained = train::fit(graph.features(), &split, &config, |_| {}).unwrap();
            let score = trained.model.encode(&split.train, graph.features()).unwrap().score;
            let ranking = FullRanking::compute(&*score, &graph.edges, links, Ends::All).unwrap();
            let lists = listed(&graph, kind, &*score, links);
            let ranks: Vec<f64> = lists.iter().flat_map(Listed::ranks).collect();
            prop_assert_eq!(ranks.len(), 2 * links.len());
            assert_close(ranking.mean_reciprocal_rank(), mean(ranks.iter().map(|rank| 1.0 / rank)));
            let hits = ranks.iter().map(|&rank| f64::from(u8::from(rank <= k as f64)));
            assert_close(ranking.hits_at(k).unwrap(), mean(hits));
            assert_close(ranking.recall_at(k).unwrap(), mean(lists.iter().map(|list| list.recall_at(k))));
            assert_close(ranking.ndcg_at(k).unwrap(), mean(lists.iter().map(|list| list.ndcg_at(k))));
            // A sample of all ends is the whole.
            let all = Ends::Sample { count: lists.len(), seed };
            let sampled = FullRanking::compute(&*score, &graph.edges, links, all).unwrap();
            prop_assert_eq!(sampled.ranked(), ranking.ranked());

            let seen = graph.edges.with_edges([split.train.pairs(), split.validation.edges.pairs()].concat());
            let list = TopList::compute(&*score, &seen, links, k);
            let highest = score.top_pairs(k, &seen);
            let num_hits = highest.iter().filter(|scored| links.contains(&scored.pair)).count();
            prop_assert_eq!(list.num_hits(k), num_hits);
            prop_assert!((list.recall_at(k) - num_hits as f64 / links.len() as f64).abs() < 1e-12);
            prop_assert!((list.precision_at(k) - num_hits as f64 / highest.len().min(k) as f64).abs() < 1e-12);
        }
    }
}

#[test]
fn a_summary_leaves_out_what_takes_minutes() {
    let summary = RankingConfig::summary(0);
    let edges = EdgeList::new(4, vec![(0, 1), (1, 2)], None).0;
    let katz = Baseline::new(BaselineKind::Katz, &edges, None, 0).unwrap();
    // 100 ends have 20 million pairs, five times what a summary scores of models without inner products.
    assert!(!summary.is_exceeded(&katz, 200_000, 50) && summary.is_exceeded(&katz, 200_001, 50));
    assert!(!summary.is_exceeded(&katz, 400_000, 25), "50 ends");
    let products = EmbeddingScorer::new(Array2::zeros((4, 2)), Decoder::InnerProduct);
    assert!(!summary.is_exceeded(&products, 10_000_000, 1000));
}
