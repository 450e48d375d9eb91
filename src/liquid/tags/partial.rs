//! `include` and `render`: another template in this place.

use crate::liquid::context::{Context, FrameKind};
use crate::liquid::error::Error;
use crate::liquid::expression::Expression;
use crate::liquid::parser::Parser;
use crate::liquid::tag::{Flow, Markup, Tag};
use crate::liquid::template::{Reference, Template};
use crate::liquid::value::Value;
use std::sync::Arc;

#[derive(Debug)]
struct Partial {
    name: Expression,
    with: Option<(Expression, bool, Option<Arc<str>>)>,
    arguments: Vec<(Arc<str>, Expression)>,
    isolated: bool,
}

/// Reads either tag: `'name', with x as y, a: b`, commas as they come.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let isolated = markup.name == "render";
    let name = cursor.primary()?;
    if isolated && name.constant_text().is_none() {
        return Err(Error::syntax(
            "Syntax error in tag 'render' - Template name must be a quoted string",
        ));
    }
    cursor.eat(",");
    let many = cursor.eat_word("for");
    let with = if many || cursor.eat_word("with") {
        let value = cursor.primary()?;
        let alias = if cursor.eat_word("as") { cursor.name().map(Arc::from) } else { None };
        Some((value, many, alias))
    } else {
        None
    };
    let arguments = cursor.arguments()?.named;
    Ok(Box::new(Partial { name, with, arguments, isolated }))
}

impl Partial {
    fn variables(&self, context: &mut Context<'_>) -> Result<Vec<(Arc<str>, Value)>, Error> {
        let mut variables = Vec::with_capacity(self.arguments.len() + 1);
        for (name, expression) in &self.arguments {
            variables.push((Arc::clone(name), expression.evaluate(context)?));
        }
        Ok(variables)
    }

    fn once(
        &self,
        context: &mut Context<'_>,
        template: &Template,
        variables: Vec<(Arc<str>, Value)>,
    ) -> Result<Flow, Error> {
        let kind = if self.isolated { FrameKind::Isolated } else { FrameKind::Partial };
        let flow = context.call(template, kind, variables)?;
        Ok(match flow {
            // `return` ends the partial; `break` in an include ends everything, in a render only it.
            Flow::Return => Flow::Next,
            Flow::Break | Flow::Continue if self.isolated => Flow::Next,
            other => other,
        })
    }
}

impl Tag for Partial {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let name = self.name.evaluate(context)?.to_text().into_owned();
        let template = context.partials.find(&name)?;
        let variables = self.variables(context)?;
        let Some((value, many, alias)) = &self.with else {
            return self.once(context, &template, variables);
        };
        let own = name.rsplit('/').next().unwrap_or(&name);
        let own: Arc<str> = alias.clone().unwrap_or_else(|| own.into());
        let value = value.evaluate(context)?;
        let items = match &value {
            Value::List(list) if *many || !self.isolated => list.borrow().clone(),
            Value::Nil if *many => return Ok(Flow::Next),
            other => vec![other.clone()],
        };
        for item in items {
            context.budget.step()?;
            let mut all = variables.clone();
            all.push((Arc::clone(&own), item));
            match self.once(context, &template, all)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        if let Some(name) = self.name.constant_text() {
            let name = Arc::clone(name);
            found.push(Reference { kind: "partial", name, mark: Default::default() });
        }
    }
}
