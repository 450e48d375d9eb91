//! Standard Liquid: an engine's builder with its tags and filters.

use crate::builder::EngineBuilder;
use crate::engine::Engine;
use crate::filter::{Filter, FilterFunction, Standard};
use crate::filters::arity::arity;
use crate::print::InPlace;
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

impl EngineBuilder {
    /// Adds a filter of standard Liquid.
    pub(crate) fn standard(&mut self, name: &'static str, filter: FilterFunction) -> &mut Self {
        let standard = Standard { arity: arity(name), takes_strings: false, in_place: None };
        self.add(name, Filter::function(filter).with_standard(standard))
    }

    /// Adds a filter of standard Liquid that works on strings: in a Ruby engine, arrays and hashes
    /// are passed to it as Ruby inspects them.
    pub(crate) fn on_strings(&mut self, name: &'static str, filter: FilterFunction) -> &mut Self {
        let standard = Standard { arity: arity(name), takes_strings: true, in_place: None };
        self.add(name, Filter::function(filter).with_standard(standard))
    }

    /// Adds a filter of strings that can also write its result straight into the output.
    pub(crate) fn on_strings_in_place(
        &mut self,
        name: &'static str,
        filter: FilterFunction,
        in_place: InPlace,
    ) -> &mut Self {
        let in_place = Some(in_place);
        let standard = Standard { arity: arity(name), takes_strings: true, in_place };
        self.add(name, Filter::function(filter).with_standard(standard))
    }
}
