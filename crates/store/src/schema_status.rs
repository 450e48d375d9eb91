//! How far the schema of a database is.

/// What opening a database would do to its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaStatus {
    /// Create it.
    Missing,
    /// Apply the schema steps that it lacks.
    Behind {
        /// Steps that it has.
        done: usize,
        /// Steps that this program knows.
        known: usize,
    },
    /// Nothing.
    Current,
}

impl SchemaStatus {
    /// The status of a database with `done` of the `known` steps.
    pub fn of(done: usize, known: usize) -> Self {
        if done == known { Self::Current } else { Self::Behind { done, known } }
    }
}
