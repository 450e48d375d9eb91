//! Reads the parameters of an operation, with Stripe's checks and messages.

use super::api_error::ApiError;
use serde_json::{Map, Value};

/// Decoded parameters, and the name of the group they are in (`card` for `card[number]`).
#[derive(Debug, Clone, Default)]
pub struct Params {
    values: Map<String, Value>,
    prefix: String,
}

impl Params {
    /// The parameters of a request.
    pub fn new(values: Map<String, Value>) -> Self {
        Self { values, prefix: String::new() }
    }

    /// All names and values.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// Adds a parameter, as if it had been sent.
    pub fn set(&mut self, name: &str, value: &str) {
        self.values.insert(name.to_owned(), Value::from(value));
    }

    /// Takes a parameter away, as if it had not been sent.
    pub fn remove(&mut self, name: &str) {
        self.values.shift_remove(name);
    }

    /// Whether `name` was sent, be it empty.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A parameter's name as it is written in the form.
    pub fn full(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.prefix) }
    }

    /// A string; an empty one, which unsets a value, is `Some("")`.
    pub fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() > 40_000 => Err(ApiError::parameter(
                "parameter_invalid_string_too_long",
                &self.full(name),
                format!("Invalid string: must be at most 40000 characters for {name}"),
            )),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(ApiError::parameter(
                "parameter_invalid_string",
                &self.full(name),
                format!("Invalid string: {{...}} given for {}", self.full(name)),
            )),
        }
    }

    /// A string that is not empty.
    pub fn filled(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.text(name)? {
            Some("") => Err(self.empty(name)),
            other => Ok(other),
        }
    }

    /// A required string.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.filled(name)?.ok_or_else(|| ApiError::missing(&self.full(name)))
    }

    /// An integer.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.filled(name)? else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| {
            ApiError::parameter(
                "parameter_invalid_integer",
                &self.full(name),
                format!("Invalid integer: {text}"),
            )
        })
    }

    /// An amount of money that must be positive.
    pub fn amount(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let amount = self.integer(name)?;
        if amount.is_some_and(|amount| amount < 1) {
            return Err(ApiError::parameter(
                "parameter_invalid_integer",
                &self.full(name),
                "This value must be greater than or equal to 1.",
            ));
        }
        if amount.is_some_and(|amount| amount > 99_999_999) {
            return Err(ApiError::parameter(
                "amount_too_large",
                &self.full(name),
                "Amount must be no more than $999,999.99",
            ));
        }
        Ok(amount)
    }

    /// A boolean: `true` or `false` and nothing else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.filled(name)?.map(str::trim) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ApiError {
                saved: false,
                ..ApiError::invalid(format!("Invalid boolean: {other}"))
            }
            .param(&self.full(name))),
        }
    }

    /// One of a few words.
    pub fn choice(&self, name: &str, words: &[&str]) -> Result<Option<&str>, ApiError> {
        let Some(word) = self.filled(name)? else { return Ok(None) };
        if words.contains(&word) {
            return Ok(Some(word));
        }
        let (last, first) = words.split_last().unwrap_or((&"", &[]));
        let message = format!("Invalid {name}: must be one of {}, or {last}", first.join(", "));
        Err(ApiError { saved: false, ..ApiError::invalid(message) }.param(&self.full(name)))
    }

    /// A nested group, when one was sent.
    pub fn group(&self, name: &str) -> Option<Params> {
        let values = self.values.get(name)?.as_object()?.clone();
        Some(Params { values, prefix: self.full(name) })
    }

    /// The elements of an array of texts.
    pub fn list(&self, name: &str) -> Vec<&str> {
        match self.values.get(name) {
            Some(Value::Object(items)) => items.values().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) if !one.is_empty() => vec![one],
            _ => Vec::new(),
        }
    }

    /// Writes texts into an object under their own names; an empty one becomes null.
    pub fn patch(&self, object: &mut Value, names: &[&str]) -> Result<(), ApiError> {
        for name in names {
            if let Some(text) = self.text(name)? {
                object[*name] = if text.is_empty() { Value::Null } else { Value::from(text) };
            }
        }
        Ok(())
    }

    /// Writes nested groups of texts into an object, key by key.
    pub fn patch_groups(&self, object: &mut Value, names: &[&str]) {
        for name in names {
            match self.values.get(*name) {
                Some(Value::String(text)) if text.is_empty() => object[*name] = Value::Null,
                Some(group @ Value::Object(_)) => merge(&mut object[*name], group),
                _ => {}
            }
        }
    }

    /// Merges `metadata` as Stripe does: an empty value deletes a key, an empty whole all keys.
    pub fn patch_metadata(&self, object: &mut Value) -> Result<(), ApiError> {
        let Some(sent) = self.values.get("metadata") else { return Ok(()) };
        let wrong = |message: String| ApiError::parameter("parameter_invalid", "metadata", message);
        let Value::Object(sent) = sent else {
            if sent.as_str() == Some("") {
                object["metadata"] = Value::Object(Map::new());
                return Ok(());
            }
            return Err(wrong("Invalid hash: metadata must be a set of key-value pairs".into()));
        };
        let mut metadata = object["metadata"].as_object().cloned().unwrap_or_default();
        for (key, value) in sent {
            let Value::String(text) = value else {
                return Err(wrong(format!("Invalid string: metadata[{key}] must be a text")));
            };
            if key.chars().count() > 40 || text.chars().count() > 500 {
                return Err(wrong(format!(
                    "Metadata keys can be at most 40 and values at most 500 characters long: {key}"
                )));
            }
            if text.is_empty() {
                metadata.shift_remove(key);
            } else {
                metadata.insert(key.clone(), value.clone());
            }
        }
        if metadata.len() > 50 {
            return Err(wrong("You can have at most 50 metadata keys.".into()));
        }
        object["metadata"] = Value::Object(metadata);
        Ok(())
    }

    /// The refusal of an empty value where one cannot unset.
    fn empty(&self, name: &str) -> ApiError {
        let name = self.full(name);
        ApiError::parameter(
            "parameter_invalid_empty",
            &name,
            format!(
                "You passed an empty string for '{name}'. We assume empty values are an attempt \
                 to unset a parameter; however '{name}' cannot be unset. You should remove \
                 '{name}' from your request or supply a non-empty value."
            ),
        )
    }
}

/// Merges `from` into `into`; words that are booleans or empty become JSON's.
pub fn merge(into: &mut Value, from: &Value) {
    match from {
        Value::Object(fields) => {
            if !into.is_object() {
                *into = Value::Object(Map::new());
            }
            for (name, value) in fields {
                merge(&mut into[name.as_str()], value);
            }
        }
        Value::String(text) => {
            *into = match text.as_str() {
                "" => Value::Null,
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                other => Value::from(other),
            }
        }
        other => *into = other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::form;
    use super::*;
    use serde_json::json;

    fn params(text: &str) -> Params {
        Params::new(form::decode(text.as_bytes()).unwrap())
    }

    #[test]
    fn values_are_checked_in_stripes_words() {
        let sent = params("amount=abc&capture=1&currency=&card[number]=");
        assert_eq!(sent.integer("amount").unwrap_err().message, "Invalid integer: abc");
        assert_eq!(sent.boolean("capture").unwrap_err().message, "Invalid boolean: 1");
        assert_eq!(sent.required("source").unwrap_err().message, "Missing required param: source.");
        assert_eq!(sent.required("currency").unwrap_err().code, Some("parameter_invalid_empty"));
        let card = sent.group("card").unwrap();
        assert_eq!(
            card.required("exp_month").unwrap_err().param.as_deref(),
            Some("card[exp_month]")
        );
    }

    #[test]
    fn metadata_merges_and_deletes() {
        let mut object = json!({"metadata": {"a": "1", "b": "2"}});
        params("metadata[a]=&metadata[c]=3").patch_metadata(&mut object).unwrap();
        assert_eq!(object["metadata"], json!({"b": "2", "c": "3"}));
        params("metadata=").patch_metadata(&mut object).unwrap();
        assert_eq!(object["metadata"], json!({}));
        assert!(params("metadata=x").patch_metadata(&mut object).is_err());
    }
}
