//! `background id = 'partial', k: v …` and `background k: v … endbackground`: background jobs.

use crate::template::arguments::{self, take};
use crate::template::host::{Job, Work};
use crate::template::host_calls::HostCall;
use crate::template::target::Target;
use crate::template::{bridge, json};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::expression::Expression;
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::Reference;
use sluicegate_liquid::text::Text;
use sluicegate_liquid::value::Value;

/// The platform's maximum number of attempts.
const ATTEMPTS_MAX: u32 = 5;

#[derive(Debug)]
struct Background {
    work: Planned,
    arguments: TagArguments,
}

#[derive(Debug)]
enum Planned {
    /// The target of the id, and the partial's name.
    Partial(Target, Expression),
    /// The source between the tags, and the template line on which it starts.
    Body(Text, u32),
}

/// Parses the tag, in either form.
///
/// # Errors
/// When a block has no end, or is inside a `liquid` tag, where its source is lost.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let mut cursor = markup.cursor(parser);
    if let Some(target) = Target::read_assigned(&mut cursor)? {
        let name = cursor.primary()?;
        let arguments = cursor.arguments()?;
        return Ok(Box::new(Background { work: Planned::Partial(target, name), arguments }));
    }
    let arguments = markup.cursor(parser).arguments()?;
    let line = parser.mark().line;
    let text = parser.raw_until(&format!("end{}", markup.name))?;
    if text.trim().is_empty() {
        return Err(Error::syntax("background needs a partial, or a body outside of a liquid tag"));
    }
    Ok(Box::new(Background { work: Planned::Body(text.into(), line), arguments }))
}

impl Tag for Background {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let mut named = arguments::named(&self.arguments, context)?;
        let delay = take(&mut named, "delay").map_or(0.0, |value| minutes(&value));
        let priority = take(&mut named, "priority").filter(|value| !value.is_blank());
        let attempts = take(&mut named, "max_attempts").and_then(|value| value.to_int());
        let attempts = attempts.map_or(1, |n| u32::try_from(n.max(1)).unwrap_or(ATTEMPTS_MAX));
        let source_name = take(&mut named, "source_name").filter(|value| !value.is_blank());
        let work = match &self.work {
            Planned::Partial(_, name) => {
                let name = name.evaluate(context)?.to_text().into_owned();
                // A missing partial is an error now, rather than later in the job.
                context.partial(&name)?;
                Work::Partial(name)
            }
            Planned::Body(text, line) => {
                let (path, line) = bridge::file_and_line(context, *line);
                Work::Body { text: text.to_string(), path, line }
            }
        };
        let text = |value: Value| value.to_text().into_owned();
        let mut priority = priority.map_or_else(|| "default".to_owned(), text);
        if !["low", "default", "high"].contains(&&*priority) {
            context.warn(format!("`{priority}` is not a priority of a job, default is used"));
            "default".clone_into(&mut priority);
        }
        let job = Job {
            work,
            arguments: json::object(&named, context)?,
            delay_minutes: delay,
            priority,
            max_attempts: attempts.min(ATTEMPTS_MAX),
            source_name: source_name.map(text),
        };
        bridge::send(context, HostCall::Job)?;
        let queued = bridge::on(context, move |bridge| bridge.host.background(job));
        match queued.unwrap_or_else(|| Err("there is no host".to_owned())) {
            Ok(id) => {
                if let Planned::Partial(target, _) = &self.work {
                    target.put(Value::from(id), context)?;
                }
                Ok(Flow::Next)
            }
            Err(message) => {
                bridge::check_interruption(context)?;
                Err(Error::new(Kind::Host, message))
            }
        }
    }

    fn references(&self, found: &mut Vec<Reference>) {
        if let Planned::Partial(_, name) = &self.work
            && let Some(name) = name.constant_text()
        {
            let name = name.clone();
            found.push(Reference { kind: "partial", name, mark: Default::default() });
        }
    }

    fn is_blank(&self) -> bool {
        true
    }
}

/// Parses a number of minutes with fractions; anything else means no delay.
fn minutes(value: &Value) -> f64 {
    let minutes: f64 = value.to_text().trim().parse().unwrap_or(0.0);
    if minutes.is_finite() { minutes.max(0.0) } else { 0.0 }
}
