//! How a render escapes its output, and what it changes in the HTTP response.

use crate::template::filters::markup;
use serde_json::{Map, Value as Json};
use sluicegate_liquid::print::Escape;

/// How output is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputMode {
    /// No escaping: calls, headers, JSON, policies.
    Raw,
    /// Escapes `& < > " '` in strings; `html_safe` strings, hashes and lists pass through.
    Escape,
    /// Passes strings through an HTML sanitizer; quotes stay.
    Sanitize,
}

impl OutputMode {
    /// The engine's equivalent.
    pub(super) fn escape(self) -> Escape {
        match self {
            Self::Raw => Escape::Raw,
            Self::Escape => Escape::Entities,
            Self::Sanitize => Escape::Through(|text| markup::sanitize(text).into_owned()),
        }
    }
}

/// Status, headers, redirect, session: what a render changes in the HTTP response.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effects {
    /// `response_status`.
    pub status: Option<u16>,
    /// `response_headers`, in the order they were set.
    pub headers: Vec<(String, String)>,
    /// `redirect_to`: URL and status.
    pub redirect: Option<(String, u16)>,
    /// `session`: names and values; null removes the name.
    pub session: Vec<(String, Json)>,
    /// `sign_in`: the user's id, and the timeout in minutes.
    pub sign_in: Option<(String, Option<u32>)>,
    /// Messages for the next page.
    pub flash: Map<String, Json>,
    /// `content_for`: names and their content.
    pub content_for: Map<String, Json>,
}
