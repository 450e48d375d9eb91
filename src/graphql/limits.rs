//! Limits on the cost of a document: size, nesting, depth, and complexity across lists.

use super::directive;
use super::nesting;
use super::shape::{Shapes, named};
use async_graphql::Name;
use async_graphql::Positioned;
use async_graphql::parser::types::{Field, FragmentDefinition, Selection, SelectionSet};
use async_graphql_value::Value as Written;
use std::collections::HashMap;

/// The limits of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The maximum nesting of fields.
    pub depth: usize,
    /// The maximum cost: a field costs 1, multiplied by the page lengths of the lists around it.
    pub complexity: usize,
    /// The maximum length in bytes.
    pub source_bytes: usize,
    /// Allows `__schema` and `__type`.
    pub introspection: bool,
}

impl Limits {
    /// For documents from external callers.
    pub const EXTERNAL: Self =
        Self { depth: 15, complexity: 5_000, source_bytes: 64 * 1024, introspection: false };
    /// For documents of modules, whose authors could also write loops.
    pub const TEMPLATE: Self =
        Self { depth: 30, complexity: 500_000, source_bytes: 256 * 1024, introspection: false };

    /// The same limits with introspection allowed.
    #[must_use]
    pub const fn with_introspection(self) -> Self {
        Self { introspection: true, ..self }
    }

    /// Refuses a source that is too long, or nested too deeply to parse safely.
    pub(super) fn check_source(&self, source: &str) -> Result<(), String> {
        if source.len() > self.source_bytes {
            return Err(format!("The document is longer than {} bytes", self.source_bytes));
        }
        if nesting::nesting_depth(source) > NESTING_MAX {
            return Err(format!("The document is nested deeper than {NESTING_MAX} brackets"));
        }
        Ok(())
    }
}

/// The maximum nesting of brackets of all kinds; it bounds the parser's recursion.
const NESTING_MAX: usize = 60;
/// The assumed length of a list that sets no limit.
const LIST_LENGTH: usize = 20;
/// The maximum depth of an introspection query, which is deep by nature.
const INTROSPECTION_DEPTH_MAX: usize = 24;

/// The cost of a selection.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    depth: usize,
    complexity: usize,
}

/// Computes the cost of documents with inlined variables. Each fragment is computed once, however
/// often it is spread, so that a document cannot make its own check expensive.
pub(super) struct CostCounter<'a> {
    shapes: &'a Shapes,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    weighed: HashMap<&'a str, Option<Cost>>,
}

impl<'a> CostCounter<'a> {
    pub(super) fn new(
        shapes: &'a Shapes,
        fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    ) -> Self {
        Self { shapes, fragments, weighed: HashMap::new() }
    }

    /// Refuses an operation that costs too much, or whose fragments form a cycle.
    pub(super) fn check(
        &mut self,
        operation: &'a SelectionSet,
        root: &str,
        limits: &Limits,
    ) -> Result<(), String> {
        let mut depth = 0;
        let mut complexity = 0_usize;
        for selection in &operation.items {
            let cost = self.selection(selection, root)?;
            let reads_schema = matches!(&selection.node, Selection::Field(field)
                if field.node.name.node.starts_with("__"));
            if reads_schema && cost.depth > INTROSPECTION_DEPTH_MAX {
                return Err(format!("The schema is read deeper than {INTROSPECTION_DEPTH_MAX}"));
            }
            depth = depth.max(if reads_schema { 0 } else { cost.depth });
            complexity = complexity.saturating_add(cost.complexity);
        }
        if depth > limits.depth {
            return Err(format!("The document has depth {depth}; the limit is {}", limits.depth));
        }
        if complexity > limits.complexity {
            return Err(format!(
                "The document has complexity {complexity}, the limit is {}. Ask for fewer fields or a smaller page",
                limits.complexity
            ));
        }
        Ok(())
    }

    fn selections(&mut self, set: &'a SelectionSet, ty: &str) -> Result<Cost, String> {
        let mut total = Cost::default();
        for selection in &set.items {
            let cost = self.selection(selection, ty)?;
            total.depth = total.depth.max(cost.depth);
            total.complexity = total.complexity.saturating_add(cost.complexity);
        }
        Ok(total)
    }

    fn selection(
        &mut self,
        selection: &'a Positioned<Selection>,
        ty: &str,
    ) -> Result<Cost, String> {
        if directive::leaves_out(selection.node.directives()) {
            return Ok(Cost::default());
        }
        match &selection.node {
            Selection::Field(field) => self.field(&field.node, ty),
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
            Selection::InlineFragment(fragment) => {
                let on = fragment.node.type_condition.as_ref();
                let ty = on.map_or(ty, |condition| condition.node.on.node.as_str());
                self.selections(&fragment.node.selection_set.node, ty)
            }
        }
    }

    fn field(&mut self, field: &'a Field, ty: &str) -> Result<Cost, String> {
        let shapes = self.shapes;
        let shape = shapes.object(ty).and_then(|fields| fields.get(field.name.node.as_str()));
        let inner = shape.map_or("", |shape| named(&shape.ty));
        let children = self.selections(&field.selection_set.node, inner)?;
        let length = ["per_page", "limit"]
            .into_iter()
            .find(|name| shape.is_some_and(|shape| shape.args.contains_key(*name)))
            .map_or(1, |name| length(field, name));
        Ok(Cost {
            depth: children.depth + 1,
            complexity: children.complexity.saturating_mul(length).saturating_add(1),
        })
    }

    fn fragment(&mut self, name: &'a Name) -> Result<Cost, String> {
        match self.weighed.get(name.as_str()) {
            Some(Some(cost)) => return Ok(*cost),
            Some(None) => return Err(format!("The fragment `{name}` contains itself")),
            None => {}
        }
        let Some(fragment) = self.fragments.get(name) else {
            return Err(format!("There is no fragment `{name}`"));
        };
        self.weighed.insert(name, None);
        let ty = &fragment.node.type_condition.node.on.node;
        let cost = self.selections(&fragment.node.selection_set.node, ty)?;
        self.weighed.insert(name, Some(cost));
        Ok(cost)
    }
}

/// The maximum length of a list; an invalid argument is refused later.
fn length(field: &Field, argument: &str) -> usize {
    match field.get_argument(argument).map(|value| &value.node) {
        Some(Written::Number(number)) => {
            number.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(LIST_LENGTH).max(1)
        }
        _ => LIST_LENGTH,
    }
}
