//! `ecdh_compute` and `hkdf`: key agreement and key derivation.

use crate::template::bytes;
use crate::template::filters::crypto::{self, Algorithm};
use crate::template::filters::{alias, pem};
use aws_lc_rs::agreement::{
    self, ECDH_P256, ECDH_P384, ECDH_P521, ParsedPublicKey, PrivateKey, UnparsedPublicKey,
};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;

type FilterResult = Result<Value, Error>;

/// The curves, by their JWK names.
pub const CURVES: [(&str, &agreement::Algorithm); 3] =
    [("P-256", &ECDH_P256), ("P-384", &ECDH_P384), ("P-521", &ECDH_P521)];

/// Registers `ecdh_compute` and `hkdf`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["ecdh_compute"], ecdh_compute);
    alias(builder, &["hkdf"], hkdf);
}

/// `ecdh_compute: peer_public_key, output`; the output is `none` (bytes), `hex` or `base64`.
fn ecdh_compute(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    context.budget.settle()?;
    let text = value.to_text();
    let own = pem::read(&text, "PRIVATE KEY").and_then(|own| {
        CURVES.iter().find_map(|(_, curve)| PrivateKey::from_private_key_der(curve, &own.der).ok())
    });
    let own = own.ok_or_else(|| Error::argument("this is no EC private key in PEM"))?;
    let secret = shared_secret(&own, &arguments.text(0))
        .ok_or_else(|| Error::argument("the other key is not a public key of the same curve"))?;
    match &*arguments.text(1) {
        "" | "none" => bytes::value(secret, context),
        "hex" => Ok(Value::text(hex::encode(secret))),
        "base64" => Ok(Value::text(crypto::base64_url_safe(&secret))),
        other => Err(Error::argument(format!("the output is none, hex or base64, not `{other}`"))),
    }
}

/// Computes the shared secret of a private key and a peer's public key: PEM, or a point in base64.
fn shared_secret(own: &PrivateKey, other: &str) -> Option<Vec<u8>> {
    let der = match pem::read(other, "PUBLIC KEY") {
        Some(other) => other.der,
        None => crypto::base64_decode(other)?,
    };
    let other = UnparsedPublicKey::new(own.algorithm(), der);
    agreement::agree(own, other, (), |secret| Ok(secret.to_vec())).ok()
}

/// Generates an ephemeral key for a key agreement with the owner of a public key in PEM; returns
/// the curve's name, the public half and the shared secret.
pub fn agree_once(other: &str) -> Option<(&'static str, Vec<u8>, Vec<u8>)> {
    let der = pem::read(other, "PUBLIC KEY")?.der;
    CURVES.iter().find_map(|(name, curve)| {
        let other = ParsedPublicKey::try_from(UnparsedPublicKey::new(curve, &der)).ok()?;
        let own = PrivateKey::generate(curve).ok()?;
        let public = own.compute_public_key().ok()?.as_ref().to_vec();
        let secret = agreement::agree(&own, other, (), |secret| Ok(secret.to_vec())).ok()?;
        Some((*name, public, secret))
    })
}

/// `hkdf: salt, info, length, hash`.
fn hkdf(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> FilterResult {
    let name = arguments.text(3);
    let hash = Algorithm::from_name(&name)
        .ok_or_else(|| Error::argument(format!("`{name}` is not an algorithm of this host")))?;
    let length = usize::try_from(arguments.int(2, 32)?).unwrap_or(0);
    let (salt, info) = (bytes::of(arguments.at(0)), bytes::of(arguments.at(1)));
    let key = expand(hash, &hash.keyed(&salt, &bytes::of(&value)), &info, length)
        .ok_or_else(|| Error::argument("the length is from 1 to 255 times that of the hash"))?;
    bytes::value(key, context)
}

/// The expand step of RFC 5869.
fn expand(hash: Algorithm, key: &[u8], info: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut made = Vec::new();
    let mut last = Vec::new();
    for count in 1..=u8::MAX {
        last = hash.keyed(key, &[&last[..], info, &[count]].concat());
        made.extend_from_slice(&last);
        if made.len() >= length {
            made.truncate(length);
            return Some(made).filter(|made| !made.is_empty());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_rfc_5869() {
        let salt = hex::decode("000102030405060708090a0b0c").unwrap();
        let info = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
        let key = Algorithm::Sha256.keyed(&salt, &[0x0b; 22]);
        let expected = concat!(
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
            "34007208d5b887185865",
        );
        assert_eq!(hex::encode(expand(Algorithm::Sha256, &key, &info, 42).unwrap()), expected);
        assert!(expand(Algorithm::Sha256, &key, &info, 255 * 32).is_some());
        assert!(expand(Algorithm::Sha256, &key, &info, 255 * 32 + 1).is_none());
        assert!(expand(Algorithm::Sha256, &key, &info, 0).is_none());
    }
}
