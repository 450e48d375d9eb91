//! Who may select a root field: each field of the schema states the scope that it needs
//! (`@requiresScope`), and one that states none needs `administer`.

use super::backend::Backend;
use super::directive;
use super::document::{Normalized, Problem};
use super::shape::Shapes;
use async_graphql::Positioned;
use async_graphql::parser::types::{Field, Selection, SelectionSet};
use serde_json::{Map, Value as Json};
use sluicegate_secret::api_token::TokenScope;

/// The sender of an external document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A program with a token of this scope, or one that counts as such.
    Token(TokenScope),
    /// A signed-in visitor of the site, who may use only what a module or the operator granted.
    Visitor,
}

/// The `extensions.code` of a refused field.
pub const FORBIDDEN: &str = "forbidden";

/// The code of an error of the database: the same document can be sent again.
pub const UNAVAILABLE: &str = "unavailable";

/// Refuses the document if its caller may not use one of its root fields. Nothing has run by then.
pub(super) fn check(
    shapes: &Shapes,
    document: &Normalized,
    caller: Caller,
    backend: &dyn Backend,
) -> Result<(), Vec<Problem>> {
    let mut fields = Vec::new();
    root_fields(&document.operation.node.selection_set.node, document, &mut fields);
    let problems: Vec<_> = fields
        .into_iter()
        .filter_map(|field| {
            let name = field.node.name.node.as_str();
            let refusal = match caller {
                Caller::Token(scope) => without_scope(scope, needed(shapes, document.root, name)),
                Caller::Visitor => without_grant(&field.node, backend),
            };
            refusal.map(|why| Problem::at(field.pos, why).with_code(FORBIDDEN))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// The scope that a root field needs.
pub(super) fn needed(shapes: &Shapes, root: &str, name: &str) -> TokenScope {
    let field = shapes.object(root).and_then(|fields| fields.get(name));
    field.and_then(|field| field.scope).unwrap_or(TokenScope::Administer)
}

fn without_scope(scope: TokenScope, needed: TokenScope) -> Option<String> {
    let (scope_name, needed_name) = (scope.name(), needed.name());
    (scope < needed)
        .then(|| format!("this needs a token with the scope `{needed_name}`, not `{scope_name}`"))
}

fn without_grant(field: &Field, backend: &dyn Backend) -> Option<String> {
    let arguments: Map<String, Json> = field
        .arguments
        .iter()
        .map(|(name, value)| {
            let value = value.node.clone().into_const().and_then(|value| value.into_json().ok());
            (name.node.to_string(), value.unwrap_or_default())
        })
        .collect();
    let name = field.name.node.as_str();
    let is_granted = backend.is_granted(name, &arguments).unwrap_or_else(|error| {
        // A policy that cannot be evaluated grants nothing.
        tracing::warn!(field = name, "{error}");
        false
    });
    (!is_granted).then(|| format!("`{name}` is not granted to visitors"))
}

/// The fields at the root of a document, inside fragments too. `__typename` and introspection,
/// which limits allow or refuse, tell nothing of the data.
fn root_fields<'a>(
    set: &'a SelectionSet,
    document: &'a Normalized,
    found: &mut Vec<&'a Positioned<Field>>,
) {
    for selection in &set.items {
        if directive::leaves_out(selection.node.directives()) {
            continue;
        }
        match &selection.node {
            Selection::Field(field) if field.node.name.node.starts_with("__") => {}
            Selection::Field(field) => found.push(field),
            Selection::InlineFragment(fragment) => {
                root_fields(&fragment.node.selection_set.node, document, found);
            }
            Selection::FragmentSpread(spread) => {
                // The cost was checked before, so fragments form no cycle.
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    root_fields(&fragment.node.selection_set.node, document, found);
                }
            }
        }
    }
}
