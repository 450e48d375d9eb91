//! Work whose record writes go into a phase instead of being committed one by one.

use super::phase::Phase;

/// Lets the host's record writes join a phase for a while.
pub trait Buffer {
    /// Calls `work`; what it writes is in `phase` afterwards.
    fn within(&self, phase: &mut Phase, work: &mut dyn FnMut());
}
