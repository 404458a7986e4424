//! How far a long piece of work is; shown by whoever asked for it.

use crate::error::Result;

/// Receives steps of work. The command line draws a bar on a terminal, a job writes it down, a test ignores it.
pub trait Progress: Send + Sync {
    /// A new stage begins, of `total` units when that is known.
    fn stage(&self, name: &str, total: Option<u64>);
    /// `units` more are done.
    fn advance(&self, units: u64);
    /// So many of what the stage is about, such as lines, have been seen; their rate may be shown.
    fn count(&self, _what: &str, _number: u64) {}
    /// Whether the work may go on; asked between two steps, where stopping leaves nothing half done.
    ///
    /// # Errors
    /// Conflict, when it was called off.
    fn proceed(&self) -> Result<()> {
        Ok(())
    }
    /// The stage is over.
    fn finish(&self) {}
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str, _total: Option<u64>) {}
    fn advance(&self, _units: u64) {}
}
