//! A record: a row of a module's table with free properties, and its changes.

use super::error::Error;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};

/// The id of a record. Outside the host ids are strings.
pub type RecordId = i64;

/// A row of a module's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its id, unique over all tables and never reused.
    pub id: RecordId,
    /// The table, with its module's prefix: `modules/payments/payment`.
    pub table: String,
    /// Its properties.
    pub properties: Map<String, Json>,
    /// The user who created it.
    pub user_id: Option<String>,
    /// The external id (the attribute; a property may have this name too).
    pub external_id: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was softly deleted.
    pub deleted_at: Option<Timestamp>,
}

/// A change of one property.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Replaces the value; null is a value.
    Set(Json),
    /// Adds to a number; a missing number counts as 0.
    Increment(i64),
    /// Appends an element to a list; a missing list counts as empty.
    Append(Json),
    /// Removes all equal elements from a list.
    Remove(Json),
}

/// Changes of a record; everything else stays.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordUpdate {
    /// The record.
    pub id: RecordId,
    /// The properties that change, applied in order.
    pub changes: Vec<(String, Change)>,
    /// A new user; `None` keeps the old one.
    pub user_id: Option<String>,
    /// A new external id; `None` keeps the old one.
    pub external_id: Option<String>,
    /// When it changes.
    pub at: Timestamp,
}

impl RecordUpdate {
    /// An update that sets these properties.
    pub fn set(id: RecordId, properties: Map<String, Json>, at: Timestamp) -> Self {
        let changes = properties.into_iter().map(|(name, value)| (name, Change::Set(value)));
        Self { id, changes: changes.collect(), user_id: None, external_id: None, at }
    }
}

impl Record {
    /// A new record.
    pub fn new(id: RecordId, table: &str, properties: Map<String, Json>, at: Timestamp) -> Self {
        Self {
            id,
            table: table.to_owned(),
            properties,
            user_id: None,
            external_id: None,
            created_at: at,
            updated_at: at,
            deleted_at: None,
        }
    }

    /// The error of a write to a record that does not exist.
    pub(crate) fn gone(id: RecordId) -> Error {
        Error::Gone(format!("record {id} does not exist"))
    }

    /// Applies an update, the same in every database and in a phase before its commit.
    pub fn apply(&mut self, update: &RecordUpdate) -> Result<(), Error> {
        for (name, change) in &update.changes {
            let old = self.properties.get(name).unwrap_or(&Json::Null);
            let new = change.apply(old).map_err(|why| {
                Error::Refused(format!("record {}, property {name}: {why}", self.id).into())
            })?;
            self.properties.insert(name.clone(), new);
        }
        self.user_id = update.user_id.clone().or(self.user_id.take());
        self.external_id = update.external_id.clone().or(self.external_id.take());
        self.updated_at = update.at;
        Ok(())
    }
}

impl Change {
    fn apply(&self, old: &Json) -> Result<Json, String> {
        match self {
            Self::Set(value) => Ok(value.clone()),
            Self::Increment(by) => increment(old, *by),
            Self::Append(element) => {
                let mut list = list_of(old)?;
                list.push(element.clone());
                Ok(Json::Array(list))
            }
            Self::Remove(element) => {
                let mut list = list_of(old)?;
                list.retain(|present| present != element);
                Ok(Json::Array(list))
            }
        }
    }
}

fn increment(old: &Json, by: i64) -> Result<Json, String> {
    let integer = match old {
        Json::Null => Some(0),
        Json::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    match (integer, old.as_f64()) {
        // Money is in integers: an overflow is refused, never wrapped.
        (Some(integer), _) => {
            integer.checked_add(by).map(Json::from).ok_or("the sum is too large".into())
        }
        (None, Some(float)) => Ok(Json::from(float + by as f64)),
        (None, None) => Err("it is not a number".into()),
    }
}

fn list_of(old: &Json) -> Result<Vec<Json>, String> {
    match old {
        Json::Null => Ok(Vec::new()),
        Json::Array(list) => Ok(list.clone()),
        _ => Err("it is not a list".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_apply_or_say_why_not() {
        let apply = |change: Change, old: Json| change.apply(&old);
        assert_eq!(apply(Change::Increment(2), json!(null)), Ok(json!(2)));
        assert_eq!(apply(Change::Increment(2), json!("40")), Ok(json!(42)));
        assert_eq!(apply(Change::Increment(-1), json!(1.5)), Ok(json!(0.5)));
        assert!(apply(Change::Increment(1), json!(i64::MAX)).is_err());
        assert!(apply(Change::Increment(1), json!("many")).is_err());
        assert_eq!(apply(Change::Append(json!("b")), json!(["a"])), Ok(json!(["a", "b"])));
        assert_eq!(apply(Change::Remove(json!("a")), json!(["a", "b", "a"])), Ok(json!(["b"])));
        assert!(apply(Change::Append(json!(1)), json!("text")).is_err());
    }
}
