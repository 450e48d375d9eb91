//! Errors of building the schema, before any document runs.

/// Why the schema could not be built. Both variants are bugs in this program, never in a module:
/// errors of modules are in [`super::schema::Schema::diagnostics`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The built-in SDL does not parse.
    #[error("the platform's schema cannot be read: {0}")]
    Text(String),
    /// The parts do not fit together.
    #[error("the schema cannot be built: {0}")]
    Parts(String),
}
