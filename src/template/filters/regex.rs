//! `matches`, `regex_matches`, `replace_regex`: Ruby's regular expressions, bounded.

use crate::template::filters::alias;
use crate::template::filters::pattern::{self, Occurrences};
use fancy_regex::Regex;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

type FilterResult = Result<Value, Error>;

/// The maximum number of compiled patterns cached per thread.
const KEPT_MAX: usize = 200;

thread_local! {
    static KEPT: RefCell<HashMap<(String, String), Rc<Regex>>> = RefCell::default();
}

/// Registers the regular expression filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["matches"], matches);
    alias(builder, &["regex_matches"], regex_matches);
    alias(builder, &["replace_regex"], replace_regex);
}

/// Returns the compiled pattern, from the cache when possible.
fn compiled(pattern: &str, options: &str) -> Result<Rc<Regex>, Error> {
    let key = (pattern.to_owned(), options.to_owned());
    if let Some(kept) = KEPT.with_borrow(|all| all.get(&key).cloned()) {
        return Ok(kept);
    }
    let regex = Rc::new(pattern::compile(pattern, options).map_err(Error::argument)?);
    KEPT.with_borrow_mut(|all| {
        if all.len() >= KEPT_MAX {
            all.clear();
        }
        all.insert(key, Rc::clone(&regex));
    });
    Ok(regex)
}

/// `matches: pattern, options`; nil for an empty string.
fn matches(value: Value, arguments: &Arguments, _: &mut Context<'_>) -> FilterResult {
    let text = value.to_text();
    if text.is_empty() {
        return Ok(Value::Nil);
    }
    let regex = compiled(&arguments.text(0), &arguments.text(1))?;
    pattern::is_match(&regex, &text).map(Value::Bool).map_err(Error::argument)
}

/// Returns strings, or lists of groups when the pattern has groups.
fn regex_matches(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let regex = compiled(&arguments.text(0), &arguments.text(1))?;
    let has_groups = regex.captures_len() > 1;
    let mut found = Vec::new();
    for groups in pattern::matches(&regex, &value.to_text(), &|bytes| spend(bytes, context))? {
        context.budget.step()?;
        let mut groups = groups.into_iter().map(|g| g.map_or(Value::Nil, Value::from));
        found.push(if has_groups {
            Value::list(groups.collect())
        } else {
            groups.next().unwrap_or_default()
        });
    }
    Ok(Value::list(found))
}

fn replace_regex(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let regex = compiled(&arguments.text(0), &arguments.text(2))?;
    let occurrences = match arguments.given(3).is_none_or(Value::is_truthy) {
        true => Occurrences::All,
        false => Occurrences::First,
    };
    let text = value.to_text();
    let replacement = arguments.at(1);
    let spend = |bytes: usize| spend(bytes, context);
    let by = |out: &mut String, groups: &[Option<&str>]| match replacement {
        // A hash maps each match to its replacement.
        Value::Hash(hash) => {
            let whole = groups.first().copied().flatten().unwrap_or_default();
            if let Some(value) = hash.borrow().get(whole) {
                out.push_str(&value.to_text());
            }
            Ok(())
        }
        Value::Text(template, _) => pattern::fill(out, template, groups, &spend),
        other => pattern::fill(out, &other.to_text(), groups, &spend),
    };
    let replaced = pattern::replace(&regex, &text, occurrences, &spend, by)?;
    context.budget.value(replaced.len())?;
    Ok(Value::text(replaced))
}

/// Charges the work done so far to the budget.
fn spend(bytes: usize, context: &Context<'_>) -> Result<(), Error> {
    context.budget.room(bytes)?;
    context.budget.step()
}
