//! Tables (custom model types): the properties of records.

use crate::definition_reader::DefinitionReader;
use crate::path::Kind;
use crate::source::Mark;
use crate::suggest;
use crate::yaml::{Node, Value};
use serde_json::Value as Json;

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// The name, such as `modules/payments/account`.
    pub name: String,
    /// The properties, in file order.
    pub properties: Vec<Property>,
    /// Who may write its records.
    pub writable_by: WritableBy,
}

/// Who may write the records of a table (our extension).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WritableBy {
    /// Every mutation and form that its caller may use.
    Anyone,
    /// The host, request types, and the templates of the table's own module. This is for records
    /// that carry trust, such as the secrets by which deliveries are verified.
    Module,
}

/// A property of a table.
#[derive(Debug, Clone)]
pub struct Property {
    /// The property's name.
    pub name: String,
    /// The type; string by default.
    pub kind: PropertyKind,
    /// The value for records created without one.
    pub default: Option<Json>,
    /// True if the value is sealed at rest and never shown (our extension).
    pub secret: bool,
    /// True if the value says who a person is or what they wrote: `forget` removes it (our
    /// extension).
    pub personal: bool,
    /// True if queries find and sort records by it through an index (our extension).
    pub index: bool,
    /// True if no two records that are not deleted have the same value (our extension). It has an
    /// index.
    pub unique: bool,
}

/// The type of a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyKind {
    /// A list.
    Array,
    /// A boolean.
    Boolean,
    /// A date.
    Date,
    /// A timestamp.
    Datetime,
    /// A decimal number.
    Float,
    /// An integer.
    Integer,
    /// A short string.
    String,
    /// A long string.
    Text,
    /// A file.
    Upload,
    /// Any JSON value.
    Json,
}

const KINDS: &[(&str, PropertyKind)] = &[
    ("array", PropertyKind::Array),
    ("boolean", PropertyKind::Boolean),
    ("date", PropertyKind::Date),
    ("datetime", PropertyKind::Datetime),
    ("float", PropertyKind::Float),
    ("integer", PropertyKind::Integer),
    ("string", PropertyKind::String),
    ("text", PropertyKind::Text),
    ("upload", PropertyKind::Upload),
    ("json", PropertyKind::Json),
];

/// Names of 2018 for current types.
const OLD_KINDS: &[(&str, PropertyKind)] = &[
    ("photo", PropertyKind::Upload),
    ("image", PropertyKind::Upload),
    ("file", PropertyKind::Upload),
    ("attachment", PropertyKind::Upload),
    ("decimal", PropertyKind::Float),
    ("time", PropertyKind::Datetime),
    ("hash", PropertyKind::Json),
    ("geojson", PropertyKind::Json),
];

impl PropertyKind {
    /// The type with this name, current or old.
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().chain(OLD_KINDS).find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// The current name.
    pub fn as_str(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("string", |(name, _)| name)
    }
}

impl Table {
    /// The property with this name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// Reads a table from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(&[
            "name",
            "properties",
            "configuration",
            "metadata",
            "description",
            "attachments",
            "belongs_to",
            "custom_attributes",
            "writable_by",
        ]);
        draft.rename();
        let stated = writable_by(draft);
        let mut table = Self {
            name: draft.name.clone(),
            properties: Vec::new(),
            writable_by: stated.unwrap_or(WritableBy::Anyone),
        };
        let Some(pair) = draft.pair(&["properties", "configuration", "custom_attributes"]) else {
            return Some(table);
        };
        let Value::List(nodes) = &pair.node.value else {
            draft.wrong::<()>(&pair, "a list of properties");
            return Some(table);
        };
        let mut seen: Vec<(String, Mark)> = Vec::new();
        for node in nodes {
            let Some((property, mark)) = property(draft, node) else { continue };
            if let Some((_, first)) = seen.iter().find(|(name, _)| *name == property.name) {
                let help = format!("it was first named on line {}; this one is used", first.line);
                draft.loose(
                    mark,
                    format!("the property `{}` is here twice", property.name),
                    Some(help),
                );
                table.properties.retain(|p| p.name != property.name);
            } else {
                seen.push((property.name.clone(), mark));
            }
            table.properties.push(property);
        }
        if stated.is_none() && table.properties.iter().any(|property| property.secret) {
            // A secret property is a credential.
            table.writable_by = WritableBy::Module;
        }
        Some(table)
    }

    /// The module that the table belongs to; `None` for the root module.
    pub fn module(&self) -> Option<&str> {
        self.name.strip_prefix("modules/")?.split('/').next()
    }
}

/// The stated rule, if there is one.
fn writable_by(draft: &mut DefinitionReader<'_>) -> Option<WritableBy> {
    let pair = draft.pair(&["writable_by"])?;
    match pair.node.json().as_str() {
        Some("anyone") => Some(WritableBy::Anyone),
        Some("module") => Some(WritableBy::Module),
        _ => {
            draft.wrong::<()>(&pair, "`anyone` or `module`");
            // The strict rule is the safe mistake.
            Some(WritableBy::Module)
        }
    }
}

fn property(draft: &mut DefinitionReader<'_>, node: &Node) -> Option<(Property, Mark)> {
    let named = node.get("name").map(|pair| (pair.node.json(), pair.node.mark));
    let Some((Json::String(name), mark)) = named else {
        draft.error(node.mark, "a property needs a `name`", None);
        return None;
    };
    const KNOWN: &[&str] = &[
        "name",
        "type",
        "default",
        "secret",
        "belongs_to",
        "description",
        "metadata",
        "options",
        "attribute_type",
        "label",
        "validation",
        "versions",
        "public",
        "personal",
        "index",
        "unique",
    ];
    draft.only_in(node, &format!("property `{name}`"), KNOWN);
    if let Some(pair) = node.get("belongs_to")
        && let Json::String(table) = pair.node.json()
    {
        draft.refer(Kind::Table, &table, pair.node.mark);
    }
    // Sealing and forgetting too much are the safe mistakes.
    let mut is_set = |key: &str| match node.get(key).map(|pair| (pair.node.json(), pair)) {
        None | Some((Json::Null, _)) => false,
        Some((Json::Bool(is_set), _)) => is_set,
        Some((_, pair)) => {
            draft.wrong::<()>(pair, "true or false");
            true
        }
    };
    let (secret, personal) = (is_set("secret"), is_set("personal"));
    let (mut index, mut unique) = (is_set("index"), is_set("unique"));
    if secret && (index || unique) {
        let mark =
            node.get("index").or_else(|| node.get("unique")).map_or(mark, |pair| pair.node.mark);
        let help = "a secret is sealed anew each time it is stored, so nothing can be found by it";
        draft.error(
            mark,
            format!("the secret property `{name}` has an index"),
            Some(help.to_owned()),
        );
        (index, unique) = (false, false);
    }
    index |= unique;
    let default = node.get("default").map(|pair| pair.node.json()).filter(|json| !json.is_null());
    let kind = kind(draft, node);
    Some((Property { name, kind, default, secret, personal, index, unique }, mark))
}

fn kind(draft: &mut DefinitionReader<'_>, node: &Node) -> PropertyKind {
    let Some(pair) = node.get("type").or_else(|| node.get("attribute_type")) else {
        return PropertyKind::String;
    };
    let Json::String(name) = pair.node.json() else {
        if !pair.node.is_null() {
            draft.wrong::<()>(pair, "the name of a property type");
        }
        return PropertyKind::String;
    };
    PropertyKind::from_name(&name).unwrap_or_else(|| {
        let help =
            suggest::did_you_mean(&name, KINDS.iter().map(|(name, _)| *name)).or_else(|| {
                let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
                Some(format!("it can be {}", names.join(", ")))
            });
        draft.loose(pair.node.mark, format!("unknown property type `{name}`"), help);
        PropertyKind::String
    })
}
