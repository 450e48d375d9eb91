//! Validates submitted values by a form's rules.

use crate::form::cast;
use crate::form::fields::value_at;
use crate::template::email_address::is_email;
use fancy_regex::RegexBuilder;
use serde_json::{Map, Value as Json, json};
use sluicegate_module::field::Field;
use sluicegate_module::source::Source;
use sluicegate_module::table::Table;
use sluicegate_module::validation::{Comparison, Numericality, Validation, ValidationKind};

/// The backtracking limit of a pattern, after which it does not match: a hostile value cannot
/// stall the process.
const BACKTRACKS_MAX: usize = 100_000;

/// What validations need beyond the values themselves.
pub struct ValidationContext<'a> {
    /// Renders an `if:` condition; true when the output is `true`.
    pub holds: &'a dyn Fn(&Source) -> bool,
    /// True when another record with the same scope has this value at the path.
    pub is_taken: &'a dyn Fn(&Field, &Json, &[String]) -> bool,
    /// The stored values: an existing value satisfies `presence`.
    pub stored: &'a Json,
    /// Renders the limit of a date rule.
    pub limit: &'a dyn Fn(&Source) -> Json,
}

/// Returns every message by dotted path: `{"properties.email": ["can't be blank"]}`; empty when all
/// values are valid.
pub fn validate(
    fields: &[Field],
    values: &Json,
    context: &ValidationContext<'_>,
) -> Map<String, Json> {
    let mut errors = Map::new();
    for field in fields {
        let value = value_at(values, &field.path);
        let messages: Vec<Json> = field
            .validation
            .iter()
            .filter_map(|rule| violation(field, rule, value, values, context))
            .map(Json::String)
            .collect();
        if !messages.is_empty() {
            errors.insert(field.dotted(), Json::Array(messages));
        }
    }
    errors
}

/// Returns a message by dotted path for each value that its property of `table` cannot hold.
pub fn unreadable(fields: &[Field], table: &Table, values: &Json) -> Map<String, Json> {
    let message = |field: &Field| {
        let property = table.property(field.property()?).filter(|_| !field.virtual_)?;
        let message = cast::problem(property.kind, value_at(values, &field.path))?;
        Some((field.dotted(), json!([message])))
    };
    fields.iter().filter_map(message).collect()
}

fn violation(
    field: &Field,
    rule: &Validation,
    value: &Json,
    values: &Json,
    context: &ValidationContext<'_>,
) -> Option<String> {
    let excused = (rule.allow_nil && value.is_null()) || (rule.allow_blank && is_blank(value));
    if excused || rule.condition.as_ref().is_some_and(|source| !(context.holds)(source)) {
        return None;
    }
    let violation = match &rule.kind {
        ValidationKind::Presence => {
            let stored = value_at(context.stored, &field.path);
            let absent = is_blank(value) && (!value.is_null() || is_blank(stored));
            absent.then(|| "can't be blank".to_owned())
        }
        ValidationKind::Absence => (!is_blank(value)).then(|| "must be blank".to_owned()),
        ValidationKind::Unique { scope } => {
            let taken = !is_blank(value) && (context.is_taken)(field, value, scope);
            taken.then(|| "has already been taken".to_owned())
        }
        ValidationKind::Confirmation => {
            let mut path = field.path.clone();
            if let Some(last) = path.last_mut() {
                last.push_str("_confirmation");
            }
            let differs = text(value_at(values, &path)) != text(value);
            differs.then(|| "doesn't match its confirmation".to_owned())
        }
        // The rules below apply to present values only; `presence` requires one.
        _ if is_blank(value) => None,
        ValidationKind::Date(rules) => {
            date_violation(cast::day(value), rules, |limit| cast::day(&(context.limit)(limit)))
        }
        ValidationKind::Datetime(rules) => date_violation(cast::timestamp(value), rules, |limit| {
            cast::timestamp(&(context.limit)(limit))
        }),
        kind => shape_violation(kind, value),
    };
    violation.map(|usual| rule.message.clone().unwrap_or(usual))
}

fn shape_violation(kind: &ValidationKind, value: &Json) -> Option<String> {
    match kind {
        ValidationKind::Email => {
            (!is_email(&text(value))).then(|| "is not an email address".to_owned())
        }
        ValidationKind::Inclusion { values } => {
            (!lists(values, value)).then(|| "is not included in the list".to_owned())
        }
        ValidationKind::Exclusion { values } => {
            lists(values, value).then(|| "is reserved".to_owned())
        }
        ValidationKind::Format { with } => {
            (!matches(with, &text(value))).then(|| "is invalid".to_owned())
        }
        ValidationKind::Length { minimum, maximum, is } => {
            length_violation(value, *minimum, *maximum, *is)
        }
        ValidationKind::Numericality(rules) => numeric_violation(value, rules),
        _ => None,
    }
}

/// Compares a date or time with the limits of its rule. A limit that cannot be read refuses every
/// value: a rule that a form states is never skipped.
fn date_violation<T: PartialOrd + std::fmt::Display>(
    value: Option<T>,
    rules: &[(Comparison, Source)],
    limit: impl Fn(&Source) -> Option<T>,
) -> Option<String> {
    let Some(value) = value else { return Some("is not a valid date".to_owned()) };
    rules.iter().find_map(|(comparison, source)| {
        let Some(limit) = limit(source) else {
            return Some(format!("cannot be compared with `{}`", source.text.trim()));
        };
        let (holds, words) = match comparison {
            Comparison::At => (value == limit, ""),
            Comparison::Before => (value < limit, "before "),
            Comparison::After => (value > limit, "after "),
            Comparison::AtOrBefore => (value <= limit, "on or before "),
            Comparison::AtOrAfter => (value >= limit, "on or after "),
        };
        (!holds).then(|| format!("must be {words}{limit}"))
    })
}

fn length_violation(
    value: &Json,
    minimum: Option<u32>,
    maximum: Option<u32>,
    is: Option<u32>,
) -> Option<String> {
    let length = match value {
        Json::Array(list) => list.len(),
        other => text(other).chars().count(),
    };
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    if let Some(is) = is.filter(|is| length != *is) {
        return Some(format!("is the wrong length (should be {is} characters)"));
    }
    if let Some(minimum) = minimum.filter(|minimum| length < *minimum) {
        return Some(format!("is too short (minimum is {minimum} characters)"));
    }
    let maximum = maximum.filter(|maximum| length > *maximum)?;
    Some(format!("is too long (maximum is {maximum} characters)"))
}

/// A bound, the comparison that a number must satisfy, and its wording.
type Bound = (Option<f64>, fn(f64, f64) -> bool, &'static str);

fn numeric_violation(value: &Json, rules: &Numericality) -> Option<String> {
    let text = text(value);
    let Some(number) = cast::read_number(text.trim()) else {
        return Some("is not a number".to_owned());
    };
    let wants_integer = rules.only_integer || rules.odd || rules.even;
    if wants_integer && !cast::is_integer(text.trim()) {
        return Some("must be an integer".to_owned());
    }
    if rules.odd && number % 2.0 == 0.0 {
        return Some("must be odd".to_owned());
    }
    if rules.even && number % 2.0 != 0.0 {
        return Some("must be even".to_owned());
    }
    let bounds: [Bound; 6] = [
        (rules.greater_than, |n, b| n > b, "greater than"),
        (rules.greater_than_or_equal_to, |n, b| n >= b, "greater than or equal to"),
        (rules.equal_to, |n, b| n == b, "equal to"),
        (rules.other_than, |n, b| n != b, "other than"),
        (rules.less_than, |n, b| n < b, "less than"),
        (rules.less_than_or_equal_to, |n, b| n <= b, "less than or equal to"),
    ];
    bounds.iter().find_map(|(bound, holds, words)| {
        let bound = bound.filter(|bound| !holds(number, *bound))?;
        Some(format!("must be {words} {bound}"))
    })
}

fn matches(pattern: &str, text: &str) -> bool {
    RegexBuilder::new(pattern)
        .backtrack_limit(BACKTRACKS_MAX)
        .build()
        .is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
}

fn lists(values: &[Json], value: &Json) -> bool {
    values.iter().any(|one| text(one) == text(value))
}

/// True for a blank value as Rails defines it: null, `false`, and empty strings, lists and hashes.
fn is_blank(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(truth) => !truth,
        Json::String(text) => text.trim().is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
        Json::Number(_) => false,
    }
}

fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Returns the errors in the platform's GraphQL and JSON shape: `[{"property", "messages"}]`.
pub fn listed(errors: &Map<String, Json>) -> Json {
    errors
        .iter()
        .map(|(path, messages)| json!({ "property": path, "messages": messages }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ValidationKind, value: Json) -> Vec<String> {
        let field = Field {
            path: vec!["properties".to_owned(), "x".to_owned()],
            validation: vec![Validation {
                kind,
                message: None,
                condition: None,
                allow_nil: false,
                allow_blank: false,
            }],
            virtual_: false,
            readonly: false,
            default: None,
            mark: sluicegate_module::source::Mark { line: 1, column: 1 },
        };
        let context = ValidationContext {
            holds: &|_| true,
            is_taken: &|_, value, _| *value == json!("taken"),
            stored: &Json::Null,
            limit: &|source| json!(source.text.as_ref()),
        };
        let errors = validate(&[field], &json!({"properties": {"x": value}}), &context);
        errors
            .values()
            .flat_map(|m| m.as_array().cloned().unwrap_or_default())
            .map(|m| text(&m))
            .collect()
    }

    #[test]
    fn checks_every_rule_of_a_form() {
        assert_eq!(check(ValidationKind::Presence, json!(" ")), ["can't be blank"]);
        assert!(check(ValidationKind::Presence, json!(0)).is_empty());
        assert_eq!(check(ValidationKind::Absence, json!("x")), ["must be blank"]);
        assert_eq!(check(ValidationKind::Email, json!("a@b")), ["is not an email address"]);
        assert!(check(ValidationKind::Email, json!("a+b@example.com")).is_empty());
        let one = ValidationKind::Inclusion { values: vec![json!("usd"), json!(5)] };
        assert!(check(one.clone(), json!("5")).is_empty());
        assert_eq!(check(one, json!("eur")), ["is not included in the list"]);
        assert_eq!(check(ValidationKind::Unique { scope: vec![] }, json!("taken")).len(), 1);
        let length = ValidationKind::Length { minimum: Some(2), maximum: Some(3), is: None };
        assert_eq!(check(length.clone(), json!("é")).len(), 1);
        assert!(check(length, json!("éé")).is_empty());
    }

    #[test]
    fn numbers_and_patterns() {
        let rules =
            Numericality { greater_than: Some(0.0), only_integer: true, ..Numericality::default() };
        let number = ValidationKind::Numericality(rules);
        assert_eq!(check(number.clone(), json!("5.5")), ["must be an integer"]);
        assert_eq!(check(number.clone(), json!(-1)), ["must be greater than 0"]);
        assert_eq!(check(number.clone(), json!("many")), ["is not a number"]);
        assert!(check(number.clone(), json!("7")).is_empty());
        for text in ["1e1", "3.0", "7.", "0x7", "inf"] {
            assert_eq!(check(number.clone(), json!(text)).len(), 1, "{text}");
        }
        let any = ValidationKind::Numericality(Numericality::default());
        for text in ["inf", "-Infinity", "nan", "1e400"] {
            assert_eq!(check(any.clone(), json!(text)), ["is not a number"], "{text}");
        }
        assert!(check(any, json!("1e3")).is_empty());
        let hostile = ValidationKind::Format { with: "^(a+)+(?!b)$".to_owned() };
        let value = format!("{}!", "a".repeat(60));
        assert_eq!(check(hostile, json!(value)), ["is invalid"], "and it returns");
    }

    fn limit(text: &str) -> Source {
        Source::new(
            "form#after",
            "form.liquid",
            1,
            text,
            sluicegate_module::profile::Profile::Modern,
        )
    }

    #[test]
    fn dates_are_compared_with_their_limits() {
        use Comparison::{After, At, AtOrAfter, AtOrBefore, Before};
        let date = |comparison, value: &str| {
            let rules = vec![(comparison, limit("2030-01-01"))];
            let time = ValidationKind::Datetime(rules.clone());
            let both =
                [check(ValidationKind::Date(rules), json!(value)), check(time, json!(value))];
            (both[0].is_empty(), both[1].is_empty())
        };
        let (yes, no) = ((true, true), (false, false));
        for (comparison, earlier, same, later) in [
            (At, no, yes, no),
            (Before, yes, no, no),
            (After, no, no, yes),
            (AtOrBefore, yes, yes, no),
            (AtOrAfter, no, yes, yes),
        ] {
            assert_eq!(date(comparison, "2029-12-31"), earlier, "{comparison:?}");
            assert_eq!(date(comparison, "2030-01-01"), same, "{comparison:?}");
            assert_eq!(date(comparison, "2030-01-02"), later, "{comparison:?}");
            assert_eq!(date(comparison, "2030-01-02rubbish"), no, "{comparison:?}");
        }
        // The same day, and a later time of it.
        assert_eq!(date(After, "2030-01-01T10:00"), (false, true));
        let rules = vec![(After, limit("soon"))];
        assert_eq!(check(ValidationKind::Date(rules), json!("2031-01-01")).len(), 1);
        let rules = vec![(After, limit("2030-01-01"))];
        let message = check(ValidationKind::Date(rules), json!("2020-01-01"));
        assert_eq!(message, ["must be after 2030-01-01"]);
    }
}
