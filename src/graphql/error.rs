//! Errors of building the schema, before any document runs.

/// Why the schema could not be built. All variants are bugs in this program, never in a module:
/// errors of modules are in [`super::schema::Schema::diagnostics`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The built-in SDL does not parse.
    #[error("the platform's schema cannot be read: {0}")]
    Syntax(#[source] async_graphql::parser::Error),
    /// The built-in SDL parses, but has a definition that is not supported.
    #[error("the platform's schema cannot be read: {0}")]
    Definition(String),
    /// The parts do not fit together.
    #[error("the schema cannot be built: {0}")]
    Parts(#[source] async_graphql::dynamic::SchemaError),
    /// A field has no resolver.
    #[error("the schema cannot be built: `{0}` has no resolver")]
    NoResolver(String),
}
