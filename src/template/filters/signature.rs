//! Filters for digests, HMACs and JSON Web Tokens.

use crate::template::bytes;
use crate::template::filters::crypto::{self, Algorithm};
use crate::template::filters::{alias, uniform};
use crate::template::json;
use serde_json::Value as Json;
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;

type FilterResult = Result<Value, Error>;

/// Registers the digest, HMAC and JWT filters.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["compute_hmac"], compute_hmac);
    alias(builder, &["digest"], digest);
    alias(builder, &["sha1"], |v, _, _| {
        Ok(Value::text(hex::encode(Algorithm::Sha1.digest(&bytes::of(&v)))))
    });
    alias(builder, &["jwt_encode"], jwt_encode);
    alias(builder, &["jwt_decode"], jwt_decode);
}

fn algorithm(name: &str) -> Result<Algorithm, Error> {
    Algorithm::from_name(name)
        .ok_or_else(|| Error::argument(format!("`{name}` is not an algorithm of this host")))
}

/// Encodes bytes as `hex` or `base64`, or returns them unchanged for `none`.
fn encoded(made: Vec<u8>, encoding: &str, context: &Context<'_>) -> FilterResult {
    if encoding.eq_ignore_ascii_case("none") {
        return bytes::value(made, context);
    }
    crypto::encode(&made, encoding)
        .map(Value::from)
        .ok_or_else(|| Error::argument(format!("`{encoding}` is not hex, base64 or none")))
}

/// `compute_hmac: secret, algorithm, digest`.
///
/// With a blank secret anyone could compute the same value; the result is then random, so that no
/// signature ever equals it.
fn compute_hmac(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let algorithm = algorithm(&arguments.text(1))?;
    let encoding = arguments.text(2);
    if arguments.at(0).is_blank() {
        context.warn("compute_hmac has no secret: its result matches no signature");
        let random = uniform::bytes(32, context);
        return encoded(algorithm.digest(&random), &encoding, context);
    }
    let key = bytes::of(arguments.at(0));
    encoded(algorithm.keyed(&key, &bytes::of(&value)), &encoding, context)
}

/// `digest: algorithm, encoding`; SHA-1 and hex by default.
fn digest(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let name = arguments.given(0).map_or("sha1".into(), Value::to_text);
    let digest = algorithm(&name)?.digest(&bytes::of(&value));
    encoded(digest, &arguments.text(1), context)
}

/// Returns the secret of a token; a blank one is refused.
fn secret(arguments: &Arguments) -> Result<String, Error> {
    if arguments.at(1).is_blank() {
        return Err(Error::argument("a token needs a secret"));
    }
    Ok(arguments.text(1).into_owned())
}

fn jwt_encode(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let payload = json::checked(&value, context)?;
    let name = arguments.text(0);
    let token =
        crypto::jwt_encode(&payload, &name, &secret(arguments)?, &json::plain(arguments.at(2)));
    let unknown = || Error::argument(format!("`{name}` is not HS256, HS384 or HS512"));
    token.map(Value::from).ok_or_else(unknown)
}

/// Returns payload and header, or nil when the signature is wrong.
fn jwt_decode(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let now = context.now.as_second();
    let text = value.to_text();
    let read = crypto::jwt_decode(&text, &arguments.text(0), &secret(arguments)?, now);
    let list = |(payload, header)| Value::from(Json::Array(vec![payload, header]));
    Ok(read.map_or(Value::Nil, list))
}
