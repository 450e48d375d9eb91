//! Checks and casts `data` against a request type's `params:` before anything is sent.

use crate::gateway::outcome::Problem;
use serde_json::{Map, Value as Json};
use sluicegate_module::param::{Param, ParamKind};
use sluicegate_module::suggest;

/// Casts `data` to the types of `params` (`"500"` → `500`) and lists every problem.
///
/// Drops blank values of optional parameters, because a form posts all its fields.
pub fn check(
    params: &[Param],
    data: &Map<String, Json>,
) -> Result<Map<String, Json>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut checked = Map::new();
    for (name, value) in data {
        match params.iter().find(|param| param.name == *name) {
            Some(_) if is_blank(value) => {}
            Some(param) => match cast(param, value) {
                Ok(cast) => drop(checked.insert(name.clone(), cast)),
                Err(problem) => problems.push(problem),
            },
            None => problems.push(unknown(params, name)),
        }
    }
    for param in params.iter().filter(|param| param.required) {
        if data.get(&param.name).is_none_or(is_blank) {
            let message = format!("{} is required.", param.name);
            problems.push(Problem::new(message, "required", Some(&param.name)));
        }
    }
    if problems.is_empty() { Ok(checked) } else { Err(problems) }
}

fn unknown(params: &[Param], name: &str) -> Problem {
    let names = params.iter().map(|param| param.name.as_str());
    let message = match suggest::nearest(name, names) {
        Some(near) => format!("{name} is not a parameter (did you mean {near}?)."),
        None => format!("{name} is not a parameter."),
    };
    Problem::new(message, "unknown", Some(name))
}

fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Array(list) => list.is_empty(),
        _ => false,
    }
}

fn cast(param: &Param, value: &Json) -> Result<Json, Problem> {
    let wrong = |what: &str| {
        Problem::new(format!("{} must be {what}.", param.name), "invalid", Some(&param.name))
    };
    let cast = match param.kind {
        ParamKind::String => text(value).map(Json::String).ok_or_else(|| wrong("a text"))?,
        ParamKind::Integer => {
            integer(value).map(Json::from).ok_or_else(|| wrong("a whole number"))?
        }
        ParamKind::Number => number(value).ok_or_else(|| wrong("a number"))?,
        ParamKind::Boolean => {
            boolean(value).map(Json::Bool).ok_or_else(|| wrong("true or false"))?
        }
        ParamKind::Hash => {
            structure(value, Json::is_object).ok_or_else(|| wrong("a set of keys and values"))?
        }
        ParamKind::Array => structure(value, Json::is_array).ok_or_else(|| wrong("a list"))?,
    };
    if has_blank_name(&cast) {
        let message = format!("{} has a name that is blank.", param.name);
        return Err(Problem::new(message, "invalid", Some(&param.name)));
    }
    within(param, &cast)?;
    Ok(cast)
}

/// True for a hash with the key `""` at any depth: encoded as `metadata[]`, it would be a list.
pub fn has_blank_name(value: &Json) -> bool {
    match value {
        Json::Object(map) => {
            map.iter().any(|(name, value)| name.trim().is_empty() || has_blank_name(value))
        }
        Json::Array(list) => list.iter().any(has_blank_name),
        _ => false,
    }
}

fn within(param: &Param, value: &Json) -> Result<(), Problem> {
    let wrong = |message: String, code| Err(Problem::new(message, code, Some(&param.name)));
    if !param.enum_values.is_empty() && !param.enum_values.iter().any(|one| same(one, value)) {
        let allowed: Vec<String> = param.enum_values.iter().filter_map(text).collect();
        let message = format!("{} must be one of: {}.", param.name, allowed.join(", "));
        return wrong(message, "inclusion");
    }
    if let Some(number) = value.as_f64() {
        if param.minimum.is_some_and(|minimum| number < minimum) {
            let minimum = param.minimum.unwrap_or_default();
            return wrong(format!("{} must be at least {minimum}.", param.name), "too_small");
        }
        if param.maximum.is_some_and(|maximum| number > maximum) {
            let maximum = param.maximum.unwrap_or_default();
            return wrong(format!("{} must be at most {maximum}.", param.name), "too_large");
        }
    }
    let length = value.as_str().map_or(0, |text| text.chars().count());
    if let Some(longest) = param.max_length.filter(|longest| length > *longest as usize) {
        let message = format!("{} must be at most {longest} characters.", param.name);
        return wrong(message, "too_long");
    }
    Ok(())
}

fn same(one: &Json, other: &Json) -> bool {
    text(one).is_some() && text(one) == text(other)
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// Money and counts: `500` or `"500"`, never the ambiguous `5.0` or `"5e2"`.
fn integer(value: &Json) -> Option<i64> {
    match value {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn number(value: &Json) -> Option<Json> {
    match value {
        Json::Number(_) => Some(value.clone()),
        Json::String(text) => {
            let number: f64 = text.trim().parse().ok()?;
            serde_json::Number::from_f64(number).map(Json::Number)
        }
        _ => None,
    }
}

fn boolean(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(truth) => Some(*truth),
        Json::String(text) => match text.trim() {
            "true" | "1" | "on" | "yes" => Some(true),
            "false" | "0" | "off" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A hash or list, or the JSON string of one from a hidden input.
fn structure(value: &Json, is_kind: fn(&Json) -> bool) -> Option<Json> {
    let read = match value {
        Json::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    is_kind(&read).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use sluicegate_module::param::SecretPart;

    fn param(name: &str, kind: ParamKind, required: bool) -> Param {
        Param {
            name: name.to_owned(),
            kind,
            required,
            enum_values: Vec::new(),
            minimum: None,
            maximum: None,
            max_length: None,
            description: None,
            example: None,
            secret: SecretPart::None,
            personal: false,
        }
    }

    fn run(params: &[Param], data: Json) -> Result<Json, Vec<String>> {
        let data = data.as_object().expect("an object").clone();
        check(params, &data).map(Json::Object).map_err(|all| {
            all.iter()
                .map(|p| format!("{}: {}", p.code.as_deref().unwrap_or(""), p.message))
                .collect()
        })
    }

    #[test]
    fn casts_what_forms_post() {
        let params = [
            param("amount", ParamKind::Integer, true),
            param("capture", ParamKind::Boolean, false),
            param("metadata", ParamKind::Hash, false),
            param("email", ParamKind::String, false),
        ];
        let data =
            json!({"amount": " 500", "capture": "false", "metadata": "{\"a\":1}", "email": ""});
        let cast = json!({"amount": 500, "capture": false, "metadata": {"a": 1}});
        assert_eq!(run(&params, data), Ok(cast));
    }

    #[test]
    fn says_everything_that_is_wrong_at_once() {
        let mut amount = param("amount", ParamKind::Integer, true);
        amount.minimum = Some(1.0);
        let mut reason = param("reason", ParamKind::String, false);
        reason.enum_values = vec![json!("duplicate"), json!("fraudulent")];
        let params = [amount, reason, param("currency", ParamKind::String, true)];
        let data = json!({"amount": -5, "reason": "bored", "currncy": "usd"});
        assert_eq!(
            run(&params, data),
            Err(vec![
                "too_small: amount must be at least 1.".to_owned(),
                "inclusion: reason must be one of: duplicate, fraudulent.".to_owned(),
                "unknown: currncy is not a parameter (did you mean currency?).".to_owned(),
                "required: currency is required.".to_owned(),
            ])
        );
    }

    #[test]
    fn money_is_never_a_fraction() {
        let params = [param("amount", ParamKind::Integer, true)];
        for bad in [json!(5.5), json!("5.0"), json!("5e2"), json!(true), json!([5])] {
            assert!(run(&params, json!({ "amount": bad })).is_err(), "{bad}");
        }
        assert!(run(&params, json!({"amount": "99999999999999999999"})).is_err());
    }
}
