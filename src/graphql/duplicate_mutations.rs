//! Refuses a mutation with duplicate response names, so that a mistake does not pay twice.
//!
//! The specification merges such fields into one; `async-graphql` would run each of them.

use super::directive;
use super::document::Problem;
use async_graphql::parser::types::{FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned};
use std::collections::{HashMap, HashSet};

/// Refuses the first field with the response name of an earlier one. The cost of the document was
/// checked before, so that expanding its fragments terminates.
pub(super) fn check(
    mutation: &SelectionSet,
    fragments: &HashMap<Name, Positioned<FragmentDefinition>>,
) -> Result<(), Problem> {
    let mut names = HashSet::new();
    each(mutation, fragments, &mut names)
}

fn each<'a>(
    set: &'a SelectionSet,
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    names: &mut HashSet<&'a str>,
) -> Result<(), Problem> {
    for selection in &set.items {
        if directive::leaves_out(selection.node.directives()) {
            continue;
        }
        match &selection.node {
            Selection::Field(field) => {
                let name = &field.node.response_key().node;
                if !names.insert(name) {
                    let message = format!(
                        "The document names `{name}` twice. Give one an alias, as in `second: {}`",
                        field.node.name.node
                    );
                    return Err(Problem::at(field.pos, message));
                }
            }
            Selection::InlineFragment(fragment) => {
                each(&fragment.node.selection_set.node, fragments, names)?;
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                    each(&fragment.node.selection_set.node, fragments, names)?;
                }
            }
        }
    }
    Ok(())
}
