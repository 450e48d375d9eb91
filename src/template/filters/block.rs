//! Symmetric ciphers over bytes, by their OpenSSL names: lookup, encryption and decryption.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

const BLOCK: usize = 16;
const TAG: usize = 16;

/// The mode of operation: how blocks are chained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Electronic codebook: each block is independent.
    Ecb,
    /// Cipher block chaining.
    Cbc,
    /// Counter mode.
    Ctr,
    /// Cipher feedback of complete blocks.
    Cfb,
    /// Cipher feedback of 8 bits.
    Cfb8,
    /// Cipher feedback of 1 bit.
    Cfb1,
    /// Galois/counter mode, with an authentication tag.
    Gcm,
    /// ChaCha20 with Poly1305.
    ChaCha,
}

/// A cipher: its mode and key length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipher {
    /// The mode of operation.
    pub mode: Mode,
    /// The length of its key in bytes.
    pub key_length: usize,
}

impl Cipher {
    /// Finds a cipher by OpenSSL name: `aes-256-cbc`, `aes256`, `id-aes128-GCM`,
    /// `chacha20-poly1305`.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        if name == "chacha20-poly1305" {
            return Some(Self { mode: Mode::ChaCha, key_length: 32 });
        }
        let name = name.strip_prefix("id-").unwrap_or(&name);
        let rest = name.strip_prefix("aes")?;
        let rest = rest.strip_prefix('-').unwrap_or(rest);
        let (bits, mode) = rest.split_once('-').unwrap_or((rest, "cbc"));
        let mode = match mode {
            "ecb" => Mode::Ecb,
            "cbc" => Mode::Cbc,
            "ctr" => Mode::Ctr,
            "cfb" => Mode::Cfb,
            "cfb8" => Mode::Cfb8,
            "cfb1" => Mode::Cfb1,
            "gcm" => Mode::Gcm,
            _ => return None,
        };
        let key_length = match bits {
            "128" => 16,
            "192" => 24,
            "256" => 32,
            _ => return None,
        };
        Some(Self { mode, key_length })
    }

    /// The length of its initialization vector in bytes.
    pub fn iv_length(self) -> usize {
        match self.mode {
            Mode::Ecb => 0,
            Mode::Gcm | Mode::ChaCha => aead::NONCE_LEN,
            _ => BLOCK,
        }
    }

    /// True when the input must be a multiple of the block length.
    pub fn takes_blocks(self) -> bool {
        matches!(self.mode, Mode::Ecb | Mode::Cbc)
    }

    fn algorithm(self) -> &'static cipher::Algorithm {
        match self.key_length {
            16 => &cipher::AES_128,
            24 => &cipher::AES_192,
            _ => &cipher::AES_256,
        }
    }

    fn sealing(self) -> &'static aead::Algorithm {
        match (self.mode, self.key_length) {
            (Mode::ChaCha, _) => &aead::CHACHA20_POLY1305,
            (_, 16) => &aead::AES_128_GCM,
            (_, 24) => &aead::AES_192_GCM,
            _ => &aead::AES_256_GCM,
        }
    }

    /// Encrypts `plain` without padding, and appends the tag where the mode has one. `None` when
    /// the length of the key, the vector or the input is wrong.
    pub fn encrypt(self, key: &[u8], iv: &[u8], mut plain: Vec<u8>) -> Option<Vec<u8>> {
        if matches!(self.mode, Mode::Gcm | Mode::ChaCha) {
            return self.seal(key, iv, &[], plain);
        }
        let unbound = UnboundCipherKey::new(self.algorithm(), key).ok()?;
        let key = match self.mode {
            Mode::Ecb => EncryptingKey::ecb(unbound),
            Mode::Cbc => EncryptingKey::cbc(unbound),
            Mode::Ctr => EncryptingKey::ctr(unbound),
            Mode::Cfb => EncryptingKey::cfb128(unbound),
            Mode::Cfb8 => EncryptingKey::cfb8(unbound),
            _ => EncryptingKey::cfb1(unbound),
        };
        let context = match self.mode {
            Mode::Ecb => EncryptionContext::None,
            _ => EncryptionContext::Iv128(FixedLength::try_from(iv).ok()?),
        };
        key.ok()?.less_safe_encrypt(&mut plain, context).ok()?;
        Some(plain)
    }

    /// Decrypts to the plain bytes; `None` when a length is wrong or the tag does not match.
    pub fn decrypt(self, key: &[u8], iv: &[u8], mut secret: Vec<u8>) -> Option<Vec<u8>> {
        if matches!(self.mode, Mode::Gcm | Mode::ChaCha) {
            return self.open(key, iv, secret);
        }
        let unbound = UnboundCipherKey::new(self.algorithm(), key).ok()?;
        let key = match self.mode {
            Mode::Ecb => DecryptingKey::ecb(unbound),
            Mode::Cbc => DecryptingKey::cbc(unbound),
            Mode::Ctr => DecryptingKey::ctr(unbound),
            Mode::Cfb => DecryptingKey::cfb128(unbound),
            Mode::Cfb8 => DecryptingKey::cfb8(unbound),
            _ => DecryptingKey::cfb1(unbound),
        };
        let context = match self.mode {
            Mode::Ecb => DecryptionContext::None,
            _ => DecryptionContext::Iv128(FixedLength::try_from(iv).ok()?),
        };
        key.ok()?.decrypt(&mut secret, context).ok()?;
        Some(secret)
    }

    /// [`Cipher::encrypt`] for a mode with a tag, which also authenticates `aad`.
    pub fn seal(self, key: &[u8], iv: &[u8], aad: &[u8], mut plain: Vec<u8>) -> Option<Vec<u8>> {
        let key = LessSafeKey::new(UnboundKey::new(self.sealing(), key).ok()?);
        let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
        key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut plain).ok()?;
        Some(plain)
    }

    fn open(self, key: &[u8], iv: &[u8], mut secret: Vec<u8>) -> Option<Vec<u8>> {
        if secret.len() < TAG {
            return None;
        }
        let key = LessSafeKey::new(UnboundKey::new(self.sealing(), key).ok()?);
        let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
        let length = key.open_in_place(nonce, Aad::empty(), &mut secret).ok()?.len();
        secret.truncate(length);
        Some(secret)
    }
}

/// Pads to a multiple of the block length (PKCS #7).
pub fn pad(mut plain: Vec<u8>) -> Vec<u8> {
    let missing = BLOCK - plain.len() % BLOCK;
    let byte = u8::try_from(missing).expect("at most a block");
    plain.resize(plain.len() + missing, byte);
    plain
}

/// Removes the padding of [`pad`]; `None` when the padding is invalid.
pub fn unpad(mut plain: Vec<u8>) -> Option<Vec<u8>> {
    let count = usize::from(*plain.last()?);
    let start = plain.len().checked_sub(count)?;
    let is_padding = (1..=BLOCK).contains(&count);
    if !is_padding || plain[start..].iter().any(|byte| usize::from(*byte) != count) {
        return None;
    }
    plain.truncate(start);
    Some(plain)
}

/// Wraps a key of complete 64-bit words with another (RFC 3394).
pub fn wrap_key(kek: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let ecb = Cipher { mode: Mode::Ecb, key_length: kek.len() };
    if !key.len().is_multiple_of(8) || ![16, 24, 32].contains(&kek.len()) {
        return None;
    }
    let mut check = [0xa6_u8; 8];
    let mut words: Vec<[u8; 8]> = key.chunks(8).filter_map(|word| word.try_into().ok()).collect();
    let mut turn = 0_u64;
    for _ in 0..6 {
        for word in &mut words {
            turn += 1;
            let mixed = ecb.encrypt(kek, &[], [check, *word].concat())?;
            let (left, right) = mixed.split_at(8);
            check = (u64::from_be_bytes(left.try_into().ok()?) ^ turn).to_be_bytes();
            *word = right.try_into().ok()?;
        }
    }
    Some([vec![check], words].concat().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_openssls() {
        let of = |name| Cipher::from_name(name).map(|one| (one.mode, one.key_length));
        assert_eq!(of("aes-256-cbc"), Some((Mode::Cbc, 32)));
        assert_eq!(of("AES192"), Some((Mode::Cbc, 24)));
        assert_eq!(of("id-aes128-GCM"), Some((Mode::Gcm, 16)));
        assert_eq!(of("chacha20-poly1305"), Some((Mode::ChaCha, 32)));
        assert!(["des3", "rc4", "aes-512-cbc", "aes-128-xts", ""].iter().all(|n| of(n).is_none()));
    }

    #[test]
    fn aes_is_that_of_sp_800_38a() {
        let key = hex::decode("2b7e151628aed2a6abf7158809cf4f3c").unwrap();
        let iv = hex::decode("000102030405060708090a0b0c0d0e0f").unwrap();
        let plain = hex::decode("6bc1bee22e409f96e93d7e117393172a").unwrap();
        for (name, expected) in [
            ("aes-128-cbc", "7649abac8119b246cee98e9b12e9197d"),
            ("aes-128-ecb", "3ad77bb40d7a3660a89ecaf32466ef97"),
            ("aes-128-cfb", "3b3fd92eb72dad20333449f8e83cfb4a"),
        ] {
            let cipher = Cipher::from_name(name).unwrap();
            let made = cipher.encrypt(&key, &iv, plain.clone()).unwrap();
            assert_eq!(hex::encode(&made), expected, "{name}");
            assert_eq!(cipher.decrypt(&key, &iv, made).unwrap(), plain, "{name}");
        }
    }

    #[test]
    fn changed_data_is_not_opened() {
        let cipher = Cipher::from_name("aes-256-gcm").unwrap();
        let (key, iv) = ([7; 32], [9; 12]);
        let mut made = cipher.encrypt(&key, &iv, b"secret".to_vec()).unwrap();
        assert_eq!(cipher.decrypt(&key, &iv, made.clone()).unwrap(), b"secret");
        made[0] ^= 1;
        assert!(cipher.decrypt(&key, &iv, made).is_none());
        assert!(cipher.decrypt(&key, &iv, vec![1; 3]).is_none());
        assert!(cipher.encrypt(&key[..5], &iv, vec![]).is_none());
    }

    #[test]
    fn blocks_are_filled_and_emptied() {
        assert_eq!(pad(vec![1; 16]).len(), 32);
        assert_eq!(unpad(pad(b"abc".to_vec())).unwrap(), b"abc");
        assert!(unpad(vec![0; 16]).is_none());
        assert!(unpad(vec![17; 16]).is_none());
        assert!(unpad(vec![]).is_none());
    }

    #[test]
    fn keys_are_wrapped_as_rfc_3394_says() {
        let kek = hex::decode("000102030405060708090a0b0c0d0e0f1011121314151617").unwrap();
        let key = hex::decode("00112233445566778899aabbccddeeff").unwrap();
        let expected = "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d";
        assert_eq!(hex::encode(wrap_key(&kek, &key).unwrap()), expected);
        assert!(wrap_key(&kek, &key[..7]).is_none());
    }
}
