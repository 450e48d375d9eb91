//! Base64, read in whatever alphabet and padding it comes.

use crate::liquid::engine::Engine;
use crate::liquid::error::Error;
use crate::liquid::value::Value;
use crate::template::filters::{alias, crypto};

/// Adds them.
pub fn register(engine: &mut Engine) {
    alias(engine, &["base64_decode", "base64_url_safe_decode"], |v, _, _| {
        let bytes = crypto::base64_decode(&v.to_text())
            .ok_or_else(|| Error::argument("this is not base64"))?;
        Ok(Value::text(String::from_utf8_lossy(&bytes).into_owned()))
    });
    alias(engine, &["base64_url_safe_encode"], |v, _, _| {
        Ok(Value::text(crypto::base64_url_safe(v.to_text().as_bytes())))
    });
}
