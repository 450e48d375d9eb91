//! The fields of a form: a tree in the file, a list of paths here.

use crate::definition_reader::DefinitionReader;
use crate::source::Mark;
use crate::validation::{self, Validation};
use crate::yaml::{Pair, Value};
use serde_json::Value as Json;

/// A field that a submission may fill.
#[derive(Debug, Clone)]
pub struct Field {
    /// `["properties", "amount"]`, `["email"]`,
    /// `["profiles", "developer", "properties", "mobile_number"]`.
    pub path: Vec<String>,
    /// The validations of its value.
    pub validation: Vec<Validation>,
    /// True if only the form's Liquid reads the value; it is not stored.
    pub virtual_: bool,
    /// True if submitted values are ignored.
    pub readonly: bool,
    /// The value when none is submitted.
    pub default: Option<Json>,
    /// Its location in the file.
    pub mark: Mark,
}

impl Field {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The property's name in a path `properties.X`.
    pub fn property(&self) -> Option<&str> {
        match self.path.as_slice() {
            [first, name] if first == "properties" => Some(name),
            _ => None,
        }
    }

    /// The path, joined with dots.
    pub fn dotted(&self) -> String {
        self.path.join(".")
    }
}

/// Reads `fields:` (formerly `configuration:`).
pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Vec<Field> {
    let Some(pair) = draft.pair(&["fields", "configuration"]) else { return Vec::new() };
    let mut fields = Vec::new();
    match &pair.node.value {
        Value::Map(pairs) => {
            for pair in pairs {
                walk(draft, pair, &mut Vec::new(), &mut fields);
            }
        }
        _ => {
            draft.wrong::<()>(&pair, "a mapping of fields");
        }
    }
    fields
}

/// Keys that describe a field instead of naming a nested one.
const ABOUT: &[&str] = &["validation", "property_options"];

fn walk(
    draft: &mut DefinitionReader<'_>,
    pair: &Pair,
    above: &mut Vec<String>,
    fields: &mut Vec<Field>,
) {
    let node = &pair.node;
    if !matches!(node.value, Value::Map(_)) && !node.is_null() {
        draft.wrong::<()>(pair, "empty, or a mapping with `validation` or `property_options`");
        return;
    }
    above.push(pair.key.clone());
    let below: Vec<&Pair> =
        node.pairs().iter().filter(|pair| !ABOUT.contains(&pair.key.as_str())).collect();
    let is_group = !below.is_empty() || matches!(pair.key.as_str(), "properties" | "profiles");
    let told = node.pairs().iter().any(|pair| ABOUT.contains(&pair.key.as_str()));
    if !is_group || told {
        fields.push(leaf(draft, pair, above));
    }
    for pair in below {
        // A bare value here is probably an option without its parent key.
        if matches!(pair.node.value, Value::Text(_) | Value::List(_)) {
            let field = above.join(".");
            let message =
                format!("`{}` in field `{field}` is neither an option nor a field", pair.key);
            let help = "options go under `validation:` or `property_options:`".to_owned();
            draft.loose(pair.mark, message, Some(help));
            continue;
        }
        walk(draft, pair, above, fields);
    }
    above.pop();
}

fn leaf(draft: &mut DefinitionReader<'_>, named: &Pair, path: &[String]) -> Field {
    let node = &named.node;
    let mut field = Field {
        path: path.to_vec(),
        validation: Vec::new(),
        virtual_: false,
        readonly: false,
        default: None,
        mark: named.mark,
    };
    if let Some(pair) = node.get("validation") {
        field.validation = validation::read(draft, pair);
    }
    let Some(pair) = node.get("property_options") else { return field };
    if !matches!(pair.node.value, Value::Map(_)) && !pair.node.is_null() {
        draft.wrong::<()>(pair, "a mapping of options");
        return field;
    }
    let known = &["virtual", "readonly", "default", "description"];
    draft.only_in(&pair.node, &format!("options of `{}`", path.join(".")), known);
    let mut flag = |key: &str| match pair.node.get(key).map(|pair| (pair.node.json(), pair)) {
        Some((Json::Bool(value), _)) => value,
        None | Some((Json::Null, _)) => false,
        Some((_, pair)) => {
            draft.wrong::<()>(pair, "true or false");
            false
        }
    };
    field.virtual_ = flag("virtual");
    field.readonly = flag("readonly");
    let default = pair.node.get("default").map(|pair| pair.node.json());
    field.default = default.filter(|json| !json.is_null());
    field
}
