//! Validations of form fields.

use crate::definition_reader::DefinitionReader;
use crate::source::Source;
use crate::suggest;
use crate::yaml::{Node, Pair, Value};
use serde_json::{Map, Value as Json};

/// One validation of a field.
#[derive(Debug, Clone)]
pub struct Validation {
    /// The rule.
    pub kind: ValidationKind,
    /// The message for visitors, instead of the default one.
    pub message: Option<String>,
    /// Liquid that must render `true` for the validation to apply.
    pub condition: Option<Source>,
    /// True if null is valid.
    pub allow_nil: bool,
    /// True if a blank value is valid.
    pub allow_blank: bool,
}

/// The rule of a validation.
#[derive(Debug, Clone)]
pub enum ValidationKind {
    /// A value is required; a stored one suffices.
    Presence,
    /// No value is allowed.
    Absence,
    /// No other record with the same values of `scope` has this value.
    Unique {
        /// The properties that form the scope.
        scope: Vec<String>,
    },
    /// Must equal the field `X_confirmation`.
    Confirmation,
    /// Must look like an e-mail address.
    Email,
    /// Must be in the list.
    Inclusion {
        /// The allowed values.
        values: Vec<Json>,
    },
    /// Must not be in the list.
    Exclusion {
        /// The forbidden values.
        values: Vec<Json>,
    },
    /// Must match a regular expression.
    Format {
        /// The expression as written, without surrounding slashes.
        with: String,
    },
    /// The length of a string or list.
    Length {
        /// The minimum length.
        minimum: Option<u32>,
        /// The maximum length.
        maximum: Option<u32>,
        /// The exact length.
        is: Option<u32>,
    },
    /// Must be a number, within limits.
    Numericality(Numericality),
    /// A date, compared with others (each may be Liquid).
    Date(Vec<(Comparison, Source)>),
    /// A timestamp, compared with others (each may be Liquid).
    Datetime(Vec<(Comparison, Source)>),
}

/// The limits of a number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numericality {
    /// The value must be `>` this.
    pub greater_than: Option<f64>,
    /// The value must be `>=` this.
    pub greater_than_or_equal_to: Option<f64>,
    /// The value must be `==` this.
    pub equal_to: Option<f64>,
    /// The value must be `!=` this.
    pub other_than: Option<f64>,
    /// The value must be `<` this.
    pub less_than: Option<f64>,
    /// The value must be `<=` this.
    pub less_than_or_equal_to: Option<f64>,
    /// True if the value must be an odd integer.
    pub odd: bool,
    /// True if the value must be an even integer.
    pub even: bool,
    /// True if the value must be an integer.
    pub only_integer: bool,
}

/// How to compare two dates or timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    At,
    /// Earlier.
    Before,
    /// Later.
    After,
    /// Equal or earlier.
    AtOrBefore,
    /// Equal or later.
    AtOrAfter,
}

const NAMES: &[&str] = &[
    "presence",
    "absence",
    "unique",
    "uniqueness",
    "confirmation",
    "email",
    "inclusion",
    "exclusion",
    "format",
    "length",
    "numericality",
    "date",
    "datetime",
];

/// Options of every validation.
const SHARED: &[&str] = &["message", "allow_nil", "allow_blank", "if"];

/// Reads the mapping under `validation:`.
pub(super) fn read(draft: &mut DefinitionReader<'_>, pair: &Pair) -> Vec<Validation> {
    match &pair.node.value {
        Value::Map(pairs) => pairs.iter().filter_map(|pair| validation(draft, pair)).collect(),
        Value::Scalar(Json::Null, _) => Vec::new(),
        _ => {
            draft.wrong::<()>(pair, "a mapping of validations");
            Vec::new()
        }
    }
}

fn validation(draft: &mut DefinitionReader<'_>, pair: &Pair) -> Option<Validation> {
    let node = &pair.node;
    if !NAMES.contains(&pair.key.as_str()) {
        let help = suggest::did_you_mean(&pair.key, NAMES.iter().copied());
        draft.loose(pair.mark, format!("unknown validation `{}`", pair.key), help);
        return None;
    }
    let options = match node.json() {
        Json::Bool(false) => return None,
        Json::Bool(true) | Json::Null => Map::new(),
        Json::Object(options) => options,
        // `inclusion: [a, b]` and `format: /x/` are short for `in:` and `with:`.
        list @ Json::Array(_) => Map::from_iter([("in".to_owned(), list)]),
        text @ Json::String(_) => Map::from_iter([("with".to_owned(), text)]),
        Json::Number(_) => return draft.wrong(pair, "true, false or a mapping of options"),
    };
    let kind = kind(draft, pair, &options)?;
    let flag = |key: &str| options.get(key).and_then(Json::as_bool).unwrap_or(false);
    Some(Validation {
        kind,
        message: options.get("message").and_then(Json::as_str).map(str::to_owned),
        condition: node.get("if").and_then(|pair| draft.template_of(pair)),
        allow_nil: flag("allow_nil"),
        allow_blank: flag("allow_blank"),
    })
}

fn kind(
    draft: &mut DefinitionReader<'_>,
    pair: &Pair,
    options: &Map<String, Json>,
) -> Option<ValidationKind> {
    let list = |key: &str| match options.get(key) {
        Some(Json::Array(values)) => values.clone(),
        Some(Json::Null) | None => Vec::new(),
        Some(value) => vec![value.clone()],
    };
    let known: &[&str] = match pair.key.as_str() {
        "unique" | "uniqueness" => &["scope", "with_deleted"],
        "inclusion" | "exclusion" => &["in"],
        "format" => &["with"],
        "length" => &["minimum", "maximum", "is"],
        "numericality" => NUMERICALITY,
        "date" => &["is_at", "before", "after", "on_or_before", "on_or_after"],
        "datetime" => &["at", "is_at", "before", "after", "at_or_before", "at_or_after"],
        _ => &[],
    };
    let known: Vec<_> = known.iter().chain(SHARED).copied().collect();
    draft.only_in(&pair.node, &format!("validation `{}`", pair.key), &known);
    Some(match pair.key.as_str() {
        "presence" => ValidationKind::Presence,
        "absence" => ValidationKind::Absence,
        "unique" | "uniqueness" => {
            let names = list("scope").into_iter().filter_map(|v| v.as_str().map(str::to_owned));
            ValidationKind::Unique { scope: names.collect() }
        }
        "confirmation" => ValidationKind::Confirmation,
        "email" => ValidationKind::Email,
        "inclusion" => ValidationKind::Inclusion { values: filled(draft, pair, list("in"))? },
        "exclusion" => ValidationKind::Exclusion { values: filled(draft, pair, list("in"))? },
        "format" => ValidationKind::Format { with: pattern(draft, pair, options)? },
        "length" => ValidationKind::Length {
            minimum: integer(draft, &pair.node, "minimum"),
            maximum: integer(draft, &pair.node, "maximum"),
            is: integer(draft, &pair.node, "is"),
        },
        "numericality" => ValidationKind::Numericality(numericality(draft, &pair.node, options)),
        "date" => ValidationKind::Date(comparisons(draft, &pair.node)),
        _ => ValidationKind::Datetime(comparisons(draft, &pair.node)),
    })
}

fn filled(draft: &mut DefinitionReader<'_>, pair: &Pair, values: Vec<Json>) -> Option<Vec<Json>> {
    if values.is_empty() {
        draft.error(pair.mark, format!("`{}` needs `in:` with a list", pair.key), None);
        return None;
    }
    Some(values)
}

fn pattern(
    draft: &mut DefinitionReader<'_>,
    pair: &Pair,
    options: &Map<String, Json>,
) -> Option<String> {
    let Some(written) = options.get("with").and_then(Json::as_str) else {
        draft.error(pair.mark, "`format` needs `with:` and a regular expression", None);
        return None;
    };
    let trimmed = written.trim();
    let with = trimmed.strip_prefix('/').and_then(|t| t.strip_suffix('/')).unwrap_or(trimmed);
    if let Err(problem) = fancy_regex::Regex::new(with) {
        let message = format!("the regular expression cannot be read: {problem}");
        draft.error(pair.node.mark, message, None);
        return None;
    }
    Some(with.to_owned())
}

fn integer(draft: &mut DefinitionReader<'_>, node: &Node, key: &str) -> Option<u32> {
    let pair = node.get(key)?;
    let number = pair.node.json().as_u64().and_then(|number| u32::try_from(number).ok());
    number.or_else(|| draft.wrong(pair, "a whole number"))
}

const NUMERICALITY: &[&str] = &[
    "greater_than",
    "greater_than_or_equal_to",
    "equal_to",
    "other_than",
    "less_than",
    "less_than_or_equal_to",
    "odd",
    "even",
    "only_integer",
];

fn numericality(
    draft: &mut DefinitionReader<'_>,
    node: &Node,
    options: &Map<String, Json>,
) -> Numericality {
    let mut number = |key: &str| {
        let pair = node.get(key)?;
        pair.node.json().as_f64().or_else(|| draft.wrong(pair, "a number"))
    };
    let flag = |key: &str| options.get(key).and_then(Json::as_bool).unwrap_or(false);
    Numericality {
        greater_than: number("greater_than"),
        greater_than_or_equal_to: number("greater_than_or_equal_to"),
        equal_to: number("equal_to"),
        other_than: number("other_than"),
        less_than: number("less_than"),
        less_than_or_equal_to: number("less_than_or_equal_to"),
        odd: flag("odd"),
        even: flag("even"),
        only_integer: flag("only_integer"),
    }
}

/// The limits of a date rule; each is Liquid.
fn comparisons(draft: &mut DefinitionReader<'_>, node: &Node) -> Vec<(Comparison, Source)> {
    let Value::Map(pairs) = &node.value else { return Vec::new() };
    let mut limits = Vec::new();
    for pair in pairs {
        let comparison = match pair.key.as_str() {
            "at" | "is_at" => Comparison::At,
            "before" => Comparison::Before,
            "after" => Comparison::After,
            "at_or_before" | "on_or_before" => Comparison::AtOrBefore,
            "at_or_after" | "on_or_after" => Comparison::AtOrAfter,
            _ => continue,
        };
        match draft.template_of(pair) {
            Some(limit) => limits.push((comparison, limit)),
            None => drop(draft.wrong::<()>(pair, "a date, or Liquid that renders one")),
        }
    }
    limits
}
