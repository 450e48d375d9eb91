//! Filters that search lists: by a value, or by conditions on fields (`field: value`).

use crate::template::filters::alias;
use indexmap::IndexMap;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::filters::list::shallow;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;

type FilterResult = Result<Value, Error>;

/// Registers the selection filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["array_any", "any"], any);
    alias(builder, &["array_include", "is_included_in_array"], |v, a, _| {
        Ok(Value::Bool(shallow(&v).contains(a.at(0))))
    });
    alias(builder, &["array_detect", "detect"], detect);
    alias(builder, &["array_find_index"], find_index);
    alias(builder, &["array_group_by", "group_by"], group_by);
    alias(builder, &["array_index_of"], index_of);
    alias(builder, &["array_map", "map_attributes"], map_attributes);
    alias(builder, &["array_select", "select"], |v, a, _| Ok(picked(&v, a, Pick::Matching)));
    alias(builder, &["array_reject", "reject"], |v, a, _| Ok(picked(&v, a, Pick::NotMatching)));
}

/// True when every named condition holds; also supports Shopify's `reject: 'field', value`.
fn fits(item: &Value, arguments: &Arguments) -> bool {
    if let Some(field) = arguments.given(0).filter(|field| matches!(field, Value::Text(..))) {
        let found = item.property(&field.to_text());
        let fits = match arguments.given(1) {
            Some(wanted) => found == *wanted,
            None => found.is_truthy(),
        };
        return fits;
    }
    let given = match arguments.at(0) {
        Value::Hash(hash) => hash.borrow().iter().all(|(name, v)| item.property(name) == *v),
        _ => true,
    };
    given && arguments.named.iter().all(|(name, wanted)| item.property(name) == *wanted)
}

fn any(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let all = shallow(&value);
    let found = match arguments.given(0) {
        Some(wanted) => all.contains(wanted),
        None => all.iter().any(Value::is_truthy),
    };
    Ok(Value::Bool(found))
}

fn detect(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    Ok(shallow(&value).into_iter().find(|item| fits(item, arguments)).unwrap_or_default())
}

fn index_value(index: usize) -> Value {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}

fn find_index(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let all = shallow(&value);
    let found = all.iter().enumerate().filter(|(_, item)| fits(item, arguments));
    Ok(Value::list(found.map(|(index, _)| index_value(index)).collect()))
}

fn group_by(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let name = arguments.text(0);
    let mut groups: IndexMap<Text, Vec<Value>> = IndexMap::new();
    for item in shallow(&value) {
        let key = Text::from(&*item.property(&name).to_text());
        groups.entry(key).or_default().push(item);
    }
    Ok(Value::hash(groups.into_iter().map(|(key, items)| (key, Value::list(items))).collect()))
}

fn index_of(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    Ok(shallow(&value)
        .iter()
        .position(|item| item == arguments.at(0))
        .map_or(Value::Nil, index_value))
}

fn map_attributes(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let names: Vec<Value> = arguments.positional.iter().flat_map(shallow).collect();
    let row = |item: &Value| {
        Value::list(names.iter().map(|name| item.property(&name.to_text())).collect())
    };
    Ok(Value::list(shallow(&value).iter().map(row).collect()))
}

/// Which items a filter returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pick {
    Matching,
    NotMatching,
}

fn picked(value: &Value, arguments: &Arguments, pick: Pick) -> Value {
    let mut all = shallow(value);
    all.retain(|item| fits(item, arguments) == (pick == Pick::Matching));
    Value::list(all)
}
