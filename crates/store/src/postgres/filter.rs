//! The filters of a record query as SQL: the same rules as `store/matches.rs`.
//!
//! Nothing a caller names becomes part of the SQL: names of properties and values are bound.

use crate::query::{Filter, Op, Range, Subject};
use crate::text::{self, Number};
use crate::timestamp;
use serde_json::Value as Json;
use tokio_postgres::types::ToSql;

/// The values bound to an SQL text that is being written.
#[derive(Default)]
pub struct Sql {
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Sql {
    /// The values, as the driver takes them.
    pub fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect()
    }

    /// Binds a text and gives its place.
    pub fn text(&mut self, value: impl Into<String>) -> String {
        self.bind(value.into(), "text")
    }

    /// Binds a whole number.
    pub fn whole(&mut self, value: i64) -> String {
        self.bind(value, "bigint")
    }

    /// Binds a list of texts.
    pub fn texts(&mut self, values: Vec<String>) -> String {
        self.bind(values, "text[]")
    }

    /// Binds a list of whole numbers.
    pub fn wholes(&mut self, values: Vec<i64>) -> String {
        self.bind(values, "bigint[]")
    }

    fn bind(&mut self, value: impl ToSql + Sync + Send + 'static, kind: &str) -> String {
        self.values.push(Box::new(value));
        format!("${}::{kind}", self.values.len())
    }

    fn number(&mut self, number: Number) -> String {
        let text = match number {
            Number::Whole(whole) => whole.to_string(),
            Number::Float(float) => match as_whole(float) {
                Some(whole) => whole.to_string(),
                None => float.to_string(),
            },
        };
        format!("{}::numeric", self.text(text))
    }

    /// A condition as an SQL expression; true, false or null.
    pub fn condition(&mut self, filter: &Filter) -> String {
        let term = Term::of(&filter.subject, self);
        let condition = term.satisfies(&filter.op, self);
        if filter.not { format!("({condition}) IS NOT TRUE") } else { format!("({condition})") }
    }

    /// The parts of an order by this subject: values before none, numbers by size before texts.
    pub fn order(&mut self, subject: &Subject, descending: bool) -> String {
        let direction = if descending { "DESC" } else { "ASC" };
        match Term::of(subject, self) {
            Term::Property { value, text } => {
                let number = number_of(&value);
                format!(
                    "({text}) IS NULL, ({number}) IS NULL {direction}, ({number}) {direction}, \
                     (CASE WHEN ({number}) IS NULL THEN {text} END) COLLATE \"C\" {direction}"
                )
            }
            Term::Id => format!("id {direction}"),
            Term::Text(column) | Term::Moment(column) => {
                format!("{column} IS NULL, {column} {direction}")
            }
        }
    }
}

/// What a filter looks at, in SQL.
enum Term {
    /// The JSON of a property, and its text.
    Property {
        value: String,
        text: String,
    },
    Id,
    Text(&'static str),
    Moment(&'static str),
}

const NEVER: &str = "FALSE";

impl Term {
    fn of(subject: &Subject, sql: &mut Sql) -> Self {
        match subject {
            // These two have a column with an index; see the schema.
            Subject::Property(name) if name == "gateway_id" || name == "external_id" => {
                Self::Property {
                    value: format!("properties -> '{name}'"),
                    text: format!("{name}_text"),
                }
            }
            Subject::Property(name) => {
                let value = format!("properties -> {}", sql.text(name.clone()));
                Self::Property { text: text_of(&value), value }
            }
            Subject::Id => Self::Id,
            Subject::Table => Self::Text("table_name"),
            Subject::UserId => Self::Text("user_id"),
            Subject::ExternalId => Self::Text("external_id"),
            Subject::CreatedAt => Self::Moment("created_at"),
            Subject::UpdatedAt => Self::Moment("updated_at"),
            Subject::DeletedAt => Self::Moment("deleted_at"),
        }
    }

    fn satisfies(&self, op: &Op, sql: &mut Sql) -> String {
        match op {
            Op::Equals(bound) => self.equals_one_of(std::slice::from_ref(bound), sql),
            Op::In(bounds) => self.equals_one_of(bounds, sql),
            Op::Exists(true) => format!("{} IS NOT NULL", self.presence()),
            Op::Exists(false) => format!("{} IS NULL", self.presence()),
            Op::Range(range) => self.lies_in(range, sql),
            Op::Contains(part) => {
                self.has_part(sql, part, |text, part| format!("strpos({text}, {part}) > 0"))
            }
            Op::StartsWith(part) => {
                self.has_part(sql, part, |text, part| format!("starts_with({text}, {part})"))
            }
            Op::EndsWith(part) => self.has_part(sql, part, |text, part| {
                format!("right({text}, char_length({part})) = {part}")
            }),
            Op::ArrayContains(bound) => self.has_element(std::slice::from_ref(bound), sql),
            Op::ArrayOverlaps(bounds) => self.has_element(bounds, sql),
        }
    }

    /// An expression that is null exactly where there is no value.
    fn presence(&self) -> String {
        match self {
            Self::Property { text, .. } => format!("({text})"),
            Self::Id => "id".into(),
            Self::Text(column) | Self::Moment(column) => (*column).into(),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Property { text, .. } => Some(format!("({text})")),
            Self::Id => Some("id::text".into()),
            Self::Text(column) => Some((*column).into()),
            Self::Moment(_) => None,
        }
    }

    fn equals_one_of(&self, bounds: &[Json], sql: &mut Sql) -> String {
        let given = || bounds.iter().filter(|bound| !bound.is_null());
        let mut ways = Vec::new();
        if bounds.iter().any(Json::is_null) {
            ways.push(format!("{} IS NULL", self.presence()));
        }
        match self {
            Self::Moment(column) => {
                let moments =
                    given().filter_map(timestamp::read).map(timestamp::to_micros).collect();
                ways.push(format!("{column} = ANY({})", sql.wholes(moments)));
            }
            Self::Id => {
                // As numbers, so that the key of the table is used; "007" is the text of no id.
                let written =
                    |text: &str| text.parse::<i64>().ok().filter(|id| id.to_string() == text);
                let ids = given().filter_map(|bound| match Number::of(bound) {
                    Some(Number::Whole(whole)) => Some(whole),
                    Some(Number::Float(float)) => as_whole(float),
                    None => written(text::of(bound)?.as_ref()),
                });
                ways.push(format!("id = ANY({})", sql.wholes(ids.collect())));
            }
            Self::Text(column) => {
                let texts = given().filter_map(text::of).map(Into::into).collect();
                ways.push(format!("{column} = ANY({})", sql.texts(texts)));
            }
            Self::Property { value, .. } => {
                let texts: Vec<String> = given().filter_map(text::of).map(Into::into).collect();
                let place = match texts.as_slice() {
                    // Plain equality, which an index answers best.
                    [one] => sql.text(one.clone()),
                    _ => format!("ANY({})", sql.texts(texts)),
                };
                ways.push(format!("{} = {place}", self.presence()));
                let numbers: Vec<_> = given()
                    .filter(|bound| bound.is_number())
                    .filter_map(Number::of)
                    .map(|number| sql.number(number))
                    .collect();
                if !numbers.is_empty() {
                    ways.push(format!("({}) IN ({})", number_of(value), numbers.join(", ")));
                }
            }
        }
        ways.join(" OR ")
    }

    fn has_part(
        &self,
        sql: &mut Sql,
        part: &str,
        condition: impl Fn(&str, &str) -> String,
    ) -> String {
        let Some(text) = self.text() else { return NEVER.into() };
        let part = sql.text(part);
        format!("{text} IS NOT NULL AND ({})", condition(&text, &part))
    }

    fn lies_in(&self, range: &Range, sql: &mut Sql) -> String {
        let bounds = [(">", &range.gt), (">=", &range.gte), ("<", &range.lt), ("<=", &range.lte)];
        let mut all = vec![format!("{} IS NOT NULL", self.presence())];
        for (operator, bound) in bounds {
            if let Some(bound) = bound {
                all.push(format!("({})", self.compare(operator, bound, sql)));
            }
        }
        all.join(" AND ")
    }

    fn compare(&self, operator: &str, bound: &Json, sql: &mut Sql) -> String {
        if let Self::Moment(column) = self {
            let Some(moment) = timestamp::read(bound) else { return NEVER.into() };
            return format!("{column} {operator} {}", sql.whole(timestamp::to_micros(moment)));
        }
        let (Some(text), Some(bound_text)) = (self.text(), text::of(bound)) else {
            return NEVER.into();
        };
        let by_text = |sql: &mut Sql| {
            format!("{text} COLLATE \"C\" {operator} {}", sql.text(bound_text.into_owned()))
        };
        let Some(number) = Number::of_bound(bound) else { return by_text(sql) };
        match self {
            Self::Id => format!("id::numeric {operator} {}", sql.number(number)),
            Self::Property { value, .. } => {
                let own = number_of(value);
                format!(
                    "CASE WHEN ({own}) IS NOT NULL THEN ({own}) {operator} {} ELSE {} END",
                    sql.number(number),
                    by_text(sql)
                )
            }
            _ => by_text(sql),
        }
    }

    fn has_element(&self, bounds: &[Json], sql: &mut Sql) -> String {
        let Self::Property { value, .. } = self else { return NEVER.into() };
        let texts = sql.texts(bounds.iter().filter_map(text::of).map(Into::into).collect());
        // Read as a list only where it is one: PostgreSQL may look at both sides of an AND.
        format!(
            "EXISTS (SELECT 1 FROM json_array_elements(CASE json_typeof({value}) WHEN 'array' \
             THEN {value} ELSE '[]'::json END) element WHERE (CASE json_typeof(element) \
             WHEN 'string' THEN element #>> '{{}}' WHEN 'null' THEN NULL ELSE element::text END) \
             = ANY({texts}))"
        )
    }
}

/// The text of a property, as `store/text.rs` has it.
fn text_of(value: &str) -> String {
    format!(
        "CASE json_typeof({value}) WHEN 'string' THEN ({value}) #>> '{{}}' WHEN 'null' THEN NULL \
         ELSE ({value})::text END"
    )
}

/// The number of a property; null where it has none. Texts that look like numbers are texts.
///
/// As in `store/text.rs` a number is whole when it fits 64 bits, and floating otherwise; a floating
/// one that is whole all the same is written as such, so that all compare exactly.
fn number_of(value: &str) -> String {
    let text = format!("({value})::text");
    let float = format!("{text}::float8");
    format!(
        "CASE WHEN json_typeof({value}) = 'number' THEN CASE \
         WHEN {text} ~ '^-?[0-9]+$' AND {text}::numeric BETWEEN -9223372036854775808 AND \
         9223372036854775807 THEN {text}::numeric \
         WHEN {float} >= -9223372036854775808::float8 AND {float} < 9223372036854775808::float8 \
         AND {float} = trunc({float}) THEN {float}::bigint::numeric \
         ELSE {float}::text::numeric END END"
    )
}

/// The whole number that a floating one is, if it is one of 64 bits.
fn as_whole(float: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let is_whole = (-LIMIT..LIMIT).contains(&float) && float.fract() == 0.0;
    is_whole.then_some(float as i64)
}
