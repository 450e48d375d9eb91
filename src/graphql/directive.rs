//! `@include` and `@skip`, once their values are inlined.

use async_graphql::Positioned;
use async_graphql::parser::types::Directive;
use async_graphql_value::Value;

/// The supported directives.
pub(super) const KNOWN: &[&str] = &["include", "skip"];

/// True when these directives exclude a selection.
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
