//! Random values, all from the host: `random_string`, `uuid`.

use crate::template::bridge;
use crate::template::filters::alias;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH_MAX: usize = 4_096;
const LENGTH: i64 = 12;

/// Registers `random_string` and `uuid`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["random_string"], random_string);
    alias(builder, &["uuid"], |_, _, c| Ok(Value::text(uuid(c))));
}

/// Returns `count` random bytes.
pub fn bytes(count: usize, context: &Context<'_>) -> Vec<u8> {
    let random = bridge::on(context, move |bridge| {
        let mut bytes = vec![0; count];
        bridge.host.random(&mut bytes);
        bytes
    });
    random.unwrap_or_default()
}

/// Returns a random number below `count`.
pub fn below(count: usize, context: &Context<'_>) -> usize {
    let mut number = [0; 8];
    number.iter_mut().zip(bytes(8, context)).for_each(|(to, from)| *to = from);
    let count = u64::try_from(count.max(1)).unwrap_or(u64::MAX);
    usize::try_from(u64::from_le_bytes(number) % count).expect("it is below `count`")
}

/// Letters and digits with equal probability; the length is the value itself or the argument.
fn random_string(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    let length = value.to_int().or_else(|| arguments.at(0).to_int()).unwrap_or(LENGTH);
    let length = usize::try_from(length).unwrap_or(0).min(LENGTH_MAX);
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let random = bytes(length * 2, context);
        if random.is_empty() {
            return Err(Error::argument("there is no host to provide random bytes"));
        }
        // Bytes above the last complete multiple of 62 would favor some letters.
        let fair = random.iter().filter(|byte| **byte < 248).map(|byte| byte % 62);
        let letters = fair.map(|at| char::from(LETTERS[usize::from(at)]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(Value::text(text))
}

/// Returns a version 4 UUID.
fn uuid(context: &Context<'_>) -> String {
    let mut random = bytes(16, context);
    random.resize(16, 0);
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    let hex = hex::encode(random);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
