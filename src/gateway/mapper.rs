//! Reads a response mapper's output: the record to write, further records, or errors.

use crate::gateway::error::Error;
use crate::gateway::outcome::Problem;
use crate::template::lenient_json;
use crate::template::standard_json::Scalar;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// A response mapper's output.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mapped {
    /// The id of the record to update or delete; without it, a new record is created. It counts
    /// only if that record is of the form's table and has the `gateway_id` of `properties`.
    pub id: Option<String>,
    /// Properties of the record; `None` writes no record.
    pub properties: Option<Map<String, Json>>,
    /// Why the gateway refused; empty if it did not.
    pub errors: Vec<Problem>,
    /// Further records for the same transaction.
    pub records: Vec<Related>,
}

/// A further record that an answer leads to, such as the card of a new customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Related {
    /// The form whose table and rules apply, or the table.
    pub target: RecordTarget,
    /// The record's id, when the mapper knows it. It counts only if that record has the values of
    /// `find` and the `gateway_id` of `properties`.
    pub id: Option<String>,
    /// Without such an id: selects the newest record with these property values.
    pub find: Map<String, Json>,
    /// What to do with the record.
    pub action: Action,
    /// The properties to set.
    pub properties: Map<String, Json>,
}

/// Where a further record is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordTarget {
    /// The form's name.
    Form(String),
    /// The table's name.
    Table(String),
}

/// What to do with a further record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Inserts a new record.
    Create,
    /// Sets the listed properties of an existing record; does nothing if there is none.
    Update,
    /// Soft-deletes a record; does nothing if there is none.
    Delete,
}

/// What a mapper writes of a success. Anything else is read as a tree.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Usual {
    properties: Vec<UsualProperty>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsualProperty {
    name: String,
    value: Scalar,
}

impl Mapped {
    /// Reads a mapper's output.
    ///
    /// # Errors
    /// [`Error::Mapper`] names the violation of the contract. The output is not quoted because it
    /// may hold a secret.
    pub fn read(mapper: &str, output: &str) -> Result<Self, Error> {
        let refused = |message: &str| Error::Mapper {
            template: mapper.to_owned(),
            message: message.to_owned(),
        };
        if let Ok(Usual { properties }) = serde_json::from_str(output) {
            let properties = properties.into_iter().map(|one| (one.name, one.value.0)).collect();
            return Ok(Self { properties: Some(properties), ..Self::default() });
        }
        let json = lenient_json::read(output).map_err(|e| refused(&format!("not JSON: {e}")))?;
        let Some(Json::Object(mut map)) = json else {
            return Err(refused("the output is not a JSON object"));
        };
        let records = match map.get("records") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(list)) => {
                let wrong = "an entry of `records` needs `form` or `table`, and an `action` of \
                             create, update or delete";
                let read = |item| read_related(item).ok_or_else(|| refused(wrong));
                list.iter().map(read).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(refused("`records` is not a list")),
        };
        Ok(Self {
            id: map.get("id").and_then(as_id),
            properties: match map.remove("properties") {
                None | Some(Json::Null) => None,
                Some(properties) => Some(
                    read_properties(properties)
                        .ok_or_else(|| refused("`properties` is not a list of {name, value}"))?,
                ),
            },
            errors: map.get("errors").map(read_errors).unwrap_or_default(),
            records,
        })
    }
}

fn as_id(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// `[{"name", "value"}]`, the platform's format, or a plain object.
fn read_properties(value: Json) -> Option<Map<String, Json>> {
    let list = match value {
        Json::Object(map) => return Some(map),
        Json::Array(list) => list,
        _ => return None,
    };
    let mut properties = Map::with_capacity(list.len());
    for mut item in list {
        let Json::String(name) = item.get_mut("name")?.take() else { return None };
        properties.insert(name, item.get_mut("value").map(Json::take).unwrap_or_default());
    }
    Some(properties)
}

/// A string, or a list of strings or of `{message, code?, field?}`; blank is not an error.
fn read_errors(value: &Json) -> Vec<Problem> {
    match value {
        Json::String(text) if text.trim().is_empty() => Vec::new(),
        Json::String(text) => vec![Problem { message: text.clone(), code: None, field: None }],
        Json::Array(list) => list.iter().flat_map(read_errors).collect(),
        Json::Object(map) => {
            let text = |name: &str| map.get(name).and_then(Json::as_str).map(str::to_owned);
            let filled = |name: &str| text(name).filter(|text| !text.is_empty());
            filled("message")
                .map(|message| Problem { message, code: filled("code"), field: filled("field") })
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    }
}

fn read_related(item: &Json) -> Option<Related> {
    let text = |name: &str| item.get(name).and_then(Json::as_str).map(str::to_owned);
    let target = match (text("form"), text("table")) {
        (Some(form), _) => RecordTarget::Form(form),
        (None, Some(table)) => RecordTarget::Table(table),
        (None, None) => return None,
    };
    let action = match text("action").as_deref() {
        None | Some("create") => Action::Create,
        Some("update") => Action::Update,
        Some("delete") => Action::Delete,
        Some(_) => return None,
    };
    Some(Related {
        target,
        id: item.get("id").and_then(as_id),
        find: match item.get("find") {
            None | Some(Json::Null) => Map::new(),
            Some(find) => find.as_object()?.clone(),
        },
        action,
        properties: match item.get("properties") {
            None | Some(Json::Null) => Map::new(),
            Some(properties) => read_properties(properties.clone())?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_classic_shape() {
        let output = r#"
            { "id": 12, "properties": [ {"name": "state", "value": "paid"}, {"name": "note"} ] }"#;
        let mapped = Mapped::read("m", output).expect("well-formed");
        assert_eq!(mapped.id.as_deref(), Some("12"));
        let properties = json!({"state": "paid", "note": null});
        assert_eq!(mapped.properties.map(Json::Object), Some(properties));
        assert!(mapped.errors.is_empty());
    }

    #[test]
    fn reads_errors_in_every_form() {
        for output in [
            r#"{"errors": "Declined."}"#,
            r#"{"errors": ["Declined."]}"#,
            r#"{"errors": [{"message": "Declined.", "code": ""}]}"#,
        ] {
            let mapped = Mapped::read("m", output).expect("well-formed");
            assert_eq!(mapped.errors[0].message, "Declined.", "{output}");
        }
        assert!(Mapped::read("m", r#"{"errors": null}"#).expect("well-formed").errors.is_empty());
    }

    #[test]
    fn reads_further_records() {
        let output = r#"{"properties": {}, "records": [
            {"table": "card", "action": "update", "find": {"gateway_id": "c1"}, "properties": {"a": 1}}]}"#;
        let related = &Mapped::read("m", output).expect("well-formed").records[0];
        assert_eq!(related.action, Action::Update);
        assert_eq!(related.target, RecordTarget::Table("card".to_owned()));
        assert_eq!(related.find["gateway_id"], json!("c1"));
    }

    #[test]
    fn a_violation_of_the_contract_is_reported_without_quoting_it() {
        for bad in
            ["", "null", "[1]", "whsec_canary", r#"{"properties": "x"}"#, r#"{"records": [{}]}"#]
        {
            let error = Mapped::read("mapper", bad).expect_err(bad).to_string();
            assert!(error.contains("mapper") && !error.contains("canary"), "{error}");
        }
    }
}
