//! Graph queries: GraphQL documents that templates run by name.

use crate::source::Source;

/// A graph query; its syntax is the `graphql/`'s business.
#[derive(Debug, Clone)]
pub struct GraphQuery {
    /// The document.
    pub source: Source,
}
