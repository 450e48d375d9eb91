//! `cache 'key', expire: seconds … endcache`: renders the body once and stores the output.

use crate::template::{arguments, bridge};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::{Block, Reference};

/// The default lifetime: one hour.
const SECONDS: i64 = 3_600;

#[derive(Debug)]
struct Cache {
    key: Expression,
    arguments: TagArguments,
    body: Block,
}

/// Parses the tag.
///
/// # Errors
/// When `endcache` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let key = cursor.filtered()?;
    let arguments = cursor.arguments()?;
    let (body, _) = parser.block(&["endcache"])?;
    Ok(Box::new(Cache { key, arguments, body }))
}

impl Tag for Cache {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let key = self.key.evaluate(context)?.to_text().into_owned();
        if key.trim().is_empty() {
            return self.body.render_inside(context);
        }
        // The key includes the escaping mode, which may differ between pages.
        let key = format!("{key}#{}", bridge::mode_name(context));
        let wanted = key.clone();
        let kept = bridge::on(context, move |bridge| bridge.host.cached(&wanted)).flatten();
        if let Some(text) = kept {
            context.write(&text)?;
            return Ok(Flow::Next);
        }
        let mut named = arguments::named(&self.arguments, context)?;
        let seconds = arguments::take(&mut named, "expire").and_then(|value| value.to_int());
        let noticed = context.warnings.len();
        let (flow, text) = context.capture(|context| self.body.render_inside(context));
        context.write(&text)?;
        // Output that ended early, or contains an error, is not stored.
        if matches!(flow, Ok(Flow::Next)) && context.warnings.len() == noticed {
            let seconds = u64::try_from(seconds.unwrap_or(SECONDS)).unwrap_or(0);
            bridge::on(context, move |bridge| bridge.host.store_cached(&key, &text, seconds));
        }
        flow
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }
}
