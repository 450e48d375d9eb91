//! PostgreSQL's SQL: typed placeholders, arrays for lists, JSON as it was written.

use crate::execution::State;
use crate::sql::dialect::Dialect;
use crate::sql::property::{IndexKey, Property};
use crate::sql::property_index::literal;
use crate::sql::value::Value;
use crate::text::Number;
use std::borrow::Cow;

/// The SQL of PostgreSQL; a property's JSON is an expression.
pub struct PostgresDialect;

impl Dialect for PostgresDialect {
    const RECORD_COLUMNS: &'static str = "id, table_name, properties::text, user_id, external_id, \
        created_at, updated_at, deleted_at";
    const GREATEST: &'static str = "greatest";
    const STATES_ARE_LITERALS: bool = false;
    const ID_AS_NUMBER: &'static str = "id::numeric";
    const INDEX_PREFIX: &'static str = "";

    fn numbered(sql: Cow<'static, str>) -> Cow<'static, str> {
        Cow::Owned(sql.replace('?', "$"))
    }

    fn placeholder(number: usize, value: &Value<'_>) -> String {
        let cast = match value {
            Value::Integer(_) => "bigint",
            Value::Number(_) => "text::numeric",
            Value::Null | Value::Text(_) => "text",
            Value::Integers(_) => "bigint[]",
            Value::Numbers(_) => "text[]::numeric[]",
            Value::Texts(_) => "text[]",
        };
        format!("${number}::{cast}")
    }

    fn is_one_of(expression: &str, list: &str) -> String {
        format!("{expression} = ANY({list})")
    }

    fn by_bytes(text: &str) -> Cow<'_, str> {
        Cow::Owned(format!("{text} COLLATE \"C\""))
    }

    fn contains(text: &str, part: &str) -> String {
        format!("strpos({text}, {part}) > 0")
    }

    fn starts_with(text: &str, part: &str) -> String {
        format!("starts_with({text}, {part})")
    }

    fn ends_with(text: &str, part: &str) -> String {
        format!("right({text}, char_length({part})) = {part}")
    }

    fn property_key(name: &str) -> String {
        name.to_owned()
    }

    fn property_literal(name: &str) -> String {
        literal(name)
    }

    fn index_key(literal: &str) -> IndexKey {
        // A function of schema step 6.
        let key = format!("(property_key(properties, {literal}) COLLATE \"C\")");
        IndexKey {
            is_number: format!("{key} < '2'"),
            is_text: format!("{key} >= '2'"),
            is_present: format!("{key} IS NOT NULL"),
            is_missing: format!("{key} IS NULL"),
            key,
        }
    }

    fn text_key(text: Cow<'_, str>) -> Cow<'_, str> {
        Cow::Owned(format!("2{text}"))
    }

    fn number_key(placeholder: String) -> String {
        format!("property_number_key({placeholder})")
    }

    fn keys<'a>(texts: Vec<Cow<'a, str>>, numbers: Vec<Number>) -> Vec<Value<'a>> {
        let texts: Vec<Cow<'a, str>> = texts.into_iter().map(Self::text_key).collect();
        vec![texts.into(), numbers.into()]
    }

    fn key_list(placeholders: &[String]) -> String {
        let [texts, numbers] = placeholders else { return placeholders.concat() };
        format!(
            "{texts} || ARRAY(SELECT property_number_key(number) FROM unnest({numbers}) number)"
        )
    }

    fn unique_text(literal: &str) -> String {
        format!("property_unique(properties, {literal}) COLLATE \"C\"")
    }

    fn either(conditions: [String; 2], _rows: &str) -> String {
        let [one, other] = conditions;
        format!("(({one}) OR ({other}))")
    }

    fn property_json(key: &str) -> String {
        format!("properties -> {key}")
    }

    fn property_text(json: &str) -> String {
        format!(
            "(CASE json_typeof({json}) WHEN 'string' THEN ({json}) #>> '{{}}' \
             WHEN 'null' THEN NULL ELSE ({json})::text END)"
        )
    }

    fn is_number(json: &str) -> String {
        format!("{} IS NOT NULL", Self::number(json))
    }

    /// Null where the property is not a number; strings that look like numbers are strings.
    ///
    /// As in `text.rs` a number is an integer when it fits 64 bits, and floating otherwise; a
    /// floating one that equals an integer is written as one, so that all compare exactly.
    fn number(json: &str) -> String {
        let text = format!("({json})::text");
        let float = format!("{text}::float8");
        format!(
            "(CASE WHEN json_typeof({json}) = 'number' THEN CASE \
             WHEN {text} ~ '^-?[0-9]+$' AND {text}::numeric BETWEEN -9223372036854775808 AND \
             9223372036854775807 THEN {text}::numeric \
             WHEN {float} >= -9223372036854775808::float8 \
             AND {float} < 9223372036854775808::float8 AND {float} = trunc({float}) \
             THEN {float}::bigint::numeric \
             ELSE {float}::text::numeric END END)"
        )
    }

    fn number_satisfies(_json: &str, condition: String) -> String {
        condition
    }

    fn has_element(json: &str, texts: &str) -> String {
        // Read as a list only where it is one: PostgreSQL may evaluate both sides of an AND.
        format!(
            "EXISTS (SELECT 1 FROM json_array_elements(CASE json_typeof({json}) WHEN 'array' \
             THEN {json} ELSE '[]'::json END) element WHERE (CASE json_typeof(element) \
             WHEN 'string' THEN element #>> '{{}}' WHEN 'null' THEN NULL ELSE element::text END) \
             = ANY({texts}))"
        )
    }

    fn order_by_property(property: &Property, direction: &str) -> String {
        let (number, text) = (Self::number(&property.json), &property.text);
        format!(
            "{text} IS NULL, {number} IS NULL {direction}, {number} {direction}, \
             (CASE WHEN {number} IS NULL THEN {text} END) COLLATE \"C\" {direction}"
        )
    }

    fn is_open(state: &str) -> String {
        let names: Vec<_> = State::OPEN.iter().map(|open| format!("'{}'", open.name())).collect();
        format!("{state} IN ({})", names.join(", "))
    }

    fn state_is_guarded(placeholder: &str) -> String {
        Self::is_one_of("state", placeholder)
    }

    fn guard(states: &[State]) -> Value<'static> {
        Value::Texts(states.iter().map(|state| Cow::Borrowed(state.name())).collect())
    }

    /// The planner knows nothing of a young table and would rather read all ended executions of a
    /// state or kind (ten thousand events: 180 ms for each).
    fn without_index(column: &str) -> Cow<'_, str> {
        Cow::Owned(format!("{column} || ''"))
    }
}
