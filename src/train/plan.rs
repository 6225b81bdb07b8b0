//! Predicts the memory of a training before it starts.
//!
//! The memory of the process after reading the graph is measured. Training adds the weights with Adam's
//! moments, the matrices of a pass, and the pairs of a sampled loss; the exact loss goes through all pairs in
//! blocks and keeps none. The number of bytes per number follows from how the passes are written. The factors
//! are fitted to measured peaks of trainings on 34 to a million nodes, and are within a tenth of them.
//!
//! # Examples
//! ```
//! use vgae::config::Config;
//! use vgae::train::plan::Plan;
//! use vgae::progress::Progress;
//! use vgae::{read, split};
//!
//! let mut config = Config::default();
//! let graph = read::data("datasets/karate".as_ref(), &config.read, &Progress::default())?;
//! let split = split::edges(&graph, &config.split, config.seed)?;
//! if let Some(plan) = Plan::new(&graph, &split.train, &config) {
//!     assert!(plan.peak_bytes() > 1 << 20 && plan.peak_bytes() < 1 << 30);
//!     plan.check(&config)?;
//!     config.train.memory_limit = Some(bytesize::ByteSize(1 << 20));
//!     assert!(plan.check(&config).unwrap_err().to_string().contains("train.memory_limit"));
//! }
//! # Ok::<(), vgae::Error>(())
//! ```

mod sizes;

use bytesize::ByteSize;

use crate::config::{Config, ModelConfig, ModelKind};
use crate::error::{Error, Result, size};
use crate::graph::{EdgeList, Features, Graph};
use crate::system::memory::{available_bytes, memory_bytes, peak_memory_bytes};
use sizes::{ENTRY_BYTES, Sizes};

/// Bytes of a program that has read nothing.
const PROGRAM_BYTES: f64 = 115e6;
/// Bytes per node and its id.
const NODE_BYTES: f64 = 40.0;

/// The predicted memory of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Bytes that the process holds, including freed bytes that it will reuse.
    held: f64,
    /// Bytes that were freed but are still held.
    freed: f64,
    /// The peak of the held bytes so far.
    peak: f64,
    /// Bytes that training adds.
    added: f64,
    sizes: Sizes,
}

impl Plan {
    /// Predicts the memory of training `config` on `graph` with the training edges `train`. Returns `None` if
    /// the system does not report the memory of the process.
    pub fn new(graph: &Graph, train: &EdgeList, config: &Config) -> Option<Plan> {
        let held = memory_bytes()? as f64;
        let num_nodes = graph.num_nodes();
        let num_features = graph.features().map_or(0, Features::num_nonzeros);
        let num_entries = graph.edges.len() + train.len() + num_features;
        let live = PROGRAM_BYTES + NODE_BYTES * num_nodes as f64 + ENTRY_BYTES * num_entries as f64;
        let sizes = Sizes {
            num_nodes: num_nodes as f64,
            num_edges: train.len() as f64,
            num_feature_bytes: graph.features().map_or(0.0, |features| match features {
                Features::Dense(matrix) => 4.0 * matrix.len() as f64,
                Features::Sparse(matrix) => ENTRY_BYTES * matrix.nnz() as f64,
            }),
            num_columns: graph.features().map_or(num_nodes, Features::cols) as f64,
        };
        let freed = (held - live).max(0.0);
        let added = sizes.training_bytes(config);
        Some(Plan { held, freed, peak: peak_memory_bytes()? as f64, added, sizes })
    }

    /// Returns the most bytes that the process will hold.
    pub fn peak_bytes(&self) -> u64 {
        self.peak_with(self.added)
    }

    fn peak_with(&self, added: f64) -> u64 {
        // About half of the freed memory is in pieces that can be reused.
        (self.held - 0.5 * self.freed + added).max(self.peak) as u64
    }

    /// Checks that the training fits `train.memory_limit` or, without a limit, the memory of the machine.
    ///
    /// # Errors
    /// [`Error::Memory`], with the smallest change that would fit.
    pub fn check(&self, config: &Config) -> Result<()> {
        let available = match config.train.memory_limit {
            Some(ByteSize(limit)) => Some((limit, "`train.memory_limit` allows")),
            None => available_bytes().map(|bytes| (bytes, "the machine has")),
        };
        let Some((available, whose)) = available.filter(|&(bytes, _)| bytes < self.peak_bytes()) else {
            return Ok(());
        };
        let peaks = smaller(config)
            .into_iter()
            .map(|(settings, config)| (settings, self.peak_with(self.sizes.training_bytes(&config))));
        let hint = match peaks.into_iter().find(|&(_, peak)| peak <= available) {
            Some((settings, peak)) => format!("{settings} takes about {}", size(peak)),
            None => format!(
                "a narrower model does not help; the program and the graph alone took {}",
                size(self.peak as u64)
            ),
        };
        Err(Error::Memory { needed_bytes: self.peak_bytes(), available_bytes: available, whose, hint })
    }
}

/// Returns configurations that take less memory, the smallest change first, with the settings that change.
fn smaller(config: &Config) -> Vec<(String, Config)> {
    let fewer = (config.negatives_per_edge() > 1).then(|| {
        let mut fewer = config.clone();
        fewer.train.negatives_per_edge = Some(1);
        ("`train.negatives_per_edge = 1`".to_string(), fewer)
    });
    let mut smaller: Vec<_> = fewer.iter().cloned().collect();
    if !config.model.model.is_network() {
        let model = ModelConfig { model: ModelKind::Vgae, ..config.model.clone() };
        smaller.push(("`model.model = vgae`".to_string(), Config { model, ..config.clone() }));
        return smaller;
    }
    smaller.extend(narrower(config));
    if let Some((setting, fewer)) = &fewer {
        let narrower = narrower(fewer).into_iter();
        smaller.extend(narrower.map(|(settings, config)| (format!("{setting} {settings}"), config)));
    }
    smaller
}

/// Returns configurations with ever narrower layers, with the settings that change.
fn narrower(config: &Config) -> Vec<(String, Config)> {
    let mut all = Vec::new();
    let (mut hidden, mut latent) = (config.model.hidden(), config.model.latent());
    while latent > 2 {
        (hidden, latent) = ((hidden / 2).max(2), latent / 2);
        let mut narrower = config.clone();
        narrower.model.latent = Some(latent);
        let mut settings = format!("`model.latent = {latent}`");
        if config.model.model.has_hidden_layers() {
            narrower.model.hidden = Some(hidden);
            settings = format!("`model.hidden = {hidden}` {settings}");
        }
        all.push((settings, narrower));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LossKind, Select};

    /// Plans for a graph without features, in a process that holds nothing yet.
    fn plan(num_nodes: f64, num_edges: f64, config: &Config) -> Plan {
        let sizes = Sizes { num_nodes, num_edges, num_feature_bytes: 0.0, num_columns: num_nodes };
        Plan { held: 0.0, freed: 0.0, peak: 0.0, added: sizes.training_bytes(config), sizes }
    }

    #[test]
    fn a_plan_adds_up_its_parts() {
        let config = Config::default();
        // 10⁶ · 32 + 32 · 32 weights, of which a copy may be kept; 2 · 32 + 2 · 32 + 16 numbers per node; 2 · 5 · 10⁶ pairs.
        let expected = 34e6 + 18.0 * 32_001_024.0 + 5.6 * 144e6 + 28.6 * 10e6;
        assert_eq!(plan(1e6, 5e6, &config).peak_bytes(), expected as u64);
    }

    #[test]
    fn the_smallest_change_that_fits_is_named() {
        let mut config = Config::default();
        config.train.loss = Some(LossKind::Reweighted);
        config.train.negatives_per_edge = Some(5);
        config.train.select = Some(Select::Last);
        let says = |config: &Config, limit: u64| {
            let mut config = config.clone();
            config.train.memory_limit = Some(ByteSize(limit));
            plan(1e6, 5e6, &config).check(&config).map_err(|error| error.to_string())
        };
        assert_eq!(says(&config, 2_200_000_000), Ok(()));
        let refused = |limit| says(&config, limit).unwrap_err();
        assert_eq!(
            refused(2_000_000_000),
            "training takes about 2.1 GB; `train.memory_limit` allows 2.0 GB; hint: `train.negatives_per_edge = 1` takes about 1.6 GB"
        );
        assert!(refused(500_000_000).contains(
            "hint: `train.negatives_per_edge = 1` `model.hidden = 4` `model.latent = 2` takes about "
        ));
        config.train.negatives_per_edge = Some(1);
        let refused = |limit| says(&config, limit).unwrap_err();
        assert!(
            refused(1_000_000_000)
                .ends_with("hint: `model.hidden = 16` `model.latent = 8` takes about 947.2 MB"),
            "{}",
            refused(1_000_000_000)
        );
        assert!(refused(1_000).contains("hint: a narrower model does not help"));
        config.model.model = ModelKind::Best;
        assert_eq!(says(&config, 8_000_000_000), Ok(()));
        assert!(
            says(&config, 3_000_000_000)
                .unwrap_err()
                .contains("hint: `model.model = vgae` takes about 1.6 GB")
        );
    }
}
