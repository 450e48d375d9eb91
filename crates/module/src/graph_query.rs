//! Graph queries: GraphQL documents that templates run by name.

use crate::source::Source;

/// A graph query; the `graphql/` module checks its syntax.
#[derive(Debug, Clone)]
pub struct GraphQuery {
    /// The document.
    pub source: Source,
}
