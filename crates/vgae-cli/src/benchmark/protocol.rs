//! The protocols of published comparisons: how the edges are split, what links are ranked among, and what others
//! have reached.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::Result;
use vgae::evaluate::Scored;
use vgae::evaluate::negatives::{self, HEART_PER_EDGE, Negatives};
use vgae::evaluate::ranking::{RankingConfig, RankingMetrics};
use vgae::run::Run;

/// A way of comparing models.
///
/// # Examples
/// ```
/// use vgae_cli::benchmark::Protocol;
///
/// assert_eq!(Protocol::Hits.train_flags(), ["--val-fraction", "0.1", "--test-fraction", "0.2"]);
/// assert_eq!(Protocol::Heart.main_metric(), "test_mean_reciprocal_rank");
/// assert_eq!(Protocol::Heart.flags_of_best(), ["--objective", "hard"]);
/// let published = Protocol::Heart.published("citeseer");
/// assert!(published.iter().any(|row| row.model == "NCN" && row.values["test_mean_reciprocal_rank"] == 0.2865));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// AUC and AP against as many random non-links, 85/5/10 (Kipf & Welling 2016)
    Kipf,
    /// Hits@50 and Hits@100 among the pooled non-links, 70/10/20 (as NCN and BUDDY report)
    Hits,
    /// MRR and Hits@10 among 500 hard non-links of each link, 85/5/10 (HeaRT, Li et al. 2023)
    Heart,
    /// MRR, Hits@10 and NDCG@10 among all pairs of a node, and precision@100 of the whole list, 85/5/10
    AllPairs,
}

/// The figures of a run by a protocol.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// The values, by the names of [`crate::benchmark::FinishedRun::values`].
    pub values: BTreeMap<String, f64>,
    /// What sets them apart from the figures of other runs, in one sentence.
    pub note: Option<String>,
}

/// A figure that others have published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Published {
    /// The short name of the data.
    pub data: &'static str,
    /// The model, as its authors call it.
    pub model: &'static str,
    /// The values, by the names of [`crate::benchmark::FinishedRun::values`].
    pub values: BTreeMap<&'static str, f64>,
    /// Where the figures stand.
    pub source: &'static str,
}

const AUC: &str = "test_roc_auc";
const AP: &str = "test_average_precision";
const MRR: &str = "test_mean_reciprocal_rank";
const HITS_10: &str = "test_hits_10";
const HITS_100: &str = "test_hits_100";

/// (protocol, data, model, values, source); figures in percent, as published.
type Row = (Protocol, &'static str, &'static str, &'static [(&'static str, f64)], &'static str);

const KIPF: &str = "Kipf & Welling 2016, table 1";
const CIKM: &str = "Ma et al. 2025, Reconsidering the Performance of GAE in Link Prediction, with the figures of NCN's authors";
const HEART: &str = "Li et al. 2023, Evaluating Graph Neural Networks for Link Prediction (HeaRT)";

/// The published figures.
const PUBLISHED: &[Row] = &[
    (Protocol::Kipf, "cora", "GAE", &[(AUC, 91.0), (AP, 92.0)], KIPF),
    (Protocol::Kipf, "cora", "VGAE", &[(AUC, 91.4), (AP, 92.6)], KIPF),
    (Protocol::Kipf, "citeseer", "GAE", &[(AUC, 89.5), (AP, 89.9)], KIPF),
    (Protocol::Kipf, "citeseer", "VGAE", &[(AUC, 90.8), (AP, 92.0)], KIPF),
    (Protocol::Kipf, "pubmed", "GAE", &[(AUC, 96.4), (AP, 96.5)], KIPF),
    (Protocol::Kipf, "pubmed", "VGAE", &[(AUC, 94.4), (AP, 94.7)], KIPF),
    (Protocol::Kipf, "cora", "MaskGAE", &[(AUC, 96.4), (AP, 95.9)], "its authors' code on one split"),
    (Protocol::Kipf, "citeseer", "MaskGAE", &[(AUC, 97.8), (AP, 98.0)], "its authors' code on one split"),
    (Protocol::Kipf, "pubmed", "MaskGAE", &[(AUC, 98.8), (AP, 98.7)], "its authors' code on one split"),
    (Protocol::Hits, "cora", "NCN", &[(HITS_100, 89.1)], CIKM),
    (Protocol::Hits, "cora", "BUDDY", &[(HITS_100, 88.0)], CIKM),
    (Protocol::Hits, "cora", "Optimized GAE", &[(HITS_100, 88.2)], CIKM),
    (Protocol::Hits, "citeseer", "NCN", &[(HITS_100, 91.6)], CIKM),
    (Protocol::Hits, "citeseer", "BUDDY", &[(HITS_100, 92.9)], CIKM),
    (Protocol::Hits, "citeseer", "Optimized GAE", &[(HITS_100, 92.4)], CIKM),
    (Protocol::Hits, "pubmed", "NCN", &[(HITS_100, 79.1)], CIKM),
    (Protocol::Hits, "pubmed", "BUDDY", &[(HITS_100, 74.1)], CIKM),
    (Protocol::Hits, "pubmed", "Optimized GAE", &[(HITS_100, 80.1)], CIKM),
    (Protocol::Heart, "cora", "GAE", &[(MRR, 18.32), (HITS_10, 37.95)], HEART),
    (Protocol::Heart, "cora", "NCN", &[(MRR, 14.66), (HITS_10, 35.14)], HEART),
    (Protocol::Heart, "cora", "NCNC", &[(MRR, 14.98), (HITS_10, 36.7)], HEART),
    (Protocol::Heart, "citeseer", "GAE", &[(MRR, 25.25), (HITS_10, 49.65)], HEART),
    (Protocol::Heart, "citeseer", "NCN", &[(MRR, 28.65), (HITS_10, 53.41)], HEART),
    (Protocol::Heart, "citeseer", "NCNC", &[(MRR, 24.1), (HITS_10, 53.72)], HEART),
    (Protocol::Heart, "pubmed", "GAE", &[(MRR, 5.27), (HITS_10, 10.5)], HEART),
    (Protocol::Heart, "pubmed", "NCN", &[(MRR, 5.84), (HITS_10, 13.22)], HEART),
    (Protocol::Heart, "pubmed", "NCNC", &[(MRR, 8.58), (HITS_10, 18.81)], HEART),
    (Protocol::Heart, "pubmed", "SAGE", &[(MRR, 9.4), (HITS_10, 20.54)], HEART),
];

impl Protocol {
    /// Returns the flags of `vgae train` that make its split.
    pub fn train_flags(self) -> &'static [&'static str] {
        match self {
            Protocol::Hits => &["--val-fraction", "0.1", "--test-fraction", "0.2"],
            Protocol::Kipf | Protocol::Heart | Protocol::AllPairs => &[],
        }
    }

    /// Returns the flags of `vgae train` that fit the model `best` for it.
    pub fn flags_of_best(self) -> [&'static str; 2] {
        let objective = match self {
            Protocol::Kipf | Protocol::Hits => "auc",
            Protocol::Heart => "hard",
            Protocol::AllPairs => "ranking",
        };
        ["--objective", objective]
    }

    /// Returns the name of the metric that the protocol is for.
    pub fn main_metric(self) -> &'static str {
        match self {
            Protocol::Kipf => AUC,
            Protocol::Hits => HITS_100,
            Protocol::Heart => MRR,
            Protocol::AllPairs => "test_all_pairs_mean_reciprocal_rank",
        }
    }

    /// Returns what others have published for the data of this name.
    pub fn published(self, data: &str) -> Vec<Published> {
        let rows = PUBLISHED.iter().filter(|row| row.0 == self && row.1 == data);
        rows.map(|&(_, data, model, values, source)| {
            let values = values.iter().map(|&(name, percent)| (name, round(percent / 100.0))).collect();
            Published { data, model, values, source }
        })
        .collect()
    }

    /// Measures the metrics of the test part that are not in `metrics.json`, and notes how they differ from what one
    /// would expect.
    ///
    /// # Errors
    /// Returns the errors of [`Run::encode`], [`negatives::draw`] and [`RankingMetrics::of_parts`].
    pub fn measure(self, run: &Run) -> Result<Measured> {
        let part = &run.split.test;
        if self == Protocol::Kipf || part.is_empty() {
            return Ok(Measured::default());
        }
        let mut note = None;
        let score = run.encode()?.score;
        let links = part.edges.pairs();
        let mut values: Vec<(&str, f64)> = Vec::new();
        match self {
            Protocol::Kipf => {}
            Protocol::Hits => {
                let drawn = negatives::draw(Negatives::Uniform, &run.graph, &run.split, 0)?;
                let ranks = Scored::new(&*score, links, &drawn.test).ranks()?;
                for (name, k) in [("test_hits_50", 50), (HITS_100, 100)] {
                    // A graph with fewer links has no such figure.
                    values.extend(ranks.hits_at(k).ok().map(|hits| (name, hits)));
                }
            }
            Protocol::Heart => {
                let kind = Negatives::Heart { per_edge: HEART_PER_EDGE };
                // A split may bring the benchmark's own lists.
                let ranks = match part.by_link.is_some() {
                    true => {
                        let text = "MRR and Hits@10 are among the negatives that the split has for each link";
                        note = Some(text.to_string());
                        Scored::of_part(&*score, part).ranks()?
                    }
                    false => {
                        let drawn = negatives::draw(kind, &run.graph, &run.split, 0)?;
                        Scored::new(&*score, links, &drawn.test).ranks()?
                    }
                };
                values.push((MRR, ranks.mean_reciprocal_rank()));
                values.extend(ranks.hits_at(10).ok().map(|hits| (HITS_10, hits)));
            }
            Protocol::AllPairs => {
                let [_, test] = run.rank_parts(&*score, &RankingConfig::default())?;
                if let Some(RankingMetrics {
                    mean_reciprocal_rank,
                    hits,
                    ndcg,
                    list,
                    num_ends,
                    num_ranked_ends,
                    ..
                }) = test
                {
                    let ranks = (num_ranked_ends < num_ends)
                        .then(|| format!("its ranks are those at {num_ranked_ends} of {num_ends} nodes"));
                    let precision =
                        list.is_none().then(|| "the precision of the highest pairs is left out".to_string());
                    let effects: Vec<String> = ranks.into_iter().chain(precision).collect();
                    if !effects.is_empty() {
                        note = Some(format!(
                            "this model scores too slowly for all pairs: {}",
                            effects.join(", and ")
                        ));
                    }
                    values.push((self.main_metric(), mean_reciprocal_rank.value));
                    values.extend(hits.get(&10).map(|hits| ("test_all_pairs_hits_10", hits.value)));
                    values.extend(ndcg.get(&10).map(|ndcg| ("test_all_pairs_ndcg_10", ndcg.value)));
                    let precision = list.and_then(|list| list.precision.get(&100).copied());
                    values.extend(precision.map(|precision| ("test_precision_100", precision)));
                }
            }
        }
        let values = values.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        Ok(Measured { values, note })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Kipf => "kipf",
            Protocol::Hits => "hits",
            Protocol::Heart => "heart",
            Protocol::AllPairs => "all-pairs",
        })
    }
}

/// Rounds to the digits of a published percentage.
fn round(share: f64) -> f64 {
    (share * 1e4).round() / 1e4
}
