//! The filters of a record query as SQL: the same rules as `matches.rs`.

use super::dialect::Dialect;
use super::property::Property;
use super::statement::Bindings;
use super::value::Value;
use crate::property_index::ALWAYS_INDEXED;
use crate::query::{Filter, Op, Range, Subject};
use crate::text::{self, Number};
use crate::timestamp;
use serde_json::Value as Json;
use std::borrow::Cow;

const NEVER: &str = "FALSE";

/// True for a property that has a column with an index of the schema.
pub fn has_column(property: &str) -> bool {
    ALWAYS_INDEXED.contains(&property)
}

/// A filter as an SQL expression: true, false or null.
pub fn condition<'a, D: Dialect>(filter: &'a Filter, bindings: &mut Bindings<'a, D>) -> String {
    let operand = Operand::of(&filter.subject, bindings);
    let condition = operand.satisfies(&filter.op, bindings);
    if filter.not { format!("({condition}) IS NOT TRUE") } else { format!("({condition})") }
}

/// The keys of an order by this subject: values before none, then by size.
pub fn order<'a, D: Dialect>(
    subject: &'a Subject,
    descending: bool,
    bindings: &mut Bindings<'a, D>,
) -> String {
    let direction = if descending { "DESC" } else { "ASC" };
    match Operand::of(subject, bindings) {
        Operand::Property(property) => D::order_by_property(&property, direction),
        Operand::Id => format!("id {direction}"),
        Operand::Text(column) | Operand::Timestamp(column) => {
            format!("{column} IS NULL, {column} {direction}")
        }
    }
}

/// What a filter compares, in SQL.
enum Operand {
    Property(Property),
    Id,
    Text(&'static str),
    Timestamp(&'static str),
}

impl Operand {
    fn of<'a, D: Dialect>(subject: &'a Subject, bindings: &mut Bindings<'a, D>) -> Self {
        match subject {
            Subject::Property(name) if has_column(name) => {
                let json = D::property_json(&format!("'{}'", D::property_key(name)));
                Self::Property(Property { json, text: format!("{name}_text") })
            }
            Subject::Property(name) => {
                let json = D::property_json(&bindings.bind(D::property_key(name)));
                Self::Property(Property { text: D::property_text(&json), json })
            }
            Subject::Id => Self::Id,
            Subject::Table => Self::Text("table_name"),
            Subject::UserId => Self::Text("user_id"),
            Subject::ExternalId => Self::Text("external_id"),
            Subject::CreatedAt => Self::Timestamp("created_at"),
            Subject::UpdatedAt => Self::Timestamp("updated_at"),
            Subject::DeletedAt => Self::Timestamp("deleted_at"),
        }
    }

    fn satisfies<'a, D: Dialect>(&self, op: &'a Op, bindings: &mut Bindings<'a, D>) -> String {
        match op {
            Op::Equals(bound) => self.equals_one_of(std::slice::from_ref(bound), bindings),
            Op::In(bounds) => self.equals_one_of(bounds, bindings),
            Op::Exists(true) => format!("{} IS NOT NULL", self.presence()),
            Op::Exists(false) => format!("{} IS NULL", self.presence()),
            Op::Range(range) => self.lies_in(range, bindings),
            Op::Contains(part) => self.has_part(part, D::contains, bindings),
            Op::StartsWith(part) => self.has_part(part, D::starts_with, bindings),
            Op::EndsWith(part) => self.has_part(part, D::ends_with, bindings),
            Op::ArrayContains(bound) => self.has_element(std::slice::from_ref(bound), bindings),
            Op::ArrayOverlaps(bounds) => self.has_element(bounds, bindings),
        }
    }

    /// An expression that is null exactly where there is no value.
    fn presence(&self) -> &str {
        match self {
            Self::Property(property) => &property.text,
            Self::Id => "id",
            Self::Text(column) | Self::Timestamp(column) => column,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Property(property) => Some(&property.text),
            Self::Id => Some("CAST(id AS TEXT)"),
            Self::Text(column) => Some(column),
            Self::Timestamp(_) => None,
        }
    }

    fn equals_one_of<'a, D: Dialect>(
        &self,
        bounds: &'a [Json],
        bindings: &mut Bindings<'a, D>,
    ) -> String {
        let given = || bounds.iter().filter(|bound| !bound.is_null());
        let texts = || given().filter_map(text::of).collect::<Vec<_>>();
        let mut alternatives = Vec::new();
        if bounds.iter().any(Json::is_null) {
            alternatives.push(format!("{} IS NULL", self.presence()));
        }
        match self {
            Self::Timestamp(column) => {
                let micros = given().filter_map(timestamp::read).map(timestamp::to_micros);
                alternatives.push(equals(column, micros.collect(), bindings));
            }
            // As numbers, so that the primary key is used.
            Self::Id => alternatives.push(equals("id", given().filter_map(id).collect(), bindings)),
            Self::Text(column) => alternatives.push(equals(column, texts(), bindings)),
            Self::Property(Property { json, text }) => {
                alternatives.push(equals(text, texts(), bindings));
                let numbers: Vec<_> = given().filter_map(Number::of).collect();
                if !numbers.is_empty() {
                    let condition = equals(&D::number(json), numbers, bindings);
                    alternatives.push(D::number_satisfies(json, condition));
                }
            }
        }
        alternatives.join(" OR ")
    }

    fn has_part<'a, D: Dialect>(
        &self,
        part: &'a str,
        condition: fn(&str, &str) -> String,
        bindings: &mut Bindings<'a, D>,
    ) -> String {
        let Some(text) = self.text() else { return NEVER.into() };
        let part = bindings.bind(part);
        format!("{text} IS NOT NULL AND ({})", condition(text, &part))
    }

    fn lies_in<'a, D: Dialect>(&self, range: &'a Range, bindings: &mut Bindings<'a, D>) -> String {
        let bounds = [(">", &range.gt), (">=", &range.gte), ("<", &range.lt), ("<=", &range.lte)];
        let mut all = vec![format!("{} IS NOT NULL", self.presence())];
        for (operator, bound) in bounds {
            if let Some(bound) = bound {
                all.push(format!("({})", self.compare(operator, bound, bindings)));
            }
        }
        all.join(" AND ")
    }

    fn compare<'a, D: Dialect>(
        &self,
        operator: &str,
        bound: &'a Json,
        bindings: &mut Bindings<'a, D>,
    ) -> String {
        if let Self::Timestamp(column) = self {
            let Some(timestamp) = timestamp::read(bound) else { return NEVER.into() };
            let bound = bindings.bind(timestamp::to_micros(timestamp));
            return format!("{column} {operator} {bound}");
        }
        let (Some(text), Some(bound_text)) = (self.text(), text::of(bound)) else {
            return NEVER.into();
        };
        let by_text = |bindings: &mut Bindings<'a, D>, bound: Cow<'a, str>| {
            format!("{} {operator} {}", D::by_bytes(text), bindings.bind(bound))
        };
        let Some(number) = Number::of_bound(bound) else { return by_text(bindings, bound_text) };
        match self {
            Self::Id => format!("{} {operator} {}", D::ID_AS_NUMBER, bindings.bind(number)),
            Self::Property(Property { json, .. }) => format!(
                "CASE WHEN {} THEN {} {operator} {} ELSE {} END",
                D::is_number(json),
                D::number(json),
                bindings.bind(number),
                by_text(bindings, bound_text)
            ),
            _ => by_text(bindings, bound_text),
        }
    }

    fn has_element<'a, D: Dialect>(
        &self,
        bounds: &'a [Json],
        bindings: &mut Bindings<'a, D>,
    ) -> String {
        let Self::Property(property) = self else { return NEVER.into() };
        let texts: Vec<_> = bounds.iter().filter_map(text::of).collect();
        D::has_element(&property.json, &bindings.bind(texts))
    }
}

/// Equality with one value, which an index answers best, or with one of a list.
fn equals<'a, D: Dialect, T>(
    expression: &str,
    mut values: Vec<T>,
    bindings: &mut Bindings<'a, D>,
) -> String
where
    T: Into<Value<'a>>,
    Vec<T>: Into<Value<'a>>,
{
    match values.pop() {
        Some(only) if values.is_empty() => format!("{expression} = {}", bindings.bind(only)),
        last => {
            values.extend(last);
            D::is_one_of(expression, &bindings.bind(values))
        }
    }
}

/// The id that a bound equals: a number, or a string as ids are written ("007" is not).
fn id(bound: &Json) -> Option<i64> {
    match Number::of(bound) {
        Some(number) => number.as_integer(),
        None => {
            let text = text::of(bound)?;
            text.parse::<i64>().ok().filter(|id| id.to_string() == text)
        }
    }
}
