//! List filters, and filters of any value: `default`, `size`, `first`, `last`, `json`.

use crate::builder::EngineBuilder;
use crate::condition::{Operator, compare};
use crate::context::Context;
use crate::deferred_cost;
use crate::error::Error;
use crate::filter::{Arguments, FilterResult};
use crate::filters::property::select;
use crate::text::Text;
use crate::value::inspect;
use crate::value::numbers::of_length;
use crate::value::{Value, pair};
use std::cmp::Ordering;
use std::collections::HashSet;

/// The most items of a range that becomes a list; loops do not make one.
const RANGE_MAX: usize = 100_000;

/// The most items of a list: a few nested lists can stand for billions.
const ITEMS_MAX: usize = 1_000_000;

/// Comparisons of shorter strings are not counted.
const LONG: usize = 256;

/// Adds the list filters.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .standard("default", default)
        .standard("json", |v, _, _| Ok(Value::safe(v.to_json().to_string())))
        .standard("size", |v, _, c| Ok(size(&v, c)))
        .standard("first", |v, _, _| Ok(end(&v, "first")))
        .standard("last", |v, _, _| Ok(end(&v, "last")))
        .standard("join", join)
        .standard("reverse", |v, _, _| Ok(Value::list(items(&v).into_iter().rev().collect())))
        .standard("concat", concat)
        .standard("compact", compact)
        .standard("uniq", uniq)
        .standard("sort", |v, a, _| sort(&v, a, natural))
        .standard("sort_natural", |v, a, _| sort(&v, a, without_case));
}

/// Any value as the list that list filters work on: nested lists are flattened, a hash is one item.
pub fn items(value: &Value) -> Vec<Value> {
    fn flatten(value: &Value, found: &mut Vec<Value>, depth: u32) {
        match value {
            Value::List(list) if depth < 100 => {
                for item in list.borrow().iter() {
                    if found.len() >= ITEMS_MAX {
                        deferred_cost::stopped();
                    }
                    if found.len() >= ITEMS_MAX || !deferred_cost::walk(size_of::<Value>()) {
                        return;
                    }
                    flatten(item, found, depth + 1);
                }
            }
            other => found.push(other.clone()),
        }
    }
    let mut found = Vec::new();
    match value {
        Value::Nil => {}
        Value::Range(from, to) => {
            if to.saturating_sub(*from) >= of_length(RANGE_MAX) {
                deferred_cost::stopped();
            }
            found.extend((*from..=*to).take(RANGE_MAX).map(Value::Int));
        }
        // Without nested lists it is a copy, which is paid for at once.
        Value::List(list) if is_flat(&list.borrow()) => {
            let list = list.borrow();
            if deferred_cost::walk(list.len() * size_of::<Value>()) {
                return list.clone();
            }
        }
        other => flatten(other, &mut found, 0),
    }
    found
}

/// Whether the list has no nested list and room for more items.
pub fn is_flat(items: &[Value]) -> bool {
    items.len() < ITEMS_MAX && !items.iter().any(|item| matches!(item, Value::List(_)))
}

/// The items of a list without flattening, or the entries of a hash.
pub fn shallow(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) => list.borrow().clone(),
        Value::Hash(hash) => hash.borrow().iter().map(pair).collect(),
        other => items(other),
    }
}

fn size(value: &Value, context: &Context<'_>) -> Value {
    match value {
        Value::Hash(hash) => Value::Int(of_length(hash.borrow().len())),
        Value::Text(..) | Value::List(_) | Value::Range(..) => value.property("size"),
        // Ruby's numbers know how many bytes they take.
        Value::Int(_) if context.engine().is_ruby() => Value::Int(8),
        _ => Value::Int(0),
    }
}

/// The first or last item, not a key of that name in a hash.
fn end(value: &Value, name: &str) -> Value {
    match value {
        Value::Hash(hash) if name == "first" => hash.borrow().first().map_or(Value::Nil, pair),
        Value::Hash(_) => Value::Nil,
        other => other.property(name),
    }
}

fn default(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let options = arguments.given(0).filter(|_| arguments.given(1).is_some());
    let allow_false = match options {
        None if arguments.given(0).is_some_and(|given| matches!(given, Value::Hash(_))) => false,
        _ => arguments.named("allow_false").is_some_and(Value::is_truthy),
    };
    let missing = match &value {
        Value::Nil => true,
        Value::Bool(false) => !allow_false,
        other => other.is_empty(),
    };
    let given = arguments.given(0).cloned();
    Ok(if missing { given.unwrap_or_else(|| Value::text("")) } else { value })
}

fn join(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let ruby = context.engine().is_ruby();
    let text = |value: &Value| match ruby {
        true => value.to_ruby_argument().into_owned(),
        false => value.to_text().into_owned(),
    };
    let glue = arguments.given(0).map_or(" ".into(), text);
    let items = items(&value);
    let length: usize = items.iter().map(|item| item.weight().max(8) + glue.len()).sum();
    context.budget.value(length)?;
    if ruby {
        let mut joined = String::new();
        inspect::joined(&Value::list(items), &glue, &mut joined);
        return Ok(Value::text(joined));
    }
    let texts: Vec<String> = items.iter().map(text).collect();
    Ok(Value::text(texts.join(&glue)))
}

fn concat(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let Value::List(_) = arguments.at(0) else {
        return Err(Error::argument("concat filter requires an array argument"));
    };
    let mut all = items(&value);
    all.extend(shallow(arguments.at(0)));
    context.budget.value(all.len() * size_of::<Value>())?;
    Ok(Value::list(all))
}

/// The property that an argument names.
fn property(arguments: &Arguments) -> Option<&Value> {
    arguments.given(0).filter(|name| !name.is_nil())
}

fn compact(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut kept = Vec::new();
    for item in items(&value) {
        let is_nil = match property(arguments) {
            Some(name) => match select(&item, name)? {
                Some(value) => value.is_nil(),
                None => return Ok(Value::Nil),
            },
            None => item.is_nil(),
        };
        if !is_nil {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn uniq(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let mut texts: HashSet<Text> = HashSet::new();
    let mut numbers: HashSet<i64> = HashSet::new();
    let mut others: Vec<Value> = Vec::new();
    let mut kept = Vec::new();
    let items = items(&value);
    // Ruby does not look at a single item.
    if items.len() <= 1 {
        return Ok(Value::list(items));
    }
    for item in items {
        let key = match property(arguments) {
            Some(name) => match select(&item, name)? {
                Some(key) => key,
                None => return Ok(Value::Nil),
            },
            None => item.clone(),
        };
        let is_new = match &key {
            Value::Text(text, _) => texts.insert(text.clone()),
            Value::Int(number) => numbers.insert(*number),
            _ => {
                // Quadratic for values that cannot be hashed, so it draws on the budget.
                for _ in 0..=others.len() / 64 {
                    context.budget.step()?;
                }
                let is_new = !others.contains(&key);
                if is_new {
                    others.push(key);
                }
                is_new
            }
        };
        if is_new {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

/// The order of two values; `None` when they cannot be compared.
pub fn natural(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Text(a, _), Value::Text(b, _)) => Some(a.cmp(b)),
        (Value::Int(_) | Value::Float(_), Value::Int(_) | Value::Float(_))
        | (Value::Time(_), Value::Time(_)) => {
            let less = compare(one, Operator::Less, other).ok()?;
            let more = compare(one, Operator::Greater, other).ok()?;
            Some(match (less, more) {
                (true, _) => Ordering::Less,
                (_, true) => Ordering::Greater,
                _ => Ordering::Equal,
            })
        }
        _ if one == other => Some(Ordering::Equal),
        _ => None,
    }
}

fn without_case(one: &Value, other: &Value) -> Option<Ordering> {
    let text = |value: &Value| value.to_ruby_argument().to_lowercase();
    Some(text(one).cmp(&text(other)))
}

/// Sorts nil to the end; values that cannot be compared are equal.
pub fn order(one: &Value, other: &Value) -> Ordering {
    with_nil(one, other, natural).unwrap_or(Ordering::Equal)
}

type Order = fn(&Value, &Value) -> Option<Ordering>;

fn with_nil(one: &Value, other: &Value, by: Order) -> Option<Ordering> {
    match (one.is_nil(), other.is_nil()) {
        (false, false) => by(one, other),
        (one, other) => Some(one.cmp(&other)),
    }
}

fn sort(value: &Value, arguments: &Arguments, by: Order) -> FilterResult {
    let mut keyed = Vec::new();
    for item in items(value) {
        let key = match property(arguments) {
            Some(name) => match select(&item, name)? {
                Some(key) => key,
                None => return Ok(Value::Nil),
            },
            None => item.clone(),
        };
        keyed.push((key, item));
    }
    let mut is_comparable = true;
    keyed.sort_by(|(one, _), (other, _)| {
        // Sorting compares long strings many times.
        let bytes = one.weight().min(other.weight());
        if bytes >= LONG && !deferred_cost::walk(bytes) {
            return Ordering::Equal;
        }
        with_nil(one, other, by).unwrap_or_else(|| {
            is_comparable = false;
            Ordering::Equal
        })
    });
    if !is_comparable {
        return Err(Error::argument("cannot sort values of incompatible types"));
    }
    Ok(Value::list(keyed.into_iter().map(|(_, item)| item).collect()))
}
