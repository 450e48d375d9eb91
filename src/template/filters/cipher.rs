//! `encrypt: algorithm, key, iv, options` and `decrypt: algorithm, key, options`.

use crate::template::bytes;
use crate::template::filters::block::{self, Cipher};
use crate::template::filters::{alias, crypto, option, pem, uniform};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;

/// The maximum block length for `pad_payload_right`, in bytes.
const PADDED_MAX: usize = 4_096;

/// The padding scheme of RSA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RsaPadding {
    /// PKCS #1 v1.5.
    Pkcs1,
    /// OAEP with SHA-1.
    Oaep,
    /// OAEP with SHA-256.
    Oaep256,
}

/// Registers `encrypt` and `decrypt`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["encrypt"], encrypt);
    alias(builder, &["decrypt"], decrypt);
}

fn encrypt(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let name = arguments.text(0);
    let is_on = |name: &str| option(arguments, 3, name).is_truthy();
    let payload = bytes::of(&value);
    context.budget.value(payload.len() * 3)?;
    let made = match rsa(&name) {
        Some(filling) => {
            context.budget.settle()?;
            rsa_encrypt(filling, &arguments.text(1), &payload)?
        }
        None => {
            let cipher = cipher(&name)?;
            let key = key(cipher, &name, arguments.at(1), is_on("transform_key_to_hex"))?;
            let iv = match arguments.at(2) {
                Value::Nil | Value::Hash(_) => uniform::bytes(cipher.iv_length(), context),
                given => bytes::of(given).into_owned(),
            };
            if iv.len() != cipher.iv_length() {
                return Err(length("initialization vector", &name, cipher.iv_length(), iv.len()));
            }
            let plain = filled(payload.into_owned(), cipher, option(arguments, 3, PAD).to_int());
            let made = cipher.encrypt(&key, &iv, plain);
            [iv, made.ok_or_else(|| Error::argument("this cannot be encrypted"))?].concat()
        }
    };
    Ok(Value::text(match is_on("return_hex") {
        true => hex::encode_upper(made),
        false => crypto::base64_url_safe(&made),
    }))
}

const PAD: &str = "pad_payload_right";

/// Pads a payload to complete blocks: with spaces to the block length in `wide`, otherwise with the
/// cipher's own padding.
fn filled(mut payload: Vec<u8>, cipher: Cipher, wide: Option<i64>) -> Vec<u8> {
    let wide = wide.and_then(|wide| usize::try_from(wide).ok());
    match wide.filter(|wide| (1..=PADDED_MAX).contains(wide)) {
        Some(wide) => {
            payload.resize(payload.len().next_multiple_of(wide), b' ');
            payload
        }
        None if cipher.takes_blocks() => block::pad(payload),
        None => payload,
    }
}

fn decrypt(value: Value, arguments: &Arguments, context: &mut Context<'_>) -> Result<Value, Error> {
    let name = arguments.text(0);
    let is_on = |name: &str| option(arguments, 2, name).is_truthy();
    let text = value.to_text();
    context.budget.value(text.len() * 2)?;
    let secret = match is_on("from_hex") {
        true => hex::decode(text.trim()).ok(),
        false => crypto::base64_decode(&text),
    };
    let encoding = if is_on("from_hex") { "hexadecimal" } else { "base64" };
    let secret = secret.ok_or_else(|| Error::argument(format!("this is not {encoding}")))?;
    // The same error for every cause: a difference would help an attacker to guess.
    let refused = || Error::argument("this cannot be decrypted with this key");
    let plain = match rsa(&name) {
        Some(filling) => {
            context.budget.settle()?;
            rsa_decrypt(filling, &arguments.text(1), &secret)?.ok_or_else(refused)?
        }
        None => {
            let cipher = cipher(&name)?;
            let key = key(cipher, &name, arguments.at(1), is_on("transform_key_to_hex"))?;
            let (iv, secret) = secret.split_at_checked(cipher.iv_length()).ok_or_else(refused)?;
            let plain = cipher.decrypt(&key, iv, secret.to_vec()).ok_or_else(refused)?;
            match cipher.takes_blocks() && !is_on("disable_cipher_padding") {
                true => block::unpad(plain).ok_or_else(refused)?,
                false => plain,
            }
        }
    };
    bytes::value(plain, context)
}

fn rsa(name: &str) -> Option<RsaPadding> {
    match name.trim() {
        "RSA" => Some(RsaPadding::Pkcs1),
        "RSA-OAEP" => Some(RsaPadding::Oaep),
        _ => None,
    }
}

fn cipher(name: &str) -> Result<Cipher, Error> {
    Cipher::from_name(name).ok_or_else(|| {
        let known =
            "AES (cbc, ctr, cfb, cfb1, cfb8, ecb, gcm), chacha20-poly1305, RSA and RSA-OAEP";
        Error::argument(format!("`{name}` is not a cipher this host has; there are {known}"))
    })
}

/// Returns the key's bytes; the key never appears in a message.
fn key(cipher: Cipher, name: &str, value: &Value, is_hex: bool) -> Result<Vec<u8>, Error> {
    let key = bytes::of(value);
    let key = match is_hex {
        true => hex::decode(&*key).map_err(|_| Error::argument("the key is not hexadecimal"))?,
        false => key.into_owned(),
    };
    if key.len() == cipher.key_length {
        return Ok(key);
    }
    Err(length("key", name, cipher.key_length, key.len()))
}

fn length(what: &str, name: &str, wanted: usize, found: usize) -> Error {
    Error::argument(format!("the {what} of {name} has {wanted} bytes, this one has {found}"))
}

/// Encrypts for the owner of a public key.
///
/// # Errors
/// When the key is not an RSA key, or the payload is longer than the key allows.
pub fn rsa_encrypt(filling: RsaPadding, key: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
    let key = pem::rsa_public(key).and_then(|der| PublicEncryptingKey::from_der(&der).ok());
    let key = key.ok_or_else(|| Error::argument("the key is not an RSA public key in PEM"))?;
    let mut made = vec![0; key.key_size_bytes()];
    let length = match filling {
        RsaPadding::Pkcs1 => Pkcs1PublicEncryptingKey::new(key)
            .and_then(|key| key.encrypt(payload, &mut made).map(|made| made.len())),
        RsaPadding::Oaep | RsaPadding::Oaep256 => {
            let hash = match filling {
                RsaPadding::Oaep256 => &OAEP_SHA256_MGF1SHA256,
                _ => &OAEP_SHA1_MGF1SHA1,
            };
            OaepPublicEncryptingKey::new(key)
                .and_then(|key| key.encrypt(hash, payload, &mut made, None).map(|made| made.len()))
        }
    };
    made.truncate(length.map_err(|_| Error::argument("the payload is too long for this RSA key"))?);
    Ok(made)
}

/// Decrypts the payload; `None` when it was not encrypted for this key.
fn rsa_decrypt(filling: RsaPadding, key: &str, secret: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let key = pem::rsa_private(key).and_then(|der| PrivateDecryptingKey::from_pkcs8(&der).ok());
    let key = key.ok_or_else(|| Error::argument("the key is not an RSA private key in PEM"))?;
    let mut made = vec![0; key.key_size_bytes()];
    let length = match filling {
        RsaPadding::Pkcs1 => Pkcs1PrivateDecryptingKey::new(key)
            .and_then(|key| key.decrypt(secret, &mut made).map(|made| made.len())),
        _ => OaepPrivateDecryptingKey::new(key).and_then(|key| {
            key.decrypt(&OAEP_SHA1_MGF1SHA1, secret, &mut made, None).map(|made| made.len())
        }),
    };
    Ok(length.ok().map(|length| {
        made.truncate(length);
        made
    }))
}
