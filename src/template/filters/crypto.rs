//! Digests, HMACs and JSON Web Tokens.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value as Json, json};
use sha2::Digest as _;

/// A hash function of the filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Finds the function by name, in any spelling (`SHA-256`, `sha256`).
    pub fn from_name(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Some(match plain.to_ascii_lowercase().as_str() {
            "md5" => Self::Md5,
            "sha" | "sha1" | "dss1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" | "" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            _ => return None,
        })
    }

    /// Returns the digest of `bytes`.
    pub fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => md5::Md5::digest(bytes).to_vec(),
            Self::Sha1 => sha1::Sha1::digest(bytes).to_vec(),
            Self::Sha224 => sha2::Sha224::digest(bytes).to_vec(),
            Self::Sha256 => sha2::Sha256::digest(bytes).to_vec(),
            Self::Sha384 => sha2::Sha384::digest(bytes).to_vec(),
            Self::Sha512 => sha2::Sha512::digest(bytes).to_vec(),
        }
    }

    /// Returns the HMAC of `bytes` under `key`.
    pub fn keyed(self, key: &[u8], bytes: &[u8]) -> Vec<u8> {
        macro_rules! keyed {
            ($hash:ty) => {{
                let mut mac =
                    Hmac::<$hash>::new_from_slice(key).expect("HMAC takes a key of any length");
                mac.update(bytes);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        match self {
            Self::Md5 => keyed!(md5::Md5),
            Self::Sha1 => keyed!(sha1::Sha1),
            Self::Sha224 => keyed!(sha2::Sha224),
            Self::Sha256 => keyed!(sha2::Sha256),
            Self::Sha384 => keyed!(sha2::Sha384),
            Self::Sha512 => keyed!(sha2::Sha512),
        }
    }
}

/// Encodes bytes as `hex` or `base64`; `None` for any other encoding.
pub fn encode(bytes: &[u8], encoding: &str) -> Option<String> {
    match encoding.to_ascii_lowercase().as_str() {
        "hex" | "" => Some(hex::encode(bytes)),
        "base64" => Some(STANDARD.encode(bytes)),
        _ => None,
    }
}

/// Decodes base64 in any alphabet, with or without padding and line breaks.
pub fn base64_decode(text: &str) -> Option<Vec<u8>> {
    const LOOSE: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    GeneralPurpose::new(&alphabet::STANDARD, LOOSE).decode(plain).ok()
}

/// Decodes base64 as Ruby does: characters outside the alphabet are skipped.
pub fn base64_loose(text: &str) -> Vec<u8> {
    let is_base64_char = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let chars = text.chars().take_while(|c| *c != '=').filter(is_base64_char);
    let mut chars: String = chars.collect();
    // A single trailing character is not a complete byte.
    if chars.len() % 4 == 1 {
        chars.pop();
    }
    base64_decode(&chars).unwrap_or_default()
}

/// Encodes base64, with padding.
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Encodes URL-safe base64, with padding.
pub fn base64_url_safe(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// Signs a JWT; HMAC algorithms only.
pub fn jwt_encode(payload: &Json, algorithm: &str, secret: &str, extra: &Json) -> Option<String> {
    let hash = jwt_algorithm(algorithm)?;
    let mut header = extra.as_object().cloned().unwrap_or_default();
    header.entry("typ").or_insert_with(|| json!("JWT"));
    header.insert("alg".to_owned(), json!(algorithm));
    let text = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", text(&Json::Object(header)), text(payload));
    let mac = hash.keyed(secret.as_bytes(), signed.as_bytes());
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac)))
}

/// Returns payload and header of a JWT with a valid signature and an `exp` that has not passed.
pub fn jwt_decode(token: &str, algorithm: &str, secret: &str, now: i64) -> Option<(Json, Json)> {
    let hash = jwt_algorithm(algorithm)?;
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let mac = hash.keyed(secret.as_bytes(), signed.as_bytes());
    let given = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !bool::from(subtle::ConstantTimeEq::ct_eq(mac.as_slice(), given.as_slice())) {
        return None;
    }
    let read = |part: &str| -> Option<Json> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
    };
    let (header, payload) = (read(header)?, read(payload)?);
    if header.get("alg").and_then(Json::as_str) != Some(algorithm) {
        return None;
    }
    let limit = |name: &str| payload.get(name).and_then(Json::as_f64);
    let is_over = limit("exp").is_some_and(|at| at <= now as f64);
    let is_early = limit("nbf").is_some_and(|at| at > now as f64);
    (!is_over && !is_early).then_some((payload, header))
}

fn jwt_algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "HS256" => Some(Algorithm::Sha256),
        "HS384" => Some(Algorithm::Sha384),
        "HS512" => Some(Algorithm::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_the_books() {
        let hex = |name: &str| encode(&Algorithm::from_name(name).unwrap().digest(b"foo"), "hex");
        assert_eq!(hex("sha1").unwrap(), "0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33");
        assert_eq!(hex("md5").unwrap(), "acbd18db4cc2f85cedef654fccc4a4d8");
        assert!(hex("SHA-256").unwrap().starts_with("2c26b46b68ffc68f"));
        let base64 = encode(&Algorithm::Sha256.digest(b"foo"), "base64").unwrap();
        assert_eq!(base64, "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=");
        assert!(Algorithm::from_name("md4").is_none());
    }

    #[test]
    fn keyed_digests_are_those_of_rfc_4231() {
        let mac = Algorithm::Sha256.keyed(b"Jefe", b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex::encode(mac), expected);
    }

    #[test]
    fn base64_is_read_in_both_alphabets() {
        assert_eq!(base64_decode("aGVsbG8gYmFzZTY0\n").unwrap(), b"hello base64");
        assert_eq!(base64_decode("YSBiL2M_").unwrap(), b"a b/c?");
        assert_eq!(base64_decode("YSBiL2M/").unwrap(), b"a b/c?");
        assert_eq!(base64_decode("YQ").unwrap(), b"a");
        assert!(base64_decode("~").is_none());
        assert_eq!(base64_loose("aGVsbG8gYmFzZTY0\\n"), b"hello base64");
        assert_eq!(base64_loose("~"), b"");
    }

    #[test]
    fn a_token_is_taken_only_with_its_signature() {
        let payload = json!({"key": "value", "another_key": "another value"});
        let token = jwt_encode(&payload, "HS256", "this-is-secret", &Json::Null).unwrap();
        let expected = concat!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9",
            ".eyJrZXkiOiJ2YWx1ZSIsImFub3RoZXJfa2V5IjoiYW5vdGhlciB2YWx1ZSJ9",
            ".XT8sHXyPTA9DoHzssXh1q6Uv2D1ENosW0F3Ixle85L0",
        );
        assert_eq!(token, expected);
        assert_eq!(jwt_decode(&token, "HS256", "this-is-secret", 0).unwrap().0, payload);
        assert!(jwt_decode(&token, "HS256", "other", 0).is_none());
        assert!(jwt_decode(&token, "HS512", "this-is-secret", 0).is_none());
        let dated = jwt_encode(&json!({"exp": 100}), "HS256", "s", &Json::Null).unwrap();
        assert!(jwt_decode(&dated, "HS256", "s", 99).is_some());
        assert!(jwt_decode(&dated, "HS256", "s", 100).is_none());
    }
}
