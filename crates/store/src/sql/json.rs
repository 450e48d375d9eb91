//! JSON as the databases store it.

use crate::document::Document;
use crate::error::{Error, Reason};
use serde::Serialize;
use std::borrow::Cow;

/// JSON as it is stored.
pub fn to_json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Refused(Reason::of(error)))
}

/// A document as it is stored.
pub fn to_text(document: &Document) -> Result<Cow<'_, str>, Error> {
    document.to_text().map_err(|error| Error::Refused(Reason::of(error)))
}
