//! List filters: adding, removing, ordering. Every filter returns a new list.

use crate::template::filters::alias;
use crate::template::filters::uniform::below;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::list::{order, shallow};
use sluicegate_liquid::filters::math::Number;
use sluicegate_liquid::value::Value;

type FilterResult = Result<Value, Error>;

/// The maximum group size; a larger group would consist almost entirely of nil.
const GROUP_MAX: i64 = 10_000;

/// Registers the list filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["array_add", "add_to_array"], add);
    alias(builder, &["array_prepend", "prepend_to_array"], prepend);
    alias(builder, &["array_compact", "compact"], compact);
    alias(builder, &["array_flatten", "flatten"], |v, _, _| {
        Ok(Value::list(sluicegate_liquid::filters::list::items(&v)))
    });
    alias(builder, &["array_in_groups_of", "in_groups_of"], in_groups_of);
    alias(builder, &["array_intersect", "intersection"], intersect);
    alias(builder, &["array_subtract", "subtract_array"], subtract);
    alias(builder, &["array_limit", "limit"], limit);
    alias(builder, &["array_rotate", "rotate"], rotate);
    alias(builder, &["array_shuffle", "shuffle_array"], shuffle);
    alias(builder, &["array_sort_by", "sort_by"], sort_by);
    alias(builder, &["array_sum", "sum_array"], sum);
    alias(builder, &["array_uniq", "uniq"], uniq);
    alias(builder, &["array_delete"], delete);
    alias(builder, &["array_delete_at"], delete_at);
}

fn add(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    all.push(arguments.at(0).clone());
    Ok(Value::list(all))
}

fn prepend(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    all.insert(0, arguments.at(0).clone());
    Ok(Value::list(all))
}

/// Removes blank items, or those whose named property is blank.
fn compact(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    match arguments.given(0) {
        Some(name) => all.retain(|item| !item.property(&name.to_text()).is_blank()),
        None => all.retain(|item| !item.is_blank()),
    }
    Ok(Value::list(all))
}

fn in_groups_of(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let size = arguments.int(0, 1)?;
    if size > GROUP_MAX {
        return Err(Error::argument(format!("groups of more than {GROUP_MAX}")));
    }
    let Some(size) = usize::try_from(size).ok().filter(|size| *size > 0) else {
        return Ok(Value::list(Vec::new()));
    };
    let mut groups = Vec::new();
    for group in shallow(&value).chunks(size) {
        context.budget.value(size * size_of::<Value>())?;
        let mut group = group.to_vec();
        group.resize(size, Value::Nil);
        groups.push(Value::list(group));
    }
    Ok(Value::list(groups))
}

/// True when `all` contains the item; charges each comparison to the budget.
fn holds(all: &[Value], item: &Value, context: &Context<'_>) -> Result<bool, Error> {
    for one in all {
        context.budget.step()?;
        if one == item {
            return Ok(true);
        }
    }
    Ok(false)
}

fn list_of(value: &Value) -> Vec<Value> {
    if matches!(value, Value::List(_) | Value::Range(..)) { shallow(value) } else { Vec::new() }
}

fn intersect(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let other = list_of(arguments.at(0));
    let mut kept = Vec::new();
    for item in shallow(&value) {
        if holds(&other, &item, context)? && !holds(&kept, &item, context)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn subtract(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let other = list_of(arguments.at(0));
    let mut kept = Vec::new();
    for item in shallow(&value) {
        if !holds(&other, &item, context)? {
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn limit(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    all.truncate(usize::try_from(arguments.int(0, 0)?).unwrap_or(0));
    Ok(Value::list(all))
}

fn rotate(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    let length = i64::try_from(all.len()).unwrap_or(i64::MAX);
    if length > 0 {
        let by = arguments.int(0, 1)?.rem_euclid(length);
        all.rotate_left(usize::try_from(by).unwrap_or(0));
    }
    Ok(Value::list(all))
}

fn shuffle(value: Value, _: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    for at in (1..all.len()).rev() {
        all.swap(at, below(at + 1, context));
    }
    Ok(Value::list(all))
}

fn sort_by(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    let name = arguments.text(0);
    all.sort_by(|one, other| order(&one.property(&name), &other.property(&name)));
    Ok(Value::list(all))
}

fn sum(value: Value, _: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut total = Number::Int(0);
    for item in shallow(&value) {
        total = match (total, Number::of(&item)) {
            (Number::Int(one), Number::Int(other)) => {
                one.checked_add(other).map_or(Number::Float(one as f64 + other as f64), Number::Int)
            }
            (one, other) => Number::Float(one.float() + other.float()),
        };
    }
    Ok(total.value())
}

fn uniq(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let mut seen = Vec::new();
    let mut kept = Vec::new();
    for item in shallow(&value) {
        let key = match arguments.given(0) {
            Some(name) => item.property(&name.to_text()),
            None => item.clone(),
        };
        if !holds(&seen, &key, context)? {
            seen.push(key);
            kept.push(item);
        }
    }
    Ok(Value::list(kept))
}

fn delete(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    all.retain(|item| item != arguments.at(0));
    Ok(Value::list(all))
}

fn delete_at(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let mut all = shallow(&value);
    let at = arguments.int(0, 0)?;
    let at = if at < 0 { at + i64::try_from(all.len()).unwrap_or(0) } else { at };
    if let Some(at) = usize::try_from(at).ok().filter(|at| *at < all.len()) {
        all.remove(at);
    }
    Ok(Value::list(all))
}
