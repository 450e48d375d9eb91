//! Standard Liquid: an engine's builder with its tags and filters.

use crate::builder::EngineBuilder;
use crate::engine::Engine;
use crate::{filters, tags};

impl Engine {
    /// A builder with the tags and filters of standard Liquid.
    ///
    /// ```
    /// use sluicegate_liquid::Engine;
    ///
    /// let engine = Engine::builder().build();
    /// assert!(engine.filter("upcase").is_some());
    /// ```
    pub fn builder() -> EngineBuilder {
        let mut builder = EngineBuilder::empty();
        tags::register(&mut builder);
        filters::register(&mut builder);
        builder
    }
}
