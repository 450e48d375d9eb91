//! `jwe_encode: key, alg, enc`: encrypts JSON for the owner of a key, in the compact serialization
//! of RFC 7516.

use crate::template::bytes;
use crate::template::filters::agreement;
use crate::template::filters::block::{self, Cipher, Mode};
use crate::template::filters::cipher::{RsaPadding, rsa_encrypt};
use crate::template::filters::crypto::Algorithm;
use crate::template::filters::{alias, uniform};
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json, json};
use sluicegate_liquid::EngineBuilder;
use sluicegate_liquid::context::Context;
use sluicegate_liquid::error::Error;
use sluicegate_liquid::filter::Arguments;
use sluicegate_liquid::value::Value;
use std::num::NonZeroU32;

/// Registers `jwe_encode`.
pub fn register(builder: &mut EngineBuilder) {
    alias(builder, &["jwe_encode", "jwe_encode_rc"], jwe_encode);
}

/// The content encryption algorithm.
struct Content {
    /// The length of its key in bytes.
    key_length: usize,
    /// The HMAC hash of the CBC family; `None` for GCM.
    hash: Option<Algorithm>,
}

impl Content {
    fn from_name(name: &str) -> Option<Self> {
        let (key_length, hash) = match name {
            "A128GCM" => (16, None),
            "A192GCM" => (24, None),
            "A256GCM" => (32, None),
            "A128CBC-HS256" => (32, Some(Algorithm::Sha256)),
            "A192CBC-HS384" => (48, Some(Algorithm::Sha384)),
            "A256CBC-HS512" => (64, Some(Algorithm::Sha512)),
            _ => return None,
        };
        Some(Self { key_length, hash })
    }

    /// Encrypts; returns initialization vector, ciphertext and tag.
    fn seal(
        &self,
        key: &[u8],
        aad: &str,
        plain: &[u8],
        random: Random<'_>,
    ) -> Option<[Vec<u8>; 3]> {
        let Some(hash) = self.hash else {
            let iv = random(12);
            let made = gcm(key).seal(key, &iv, aad.as_bytes(), plain.to_vec())?;
            return Some(tagged(iv, made));
        };
        let (mac_key, key) = key.split_at_checked(key.len() / 2)?;
        let cipher = Cipher { mode: Mode::Cbc, key_length: key.len() };
        let iv = random(16);
        let made = cipher.encrypt(key, &iv, block::pad(plain.to_vec()))?;
        let bits = (aad.len() as u64 * 8).to_be_bytes();
        let mut tag = hash.keyed(mac_key, &[aad.as_bytes(), &iv, &made, &bits].concat());
        tag.truncate(tag.len() / 2);
        Some([iv, made, tag])
    }
}

/// Returns the requested number of random bytes from the host.
type Random<'a> = &'a dyn Fn(usize) -> Vec<u8>;

fn gcm(key: &[u8]) -> Cipher {
    Cipher { mode: Mode::Gcm, key_length: key.len() }
}

/// Splits the result of [`Cipher::seal`] into vector, ciphertext and tag.
fn tagged(iv: Vec<u8>, mut made: Vec<u8>) -> [Vec<u8>; 3] {
    let tag = made.split_off(made.len().saturating_sub(16));
    [iv, made, tag]
}

fn jwe_encode(
    value: Value,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Value, Error> {
    let (alg, enc) = (arguments.text(1), arguments.text(2));
    let unknown = |name: &str| {
        Error::argument(format!("`{name}` is not an algorithm of jwe_encode on this host"))
    };
    let content = Content::from_name(&enc).ok_or_else(|| unknown(&enc))?;
    let plain = bytes::of(&value);
    context.budget.value(plain.len() * 4)?;
    let random = |count| uniform::bytes(count, context);
    let mut header = Map::new();
    header.insert("alg".to_owned(), json!(alg));
    header.insert("enc".to_owned(), json!(enc));
    let wanted =
        KeyRequest { key: arguments.at(0), alg: &alg, enc: &enc, length: content.key_length };
    let keys = wanted.keys(&mut header, &random)?.ok_or_else(|| unknown(&alg))?;
    let header = URL_SAFE_NO_PAD.encode(Json::Object(header).to_string());
    // Deriving keys from passwords is slow on purpose.
    context.budget.settle()?;
    let sealed = content.seal(&keys.content, &header, &plain, &random);
    let sealed = sealed.ok_or_else(|| key_mismatch(&alg))?;
    let parts = [&keys.sent, &sealed[0], &sealed[1], &sealed[2]];
    let parts: Vec<String> = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
    Ok(Value::text(format!("{header}.{}", parts.join("."))))
}

fn key_mismatch(alg: &str) -> Error {
    Error::argument(format!("the key does not fit {alg}"))
}

/// The request for a content key.
struct KeyRequest<'a> {
    key: &'a Value,
    alg: &'a str,
    enc: &'a str,
    length: usize,
}

/// The content key, and its encrypted form, which is sent.
struct Keys {
    content: Vec<u8>,
    sent: Vec<u8>,
}

impl KeyRequest<'_> {
    /// Returns the keys; `None` for an unknown algorithm.
    fn keys(
        &self,
        header: &mut Map<String, Json>,
        random: Random<'_>,
    ) -> Result<Option<Keys>, Error> {
        let key_mismatch = || key_mismatch(self.alg);
        let fresh = || random(self.length);
        let (content, sent) = match self.alg {
            "dir" => {
                let key = bytes::of(self.key).into_owned();
                if key.len() != self.length {
                    return Err(key_mismatch());
                }
                (key, Vec::new())
            }
            "RSA1_5" | "RSA-OAEP" | "RSA-OAEP-256" => {
                let filling = match self.alg {
                    "RSA1_5" => RsaPadding::Pkcs1,
                    "RSA-OAEP" => RsaPadding::Oaep,
                    _ => RsaPadding::Oaep256,
                };
                let key = fresh();
                let sent = rsa_encrypt(filling, &self.key.to_text(), &key)?;
                (key, sent)
            }
            "A128KW" | "A192KW" | "A256KW" => {
                let key = fresh();
                let sent = self.wrapped(&bytes::of(self.key), &key).ok_or_else(key_mismatch)?;
                (key, sent)
            }
            "A128GCMKW" | "A192GCMKW" | "A256GCMKW" => {
                let (kek, key) = (bytes::of(self.key), fresh());
                let made = self.is_kek(&kek).then(|| random(12)).and_then(|iv| {
                    Some(tagged(iv.clone(), gcm(&kek).seal(&kek, &iv, &[], key.clone())?))
                });
                let [iv, sent, tag] = made.ok_or_else(key_mismatch)?;
                header.insert("iv".to_owned(), json!(URL_SAFE_NO_PAD.encode(iv)));
                header.insert("tag".to_owned(), json!(URL_SAFE_NO_PAD.encode(tag)));
                (key, sent)
            }
            _ if self.alg.starts_with("ECDH-ES") => return self.agreed(header, fresh),
            _ if self.alg.starts_with("PBES2-") => return self.of_password(header, random),
            _ => return Ok(None),
        };
        Ok(Some(Keys { content, sent }))
    }

    /// The length in bytes of the key-wrapping key, by the algorithm's name.
    fn kek_length(&self) -> usize {
        match self.alg {
            alg if alg.contains("A128") => 16,
            alg if alg.contains("A192") => 24,
            _ => 32,
        }
    }

    fn is_kek(&self, key: &[u8]) -> bool {
        key.len() == self.kek_length()
    }

    fn wrapped(&self, kek: &[u8], key: &[u8]) -> Option<Vec<u8>> {
        self.is_kek(kek).then(|| block::wrap_key(kek, key)).flatten()
    }

    /// Agrees on a key with the owner of a public EC key, for direct use or to wrap another.
    fn agreed(
        &self,
        header: &mut Map<String, Json>,
        fresh: impl Fn() -> Vec<u8>,
    ) -> Result<Option<Keys>, Error> {
        let (id, length) = match self.alg {
            "ECDH-ES" => (self.enc, self.length),
            "ECDH-ES+A128KW" | "ECDH-ES+A192KW" | "ECDH-ES+A256KW" => (self.alg, self.kek_length()),
            _ => return Ok(None),
        };
        let agreed = agreement::agree_once(&self.key.to_text());
        let (curve, public, secret) = agreed.ok_or_else(|| key_mismatch(self.alg))?;
        let (x, y) = public[1..].split_at(public.len() / 2);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        header.insert("epk".to_owned(), json!({"kty": "EC", "crv": curve, "x": x, "y": y}));
        let shared = concat_kdf(&secret, id, [&[], &[]], length);
        if self.alg == "ECDH-ES" {
            return Ok(Some(Keys { content: shared, sent: Vec::new() }));
        }
        let content = fresh();
        let sent = self.wrapped(&shared, &content).ok_or_else(|| key_mismatch(self.alg))?;
        Ok(Some(Keys { content, sent }))
    }

    /// Derives a key from a password, to wrap another.
    fn of_password(
        &self,
        header: &mut Map<String, Json>,
        random: Random<'_>,
    ) -> Result<Option<Keys>, Error> {
        let (hash, count) = match self.alg {
            "PBES2-HS256+A128KW" => (pbkdf2::PBKDF2_HMAC_SHA256, 4_096),
            "PBES2-HS384+A192KW" => (pbkdf2::PBKDF2_HMAC_SHA384, 6_144),
            "PBES2-HS512+A256KW" => (pbkdf2::PBKDF2_HMAC_SHA512, 8_192),
            _ => return Ok(None),
        };
        if self.key.is_blank() {
            return Err(key_mismatch(self.alg));
        }
        let input = random(16);
        header.insert("p2s".to_owned(), json!(URL_SAFE_NO_PAD.encode(&input)));
        header.insert("p2c".to_owned(), json!(count));
        let salt = [self.alg.as_bytes(), &[0], &input].concat();
        let mut kek = vec![0; self.kek_length()];
        let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        pbkdf2::derive(hash, count, &salt, &bytes::of(self.key), &mut kek);
        let content = random(self.length);
        let sent = self.wrapped(&kek, &content).ok_or_else(|| key_mismatch(self.alg))?;
        Ok(Some(Keys { content, sent }))
    }
}

/// Derives a key from an agreed secret (RFC 7518, 4.6.2); `parties` may name both sides.
fn concat_kdf(secret: &[u8], id: &str, parties: [&[u8]; 2], length: usize) -> Vec<u8> {
    let size = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    let named = |name: &[u8]| [&size(name.len()), name].concat();
    let [one, other] = parties.map(named);
    let about = [named(id.as_bytes()), one, other, size(length * 8)].concat();
    let rounds = (1_u32..).map(|round| {
        Algorithm::Sha256.digest(&[&round.to_be_bytes()[..], secret, &about].concat())
    });
    let mut made = rounds.take(length.div_ceil(32)).collect::<Vec<_>>().concat();
    made.truncate(length);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agreed_key_is_that_of_rfc_7518() {
        let secret: [u8; 32] = [
            158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49,
            110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196,
        ];
        let key = concat_kdf(&secret, "A128GCM", [b"Alice", b"Bob"], 16);
        assert_eq!(URL_SAFE_NO_PAD.encode(key), "VqqN6vgjbSBcIijNcacQGg");
        assert_eq!(concat_kdf(&secret, "A256CBC-HS512", [&[], &[]], 64).len(), 64);
    }

    #[test]
    fn content_is_sealed_as_rfc_7518_appendix_b_says() {
        let key: Vec<u8> = (0..32).collect();
        let iv = hex::decode("1af38c2dc2b96ffdd86694092341bc04").unwrap();
        let plain = "A cipher system must not be required to be secret, and it must be able to fall \
                     into the hands of the enemy without inconvenience";
        let aad = "The second principle of Auguste Kerckhoffs";
        let content = Content::from_name("A128CBC-HS256").unwrap();
        let [_, _, tag] = content.seal(&key, aad, plain.as_bytes(), &|_| iv.clone()).unwrap();
        assert_eq!(hex::encode(tag), "652c3fa36b0a7c5b3219fab3a30bc1c4");
    }
}
