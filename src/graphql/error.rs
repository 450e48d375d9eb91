//! What can go wrong while the schema is built, before any document runs.

/// Why there is no schema. Both are faults of this program, never of a module: what a module can
/// get wrong is in [`super::schema::Schema::faults`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The schema's own text does not read.
    #[error("the platform's schema cannot be read: {0}")]
    Text(String),
    /// The parts do not fit together.
    #[error("the schema cannot be built: {0}")]
    Parts(String),
}
