//! JSON as the databases store it.

use crate::error::{Error, Reason};
use serde::Serialize;

/// The first buffer of written JSON: an answer of Stripe fits without growing it.
const JSON_BYTES: usize = 8 * 1024;

/// JSON as it is stored.
pub fn to_json(value: &impl Serialize) -> Result<String, Error> {
    let mut json = Vec::with_capacity(JSON_BYTES);
    serde_json::to_writer(&mut json, value).map_err(|error| Error::Refused(Reason::of(error)))?;
    // Without the bytes, which may be secret.
    String::from_utf8(json).map_err(|error| Error::Refused(Reason::of(error.utf8_error())))
}
