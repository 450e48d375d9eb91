//! SQLite's SQL: JSON paths, `json_each` for lists.

use crate::execution::State;
use crate::sql::dialect::Dialect;
use crate::sql::property::{IndexKey, Property};
use crate::sql::property_index::literal;
use crate::sql::value::Value;
use crate::text::Number;
use serde_json::Value as Json;
use std::borrow::Cow;

/// The SQL of SQLite; a property's JSON is named by its path in `properties`.
pub struct SqliteDialect;

impl Dialect for SqliteDialect {
    const RECORD_COLUMNS: &'static str =
        "id, table_name, properties, user_id, external_id, created_at, updated_at, deleted_at";
    const GREATEST: &'static str = "max";
    const STATES_ARE_LITERALS: bool = true;
    const ID_AS_NUMBER: &'static str = "id";
    const INDEX_PREFIX: &'static str = "table_name, deleted_at, ";

    fn numbered(sql: Cow<'static, str>) -> Cow<'static, str> {
        sql
    }

    fn placeholder(number: usize, value: &Value<'_>) -> String {
        match value {
            Value::Integers(_) | Value::Numbers(_) | Value::Texts(_) => {
                format!("(SELECT value FROM json_each(?{number}))")
            }
            _ => format!("?{number}"),
        }
    }

    fn is_one_of(expression: &str, list: &str) -> String {
        format!("{expression} IN {list}")
    }

    fn by_bytes(text: &str) -> Cow<'_, str> {
        Cow::Borrowed(text)
    }

    fn contains(text: &str, part: &str) -> String {
        format!("instr({text}, {part}) > 0")
    }

    fn starts_with(text: &str, part: &str) -> String {
        format!("substr({text}, 1, length({part})) = {part}")
    }

    fn ends_with(text: &str, part: &str) -> String {
        // An empty part would make the offset 0, which SQLite reads as the whole text.
        format!(
            "{part} = '' OR length({text}) >= length({part}) \
             AND substr({text}, -length({part})) = {part}"
        )
    }

    fn property_key(name: &str) -> String {
        format!("$.{}", Json::from(name))
    }

    fn property_literal(name: &str) -> String {
        literal(&Self::property_key(name))
    }

    fn index_key(literal: &str) -> IndexKey {
        // SQLite sorts numbers before texts by itself. An `IN` list would cost every write.
        let value = format!(
            "CASE json_type(properties, {literal}) WHEN 'text' THEN properties ->> {literal} \
             WHEN 'integer' THEN properties ->> {literal} \
             WHEN 'real' THEN properties ->> {literal} WHEN 'null' THEN NULL \
             ELSE properties -> {literal} END"
        );
        IndexKey {
            is_number: format!("({value}) < ''"),
            is_text: format!("({value}) >= ''"),
            is_present: format!("({value}) IS NOT NULL"),
            is_missing: format!("({value}) IS NULL"),
            key: format!("({value})"),
        }
    }

    fn text_key(text: Cow<'_, str>) -> Cow<'_, str> {
        text
    }

    fn number_key(placeholder: String) -> String {
        placeholder
    }

    fn keys<'a>(texts: Vec<Cow<'a, str>>, numbers: Vec<Number>) -> Vec<Value<'a>> {
        let texts = texts.iter().map(|text| Json::from(&**text));
        let all: Json = texts.chain(numbers.into_iter().map(Json::from)).collect();
        vec![all.to_string().into()]
    }

    fn key_list(placeholders: &[String]) -> String {
        format!("(SELECT value FROM json_each({}))", placeholders.concat())
    }

    fn unique_text(literal: &str) -> String {
        Self::property_text(literal)
    }

    fn either(conditions: [String; 2], rows: &str) -> String {
        // SQLite guesses that a range has a quarter of all rows, and would rather read the table
        // than two ranges.
        let [one, other] = conditions
            .map(|condition| format!("SELECT id FROM records WHERE {rows} AND {condition}"));
        format!("id IN ({one} UNION ALL {other})")
    }

    fn property_json(key: &str) -> String {
        key.to_owned()
    }

    fn property_text(json: &str) -> String {
        format!(
            "CASE json_type(properties, {json}) WHEN 'text' THEN properties ->> {json} \
             WHEN 'null' THEN NULL ELSE properties -> {json} END"
        )
    }

    fn is_number(json: &str) -> String {
        format!("json_type(properties, {json}) IN ('integer', 'real')")
    }

    fn number(json: &str) -> String {
        format!("(properties ->> {json})")
    }

    fn number_satisfies(json: &str, condition: String) -> String {
        format!("{} AND {condition}", Self::is_number(json))
    }

    fn has_element(json: &str, texts: &str) -> String {
        // A number is taken from the JSON itself: SQLite would write some of them differently.
        format!(
            "json_type(properties, {json}) = 'array' AND EXISTS (\
             SELECT 1 FROM json_each(properties, {json}) element WHERE CASE element.type \
             WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' \
             WHEN 'integer' THEN properties -> element.fullkey \
             WHEN 'real' THEN properties -> element.fullkey \
             ELSE CAST(element.value AS TEXT) END IN {texts})"
        )
    }

    fn order_by_property(property: &Property, direction: &str) -> String {
        let json = &property.json;
        // SQLite sorts numbers before texts by itself.
        let key = format!(
            "CASE WHEN json_type(properties, {json}) IN ('text', 'integer', 'real') \
             THEN properties ->> {json} WHEN json_type(properties, {json}) = 'null' THEN NULL \
             ELSE properties -> {json} END"
        );
        format!("({key}) IS NULL, ({key}) {direction}")
    }

    fn without_index(column: &str) -> Cow<'_, str> {
        Cow::Owned(format!("+{column}"))
    }

    fn is_open(state: &str) -> String {
        // An `IN` list here would cost every write: see step 4 of the schema.
        format!("{state} <> 'completed' AND {state} <> 'discarded'")
    }

    fn state_is_guarded(placeholder: &str) -> String {
        format!("instr({placeholder}, ' ' || state || ' ') > 0")
    }

    fn guard(states: &[State]) -> Value<'static> {
        states.iter().map(|state| format!(" {} ", state.name())).collect::<String>().into()
    }
}
