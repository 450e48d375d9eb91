//! Encodings: HTML entities, URLs, base64.

use crate::builder::EngineBuilder;
use crate::context::Context;
use crate::error::Error;
use crate::filter::{Arguments, FilterResult};
use crate::print::{InPlace, escape_entities, escape_into, needs_entities};
use crate::value::Value;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// The most characters that one can become.
const EXPANSION_MAX: usize = 6;

const ESCAPE: InPlace =
    InPlace { write: escape_into, expansion: Some(EXPANSION_MAX), is_safe: true };

const URL_ENCODE: InPlace =
    InPlace { write: url_encode_into, expansion: Some(EXPANSION_MAX), is_safe: false };

/// Adds the filters that encode and decode.
pub fn register(builder: &mut EngineBuilder) {
    builder
        .on_strings_in_place("escape", escape, ESCAPE)
        .on_strings_in_place("h", escape, ESCAPE)
        .on_strings("escape_once", escape_once)
        .on_strings_in_place("url_encode", url_encode, URL_ENCODE)
        .on_strings("url_decode", url_decode)
        .on_strings("base64_encode", |v, _, _| Ok(Value::text(STANDARD.encode(&*v.to_text()))))
        .on_strings("base64_decode", |v, _, _| {
            decode(STANDARD.decode(&*v.to_text()), "base64_decode")
        })
        .on_strings("base64_url_safe_encode", |v, _, _| {
            Ok(Value::text(URL_SAFE.encode(&*v.to_text())))
        })
        .on_strings("base64_url_safe_decode", |v, _, _| {
            decode(URL_SAFE.decode(&*v.to_text()), "base64_url_safe_decode")
        });
}

fn decode(bytes: Result<Vec<u8>, base64::DecodeError>, filter: &str) -> FilterResult {
    let invalid = || Error::argument(format!("invalid base64 provided to {filter}"));
    let bytes = bytes.map_err(|_| invalid())?;
    Ok(Value::text(String::from_utf8_lossy(&bytes).into_owned()))
}

fn escape(value: Value, _: &Arguments, context: &mut Context<'_>) -> FilterResult {
    context.budget.room(value.weight().saturating_mul(EXPANSION_MAX))?;
    if value.is_nil() {
        return Ok(value);
    }
    Ok(match value {
        Value::Text(text, _) if !needs_entities(&text) => Value::Text(text, true),
        value => Value::safe(escape_entities(&value.to_text())),
    })
}

/// Keeps entities that are there already.
fn escape_once(value: Value, _: &Arguments, context: &mut Context<'_>) -> FilterResult {
    context.budget.room(value.weight().saturating_mul(EXPANSION_MAX))?;
    let text = value.to_text();
    let mut escaped = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(place) = rest.find(['&', '<', '>', '"', '\'']) {
        escaped.push_str(&rest[..place]);
        let tail = &rest[place..];
        let entity = tail.starts_with('&').then(|| entity_length(tail)).flatten();
        let taken = entity.unwrap_or(1);
        if entity.is_some() {
            escaped.push_str(&tail[..taken]);
        } else {
            escaped.push_str(&escape_entities(&tail[..taken]));
        }
        rest = &tail[taken..];
    }
    escaped.push_str(rest);
    Ok(Value::safe(escaped))
}

fn entity_length(text: &str) -> Option<usize> {
    let end = text.get(..text.len().min(12)).unwrap_or(text).find(';')?;
    let name = &text[1..end];
    let name = name.strip_prefix('#').unwrap_or(name);
    (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())).then_some(end + 1)
}

/// As Ruby's CGI: a space becomes a plus.
fn url_encode(value: Value, _: &Arguments, context: &mut Context<'_>) -> FilterResult {
    context.budget.room(value.weight().saturating_mul(EXPANSION_MAX))?;
    if value.is_nil() {
        return Ok(value);
    }
    let is_same = |text: &str| text.bytes().all(|byte| PLAIN[usize::from(byte)]);
    if let Value::Text(same, _) = &value
        && is_same(same)
    {
        return Ok(Value::text(same));
    }
    let text = value.to_text();
    let mut encoded = String::with_capacity(text.len() * 3);
    url_encode_into(&text, &mut encoded);
    Ok(Value::text(encoded))
}

/// The characters that stay as they are in a URL.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128_u8 {
        plain[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        byte += 1;
    }
    plain
};

/// Appends a string with escapes in place of the characters that a URL does not take.
fn url_encode_into(text: &str, output: &mut String) {
    let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half & 15)]);
    let mut rest = text;
    while let Some(place) = rest.bytes().position(|byte| !PLAIN[usize::from(byte)]) {
        output.push_str(&rest[..place]);
        // A character may be several bytes.
        let length = rest[place..].chars().next().map_or(1, char::len_utf8);
        for byte in rest[place..place + length].bytes() {
            match byte {
                b' ' => output.push('+'),
                other => output.extend(['%', digit(other >> 4), digit(other)]),
            }
        }
        rest = &rest[place + length..];
    }
    output.push_str(rest);
}

/// As Ruby's CGI: a `%` among the last two characters is kept with what follows it.
fn url_decode(value: Value, _: &Arguments, _: &mut Context<'_>) -> FilterResult {
    if value.is_nil() {
        return Ok(value);
    }
    let text = value.to_text();
    let cut = text.len().saturating_sub(2);
    let end = text.bytes().skip(cut).position(|byte| byte == b'%').map_or(text.len(), |p| cut + p);
    let plain = text[..end].replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&plain).decode_utf8();
    let decoded = decoded.map_err(|_| Error::argument("invalid byte sequence in UTF-8"))?;
    Ok(Value::text(format!("{decoded}{}", &text[end..])))
}
