//! `log value, type: 't', env: 'staging'`: a log line for the operator; the host hides secrets.

use crate::template::arguments::{self, take};
use crate::template::host::LogEntry;
use crate::template::host_calls::HostCall;
use crate::template::{bridge, json};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};

#[derive(Debug)]
struct Log {
    value: Expression,
    arguments: TagArguments,
}

/// Parses the tag; a second positional value is the type.
///
/// # Errors
/// A syntax error.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    let value = cursor.filtered()?;
    Ok(Box::new(Log { value, arguments: cursor.arguments()? }))
}

impl Tag for Log {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let value = self.value.evaluate(context)?;
        let mut named = arguments::named(&self.arguments, context)?;
        let mut kind = take(&mut named, "type");
        if kind.is_none()
            && let Some(second) = self.arguments.positional.first()
        {
            kind = Some(second.evaluate(context)?);
        }
        let kind = kind.filter(|kind| !kind.is_blank());
        let kind = kind.map_or_else(|| "info".to_owned(), |kind| kind.to_text().into_owned());
        let only_in = take(&mut named, "env").filter(|env| !env.is_blank());
        let only_in = only_in.map(|env| env.to_text().into_owned()).filter(|env| env != "all");
        bridge::send(context, HostCall::Log)?;
        let data = json::checked(&value, context)?;
        let message = match data.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_text().into_owned(),
        };
        let (path, line) = bridge::file_and_line(context, context.line);
        let entry = LogEntry { kind, message, data, path, line };
        bridge::on(context, move |bridge| {
            let here = bridge.request_context.get("environment");
            if only_in.is_none_or(|only| here.as_str() == Some(&only)) {
                bridge.host.log(entry);
            }
        });
        Ok(Flow::Next)
    }

    fn is_blank(&self) -> bool {
        true
    }
}
