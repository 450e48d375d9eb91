//! Filters that ask somebody outside: each says where it is used why it does not, or does not pass.
//!
//! Letting a value pass through a check would be worse than an error.

use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::{Arguments, FilterFunction};
use sluicegate_liquid::value::Value;

/// Checks that nobody can make here never pass: their names, and what would have to be asked.
const NEVER: [(&str, FilterFunction); 3] = [
    ("hcaptcha", |_, _, c| never("hCaptcha is not asked", c)),
    ("is_token_valid", |_, _, c| never("this host gives out no temporary tokens", c)),
    ("verify_access_key", |_, _, c| never("there is no Partner Portal here", c)),
];

/// Adds them.
pub fn register(builder: &mut EngineBuilder) {
    builder.context_filter("download_file", download_file);
    for (name, filter) in NEVER {
        builder.context_filter(name, filter);
    }
}

/// What leaves this host is committed before and allowed by name: a filter is neither.
fn download_file(_: Value, _: &Arguments, _: &mut Context<'_>) -> Result<Value, Error> {
    let message = "download_file reaches the network, which only API calls do here";
    let help = "put the address into an API call and send it with api_call_send".to_owned();
    Err(Error::argument(message).help(Some(help)))
}

fn never(why: &str, context: &mut Context<'_>) -> Result<Value, Error> {
    context.warn(format!("{why}, so the check does not pass"));
    Ok(Value::Bool(false))
}
