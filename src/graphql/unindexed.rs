//! Names the filters and joins of a document that read a whole table, because the property has no
//! index.

use super::document::Problem;
use super::tables::TableIndex;
use async_graphql::parser::types::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{Name, Pos, Positioned};
use async_graphql_value::Value;

/// The conditions that an index answers.
const ANSWERED: [&str; 9] = [
    "value",
    "exact",
    "value_int",
    "value_float",
    "value_boolean",
    "value_array",
    "value_in",
    "values",
    "range",
];

/// One warning for each property that is looked up without an index, in a table that declares it.
pub(super) fn warnings(document: &ExecutableDocument, tables: &TableIndex) -> Vec<Problem> {
    let mut walk = Walk { tables, found: Vec::new() };
    for (_, operation) in document.operations.iter() {
        walk.set(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        walk.set(&fragment.node.selection_set.node);
    }
    walk.found
}

struct Walk<'a> {
    tables: &'a TableIndex,
    found: Vec<Problem>,
}

impl Walk<'_> {
    fn set(&mut self, set: &SelectionSet) {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => {
                    self.field(&field.node, field.pos);
                    self.set(&field.node.selection_set.node);
                }
                Selection::InlineFragment(fragment) => {
                    self.set(&fragment.node.selection_set.node);
                }
                // Its own selections are walked once.
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn field(&mut self, field: &Field, pos: Pos) {
        let argument = |name: &str| argument(field, name);
        match field.name.node.as_str() {
            "records" => {
                let filter = argument("filter");
                let table = filter.and_then(|filter| text(get(get(filter, "table")?, "value")?));
                self.properties(table, filter.and_then(|one| get(one, "properties")), pos);
            }
            "customizations" => {
                self.properties(argument("name").and_then(text), argument("properties"), pos);
            }
            "related_record" | "related_records" | "related_models" | "customization" => {
                let property = argument("foreign_property").and_then(text);
                let table = argument("table").and_then(text);
                if let (Some(table), Some(property)) = (table, property) {
                    self.property(table, property, pos);
                }
            }
            _ => {}
        }
    }

    fn properties(&mut self, table: Option<&str>, filters: Option<&Value>, pos: Pos) {
        let (Some(table), Some(Value::List(filters))) = (table, filters) else { return };
        let is_looked_up = |filter: &&Value| ANSWERED.iter().any(|key| get(filter, key).is_some());
        let looked_up: Vec<_> = filters
            .iter()
            .filter(is_looked_up)
            .filter_map(|filter| Some((text(get(filter, "name")?)?, filter)))
            .collect();
        // One that is always there narrows the rows down for the others. A variable may be null,
        // and its condition then is none.
        let is_always_there = |filter: &Value| {
            ANSWERED.iter().filter_map(|key| get(filter, key)).any(|value| !is_variable(value))
        };
        let is_narrowed = looked_up.iter().any(|(property, filter)| {
            self.tables.is_indexed(table, property) && is_always_there(filter)
        });
        if !is_narrowed {
            looked_up.iter().for_each(|(property, _)| self.property(table, property, pos));
        }
    }

    fn property(&mut self, table: &str, property: &str, pos: Pos) {
        if self.tables.declares(table, property) && !self.tables.is_indexed(table, property) {
            self.found.push(Problem::at(
                pos,
                format!(
                    "`{property}` of `{table}` has no index, so this reads the whole table: give \
                     the property `index: true`"
                ),
            ));
        }
    }
}

fn argument<'a>(field: &'a Field, name: &str) -> Option<&'a Value> {
    field.get_argument(name).map(|value: &Positioned<Value>| &value.node)
}

fn get<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    let Value::Object(map) = value else { return None };
    map.get(&Name::new(key))
}

fn text(value: &Value) -> Option<&str> {
    let Value::String(text) = value else { return None };
    Some(text)
}

fn is_variable(value: &Value) -> bool {
    matches!(value, Value::Variable(_))
}
