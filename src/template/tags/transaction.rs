//! `transaction … endtransaction` and `rollback`: record writes that commit together or not at all.

use crate::template::host::Transaction as Step;
use crate::template::{arguments, bridge};
use sluicegate_liquid::context::Context;
use sluicegate_liquid::cursor::TagArguments;
use sluicegate_liquid::error::{Error, Kind};
use sluicegate_liquid::parser::Parser;
use sluicegate_liquid::tag::{Flow, Markup, Tag};
use sluicegate_liquid::template::{Block, Reference};
use sluicegate_liquid::value::Value;
use std::time::{Duration, Instant};

/// Context registers: the number of open transactions, and whether to roll back.
const OPEN: &str = "transactions open";
const ROLLED_BACK: &str = "transaction rolled back";

#[derive(Debug)]
struct Transaction {
    arguments: TagArguments,
    body: Block,
}

#[derive(Debug)]
struct Rollback;

/// Parses the block, and `timeout: seconds`.
///
/// # Errors
/// When `endtransaction` is missing.
pub fn read(markup: &Markup<'_>, parser: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    let arguments = markup.cursor(parser).arguments()?;
    let (body, _) = parser.block(&["endtransaction"])?;
    Ok(Box::new(Transaction { arguments, body }))
}

/// Parses `rollback`.
///
/// # Errors
/// Never fails.
pub fn read_rollback(_: &Markup<'_>, _: &mut Parser<'_>) -> Result<Box<dyn Tag>, Error> {
    Ok(Box::new(Rollback))
}

impl Tag for Transaction {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        let mut named = arguments::named(&self.arguments, context)?;
        let timeout = arguments::take(&mut named, "timeout").and_then(|value| seconds(&value));
        let begun = Instant::now();
        send_step(context, Step::Begin)?;
        let open = open(context);
        context.registers.insert(OPEN.to_owned(), Value::Int(open + 1));
        // An error printed inline would still commit half of the writes.
        let flow = context.raising(|context| self.body.render_inside(context));
        context.registers.insert(OPEN.to_owned(), Value::Int(open));
        let rolls_back = context.registers.remove(ROLLED_BACK).is_some();
        match flow {
            Ok(_) if rolls_back => {
                send_step(context, Step::Rollback)?;
                Ok(Flow::Next)
            }
            Ok(_) if timeout.is_some_and(|timeout| begun.elapsed() > timeout) => {
                send_step(context, Step::Rollback)?;
                Err(Error::new(Kind::Host, "the transaction took longer than its timeout"))
            }
            Ok(flow) => {
                send_step(context, Step::Commit)?;
                Ok(flow)
            }
            Err(error) => {
                send_step(context, Step::Rollback)?;
                Err(error)
            }
        }
    }

    fn references(&self, found: &mut Vec<Reference>) {
        self.body.references(found);
    }
}

impl Tag for Rollback {
    fn render(&self, context: &mut Context<'_>) -> Result<Flow, Error> {
        if open(context) == 0 {
            return Err(Error::argument("rollback is only allowed inside a transaction"));
        }
        context.registers.insert(ROLLED_BACK.to_owned(), Value::Bool(true));
        Ok(Flow::Stop)
    }

    fn is_blank(&self) -> bool {
        true
    }
}

/// Parses a number of seconds with fractions; anything else, and zero, means no limit.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds: f64 = value.to_text().trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|timeout| !timeout.is_zero())
}

fn open(context: &Context<'_>) -> i64 {
    context.registers.get(OPEN).and_then(Value::to_int).unwrap_or(0)
}

fn send_step(context: &Context<'_>, step: Step) -> Result<(), Error> {
    let sent = bridge::on(context, move |bridge| bridge.host.transaction(step));
    if let Some(Err(message)) = sent {
        bridge::check_interruption(context)?;
        return Err(Error::new(Kind::Host, message));
    }
    Ok(())
}
