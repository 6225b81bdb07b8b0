//! Summarises rows as means, deviations and paired differences.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::benchmark::{FinishedRun, PlannedRun, SplitId};

/// The results of one model on one data set, over its splits with one ratio of negatives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The name of the data.
    pub data: String,
    /// The name of the model.
    pub model: String,
    /// The other flags of `vgae train`.
    pub flags: String,
    /// The number of negatives for each held-out edge, if several are compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negatives_ratio: Option<usize>,
    /// The number of splits, or of folds, with a finished run.
    pub num_splits: usize,
    /// The statistics of each value.
    pub values: BTreeMap<String, Statistic>,
    /// The difference of each metric to the reference; empty for the reference itself.
    pub differences: BTreeMap<String, Difference>,
}

/// The statistics of a value over the splits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistic {
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation; `None` for a single split.
    pub std: Option<f64>,
    /// The largest value.
    pub max: f64,
}

/// The metric of a model minus that of the reference, paired by split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// The mean of the differences.
    pub mean: f64,
    /// The 95 % interval of the mean by Student's t; `None` for a single split. Splits of one graph share
    /// most of their edges, so the interval says nothing about other graphs.
    pub interval: Option<[f64; 2]>,
    /// The number of splits with a finished run of both models.
    pub num_splits: usize,
}

/// The values that are costs rather than metrics.
pub(super) const COSTS: [&str; 3] = ["train_seconds", "wall_seconds", "peak_memory_bytes"];

/// Summarises the rows of `cells`, one summary per data, model and ratio of negatives, in the order of `cells`.
///
/// # Examples
/// ```
/// use vgae_cli::benchmark::{PlannedRun, FinishedRun, SplitId, summarize};
///
/// let row = |model: &str, seed, auc| FinishedRun {
///     cell: PlannedRun {
///         data: "cora".into(),
///         model: model.into(),
///         split: SplitId { seed, ..SplitId::default() },
///         flags: String::new(),
///         vgae_version: "0.1.0".into(),
///         data_sha256: String::new(),
///     },
///     split_sha256: String::new(),
///     values: [("test_roc_auc".to_string(), auc)].into(),
/// };
/// let rows = [row("gae", 0, 0.9), row("gae", 1, 0.8), row("vgae", 0, 0.95), row("vgae", 1, 0.85)];
/// let cells = rows.clone().map(|row| row.cell);
/// assert_eq!(cells[0].name(), "cora-gae-0");
/// let summaries = summarize(&rows, &cells, Some("gae"));
/// assert!((summaries[1].values["test_roc_auc"].mean - 0.9).abs() < 1e-12);
/// assert!((summaries[1].differences["test_roc_auc"].mean - 0.05).abs() < 1e-12);
/// ```
pub fn summarize(rows: &[FinishedRun], cells: &[PlannedRun], reference: Option<&str>) -> Vec<Summary> {
    let mut summaries: Vec<Summary> = Vec::new();
    for cell in cells {
        let PlannedRun { data, model, flags, split: SplitId { negatives_ratio, .. }, .. } = cell;
        let key = |summary: &Summary| {
            (&summary.data, &summary.model, &summary.negatives_ratio) == (data, model, negatives_ratio)
        };
        if summaries.iter().any(key) {
            continue;
        }
        let rows_of = |model: &str| -> Vec<&FinishedRun> {
            let is_wanted = |row: &&FinishedRun| {
                let PlannedRun { data: of_data, model: of_model, split, .. } = &row.cell;
                (of_data, of_model.as_str(), &split.negatives_ratio) == (data, model, negatives_ratio)
                    && cells.contains(&row.cell)
            };
            rows.iter().filter(is_wanted).collect()
        };
        let own = rows_of(model);
        let names = value_names(own.iter().copied());
        let statistic = |name: &String| {
            let values: Vec<f64> = own.iter().filter_map(|row| row.values.get(name).copied()).collect();
            Some((name.clone(), Statistic::of(&values)?))
        };
        let references = match reference {
            Some(reference) if reference != model => rows_of(reference),
            _ => Vec::new(),
        };
        let difference = |name: &String| {
            let differences: Vec<f64> = own
                .iter()
                .filter_map(|row| {
                    let other = references.iter().find(|other| other.cell.is_same_split(&row.cell))?;
                    Some(row.values.get(name)? - other.values.get(name)?)
                })
                .collect();
            Some((name.clone(), Difference::of(&differences)?))
        };
        let metrics = names.iter().filter(|name| !COSTS.contains(&name.as_str()));
        summaries.push(Summary {
            data: data.clone(),
            model: model.clone(),
            flags: flags.clone(),
            negatives_ratio: *negatives_ratio,
            num_splits: own.len(),
            values: names.iter().filter_map(statistic).collect(),
            differences: metrics.filter_map(difference).collect(),
        });
    }
    summaries
}

/// Returns the names of the values of `rows`: the metrics of the test part, those of the other parts, each
/// with AUC and AP first, and then the costs.
pub(super) fn value_names<'a>(rows: impl Iterator<Item = &'a FinishedRun>) -> Vec<String> {
    let names: BTreeSet<&String> = rows.flat_map(|row| row.values.keys()).collect();
    ordered(names.into_iter().cloned().collect())
}

/// Sorts `names` in the order of [`value_names`].
pub(super) fn ordered(mut names: Vec<String>) -> Vec<String> {
    let position = |list: &[&str], name: &str, matches: fn(&str, &str) -> bool| {
        list.iter().position(|known| matches(name, known)).unwrap_or(list.len())
    };
    names.sort_by_cached_key(|name| {
        let cost = COSTS.iter().position(|cost| cost == name);
        let part = position(&["test_", "validation_"], name, |name, known| name.starts_with(known));
        let metric = position(&["_roc_auc", "_average_precision"], name, |name, known| name.ends_with(known));
        (cost, part, metric, name.clone())
    });
    names
}

impl Statistic {
    fn of(values: &[f64]) -> Option<Statistic> {
        let (mean, std) = mean_and_std(values)?;
        Some(Statistic { mean, std, max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max) })
    }
}

impl Difference {
    fn of(differences: &[f64]) -> Option<Difference> {
        let (mean, std) = mean_and_std(differences)?;
        let n = differences.len();
        let interval = std.map(|std| {
            let half = student_t(n - 1) * std / (n as f64).sqrt();
            [mean - half, mean + half]
        });
        Some(Difference { mean, interval, num_splits: n })
    }
}

fn mean_and_std(values: &[f64]) -> Option<(f64, Option<f64>)> {
    let n = values.len() as f64;
    let mean = match values {
        [] => return None,
        _ => values.iter().sum::<f64>() / n,
    };
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt())))
}

/// Returns t such that a variable with Student's distribution of `freedom` ≥ 1 degrees is within ±t with
/// probability 0.95, by bisection of the closed form (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4) in θ =
/// atan(t/√ν).
/// Written by hand rather than taken from `statrs`, so that the digits do not change with that crate.
fn student_t(freedom: usize) -> f64 {
    let probability = |theta: f64| {
        let (sin, cos) = theta.sin_cos();
        // Each term is the previous one times cos²θ · k/(k + 1), with k = 2, 4, … for odd ν and k = 1, 3, …
        // for even.
        let (mut term, mut sum) = if freedom % 2 == 1 { (cos, 0.0) } else { (1.0, 0.0) };
        let mut k = 2 - (freedom + 1) % 2;
        while k < freedom {
            sum += term;
            term *= cos * cos * k as f64 / (k + 1) as f64;
            k += 2;
        }
        let rest = sin * sum;
        if freedom % 2 == 1 { (theta + rest) / std::f64::consts::FRAC_PI_2 } else { rest }
    };
    let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if probability(middle) < 0.95 { low = middle } else { high = middle }
    }
    (freedom as f64).sqrt() * low.tan()
}

#[cfg(test)]
mod tests {
    use super::{Difference, student_t};

    #[test]
    fn student_t_matches_scipy() {
        // scipy.stats.t.ppf(0.975, ν).
        let table = [
            (1, 12.706204736174694),
            (2, 4.302652729749462),
            (3, 3.1824463052837078),
            (4, 2.7764451051977934),
            (9, 2.262157162798205),
            (30, 2.0422724563012378),
            (99, 1.9842169515864174),
        ];
        for (freedom, expected) in table {
            let found = student_t(freedom);
            assert!((found - expected).abs() < 1e-9, "{freedom}: {found}, expected {expected}");
        }
    }

    #[test]
    fn a_difference_has_the_interval_of_a_paired_t_test_in_scipy() {
        // scipy.stats.ttest_1samp([1, 2, 4], 0).confidence_interval(0.95).
        let difference = Difference::of(&[1.0, 2.0, 4.0]).unwrap();
        let [low, high] = difference.interval.unwrap();
        assert!((difference.mean - 7.0 / 3.0).abs() < 1e-12);
        assert!(
            (low + 1.4612497002634255).abs() < 1e-9 && (high - 6.1279163669300925).abs() < 1e-9,
            "{low} {high}"
        );
        assert_eq!(Difference::of(&[0.5]).unwrap().interval, None);
        assert!(Difference::of(&[]).is_none());
    }
}
