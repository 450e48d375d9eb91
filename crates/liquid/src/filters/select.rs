//! Filters that select from lists: `map`, `where`, `reject`, `find`, `find_index`, `has`, `sum`.

use crate::builder::EngineBuilder;
use crate::context::Context;
use crate::decimal::{self, Sum};
use crate::error::Error;
use crate::filter::{Arguments, FilterResult};
use crate::filters::list::items;
use crate::filters::math::Number;
use crate::filters::property::{select, under};
use crate::value::Value;
use crate::value::numbers::of_length;

/// Adds the filters that select.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .standard("map", map)
        .standard("where", |v, a, _| picked(&v, a, Pick::Matching))
        .standard("reject", |v, a, _| picked(&v, a, Pick::NotMatching))
        .standard("find", |v, a, _| {
            let found = first(&v, a)?;
            Ok(found.map_or(Value::Nil, |(_, item)| item))
        })
        .standard("find_index", |v, a, _| {
            let found = first(&v, a)?;
            Ok(found.map_or(Value::Nil, |(index, _)| Value::Int(of_length(index))))
        })
        .standard("has", |v, a, _| Ok(Value::Bool(first(&v, a)?.is_some())))
        .standard("sum", sum);
}

fn map(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let items = items(&value);
    let name = arguments.at(0);
    if context.engine().is_ruby() {
        let one = |item: &Value| match item {
            Value::Scope(scope) => Ok(context.variable_at(&name.to_text(), *scope)),
            item => mapped(item, name),
        };
        let mapped: Result<Vec<_>, _> = items.iter().map(one).collect();
        return Ok(Value::list(mapped?));
    }
    let name = name.to_text();
    Ok(Value::list(items.iter().map(|item| item.property(&name)).collect()))
}

fn mapped(item: &Value, name: &Value) -> FilterResult {
    match item {
        Value::Hash(_) => Ok(item.get(name)),
        _ => match select(item, name)? {
            Some(value) => Ok(value),
            None => Err(Error::argument(format!(
                "cannot select the property '{}'",
                name.to_ruby_argument()
            ))),
        },
    }
}

/// Whether an item's property equals the value of the call or, without one, is true; `None` when
/// the item has no properties.
fn fits(item: &Value, arguments: &Arguments) -> Result<Option<bool>, Error> {
    let Some(property) = select(item, arguments.at(0))? else { return Ok(None) };
    Ok(Some(match arguments.given(1) {
        Some(wanted) if !wanted.is_nil() => property == *wanted,
        _ => property.is_truthy(),
    }))
}

/// Which items a filter returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Matching,
    NotMatching,
}

fn picked(value: &Value, arguments: &Arguments, pick: Pick) -> FilterResult {
    let mut kept = Vec::new();
    for item in items(value) {
        match fits(&item, arguments)? {
            None => return Ok(Value::Nil),
            Some(fits) if fits == (pick == Pick::Matching) => kept.push(item),
            Some(_) => {}
        }
    }
    Ok(Value::list(kept))
}

fn first(value: &Value, arguments: &Arguments) -> Result<Option<(usize, Value)>, Error> {
    for (index, item) in items(value).into_iter().enumerate() {
        match fits(&item, arguments)? {
            None => return Ok(None),
            Some(true) => return Ok(Some((index, item))),
            Some(false) => {}
        }
    }
    Ok(None)
}

fn sum(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut total = Number::Int(0);
    for item in items(&value) {
        let number = match arguments.given(0).filter(|name| !name.is_nil()) {
            Some(name) => Number::of(&under(&item, name)?),
            None => Number::of(&item),
        };
        total = match (total, number) {
            (Number::Int(one), Number::Int(other)) => {
                one.checked_add(other).map_or(Number::Float(one as f64 + other as f64), Number::Int)
            }
            (one, other) => Number::Float(decimal::compute(one.float(), Sum::Plus, other.float())),
        };
    }
    Ok(total.value())
}
