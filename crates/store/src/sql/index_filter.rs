//! What an index can narrow down for a filter. The filter itself is still checked for each row: the
//! rules of texts and numbers are those of `filter.rs`, and an index only has to miss no row.

use super::dialect::Dialect;
use super::property::IndexKey;
use super::statement::Bindings;
use crate::query::{Filter, Op, Range, Subject};
use crate::text::{self, Number};
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A condition that holds for every row for which the filter holds, and that an index answers.
/// `rows` is the condition of the index.
pub fn condition<'a, D: Dialect>(
    filter: &'a Filter,
    (indexed, rows): (&BTreeSet<String>, &str),
    bindings: &mut Bindings<'a, D>,
) -> Option<String> {
    let Subject::Property(name) = &filter.subject else { return None };
    if filter.not || !indexed.contains(name) || super::filter::has_column(name) {
        return None;
    }
    let key = D::index_key(&D::property_literal(name));
    match &filter.op {
        Op::Equals(bound) => Some(is_one_of(&key, std::slice::from_ref(bound), bindings)),
        Op::In(bounds) => Some(is_one_of(&key, bounds, bindings)),
        Op::Exists(false) => Some(key.is_missing),
        Op::Range(range) => Some(lies_in((&key, rows), range, bindings)),
        _ => None,
    }
}

fn is_one_of<'a, D: Dialect>(
    index: &IndexKey,
    bounds: &'a [Json],
    bindings: &mut Bindings<'a, D>,
) -> String {
    let given = || bounds.iter().filter(|bound| !bound.is_null());
    let mut texts: Vec<Cow<'a, str>> = given().filter_map(text::of).collect();
    let numbers: Vec<Number> = given().filter_map(number_written).collect();
    let key = &index.key;
    let mut any = Vec::new();
    if bounds.iter().any(Json::is_null) {
        any.push(index.is_missing.clone());
    }
    match (texts.len(), numbers.len()) {
        (0, 0) => {}
        // Equality keeps the order of what follows in the index.
        (1, 0) => any.extend(
            texts.pop().map(|text| format!("{key} = {}", bindings.bind(D::text_key(text)))),
        ),
        _ => {
            let keys = D::keys(texts, numbers).into_iter();
            let placeholders: Vec<_> = keys.map(|keys| bindings.bind(keys)).collect();
            any.push(D::is_one_of(key, &D::key_list(&placeholders)));
        }
    }
    if any.is_empty() { "FALSE".into() } else { format!("({})", any.join(" OR ")) }
}

/// The number whose JSON a bound may be: a text equals a number that is written like it.
fn number_written(bound: &Json) -> Option<Number> {
    let Some(text) = bound.as_str() else { return Number::of(bound) };
    let is_like_a_number = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    if !is_like_a_number {
        return None;
    }
    let float = || text.parse::<f64>().ok().filter(|float| float.is_finite());
    text.parse().map(Number::Integer).ok().or_else(|| float().map(Number::Float))
}

/// A number is compared by size with a number, and as a text with a text; so a bound that is not a
/// number narrows down no numbers.
fn lies_in<'a, D: Dialect>(
    (index, rows): (&IndexKey, &str),
    range: &'a Range,
    bindings: &mut Bindings<'a, D>,
) -> String {
    let bounds = [(">", &range.gt), (">=", &range.gte), ("<", &range.lt), ("<=", &range.lte)];
    let (mut numbers, mut texts) = (vec![index.is_number.clone()], vec![index.is_text.clone()]);
    for (operator, bound) in bounds {
        let Some(bound) = bound else { continue };
        if let Some(number) = Number::of_bound(bound) {
            let bound = D::number_key(bindings.bind(number));
            numbers.push(format!("{} {operator} {bound}", index.key));
        }
        if let Some(text) = text::of(bound) {
            let bound = bindings.bind(D::text_key(text));
            texts.push(format!("{} {operator} {bound}", index.key));
        }
    }
    D::either([numbers.join(" AND "), texts.join(" AND ")], rows)
}
