//! The target of an assignment: `x`, `x['k'].l`, and whether it appends (`x << …`).

use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::Cursor;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::PathStep;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use std::rc::Rc;

/// The maximum number of nil items that an index assignment may add to a list.
const GAP_MAX: usize = 10_000;
/// The maximum number of values searched for a cycle.
const SEARCH_MAX: usize = 100_000;

/// A variable, or a place inside one.
#[derive(Debug, Clone)]
pub struct Target {
    name: Text,
    steps: Vec<PathStep>,
    appends: bool,
}

impl Target {
    /// Parses `name`, `name['k']`, `name.k`; the name may be quoted.
    ///
    /// # Errors
    /// A syntax error in a bracket. A missing name is `None`, not an error.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Option<Self>, Error> {
        let Some(name) = cursor.name_or_text() else { return Ok(None) };
        let steps = cursor.path_steps()?;
        Ok(Some(Self { name, steps, appends: false }))
    }

    /// Parses a target and the `=` or `<<` after it; `None` for anything else.
    ///
    /// # Errors
    /// A syntax error in a bracket.
    pub fn read_assigned(cursor: &mut Cursor<'_>) -> Result<Option<Self>, Error> {
        let Some(mut target) = Self::read(cursor)? else { return Ok(None) };
        target.appends = cursor.eat("<<");
        Ok((target.appends || cursor.eat("=")).then_some(target))
    }

    /// True for a place inside a variable.
    pub fn is_inside(&self) -> bool {
        !self.steps.is_empty()
    }

    /// Assigns a value to the target.
    ///
    /// # Errors
    /// When the containing value is not a hash or list.
    pub fn put(&self, value: Value, context: &mut Context<'_>) -> Result<(), Error> {
        let Some((last, way)) = self.steps.split_last() else {
            if self.appends {
                let list = context.variable(&self.name);
                return self.push(&list, value);
            }
            context.assign(self.name.clone(), value);
            return Ok(());
        };
        let mut holder = context.variable(&self.name);
        let mut known = self.name.to_string();
        for step in way {
            let key = key(step, context)?;
            holder = holder.get(&key);
            known = format!("{known}.{}", key.to_text());
        }
        let key = key(last, context)?;
        if self.appends {
            return self.push(&holder.get(&key), value);
        }
        context.budget.value(size_of::<Value>() * 2)?;
        insert(&holder, &key, value, &known)
    }

    fn push(&self, list: &Value, value: Value) -> Result<(), Error> {
        let Value::List(items) = list else {
            let message = format!("`{}` is {}, only a list takes <<", self.name, list.kind());
            return Err(Error::argument(message));
        };
        refuse_circle(list, &value)?;
        items.borrow_mut().push(value);
        Ok(())
    }
}

fn key(step: &PathStep, context: &mut Context<'_>) -> Result<Value, Error> {
    match step {
        PathStep::Name(name) => Ok(Value::text(&**name)),
        PathStep::Key(expression) => expression.evaluate(context),
    }
}

fn insert(holder: &Value, key: &Value, value: Value, known: &str) -> Result<(), Error> {
    refuse_circle(holder, &value)?;
    match holder {
        Value::Hash(hash) => {
            hash.borrow_mut().insert(Text::from(&*key.to_text()), value);
            Ok(())
        }
        Value::List(list) => {
            let mut items = list.borrow_mut();
            // A negative index counts from the end.
            let place =
                key.to_int().and_then(|index| match usize::try_from(index.unsigned_abs()) {
                    Ok(behind) if index < 0 => items.len().checked_sub(behind),
                    place => place.ok(),
                });
            let Some(place) = place.filter(|place| *place <= items.len() + GAP_MAX) else {
                let message = format!("`{known}` is a list and has no place `{}`", key.to_text());
                return Err(Error::argument(message));
            };
            while items.len() <= place {
                items.push(Value::Nil);
            }
            items[place] = value;
            Ok(())
        }
        other => Err(Error::argument(format!(
            "`{known}` is {}, so `{}` cannot be set in it",
            other.kind(),
            key.to_text()
        ))),
    }
}

/// Refuses a cycle: printing a value that contains itself would never end.
fn refuse_circle(holder: &Value, value: &Value) -> Result<(), Error> {
    fn is_same(one: &Value, other: &Value) -> bool {
        match (one, other) {
            (Value::List(one), Value::List(other)) => Rc::ptr_eq(one, other),
            (Value::Hash(one), Value::Hash(other)) => Rc::ptr_eq(one, other),
            _ => false,
        }
    }
    let mut waiting = vec![value.clone()];
    let mut searched = 0;
    while let Some(next) = waiting.pop() {
        searched += 1;
        if is_same(holder, &next) {
            return Err(Error::argument("a value cannot be put into itself"));
        }
        if searched > SEARCH_MAX {
            return Err(Error::limit("the value is too large to be put into another"));
        }
        let is_holder = |value: &&Value| matches!(value, Value::List(_) | Value::Hash(_));
        match &next {
            Value::List(list) => waiting.extend(list.borrow().iter().filter(is_holder).cloned()),
            Value::Hash(hash) => waiting.extend(hash.borrow().values().filter(is_holder).cloned()),
            _ => {}
        }
    }
    Ok(())
}
