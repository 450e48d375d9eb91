//! Lists, and what works on anything: `default`, `size`, `first`, `last`.

use crate::liquid::condition::{Operator, compare};
use crate::liquid::context::Context;
use crate::liquid::engine::Engine;
use crate::liquid::error::Error;
use crate::liquid::filter::Arguments;
use crate::liquid::value::{Value, pair};
use std::cmp::Ordering;

type Result_ = Result<Value, Error>;

/// Adds them.
pub fn register(engine: &mut Engine) {
    engine
        .add_filter("default", default)
        .add_filter("size", |v, _, _| Ok(size(&v)))
        .add_filter("first", |v, _, _| Ok(v.property("first")))
        .add_filter("last", |v, _, _| Ok(v.property("last")))
        .add_filter("join", join)
        .add_filter("reverse", |v, _, _| Ok(Value::list(items(&v).into_iter().rev().collect())))
        .add_filter("concat", concat)
        .add_filter("compact", |v, a, _| Ok(compact(&v, a)))
        .add_filter("uniq", |v, a, c| uniq(&v, a, c))
        .add_filter("sort", |v, a, _| Ok(sort(&v, a, |x, y| order(x, y))))
        .add_filter("sort_natural", |v, a, _| {
            Ok(sort(&v, a, |x, y| x.to_text().to_lowercase().cmp(&y.to_text().to_lowercase())))
        });
}

/// Any value as the list that list filters work on: nested lists are flattened, a hash is one item.
pub fn items(value: &Value) -> Vec<Value> {
    fn flatten(value: &Value, found: &mut Vec<Value>, depth: u32) {
        match value {
            Value::List(list) if depth < 100 => {
                list.borrow().iter().for_each(|item| flatten(item, found, depth + 1));
            }
            other => found.push(other.clone()),
        }
    }
    let mut found = Vec::new();
    match value {
        Value::Nil => {}
        Value::Range(from, to) => {
            // A range as a list is bounded; loops do not make one.
            found.extend((*from..=*to).take(100_000).map(Value::Int));
        }
        other => flatten(other, &mut found, 0),
    }
    found
}

/// The items of a list as they are, or the pairs of a hash.
pub fn shallow(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) => list.borrow().clone(),
        Value::Hash(hash) => hash.borrow().iter().map(pair).collect(),
        other => items(other),
    }
}

fn size(value: &Value) -> Value {
    match value {
        Value::Text(..) | Value::List(_) | Value::Hash(_) | Value::Range(..) => {
            value.get(&Value::text("size"))
        }
        _ => Value::Int(0),
    }
}

fn default(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> Result_ {
    let allow_false = arguments.named("allow_false").is_some_and(Value::is_truthy);
    let missing = match &value {
        Value::Nil => true,
        Value::Bool(false) => !allow_false,
        other => other.is_empty(),
    };
    Ok(if missing { arguments.at(0).clone() } else { value })
}

fn join(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> Result_ {
    let glue = arguments.given(0).map_or(" ".into(), |glue| glue.to_text().into_owned());
    let texts: Vec<String> = items(&value).iter().map(|item| item.to_text().into_owned()).collect();
    let length: usize = texts.iter().map(|text| text.len() + glue.len()).sum();
    context.budget.value(length)?;
    Ok(Value::text(texts.join(&glue)))
}

fn concat(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> Result_ {
    let Value::List(_) = arguments.at(0) else {
        return Err(Error::argument("concat filter requires an array argument"));
    };
    let mut all = items(&value);
    all.extend(shallow(arguments.at(0)));
    Ok(Value::list(all))
}

fn compact(value: &Value, arguments: &Arguments) -> Value {
    let name = arguments.text(0);
    let keeps = |item: &Value| match arguments.given(0) {
        Some(_) => !item.property(&name).is_nil(),
        None => !item.is_nil(),
    };
    Value::list(items(value).into_iter().filter(keeps).collect())
}

fn uniq(value: &Value, arguments: &Arguments, context: &Context<'_>) -> Result_ {
    let name = arguments.text(0);
    let key = |item: &Value| match arguments.given(0) {
        Some(_) => item.property(&name),
        None => item.clone(),
    };
    let mut seen: Vec<Value> = Vec::new();
    let mut kept = Vec::new();
    for item in items(value) {
        // Quadratic for values that have no hash of their own, so it draws on the budget.
        context.budget.step()?;
        let key = key(&item);
        if !seen.contains(&key) {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

/// Nil goes to the end.
pub fn order(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Nil, Value::Nil) => Ordering::Equal,
        (Value::Nil, _) => Ordering::Greater,
        (_, Value::Nil) => Ordering::Less,
        _ if compare(one, Operator::Less, other).unwrap_or(false) => Ordering::Less,
        _ if compare(one, Operator::Greater, other).unwrap_or(false) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

fn sort(value: &Value, arguments: &Arguments, by: fn(&Value, &Value) -> Ordering) -> Value {
    let mut all = items(value);
    match arguments.given(0).filter(|name| !name.is_nil()) {
        Some(name) => {
            let name = name.to_text();
            all.sort_by(|one, other| {
                let (one, other) = (one.property(&name), other.property(&name));
                match (one.is_nil(), other.is_nil()) {
                    (false, false) => by(&one, &other),
                    (one, other) => one.cmp(&other),
                }
            });
        }
        None => all.sort_by(by),
    }
    Value::list(all)
}
