//! `@include` and `@skip`, once their values are in the document.

use async_graphql::Positioned;
use async_graphql::parser::types::Directive;
use async_graphql_value::Value;

/// The directives a document can have.
pub(super) const KNOWN: &[&str] = &["include", "skip"];

/// True when a selection with these directives is left out.
pub(super) fn leaves_out(directives: &[Positioned<Directive>]) -> bool {
    directives.iter().any(|directive| {
        let condition = directive.node.get_argument("if").map(|value| &value.node);
        match directive.node.name.node.as_str() {
            "include" => condition == Some(&Value::Boolean(false)),
            "skip" => condition == Some(&Value::Boolean(true)),
            _ => false,
        }
    })
}
