//! `assign x = x | concat: y` and `| append: y`, which append in place instead of copying.

use crate::context::Context;
use crate::deferred_cost;
use crate::error::Error;
use crate::expression::{Expression, FilterCall, Path, Root, run};
use crate::filter::{Arguments, Filter};
use crate::filters::list::is_flat;
use crate::tag::{Flow, Tag};
use crate::text::Text;
use crate::value::Value;
use smallvec::smallvec;
use std::rc::Rc;

#[derive(Debug)]
pub(super) struct AppendInPlace {
    name: Text,
    /// The variable as an expression.
    base: Expression,
    call: FilterCall,
    filter: Filter,
}

impl AppendInPlace {
    /// The assignment in this form, if it appends to its own variable.
    ///
    /// # Errors
    /// Returns the name and the value of any other assignment.
    pub(super) fn of(name: Text, value: Expression) -> Result<Self, (Text, Expression)> {
        let (filter, base) = match &value {
            Expression::Filtered(filtered) => match filtered.filters.as_slice() {
                [call] if appends(call) && is_variable(&filtered.base, &name) => {
                    (call.filter.clone(), filtered.base.clone())
                }
                _ => return Err((name, value)),
            },
            _ => return Err((name, value)),
        };
        match (filter, value) {
            (Some(filter), Expression::Filtered(mut filtered)) => {
                let call = filtered.filters.remove(0);
                Ok(Self { name, base, call, filter })
            }
            (_, value) => Err((name, value)),
        }
    }
}

fn appends(call: &FilterCall) -> bool {
    let is_known = matches!(&*call.name, "concat" | "append");
    let is_standard = call.filter.as_ref().is_some_and(|filter| filter.standard().is_some());
    is_known && is_standard && call.positional.len() == 1 && call.named.is_empty()
}

fn is_variable(expression: &Expression, name: &Text) -> bool {
    match expression {
        Expression::Path(Path { root: Root::Name(root), steps }) => {
            steps.is_empty() && **root == *name
        }
        _ => false,
    }
}

/// Appends `more` to a string or a list, unless the list is shared. Nested lists are left to the
/// filter, which flattens them.
fn append(value: &mut Value, filter: &str, more: &Value) -> bool {
    match (value, more, filter) {
        (Value::Text(text, is_safe), Value::Text(more, _), "append") => {
            text.push_str(more);
            *is_safe = false;
            true
        }
        (Value::List(list), Value::List(more), "concat") => {
            let Some(items) = Rc::get_mut(list).map(|list| list.get_mut()) else { return false };
            if !is_flat(items) || !deferred_cost::walk(items.len()) {
                return false;
            }
            items.extend(more.borrow().iter().cloned());
            true
        }
        _ => false,
    }
}

impl Tag for AppendInPlace {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let mut more = Value::Nil;
        for expression in &self.call.positional {
            more = expression.evaluate(context)?;
        }
        let weight = more.weight();
        context.budget.step()?;
        context.budget.room(weight)?;
        let is_appended =
            context.own_mut(&self.name).is_some_and(|v| append(v, &self.call.name, &more));
        if is_appended {
            context.budget.value(weight)?;
            context.budget.weigh(weight)?;
            return Ok(Flow::Next);
        }
        let value = self.base.evaluate(context)?;
        let arguments = Arguments { positional: smallvec![more], named: Vec::new() };
        let made = run(&self.filter, value, arguments, context);
        let made = made.map_err(|error| self.call.placed(error, context))?;
        context.assign(self.name.clone(), made);
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
