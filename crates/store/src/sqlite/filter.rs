//! The filters of a record query as SQL: the same rules as `store/matches.rs`.
//!
//! Nothing a caller names becomes part of the SQL: names of properties are bound as JSON paths,
//! values as values.

use crate::query::{Filter, Op, Range, Subject};
use crate::text::{self, Number};
use crate::timestamp;
use rusqlite::types::Value;
use serde_json::Value as Json;

/// The values bound to an SQL text that is being written.
#[derive(Default)]
pub struct Sql {
    pub values: Vec<Value>,
}

impl Sql {
    /// Binds a value and gives its place.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("?{}", self.values.len())
    }

    /// A condition as an SQL expression; true, false or null.
    pub fn condition(&mut self, filter: &Filter) -> String {
        let term = Term::of(&filter.subject, self);
        let condition = term.satisfies(&filter.op, self);
        if filter.not { format!("({condition}) IS NOT TRUE") } else { format!("({condition})") }
    }

    /// The two parts of an order by this subject: values first, then by size.
    pub fn order(&mut self, subject: &Subject, descending: bool) -> String {
        let key = match Term::of(subject, self) {
            Term::Property { path, .. } => sort_key(&path),
            Term::Id => "id".into(),
            Term::Text(column) | Term::Moment(column) => column.into(),
        };
        let direction = if descending { "DESC" } else { "ASC" };
        format!("({key}) IS NULL, ({key}) {direction}")
    }

    fn bind_list(&mut self, list: &[Json]) -> String {
        let place = self.bind(Json::from(list).to_string());
        format!("(SELECT value FROM json_each({place}))")
    }

    fn bind_number(&mut self, number: Number) -> String {
        match number {
            Number::Whole(whole) => self.bind(whole),
            Number::Float(float) => self.bind(float),
        }
    }
}

/// What a filter looks at, in SQL.
enum Term {
    Property { path: String, text: String },
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
                Self::Property { path: format!("'$.\"{name}\"'"), text: format!("{name}_text") }
            }
            Subject::Property(name) => {
                let path = sql.bind(format!("$.{}", Json::from(name.as_str())));
                Self::Property { text: text_of(&path), path }
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
                self.has_part(sql, part, |text, part| format!("instr({text}, {part}) > 0"))
            }
            Op::StartsWith(part) => self.has_part(sql, part, |text, part| {
                format!("substr({text}, 1, length({part})) = {part}")
            }),
            // An empty end would make the offset 0, which SQLite reads as the whole text.
            Op::EndsWith(part) => self.has_part(sql, part, |text, part| {
                format!(
                    "{part} = '' OR length({text}) >= length({part}) \
                     AND substr({text}, -length({part})) = {part}"
                )
            }),
            Op::ArrayContains(bound) => self.has_element(std::slice::from_ref(bound), sql),
            Op::ArrayOverlaps(bounds) => self.has_element(bounds, sql),
        }
    }

    /// An expression that is null exactly where there is no value.
    fn presence(&self) -> String {
        match self {
            Self::Property { text, .. } => text.clone(),
            Self::Id => "id".into(),
            Self::Text(column) | Self::Moment(column) => (*column).into(),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Property { text, .. } => Some(text.clone()),
            Self::Id => Some("CAST(id AS TEXT)".into()),
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
                let moments = given().filter_map(timestamp::read).map(timestamp::to_micros);
                ways.push(format!("{column} {}", equals(moments.map(Json::from).collect(), sql)));
            }
            Self::Id => {
                // As numbers, so that the key of the table is used; "007" is the text of no id.
                let written = |text: &str| {
                    text.parse::<i64>().ok().filter(|id| id.to_string() == text).map(Json::from)
                };
                let ids = given().filter_map(|bound| match bound {
                    Json::Number(number) => Some(Json::Number(number.clone())),
                    other => written(text::of(other)?.as_ref()),
                });
                ways.push(format!("id {}", equals(ids.collect(), sql)));
            }
            Self::Text(column) => {
                let texts = given().filter_map(text::of).map(Json::from);
                ways.push(format!("{column} {}", equals(texts.collect(), sql)));
            }
            Self::Property { path, text } => {
                let texts = given().filter_map(text::of).map(Json::from);
                ways.push(format!("{text} {}", equals(texts.collect(), sql)));
                let numbers: Vec<_> = given().filter(|bound| bound.is_number()).cloned().collect();
                if !numbers.is_empty() {
                    let numbers = equals(numbers, sql);
                    ways.push(format!("{} AND (properties ->> {path}) {numbers}", is_number(path)));
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
        let part = sql.bind(part.to_owned());
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
            let place = sql.bind(timestamp::to_micros(moment));
            return format!("{column} {operator} {place}");
        }
        let (Some(text), Some(bound_text)) = (self.text(), text::of(bound)) else {
            return NEVER.into();
        };
        let by_text = |sql: &mut Sql| {
            let place = sql.bind(bound_text.into_owned());
            format!("{text} {operator} {place}")
        };
        let Some(number) = Number::of_bound(bound) else { return by_text(sql) };
        match self {
            Self::Id => format!("id {operator} {}", sql.bind_number(number)),
            Self::Property { path, .. } => format!(
                "CASE WHEN {} THEN (properties ->> {path}) {operator} {} ELSE {} END",
                is_number(path),
                sql.bind_number(number),
                by_text(sql)
            ),
            _ => by_text(sql),
        }
    }

    fn has_element(&self, bounds: &[Json], sql: &mut Sql) -> String {
        let Self::Property { path, .. } = self else { return NEVER.into() };
        let texts: Vec<_> = bounds.iter().filter_map(text::of).map(Json::from).collect();
        let texts = sql.bind_list(&texts);
        // A number is taken from the JSON itself: SQLite would write some of them otherwise.
        format!(
            "json_type(properties, {path}) = 'array' AND EXISTS (\
             SELECT 1 FROM json_each(properties, {path}) element WHERE CASE element.type \
             WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' \
             WHEN 'integer' THEN properties -> element.fullkey \
             WHEN 'real' THEN properties -> element.fullkey \
             ELSE CAST(element.value AS TEXT) END IN {texts})"
        )
    }
}

/// `= ?` or `IN (…)`, whichever lets SQLite use an index best.
fn equals(mut bounds: Vec<Json>, sql: &mut Sql) -> String {
    if bounds.len() != 1 {
        return format!("IN {}", sql.bind_list(&bounds));
    }
    let place = match bounds.pop() {
        Some(Json::String(text)) => sql.bind(text),
        Some(bound) => match Number::of(&bound) {
            Some(number) => sql.bind_number(number),
            None => sql.bind(Value::Null),
        },
        None => sql.bind(Value::Null),
    };
    format!("= {place}")
}

/// The text of a property, as `store/text.rs` has it.
fn text_of(path: &str) -> String {
    format!(
        "CASE json_type(properties, {path}) WHEN 'text' THEN properties ->> {path} \
         WHEN 'null' THEN NULL ELSE properties -> {path} END"
    )
}

fn sort_key(path: &str) -> String {
    format!(
        "CASE WHEN json_type(properties, {path}) IN ('text', 'integer', 'real') \
         THEN properties ->> {path} WHEN json_type(properties, {path}) = 'null' THEN NULL \
         ELSE properties -> {path} END"
    )
}

fn is_number(path: &str) -> String {
    format!("json_type(properties, {path}) IN ('integer', 'real')")
}
