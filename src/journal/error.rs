//! What can go wrong with an execution itself.

use crate::store;

/// Why the journal could not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store could not do it; see its kind for what a caller can do.
    #[error(transparent)]
    Store(#[from] store::error::Error),
    /// There is no such execution.
    #[error("there is no execution `{0}`")]
    Unknown(String),
    /// It is not in a state for that: it has finished, or somebody else runs it.
    #[error("execution {id} is {state}, which cannot be {wanted}")]
    State {
        /// Its id.
        id: String,
        /// Where it is.
        state: &'static str,
        /// What was asked, as a participle.
        wanted: &'static str,
    },
}
