//! The runs of a benchmark and their splits.

use vgae::config::Fold;

/// A planned run: a model trained on a split of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedRun {
    /// The short name of the data.
    pub data: String,
    /// The name of the model on the command line.
    pub model: String,
    /// The split, and the seed of the training.
    pub split: SplitId,
    /// The other flags of `vgae train`, as on a command line.
    pub flags: String,
    /// The version of this crate.
    pub vgae_version: String,
    /// See [`crate::benchmark::data_sha256`].
    pub data_sha256: String,
}

/// The flags of `vgae train` that tell the splits of one graph from each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SplitId {
    /// The value of `--seed`.
    pub seed: u64,
    /// The value of `--fold`, in a cross-validation.
    pub fold: Option<Fold>,
    /// The value of `--negatives-ratio`, if several are compared.
    pub negatives_ratio: Option<usize>,
}

impl PlannedRun {
    /// Returns a name for the directory of the run and for messages.
    pub fn name(&self) -> String {
        let PlannedRun { data, model, split: SplitId { seed, fold, negatives_ratio }, .. } = self;
        let fold =
            fold.map_or_else(String::new, |fold| format!("-fold-{}-of-{}", fold.number(), fold.count()));
        let ratio = negatives_ratio.map_or_else(String::new, |ratio| format!("-negatives-{ratio}"));
        format!("{data}-{model}-{seed}{fold}{ratio}")
    }

    pub(super) fn is_same_run(&self, other: &PlannedRun) -> bool {
        self.model == other.model && self.is_same_split(other)
    }

    /// Returns `true` if `other` is planned on the same split of the same data.
    pub(super) fn is_same_split(&self, other: &PlannedRun) -> bool {
        (&self.data, self.split) == (&other.data, other.split)
    }
}

impl SplitId {
    /// Returns the flags.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = vec!["--seed".into(), self.seed.to_string()];
        if let Some(fold) = self.fold {
            flags.extend(["--fold".into(), fold.to_string()]);
        }
        if let Some(ratio) = self.negatives_ratio {
            flags.extend(["--negatives-ratio".into(), ratio.to_string()]);
        }
        flags
    }
}
