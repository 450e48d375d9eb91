//! The declared parameters of a request type (`params:`, our extension), used by GraphQL, the API
//! and the console.

use crate::definition_reader::DefinitionReader;
use crate::suggest;
use crate::yaml::{Node, Pair, Value};
use serde_json::Value as Json;

/// One declared parameter in `data`.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// The parameter's name in `data`.
    pub name: String,
    /// The type.
    pub kind: ParamKind,
    /// True if a value is required.
    pub required: bool,
    /// The allowed values; empty for any.
    pub enum_values: Vec<Json>,
    /// The minimum of a number.
    pub minimum: Option<f64>,
    /// The maximum of a number.
    pub maximum: Option<f64>,
    /// The maximum length of a string, in characters.
    pub max_length: Option<u32>,
    /// A description for people.
    pub description: Option<String>,
    /// An example value.
    pub example: Option<Json>,
    /// What of the value is sealed and never shown.
    pub secret: SecretPart,
    /// True if the value says who a person is or what they wrote: `forget` removes it (our
    /// extension).
    pub personal: bool,
}

/// What of a parameter's value is sealed at rest and never shown (our extension).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SecretPart {
    /// Nothing.
    #[default]
    None,
    /// The value as a whole.
    Whole,
    /// In a hash, the values of these names, at any depth.
    Names(Vec<String>),
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParamKind {
    /// A string.
    String,
    /// An integer.
    Integer,
    /// Any number.
    Number,
    /// A boolean.
    Boolean,
    /// An object.
    Hash,
    /// A list.
    Array,
}

const KINDS: &[(&str, ParamKind)] = &[
    ("string", ParamKind::String),
    ("integer", ParamKind::Integer),
    ("number", ParamKind::Number),
    ("boolean", ParamKind::Boolean),
    ("hash", ParamKind::Hash),
    ("array", ParamKind::Array),
];

impl ParamKind {
    /// The type with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// The type's name.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("string", |(name, _)| name)
    }

    /// True when a value has this type.
    pub fn accepts(self, value: &Json) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Hash => value.is_object(),
            Self::Array => value.is_array(),
        }
    }
}

/// Reads `params:`; `None` without that key.
pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Vec<Param>> {
    let pair = draft.front.get("params").cloned()?;
    match &pair.node.value {
        Value::Map(pairs) => Some(pairs.iter().filter_map(|pair| param(draft, pair)).collect()),
        Value::Scalar(Json::Null, _) => Some(Vec::new()),
        _ => draft.wrong(&pair, "a mapping of names to types"),
    }
}

const KEYS: &[&str] = &[
    "type",
    "required",
    "enum",
    "minimum",
    "maximum",
    "max_length",
    "description",
    "example",
    "secret",
    "personal",
];

fn param(draft: &mut DefinitionReader<'_>, pair: &Pair) -> Option<Param> {
    let mut param = Param {
        name: pair.key.clone(),
        kind: ParamKind::String,
        required: false,
        enum_values: Vec::new(),
        minimum: None,
        maximum: None,
        max_length: None,
        description: None,
        example: None,
        secret: SecretPart::None,
        personal: false,
    };
    if !is_name(&pair.key) {
        let message = format!("`{}` cannot be the name of a param", pair.key);
        draft.error(pair.mark, message, Some("use letters, digits and underscores".to_owned()));
        return None;
    }
    match &pair.node.value {
        // The short form, such as `amount: integer`.
        Value::Text(_) => param.kind = kind(draft, &pair.node)?,
        Value::Scalar(Json::Null, _) => {}
        Value::Map(_) => fill(draft, &mut param, &pair.node)?,
        _ => return draft.wrong(pair, "a type, or a mapping with `type`"),
    }
    Some(param)
}

fn fill(draft: &mut DefinitionReader<'_>, param: &mut Param, node: &Node) -> Option<()> {
    draft.only_in(node, &format!("param `{}`", param.name), KEYS);
    if let Some(pair) = node.get("type") {
        param.kind = kind(draft, &pair.node)?;
    }
    for pair in node.pairs() {
        let json = pair.node.json();
        match (pair.key.as_str(), json) {
            ("type", _) | (_, Json::Null) => {}
            ("required", Json::Bool(required)) => param.required = required,
            ("required", _) => return draft.wrong(pair, "true or false"),
            ("minimum", json) => param.minimum = Some(number(draft, pair, &json)?),
            ("maximum", json) => param.maximum = Some(number(draft, pair, &json)?),
            ("max_length", json) => {
                let length = json.as_u64().and_then(|length| u32::try_from(length).ok());
                let Some(length) = length else { return draft.wrong(pair, "a whole number") };
                param.max_length = Some(length);
            }
            ("description", Json::String(text)) => {
                param.description = Some(text.trim().to_owned());
            }
            ("description", _) => return draft.wrong(pair, "a text"),
            ("enum", Json::Array(values)) => param.enum_values = values,
            ("enum", _) => return draft.wrong(pair, "a list of values"),
            ("example", json) => param.example = Some(json),
            ("personal", Json::Bool(personal)) => param.personal = personal,
            ("personal", _) => return draft.wrong(pair, "true or false"),
            ("secret", json) => {
                // What cannot be read is secret: that is the safe mistake.
                param.secret = secret(&json).unwrap_or(SecretPart::Whole);
                if secret(&json).is_none() {
                    draft.wrong::<()>(pair, "true, or a list of names in the hash");
                }
            }
            _ => {}
        }
    }
    check_options(draft, param, node);
    Some(())
}

/// Reads `secret: true`, or the names of the secret values of a hash.
fn secret(json: &Json) -> Option<SecretPart> {
    match json {
        Json::Bool(true) => Some(SecretPart::Whole),
        Json::Bool(false) => Some(SecretPart::None),
        Json::Array(names) if !names.is_empty() => {
            let names = names.iter().map(|name| name.as_str().map(str::to_owned));
            Some(SecretPart::Names(names.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

/// Checks that a parameter's options fit its type.
fn check_options(draft: &mut DefinitionReader<'_>, param: &Param, node: &Node) {
    let kind = param.kind.as_str();
    let fits = |value: &Json| param.kind.accepts(value);
    if let Some(pair) = node.get("enum")
        && let Some(value) = param.enum_values.iter().find(|value| !fits(value))
    {
        let message = format!("`enum` of `{}` lists {value}, not of type {kind}", param.name);
        draft.error(pair.node.mark, message, None);
    }
    if let (Some(pair), Some(example)) = (node.get("example"), &param.example)
        && !fits(example)
    {
        let message = format!("the example of `{}` is not of type {kind}", param.name);
        draft.error(pair.node.mark, message, None);
    }
    if let (Some(low), Some(high), Some(pair)) = (param.minimum, param.maximum, node.get("minimum"))
        && low > high
    {
        let message = format!("`minimum` of `{}` is above its `maximum`", param.name);
        draft.error(pair.node.mark, message, None);
    }
}

fn number(draft: &mut DefinitionReader<'_>, pair: &Pair, json: &Json) -> Option<f64> {
    json.as_f64().or_else(|| draft.wrong(pair, "a number"))
}

fn kind(draft: &mut DefinitionReader<'_>, node: &Node) -> Option<ParamKind> {
    let name = match node.json() {
        Json::String(name) => name,
        other => other.to_string(),
    };
    let kind = ParamKind::from_name(name.trim());
    if kind.is_none() {
        let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
        let help = suggest::did_you_mean(&name, names.iter().copied())
            .unwrap_or_else(|| format!("it can be {}", names.join(", ")));
        draft.error(node.mark, format!("unknown param type `{name}`"), Some(help));
    }
    kind
}

fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}
