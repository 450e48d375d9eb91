//! What differs between the SQL of SQLite and of PostgreSQL.

use super::property::{IndexKey, Property};
use super::value::Value;
use crate::execution::State;
use crate::text::Number;
use std::borrow::Cow;

/// The spelling of one database. `json` names a property's JSON as [`Dialect::property_json`]
/// returned it.
pub trait Dialect: Sized {
    /// The columns of a record, in the order in which they are read.
    const RECORD_COLUMNS: &'static str;
    /// The function that returns the greatest of its arguments.
    const GREATEST: &'static str;
    /// States in a query are literals, so that the planner sees which partial index has them.
    const STATES_ARE_LITERALS: bool;
    /// The id as a number that compares with fractions too.
    const ID_AS_NUMBER: &'static str;

    /// What comes before the keys in an index over a property: columns that are the same in all of
    /// its rows, where the planner would otherwise prefer an index over these columns alone.
    const INDEX_PREFIX: &'static str;

    /// SQL with the placeholders `?1`, `?2`, … in this database's spelling.
    fn numbered(sql: Cow<'static, str>) -> Cow<'static, str>;

    /// The placeholder of the value with this number, from 1.
    fn placeholder(number: usize, value: &Value<'_>) -> String;

    /// The expression equals one element of a bound list.
    fn is_one_of(expression: &str, list: &str) -> String;

    /// The text compares by its bytes.
    fn by_bytes(text: &str) -> Cow<'_, str>;

    /// The text contains the part.
    fn contains(text: &str, part: &str) -> String;

    /// The text starts with the part.
    fn starts_with(text: &str, part: &str) -> String;

    /// The text ends with the part.
    fn ends_with(text: &str, part: &str) -> String;

    /// The value by which a property of this name is looked up.
    fn property_key(name: &str) -> String;

    /// The same as a literal, as it is spelled in an index.
    fn property_literal(name: &str) -> String;

    /// The key of an index over the property with this literal.
    fn index_key(literal: &str) -> IndexKey;

    /// A text as a key.
    fn text_key(text: Cow<'_, str>) -> Cow<'_, str>;

    /// A bound number as a key.
    fn number_key(placeholder: String) -> String;

    /// Several keys, as lists that are bound.
    fn keys<'a>(texts: Vec<Cow<'a, str>>, numbers: Vec<Number>) -> Vec<Value<'a>>;

    /// The bound lists as one for [`Dialect::is_one_of`].
    fn key_list(placeholders: &[String]) -> String;

    /// The text that a unique index compares.
    fn unique_text(literal: &str) -> String;

    /// The JSON of the property whose key is this expression.
    fn property_json(key: &str) -> String;

    /// The text of a property as [`crate::text::of`] has it: null where there is no value.
    fn property_text(json: &str) -> String;

    /// True where the property is a number.
    fn is_number(json: &str) -> String;

    /// The number of a property, where it is one.
    fn number(json: &str) -> String;

    /// A condition on [`Dialect::number`] that holds for numbers only.
    fn number_satisfies(json: &str, condition: String) -> String;

    /// The property is a list, and the text of one of its elements is in the bound list.
    fn has_element(json: &str, texts: &str) -> String;

    /// The keys of an order by a property: values before none, numbers by size before texts.
    fn order_by_property(property: &Property, direction: &str) -> String;

    /// The state is not final, spelled as the partial indexes have it.
    fn is_open(state: &str) -> String;

    /// The state is one of those bound as [`Dialect::guard`] under this placeholder.
    fn state_is_guarded(placeholder: &str) -> String;

    /// The states of a guarded update, as they are bound.
    fn guard(states: &[State]) -> Value<'static>;

    /// One of two conditions on the keys of an index over these rows.
    fn either(conditions: [String; 2], rows: &str) -> String;

    /// A column that the planner shall not look up in an index.
    fn without_index(column: &str) -> Cow<'_, str> {
        Cow::Borrowed(column)
    }
}
