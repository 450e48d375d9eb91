//! The `fields` tree of a form body: input names, values, and errors.

use serde_json::{Map, Value as Json, json};
use sluicegate_module::field::Field;
use sluicegate_module::form::Form;

/// `form.fields`: the `name`, `value`, `validation` and options of each declared field, nested as
/// declared.
pub fn tree(form: &Form, values: &Json, errors: &Map<String, Json>) -> Json {
    let mut root = Json::Object(Map::new());
    for field in &form.fields {
        let leaf = json!({
            "name": input_name(&field.path),
            "value": value_at(values, &field.path),
            "validation": {
                "errors": errors.get(&field.path.join(".")).cloned().unwrap_or_else(|| json!([])),
                "rules": field.validation.len(),
            },
            "property_options": { "virtual": field.virtual_, "readonly": field.readonly },
        });
        put(&mut root, &field.path, leaf);
    }
    root
}

/// The `name` of a field's input: `form[email]`, `form[properties_attributes][email]`,
/// `form[profiles_attributes][developer_attributes][properties_attributes][x]`.
pub fn input_name(path: &[String]) -> String {
    let mut name = "form".to_owned();
    for (place, part) in path.iter().enumerate() {
        let is_leaf = place + 1 == path.len();
        name.push_str(&if is_leaf { format!("[{part}]") } else { format!("[{part}_attributes]") });
    }
    name
}

/// Strips the `_attributes` suffix from the keys of a posted `form` hash.
pub fn plain(posted: &Map<String, Json>) -> Map<String, Json> {
    let mut plain = Map::new();
    for (name, value) in posted {
        match (name.strip_suffix("_attributes"), value) {
            (Some(name), Json::Object(inner)) => {
                plain.insert(name.to_owned(), Json::Object(self::plain(inner)));
            }
            _ => drop(plain.insert(name.clone(), value.clone())),
        }
    }
    plain
}

/// Keeps only the fields the form declares; anything else that a client posts is dropped.
pub fn declared(form: &Form, values: &Map<String, Json>) -> Json {
    let mut kept = Json::Object(Map::new());
    let all = Json::Object(values.clone());
    for Field { path, readonly, .. } in &form.fields {
        let value = value_at(&all, path);
        if !readonly && !value.is_null() {
            put(&mut kept, path, value.clone());
        }
    }
    kept
}

/// Returns the value at a path, or null.
pub fn value_at<'a>(values: &'a Json, path: &[String]) -> &'a Json {
    path.iter().try_fold(values, |place, part| place.get(part)).unwrap_or(&Json::Null)
}

/// Sets a value at a path, creating missing hashes.
pub fn put(root: &mut Json, path: &[String], value: Json) {
    let Some((last, inner)) = path.split_last() else { return };
    let mut place = root;
    for part in inner {
        let Json::Object(map) = place else { return };
        place = map.entry(part.clone()).or_insert_with(|| Json::Object(Map::new()));
    }
    if let Json::Object(map) = place {
        map.insert(last.clone(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn names_inputs_as_the_platform_does() {
        assert_eq!(input_name(&path("email")), "form[email]");
        assert_eq!(input_name(&path("properties.email")), "form[properties_attributes][email]");
        assert_eq!(
            input_name(&path("profiles.developer.properties.x")),
            "form[profiles_attributes][developer_attributes][properties_attributes][x]"
        );
    }

    #[test]
    fn reads_posted_names_back() {
        let posted = json!({"email": "a", "properties_attributes": {"amount": "5"}});
        let plain = plain(posted.as_object().expect("an object"));
        assert_eq!(Json::Object(plain), json!({"email": "a", "properties": {"amount": "5"}}));
    }
}
