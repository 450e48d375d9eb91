//! CSV filters: `parse_csv`, `to_csv`.

use crate::template::filters::{alias, csv};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::list::shallow;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use std::borrow::Cow;

/// Registers the CSV filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["parse_csv", "parse_csv_rc"], parse_csv);
    alias(builder, &["to_csv"], to_csv);
}

fn comma(arguments: &Arguments) -> char {
    let given = arguments.named("col_sep").and_then(|v| v.to_text().chars().next());
    given.unwrap_or(',')
}

fn parse_csv(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    let text = value.to_text();
    context.budget.value(text.len().saturating_mul(4))?;
    let rows = csv::read(&text, comma(arguments));
    if !arguments.named("convert_to_hash").is_some_and(Value::is_truthy) {
        let row = |row: Vec<String>| Value::list(row.into_iter().map(Value::from).collect());
        return Ok(Value::list(rows.into_iter().map(row).collect()));
    }
    let mut rows = rows.into_iter();
    let names: Vec<Text> = rows.next().unwrap_or_default().into_iter().map(Text::from).collect();
    let row = |row: Vec<String>| {
        let mut fields = row.into_iter();
        let pair = |name: &Text| (name.clone(), fields.next().map_or(Value::Nil, Value::from));
        Value::hash(names.iter().map(pair).collect())
    };
    Ok(Value::list(rows.map(row).collect()))
}

fn to_csv(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let is_on = |name| arguments.named(name).is_some_and(Value::is_truthy);
    let style = csv::Style {
        comma: comma(arguments),
        force_quotes: is_on("force_quotes"),
        sanitize: is_on("sanitize"),
    };
    let rows = shallow(&value);
    let rows: Vec<Vec<Value>> = rows
        .iter()
        .map(|row| match row {
            Value::Hash(hash) => hash.borrow().values().cloned().collect(),
            row => shallow(row),
        })
        .collect();
    let rows = rows
        .iter()
        .map(|row| row.iter().map(|field| Cow::Owned(field.to_text().into_owned())).collect());
    let text = csv::write(rows, style);
    context.budget.value(text.len())?;
    Ok(Value::text(text))
}
