//! What an operator or a caller is shown of stored data: without what is secret.

use crate::catalog::Catalog;
use serde_json::Value as Json;
use sluicegate_secret::redaction;

impl Catalog {
    /// Hides what is secret in an outcome, an input or a step: the secret properties of its record,
    /// what the one redaction knows, and the values that come from the environment.
    pub fn hide_secrets(&self, value: &mut Json) {
        if let Some(record) = value.get_mut("record") {
            let table = record.get("table").and_then(Json::as_str);
            let table = table.and_then(|name| self.table(name));
            let secret = table.into_iter().flat_map(|table| &table.properties);
            let secret: Vec<&str> =
                secret.filter(|property| property.secret).map(|p| p.name.as_str()).collect();
            for name in secret {
                let property = record.pointer_mut("/properties").and_then(|all| all.get_mut(name));
                if let Some(property) = property {
                    *property = Json::Null;
                }
            }
        }
        redaction::json(value);
        redaction::texts(value, &|text| self.redact(text));
    }
}
