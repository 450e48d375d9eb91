//! `try … catch e … ensure … endtry`: catches errors of the platform and of Liquid, except limits.

use serde_json::json;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::{Block, Reference};
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;
use sluicegate_liquid::variables::FrameKind;

#[derive(Debug, Default)]
struct Try {
    body: Block,
    /// The error's variable, and the block rendered on an error.
    catch: Option<(Option<Text>, Block)>,
    ensure: Option<Block>,
}

/// Parses the tag.
///
/// # Errors
/// When `endtry` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let end_name = format!("end{}", markup.name);
    let ends = ["catch", "ensure", "endtry", &end_name];
    let (body, mut end) = parser.block(&ends)?;
    let mut tag = Try { body, ..Try::default() };
    while let Some(found) = end {
        match found.name {
            "catch" => {
                let name = found.text.trim();
                let name = (!name.is_empty()).then(|| Text::from(name));
                let (body, next) = parser.block(&ends)?;
                tag.catch = Some((name, body));
                end = next;
            }
            "ensure" => {
                let (body, next) = parser.block(&ends)?;
                tag.ensure = Some(body);
                end = next;
            }
            _ => break,
        }
    }
    Ok(Box::new(tag))
}

impl Tag for Try {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        // The legacy profile prints errors inline; inside a `try` with `catch` they are raised.
        let mut flow = match self.catch {
            Some(_) => context.raising(|context| self.body.render_inside(context)),
            None => self.body.render_inside(context),
        };
        if let (Err(error), Some((name, body))) = (&flow, &self.catch)
            && !matches!(error.kind(), Kind::Limit | Kind::Depth | Kind::Interrupted)
        {
            let variables = match name {
                Some(name) => vec![(name.clone(), describe(error))],
                None => Vec::new(),
            };
            flow = context
                .with_frame(FrameKind::Block, variables, |context| body.render_inside(context));
        }
        if let Some(ensure) = &self.ensure {
            match ensure.render_inside(context)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        flow
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
        self.catch.iter().for_each(|(_, body)| body.references(found));
        self.ensure.iter().for_each(|body| body.references(found));
    }
}

fn describe(error: &Error) -> Value {
    let name = match error.kind() {
        Kind::Syntax => "Liquid::SyntaxError",
        Kind::Argument => "Liquid::ArgumentError",
        Kind::Partial => "Liquid::FileSystemError",
        Kind::Host => "PlatformError",
        _ => "Liquid::Error",
    };
    Value::from(json!({
        "message": error.message(),
        "name": name,
        "line": error.mark().map(|mark| mark.line),
    }))
}
