//! Records: rows of a module's tables with their properties.

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// A record's id; texts outside the house. Never used again after a delete.
pub type RecordId = i64;

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The id.
    pub id: RecordId,
    /// The table with its module prefix, such as `modules/payments/payment`.
    pub table: String,
    /// Property name → value, in the order they were set.
    pub properties: Map<String, Json>,
    /// Who made it, when signed in.
    pub user_id: Option<String>,
    /// The site's own id of it.
    pub external_id: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; deleted records are kept and hidden.
    pub deleted_at: Option<Timestamp>,
}

/// How one property changes.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It gets this value.
    Set(Json),
    /// This is added to a number; a missing one counts as 0.
    Increment(i64),
    /// This is put at the end of a list; a missing one counts as empty.
    Append(Json),
    /// Every equal item leaves a list.
    Remove(Json),
}

impl Record {
    /// Applies changes in order and notes when.
    pub fn apply(&mut self, changes: &[(String, Change)], at: Timestamp) {
        for (name, change) in changes {
            let present = self.properties.get(name);
            let value = match change {
                Change::Set(value) => value.clone(),
                Change::Increment(by) => {
                    let number = present.and_then(Json::as_i64).unwrap_or_default();
                    Json::from(number.saturating_add(*by))
                }
                Change::Append(item) => {
                    let mut list = present.and_then(Json::as_array).cloned().unwrap_or_default();
                    list.push(item.clone());
                    Json::Array(list)
                }
                Change::Remove(item) => {
                    let list = present.and_then(Json::as_array).cloned().unwrap_or_default();
                    Json::Array(list.into_iter().filter(|one| one != item).collect())
                }
            };
            self.properties.insert(name.clone(), value);
        }
        self.updated_at = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_apply_in_order() {
        let at = Timestamp::from_second(10).expect("in range");
        let mut record = Record {
            id: 1,
            table: "t".to_owned(),
            properties: Map::new(),
            user_id: None,
            external_id: None,
            created_at: at,
            updated_at: at,
            deleted_at: None,
        };
        let changes = [
            ("n".to_owned(), Change::Set(json!(i64::MAX))),
            ("n".to_owned(), Change::Increment(1)),
            ("l".to_owned(), Change::Append(json!("a"))),
            ("l".to_owned(), Change::Append(json!("b"))),
            ("l".to_owned(), Change::Remove(json!("a"))),
        ];
        record.apply(&changes, at);
        assert_eq!(record.properties["n"], json!(i64::MAX), "it does not wrap");
        assert_eq!(record.properties["l"], json!(["b"]));
    }
}
