//! Record queries as SQL: a superset of what is asked, which the shared rules then sift.

use crate::store::record_query::{Deleted, Filter, RecordQuery, Target, Test};
use rusqlite::types::Value;

/// A condition for `WHERE` with its values.
#[derive(Debug, Default, PartialEq)]
pub struct Condition {
    /// The text behind `WHERE`.
    pub sql: String,
    /// What its `?` stand for, in order.
    pub values: Vec<Value>,
    /// True when SQL alone decides, so that SQL may sort and cut pages too.
    pub exact: bool,
}

/// Properties with an index of their own.
const INDEXED: [&str; 2] = ["gateway_id", "external_id"];

/// The condition for a query. Everything that is bound is a value, never a piece of SQL.
pub fn condition(query: &RecordQuery) -> Condition {
    let mut condition = Condition { exact: query.or.is_empty(), ..Condition::default() };
    let mut parts = match query.deleted {
        Deleted::Exclude => vec!["deleted_at IS NULL".to_owned()],
        Deleted::Only => vec!["deleted_at IS NOT NULL".to_owned()],
        Deleted::Any => vec!["1".to_owned()],
    };
    for filter in &query.filters {
        match part(filter, &mut condition.values) {
            Some((sql, exact)) => {
                condition.exact &= exact;
                parts.push(sql);
            }
            None => condition.exact = false,
        }
    }
    condition.sql = parts.join(" AND ");
    condition
}

/// A filter's SQL and whether it is exact, or nothing when SQL cannot narrow it.
fn part(filter: &Filter, values: &mut Vec<Value>) -> Option<(String, bool)> {
    let Test::In(texts) = &filter.test else { return None };
    if filter.negated || texts.len() > 500 {
        return None;
    }
    let marks = vec!["?"; texts.len()].join(", ");
    let mut bind = || values.extend(texts.iter().cloned().map(Value::Text));
    match &filter.target {
        Target::Table => {
            bind();
            Some((format!("table_name IN ({marks})"), true))
        }
        Target::Id => {
            // Only texts that are the number's own spelling name it: `01` is nobody's id.
            let ids = texts.iter().filter_map(|text| {
                text.parse::<i64>().ok().filter(|id| id.to_string() == *text).map(Value::Integer)
            });
            let ids: Vec<_> = ids.collect();
            let marks = vec!["?"; ids.len()].join(", ");
            values.extend(ids);
            Some((format!("id IN ({marks})"), true))
        }
        Target::Property(name) if INDEXED.contains(&name.as_str()) => {
            bind();
            let sql = format!("CAST(properties ->> '$.{name}' AS TEXT) IN ({marks})");
            // A boolean reads as 1 here; such ids do not occur, and the rules sift them out.
            Some((sql, false))
        }
        _ => None,
    }
}

/// The order, when SQL can give it.
pub fn order(query: &RecordQuery) -> Option<String> {
    let mut keys = Vec::new();
    for sort in &query.sort {
        let column = match sort.target {
            Target::Id => "id",
            Target::Table => "table_name",
            Target::CreatedAt => "created_at",
            Target::UpdatedAt => "updated_at",
            Target::DeletedAt => "deleted_at",
            _ => return None,
        };
        keys.push(format!("{column}{}", if sort.descending { " DESC" } else { "" }));
    }
    let newest_first = query.sort.last().is_some_and(|sort| sort.descending);
    keys.push(if newest_first { "id DESC".to_owned() } else { "id".to_owned() });
    Some(keys.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_never_become_sql() {
        let evil = "x' OR 1=1 --";
        let query = RecordQuery {
            filters: vec![
                Filter::equals(Target::Table, evil),
                Filter::equals(Target::Property(evil.to_owned()), evil),
                Filter::equals(Target::Id, "01"),
            ],
            ..RecordQuery::default()
        };
        let condition = condition(&query);
        assert_eq!(condition.sql, "deleted_at IS NULL AND table_name IN (?) AND id IN ()");
        assert_eq!(condition.values, [Value::Text(evil.to_owned())]);
        assert!(!condition.exact);
    }
}
