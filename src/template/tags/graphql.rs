//! `graphql r = 'query', k: v`, its block form, and the older `execute_query` and `query_graph`.

use crate::template::arguments::{self, Trailing};
use crate::template::host::GraphqlCall;
use crate::template::host_calls::HostCall;
use crate::template::target::Target;
use crate::template::{bridge, json};
use serde_json::Value as Json;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::print::Escape;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::{Block, Reference};
use sluicegate_liquid::value::Value;

#[derive(Debug)]
struct Graphql {
    query: Query,
    target: ResultTarget,
    arguments: TagArguments,
    trailing: Trailing,
}

#[derive(Debug)]
enum Query {
    Named(Expression),
    Inline(Block),
}

/// The target of the result.
#[derive(Debug)]
enum ResultTarget {
    Target(Target),
    /// The older tags' `result_name:`, `g` by default.
    Named,
}

/// Parses the tag, in either form.
///
/// # Errors
/// When it names no variable, or a block has no `endgraphql`.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    if let Some(target) = Target::read_assigned(&mut cursor)? {
        let query = Query::Named(cursor.primary()?);
        let arguments = cursor.arguments()?;
        let trailing = Trailing::read(&mut cursor)?;
        let target = ResultTarget::Target(target);
        return Ok(Box::new(Graphql { query, target, arguments, trailing }));
    }
    let mut cursor = markup.cursor(parser);
    let target = Target::read(&mut cursor)?
        .ok_or_else(|| Error::syntax("graphql needs `name = 'query'`"))?;
    let arguments = cursor.arguments()?;
    let trailing = Trailing::read(&mut cursor)?;
    let (body, _) = parser.block(&["endgraphql"])?;
    let target = ResultTarget::Target(target);
    Ok(Box::new(Graphql { query: Query::Inline(body), target, arguments, trailing }))
}

/// Parses `execute_query 'name', result_name: 'g', k: v`.
///
/// # Errors
/// A syntax error.
pub fn read_old(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let query = Query::Named(cursor.primary()?);
    let arguments = cursor.arguments()?;
    let trailing = Trailing::read(&mut cursor)?;
    Ok(Box::new(Graphql { query, target: ResultTarget::Named, arguments, trailing }))
}

impl Graphql {
    fn call(&self, context: &mut Context<'_>, variables: Json) -> Result<GraphqlCall, Error> {
        let module = bridge::module(context);
        Ok(match &self.query {
            Query::Named(name) => {
                let name = name.evaluate(context)?.to_text().into_owned();
                GraphqlCall { name: Some(name), source: None, module, variables }
            }
            Query::Inline(body) => {
                let outer = std::mem::replace(&mut context.escape, Escape::Raw);
                let (flow, text) = context.capture(|context| body.render_inside(context));
                context.escape = outer;
                flow?;
                GraphqlCall { name: None, source: Some(text.into()), module, variables }
            }
        })
    }
}

impl Tag for Graphql {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let mut named = arguments::named(&self.arguments, context)?;
        arguments::spread(&mut named, context)?;
        let result_name = match &self.target {
            ResultTarget::Named => arguments::take(&mut named, "result_name"),
            ResultTarget::Target(_) => None,
        };
        bridge::send(context, HostCall::Query)?;
        let variables = json::object(&named, context)?;
        let call = self.call(context, variables)?;
        let what = call.name.clone().unwrap_or_else(|| "inline".to_owned());
        let answer = bridge::on(context, move |bridge| bridge.host.graphql(call));
        bridge::check_interruption(context)?;
        let answer = answer.unwrap_or_default();
        if let Some(message) = first_error(&answer) {
            context.warn(format!("the query `{what}` answered: {message}"));
        }
        let value = self.trailing.apply(Value::from(answer), context)?;
        match &self.target {
            ResultTarget::Target(target) => target.put(value, context)?,
            ResultTarget::Named => {
                let name = result_name.filter(|name| !name.is_blank());
                let name = name.map_or_else(|| "g".into(), |name| name.to_text().into_owned());
                context.assign(name, value);
            }
        }
        Ok(Flow::Next)
    }

    fn references(&self, found: &mut Vec<Reference>) {
        match &self.query {
            Query::Named(name) => {
                if let Some(name) = name.constant_text() {
                    let name = name.clone();
                    found.push(Reference { kind: "graphql", name, mark: Default::default() });
                }
            }
            Query::Inline(body) => body.references(found),
        }
    }

    fn is_blank(&self) -> bool {
        true
    }
}

fn first_error(answer: &Json) -> Option<String> {
    let error = answer.get("errors")?.as_array()?.first()?;
    Some(error.get("message").and_then(Json::as_str).unwrap_or("an error").to_owned())
}
