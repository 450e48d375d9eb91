//! Secrets that never print, and the instance key that signs and seals.

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

/// A text that must not reach a log, a page, an error or a file in the clear.
///
/// `Debug` and `Display` print `[secret]`; only [`Secret::expose`] gives the text.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text; the memory is wiped when the last holder drops it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one place that has to send or compare it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True when the text is empty or white space: such a secret signs nothing.
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

/// Why an instance key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key file exists and cannot be read, or could not be written.
    #[error("the instance key {path}: {source}")]
    File {
        /// The key file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The key given is not 64 hexadecimal digits.
    #[error("the instance key {0} must be 64 hexadecimal digits (32 random bytes)")]
    Shape(String),
}

/// The key of one instance: 32 random bytes that sign forms and seal stored secrets.
///
/// Every purpose has its own key derived from it, so a form signature can never be
/// mistaken for a session's.
#[derive(Clone)]
pub struct InstanceKey([u8; 32]);

impl fmt::Debug for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InstanceKey([secret])")
    }
}

impl InstanceKey {
    /// A key from 64 hexadecimal digits.
    pub fn from_hex(name: &str, text: &str) -> Result<Self, Error> {
        let mut key = [0; 32];
        hex::decode_to_slice(text.trim(), &mut key).map_err(|_| Error::Shape(name.to_owned()))?;
        Ok(Self(key))
    }

    /// A key for one process, forgotten with it.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Reads the key file, or makes one that only its owner can read.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |source| Error::File { path: name.clone(), source };
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_hex(&name, &text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                let key = Self::random();
                match create_private(path, &hex::encode(key.0)) {
                    // Another process was first: its key is the instance's.
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

    /// HMAC-SHA256 over `bytes` by the key of `purpose`.
    pub fn mac(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        hmac_sha256(&self.subkey(purpose), bytes)
    }

    /// Encrypts `plain`; `aad` names where it is stored, and it opens only there.
    pub fn seal(&self, aad: &str, plain: &str) -> String {
        let nonce: [u8; 24] = rand::random();
        let payload = Payload { msg: plain.as_bytes(), aad: aad.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("XChaCha20-Poly1305 refuses only texts of 256 GiB");
        format!("v1.{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The text that [`InstanceKey::seal`] was given for the same place, or nothing.
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

/// Makes a file that only its owner may read: whole, or not at all, wherever the process dies. Its
/// bytes, its name and the names of the folders it is in survive a loss of power once this returns.
///
/// # Errors
/// `AlreadyExists` when there is one; otherwise what the disk says.
pub fn create_private(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        make_folders(folder)?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let half = path.with_file_name(format!(".{name}.{:016x}", rand::random::<u64>()));
    write_private(&half, text)?;
    failpoint!("file_before_link");
    // A link fails where a rename would replace what another process has made meanwhile.
    let linked = match std::fs::hard_link(&half, path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links.
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

/// Puts the names in a folder on disk.
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
