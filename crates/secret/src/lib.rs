//! Secrets that never print, and the instance key that signs and seals.

pub mod api_token;
pub mod card_number;
pub mod redaction;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use sluicegate_failpoint::failpoint;
use std::fmt;
use std::path::Path;

/// The text in place of a secret that is not shown.
pub const MASK: &str = "[secret]";

/// A string that must not reach a log, a page, an error or a file in plaintext.
///
/// `Debug` and `Display` print `[secret]`; only [`Secret::expose`] returns the string.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a string; its memory is wiped when the last owner drops it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The string itself, for code that must send or compare it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True when the string is empty or white space and cannot be used as a secret.
    pub fn is_blank(&self) -> bool {
        self.expose().trim().is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Why an instance key is not available.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file cannot be read or written.
    #[error("the instance key {path}: {source}")]
    File {
        /// The path of the key file.
        path: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The key is not 64 hexadecimal digits.
    #[error("the instance key {0} must be 64 hexadecimal digits (32 random bytes)")]
    Shape(String),
}

/// The key of an instance: 32 random bytes that sign forms and seal stored secrets.
///
/// Every purpose has its own derived key, so a form signature cannot be mistaken for a session's.
#[derive(Clone)]
pub struct InstanceKey([u8; 32]);

impl fmt::Debug for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstanceKey([secret])")
    }
}

impl InstanceKey {
    /// Parses a key of 64 hexadecimal digits; `name` appears in the error.
    pub fn from_hex(name: &str, text: &str) -> Result<Self, Error> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| Error::Shape(name.to_owned()))?;
        Ok(Self(key))
    }

    /// A random key for this process only.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Reads the key file, or creates one that only its owner can read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |source| Error::File { path: name.clone(), source };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_hex(&name, &text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let key = Self::random();
                match create_private(path, &hex::encode(key.0)) {
                    // Another process created the file first: use its key.
                    Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                        let text = std::fs::read_to_string(path).map_err(failed)?;
                        Self::from_hex(&name, &text)
                    }
                    made => made.map(|()| key).map_err(failed),
                }
            }
            Err(e) => Err(failed(e)),
        }
    }

    /// HMAC-SHA256 of `bytes` with the key derived for `purpose`.
    pub fn mac(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.subkey(purpose), bytes)
    }

    /// Encrypts `plain`; `aad` names its storage location, and it can only be opened with the same.
    pub fn seal(&self, aad: &str, plain: &str) -> String {
        let nonce: [u8; 24] = rand::random();
        let payload = Payload { msg: plain.as_bytes(), aad: aad.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("XChaCha20-Poly1305 refuses only texts of 256 GiB");
        format!("v1.{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Decrypts what [`InstanceKey::seal`] encrypted for the same `aad`; `None` if it cannot.
    pub fn open(&self, aad: &str, sealed: &str) -> Option<Secret> {
        let (nonce, text) = sealed.strip_prefix("v1.")?.split_once('.')?;
        let nonce: [u8; 24] = URL_SAFE_NO_PAD.decode(nonce).ok()?.try_into().ok()?;
        let text = URL_SAFE_NO_PAD.decode(text).ok()?;
        let payload = Payload { msg: &text, aad: aad.as_bytes() };
        let plain = self.cipher().decrypt(&XNonce::from(nonce), payload).ok()?;
        String::from_utf8(plain).ok().map(Secret::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.subkey("seal").into())
    }

    fn subkey(&self, purpose: &str) -> [u8; 32] {
        hmac_sha256(&self.0, purpose.as_bytes())
    }
}

fn hmac_sha256(key: &[u8], bytes: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// Creates a file that only its owner may read: completely or not at all, even if the process dies.
/// Its bytes, its name and the names of its folders survive a power loss once this returns.
///
/// # Errors
/// `AlreadyExists` if the file exists; otherwise the disk's error.
pub fn create_private(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        make_folders(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let half = path.with_file_name(format!(".{name}.{:016x}", rand::random::<u64>()));
    write_private(&half, text)?;
    failpoint!("file_before_link");
    // A link fails if the file exists, where a rename would replace another process's file.
    let linked = match std::fs::hard_link(&half, path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links.
        Err(_) => write_private(path, text),
        Ok(()) => Ok(()),
    };
    failpoint!("file_after_link");
    std::fs::remove_file(&half)?;
    linked?;
    sync_folder(folder.unwrap_or(Path::new(".")))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn make_folders(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        make_folders(above)?;
    }
    match std::fs::create_dir(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(above.unwrap_or(Path::new("."))),
    }
}

/// Syncs a folder, so that its entries are on disk.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("sk_test_canary");
        assert_eq!(format!("{secret} {secret:?}"), "[secret] [secret]");
        assert_eq!(secret.expose(), "sk_test_canary");
    }

    #[test]
    fn a_sealed_text_opens_only_where_it_was_sealed() {
        let key = InstanceKey::random();
        let sealed = key.seal("records/secret", "whsec_1");
        assert!(!sealed.contains("whsec"));
        let opened = key.open("records/secret", &sealed).map(|s| s.expose().to_owned());
        assert_eq!(opened.as_deref(), Some("whsec_1"));
        assert!(key.open("records/other", &sealed).is_none());
        assert!(InstanceKey::random().open("records/secret", &sealed).is_none());
    }

    #[test]
    fn the_key_file_is_made_once_and_is_private() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("data/instance.key");
        let first = InstanceKey::from_file(&path).expect("made");
        let second = InstanceKey::from_file(&path).expect("read");
        assert_eq!(first.mac("a", b"b"), second.mac("a", b"b"));
        assert_ne!(first.mac("a", b"b"), first.mac("c", b"b"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}
