//! Custom fields of a session: what the shop wants to know besides.

use super::super::super::api_error::{Answer, ApiError};
use super::super::super::call::Call;
use super::super::super::params::Params;
use super::super::super::tx::{number, text};
use serde_json::{Value, json};

/// Fields of a session, at most.
const FIELDS_MAX: usize = 3;

/// Reads the fields that a session asks for.
pub fn read(call: &Call, session: &mut Value) -> Result<(), ApiError> {
    let Some(group) = call.params.group("custom_fields") else { return Ok(()) };
    let all = group.values().keys().filter_map(|at| group.group(at));
    let fields: Result<Vec<Value>, ApiError> = all.map(|one| field(&one)).collect();
    let fields = fields?;
    if fields.len() > FIELDS_MAX {
        let message = format!("A Checkout Session has at most {FIELDS_MAX} custom fields.");
        return Err(ApiError::invalid(message).param("custom_fields"));
    }
    session["custom_fields"] = json!(fields);
    Ok(())
}

fn field(sent: &Params) -> Answer {
    let kinds = ["dropdown", "numeric", "text"];
    let kind = sent.choice("type", &kinds)?.ok_or_else(|| ApiError::missing(&sent.full("type")))?;
    let label = sent.group("label").ok_or_else(|| ApiError::missing(&sent.full("label")))?;
    let own = sent.group(kind);
    let size = |name: &str| own.as_ref().map_or(Ok(None), |own| own.integer(name));
    let default = own.as_ref().map_or(Ok(None), |own| own.filled("default_value"))?;
    let mut made = json!({
        "key": sent.required("key")?, "optional": sent.boolean("optional")?.unwrap_or(false),
        "label": {"custom": label.required("custom")?, "type": "custom"}, "type": kind,
    });
    made[kind] = match kind {
        "dropdown" => {
            let options = own.as_ref().and_then(|own| own.group("options"));
            let options = options.ok_or_else(|| ApiError::missing(&sent.full("dropdown")))?;
            let each = options.values().keys().filter_map(|at| options.group(at));
            let each: Result<Vec<Value>, ApiError> = each
                .map(|one| {
                    Ok(json!({"label": one.required("label")?, "value": one.required("value")?}))
                })
                .collect();
            json!({"default_value": default, "options": each?, "value": null})
        }
        _ => json!({"default_value": default, "maximum_length": size("maximum_length")?,
            "minimum_length": size("minimum_length")?, "value": null}),
    };
    Ok(made)
}

/// What is wrong with an entry, in words for the customer.
pub fn fault(field: &Value, entry: &str) -> Option<String> {
    let own = &field[text(field, "type")];
    let label = text(&field["label"], "custom");
    let length = i64::try_from(entry.chars().count()).unwrap_or(i64::MAX);
    if entry.is_empty() {
        return (field["optional"] != true).then(|| format!("Enter: {label}."));
    }
    if field["type"] == "numeric" && !entry.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(format!("Enter digits only: {label}."));
    }
    if field["type"] == "dropdown" {
        let mut options = own["options"].as_array().into_iter().flatten();
        let is_offered = options.any(|option| option["value"] == entry);
        return (!is_offered).then(|| format!("Choose: {label}."));
    }
    if length < number(own, "minimum_length") {
        return Some(format!("Too short: {label}."));
    }
    let most = own["maximum_length"].as_i64().unwrap_or(255);
    (length > most).then(|| format!("Too long: {label}."))
}
