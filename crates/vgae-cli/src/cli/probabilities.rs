//! What several verbs ask about probabilities.

use vgae::Result;
use vgae::config::Calibration;
use vgae::evaluate::calibrate::{Calibrator, Population};
use vgae::model::score::Score;
use vgae::run::Run;

#[derive(clap::Args)]
pub(super) struct Probabilities {
    /// Calibrate the probabilities by the run's validation part, for pairs that are edges as rarely as in the graph
    /// [default: as the run was trained]
    #[arg(long, value_enum, value_name = "METHOD")]
    calibrate: Option<Calibration>,
}

impl Probabilities {
    /// What makes probabilities of logits, if it is not the sigmoid.
    pub(super) fn calibrator(&self, run: &Run, score: &dyn Score) -> Result<Option<Calibrator>> {
        run.calibrator(score, self.calibrate)
    }

    /// The method that is asked for, if one is.
    pub(super) fn method(&self) -> Option<Calibration> {
        self.calibrate
    }

    /// The same where the run's population was drawn already.
    pub(super) fn calibrator_by(&self, run: &Run, population: &Population) -> Result<Option<Calibrator>> {
        run.calibrator_by(population, self.calibrate)
    }
}
