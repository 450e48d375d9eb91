//! The `property…` fields: one property of a record, converted to the requested kind.

use super::backend::ResolverError;
use super::call::FieldCall;
use serde_json::{Value as Json, json};
use sluicegate_store::text;

type Answer = Result<Json, ResolverError>;

/// Returns the stored property; `None` when it is absent or null.
fn stored<'a>(call: &FieldCall<'a>) -> Option<&'a Json> {
    call.of_parent("properties")?.get(call.required("name")).filter(|value| !value.is_null())
}

/// As a string: numbers as written, lists and objects as JSON.
pub(super) fn as_text(call: &FieldCall<'_>) -> Answer {
    Ok(stored(call).and_then(text::of).map_or(Json::Null, |text| json!(text)))
}

/// As an integer; null when it is not one.
pub(super) fn as_int(call: &FieldCall<'_>) -> Answer {
    let integer = match stored(call) {
        Some(Json::String(text)) => text.trim().parse::<i64>().ok(),
        Some(value) => value.as_i64(),
        None => None,
    };
    Ok(json!(integer))
}

/// As a float; null when it is not a number.
pub(super) fn as_float(call: &FieldCall<'_>) -> Answer {
    let float = match stored(call) {
        Some(Json::String(text)) => text.trim().parse::<f64>().ok(),
        Some(value) => value.as_f64(),
        None => None,
    };
    Ok(json!(float))
}

/// As a boolean; null when it is neither true nor false.
pub(super) fn as_boolean(call: &FieldCall<'_>) -> Answer {
    Ok(match stored(call) {
        Some(Json::Bool(flag)) => json!(flag),
        Some(Json::String(text)) => match text.trim() {
            "true" | "t" | "1" => json!(true),
            "false" | "f" | "0" => json!(false),
            _ => Json::Null,
        },
        _ => Json::Null,
    })
}

/// As a list; a string is parsed as JSON first.
pub(super) fn as_array(call: &FieldCall<'_>) -> Answer {
    as_json(call).map(|json| if json.is_array() { json } else { Json::Null })
}

/// As JSON; a string is parsed as JSON when it is valid.
pub(super) fn as_json(call: &FieldCall<'_>) -> Answer {
    Ok(match stored(call) {
        Some(Json::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        Some(value) => value.clone(),
        None => Json::Null,
    })
}

/// As an object; null when it is not one.
pub(super) fn as_object(call: &FieldCall<'_>) -> Answer {
    as_json(call).map(|json| if json.is_object() { json } else { Json::Null })
}

/// As an uploaded file: an object; a string is taken as the file's URL.
pub(super) fn as_upload(call: &FieldCall<'_>) -> Answer {
    as_json(call).map(|json| match json {
        Json::String(url) => {
            let name = url.rsplit('/').next().unwrap_or_default();
            json!({ "url": url, "file_name": name })
        }
        Json::Object(file) => Json::Object(file),
        _ => Json::Null,
    })
}
