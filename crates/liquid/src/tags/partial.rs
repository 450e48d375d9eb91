//! `include` and `render`: another template in this place.

use crate::context::Context;
use crate::error::{Error, Mark};
use crate::expression::{Expression, Path, Root};
use crate::parser::Parser;
use crate::tag::{Flow, Markup, Tag};
use crate::tags::for_loop::{ForLoop, Items};
use crate::template::{Reference, Template};
use crate::text::Text;
use crate::value::Value;
use crate::variables::FrameKind;

#[derive(Debug)]
struct Partial {
    name: Expression,
    /// The position of the name.
    mark: Mark,
    with: Option<Expression>,
    /// `for` rather than `with`.
    many: bool,
    alias: Option<Text>,
    arguments: Vec<(Text, Expression)>,
    isolated: bool,
}

/// Reads either tag: `'name', with x as y, a: b`, commas as they come.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let isolated = markup.name == "render";
    let mark = cursor.space().mark();
    let name = cursor.primary()?;
    if isolated && !matches!(name, Expression::Joined(_)) && name.constant_text().is_none() {
        return Err(Error::syntax(
            "Syntax error in tag 'render' - Template name must be a quoted string",
        ));
    }
    cursor.eat(",");
    let many = cursor.eat_word("for");
    let has_value = many || cursor.eat_word("with");
    let with = if has_value { Some(cursor.primary()?) } else { None };
    let mut arguments = Vec::new();
    // Lax Ruby takes the `icon` of `with icon: 1` for both, the value and an argument's name.
    if let Some(Expression::Path(Path { root: Root::Name(name), steps })) = &with
        && steps.is_empty()
        && cursor.eat(":")
    {
        arguments.push((Text::clone(name), cursor.primary()?));
    }
    let alias = if cursor.eat_word("as") { cursor.name() } else { None };
    arguments.extend(cursor.arguments()?.named);
    // Lax Ruby skips malformed markup up to the next argument.
    while parser.engine().is_ruby() && !cursor.is_done() {
        cursor.skip_char();
        arguments.extend(cursor.arguments()?.named);
    }
    Ok(Box::new(Partial { name, mark, with, many, alias, arguments, isolated }))
}

impl Partial {
    /// Pushes the arguments; in Ruby those of an `include` see the ones before them.
    fn push_arguments(&self, context: &mut Context<'_>) -> Result<(), Error> {
        let first = context.arguments();
        let pushed = if self.isolated || self.arguments.len() < 2 || !context.engine().is_ruby() {
            self.push_each(context)
        } else {
            context.with_frame(FrameKind::Block, [], |context| self.push_visible(context))
        };
        if pushed.is_err() {
            context.drop_arguments(first);
        }
        pushed
    }

    fn push_each(&self, context: &mut Context<'_>) -> Result<(), Error> {
        for (name, expression) in &self.arguments {
            let value = expression.evaluate(context)?;
            context.push_argument(name.clone(), value);
        }
        Ok(())
    }

    fn push_visible(&self, context: &mut Context<'_>) -> Result<(), Error> {
        for (name, expression) in &self.arguments {
            let value = expression.evaluate(context)?;
            context.set_local(name, value.clone());
            context.push_argument(name.clone(), value);
        }
        Ok(())
    }

    /// Renders the partial with the arguments from `first` on.
    fn once(
        &self,
        context: &mut Context<'_>,
        template: &Template,
        first: usize,
    ) -> Result<Flow, Error> {
        let kind = match (self.isolated, context.engine().is_ruby()) {
            (true, _) => FrameKind::Isolated,
            (false, true) => FrameKind::Block,
            (false, false) => FrameKind::Partial,
        };
        let flow = context.call_with_arguments(template, kind, first)?;
        Ok(match flow {
            // `return` ends the partial; `break` ends a `render`, and all around an `include`.
            Flow::Return => Flow::Next,
            Flow::Break | Flow::Continue if self.isolated => Flow::Next,
            other => other,
        })
    }

    fn template(&self, context: &mut Context<'_>) -> Result<(Text, Template), Error> {
        let ruby = context.engine().is_ruby();
        if ruby && !self.isolated && context.is_isolated() {
            return Err(Error::argument("include usage is not allowed in this context"));
        }
        if let Some(name) = self.name.constant_text() {
            let template = self.partial(name, context)?;
            return Ok((name.clone(), template));
        }
        let name = self.name.evaluate(context)?;
        if ruby && !matches!(name, Value::Text(..)) {
            return Err(Error::argument("Argument error in tag 'include' - Illegal template name"));
        }
        let name = match name {
            Value::Text(name, _) => name,
            other => Text::from(other.to_text()),
        };
        let template = self.partial(&name, context)?;
        Ok((name, template))
    }

    fn partial(&self, name: &str, context: &mut Context<'_>) -> Result<Template, Error> {
        context.partial(name).map_err(|error| match context.engine().is_ruby() {
            // Ruby reports the line in which the tag begins.
            true => error,
            false => context.place(error, self.mark),
        })
    }

    /// Renders the partial once an item, as `render … for` does, with a `forloop`.
    fn loops(
        &self,
        context: &mut Context<'_>,
        template: &Template,
        own: &Text,
        items: &Items,
    ) -> Result<Flow, Error> {
        let (shown, forloop) = ForLoop::start(template.name().into(), items.len(), Value::Nil);
        for turn in 0..items.len() {
            context.budget.step()?;
            shown.turn(turn);
            let first = context.arguments();
            self.push_arguments(context)?;
            context.push_argument(own.clone(), items.at(turn));
            context.push_argument("forloop".into(), forloop.clone());
            match self.once(context, template, first)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }
}

impl Tag for Partial {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let (name, template) = self.template(context)?;
        let value = match &self.with {
            Some(value) => Some(value.evaluate(context)?),
            // In Ruby `include 'product'` is `include 'product' with product`.
            None if context.engine().is_ruby() && !self.isolated => {
                Some(context.variable(&name)).filter(|value| !value.is_nil())
            }
            None => None,
        };
        let Some(value) = value else {
            let first = context.arguments();
            self.push_arguments(context)?;
            return self.once(context, &template, first);
        };
        let own = name.rsplit('/').next().unwrap_or(&name);
        let own: Text = self.alias.clone().unwrap_or_else(|| own.into());
        if self.isolated && self.many {
            match &value {
                Value::List(_) | Value::Hash(_) | Value::Range(..) => {
                    let items = Items::of(&value);
                    return self.loops(context, &template, &own, &items);
                }
                _ => {}
            }
        }
        let items = match &value {
            Value::List(_) if !self.isolated => Items::of(&value),
            other => Items::one(other.clone()),
        };
        for turn in 0..items.len() {
            let item = items.at(turn);
            context.budget.step()?;
            let first = context.arguments();
            self.push_arguments(context)?;
            // The value of `with` hides an argument of its name, unless a `render` has nil there.
            if !self.isolated || !item.is_nil() {
                context.push_argument(own.clone(), item);
            }
            match self.once(context, &template, first)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        if let Some(name) = self.name.constant_text() {
            let name = name.clone();
            found.push(Reference { kind: "partial", name, mark: Default::default() });
        }
    }
}
