//! Picking from lists: `map`, `where`, `reject`, `find`, `find_index`, `has`, `sum`.

use crate::liquid::context::Context;
use crate::liquid::engine::Engine;
use crate::liquid::error::Error;
use crate::liquid::filter::Arguments;
use crate::liquid::filters::list::items;
use crate::liquid::filters::math::Number;
use crate::liquid::value::Value;

type Result_ = Result<Value, Error>;

/// Adds them.
pub fn register(engine: &mut Engine) {
    engine
        .add_filter("map", map)
        .add_filter("where", |v, a, _| {
            Ok(Value::list(items(&v).into_iter().filter(|item| fits(item, a)).collect()))
        })
        .add_filter("reject", |v, a, _| {
            Ok(Value::list(items(&v).into_iter().filter(|item| !fits(item, a)).collect()))
        })
        .add_filter("find", |v, a, _| {
            Ok(items(&v).into_iter().find(|item| fits(item, a)).unwrap_or_default())
        })
        .add_filter("find_index", |v, a, _| {
            let place = items(&v).iter().position(|item| fits(item, a));
            Ok(place.map_or(Value::Nil, |place| Value::Int(place as i64)))
        })
        .add_filter("has", |v, a, _| Ok(Value::Bool(items(&v).iter().any(|item| fits(item, a)))))
        .add_filter("sum", sum);
}

fn map(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> Result_ {
    let name = arguments.at(0);
    let name = name.to_text();
    Ok(Value::list(items(&value).iter().map(|item| item.property(&name)).collect()))
}

/// The property equals the value, or is true when none is given.
fn fits(item: &Value, arguments: &Arguments) -> bool {
    let property = item.property(&arguments.text(0));
    match arguments.given(1) {
        Some(wanted) if !wanted.is_nil() => property == *wanted,
        _ => property.is_truthy(),
    }
}

fn sum(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> Result_ {
    let mut total = Number::Int(0);
    for item in items(&value) {
        let number = match arguments.given(0).filter(|name| !name.is_nil()) {
            Some(name) => Number::of(&item.property(&name.to_text())),
            None => Number::of(&item),
        };
        total = match (total, number) {
            (Number::Int(one), Number::Int(other)) => {
                one.checked_add(other).map_or(Number::Float(one as f64 + other as f64), Number::Int)
            }
            (one, other) => Number::Float(one.float() + other.float()),
        };
    }
    Ok(total.value())
}
