//! Pages: what visitors reach by a slug.

use crate::definition_reader::DefinitionReader;
use crate::path::{FORMATS, Kind};
use crate::slug::Slug;
use crate::source::{Mark, Source};
use crate::suggest;
use crate::yaml::Value;
use serde_json::Value as Json;
use std::fmt;

/// The HTTP methods of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// GET, including HEAD.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// OPTIONS.
    Options,
}

impl Method {
    /// The method with this name, in any case; HEAD maps to GET.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "get" | "head" => Self::Get,
            "post" => Self::Post,
            "put" => Self::Put,
            "patch" => Self::Patch,
            "delete" => Self::Delete,
            "options" => Self::Options,
            _ => return None,
        })
    }

    /// The name in upper case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The template of the body; its name is the page's (`modules/payments/webhooks/listen`).
    pub source: Source,
    /// The slug without surrounding slashes; `/` for the home page.
    pub slug: String,
    /// The parsed slug.
    pub pattern: Slug,
    /// `html` unless the front matter or the file name sets it.
    pub format: String,
    /// The HTTP method.
    pub method: Method,
    /// The layout's name; `None` for no layout.
    pub layout: Option<String>,
    /// The policies that must pass, in order.
    pub policies: Vec<String>,
    /// Liquid that renders a JSON object of headers.
    pub response_headers: Option<Source>,
    /// The URL to redirect to instead of rendering.
    pub redirect_to: Option<Source>,
    /// The redirect's status: 301, 302 or 307.
    pub redirect_code: u16,
    /// Free-form data about the page.
    pub metadata: Json,
    /// `markdown`, or `None`.
    pub converter: Option<String>,
    /// How many path segments after its slug a page of a legacy module accepts.
    pub max_deep_level: u32,
    /// The location of the slug, for diagnostics.
    pub slug_mark: Mark,
}

const KEYS: &[&str] = &[
    "name",
    "slug",
    "path",
    "layout",
    "layout_name",
    "method",
    "format",
    "authorization_policies",
    "response_headers",
    "redirect_to",
    "redirect_url",
    "redirect_code",
    "metadata",
    "converter",
    "max_deep_level",
    "searchable",
    "subdomain",
    "default_layout",
    "handler",
    "require_verified_user",
    "admin_page",
    "enable_profiler",
    "cache_for",
    "static_cache",
    "dynamic_cache",
    "description",
];

impl Page {
    /// Reads a page from its file.
    pub(super) fn read(draft: &mut DefinitionReader<'_>) -> Option<Self> {
        draft.only(KEYS);
        let slug_mark = draft.mark(&["slug", "path"]);
        let written = draft.text(&["slug", "path"]);
        let text = written.unwrap_or_else(|| default_slug(&draft.short_name));
        let pattern = match Slug::parse(&text) {
            Ok(pattern) => pattern,
            Err(message) => {
                draft.error(slug_mark, format!("the slug `{text}` {message}"), None);
                return None;
            }
        };
        let format = format(draft);
        Some(Self {
            slug: pattern.text().to_owned(),
            pattern,
            method: method(draft)?,
            layout: layout(draft, &format),
            policies: draft.references(Kind::Policy, &["authorization_policies"]),
            response_headers: draft.template(&["response_headers"]),
            redirect_to: draft.template(&["redirect_to", "redirect_url"]),
            redirect_code: redirect_code(draft),
            metadata: draft.mapping(&["metadata"]),
            converter: converter(draft),
            max_deep_level: draft.number(&["max_deep_level"]).unwrap_or(3),
            slug_mark,
            format,
            source: draft.body.clone(),
        })
    }
}

/// The path relative to the pages folder; `index` and `home` map to their folder.
fn default_slug(name: &str) -> String {
    let name = match name {
        "index" | "home" => "/",
        _ => name.strip_suffix("/index").unwrap_or(name),
    };
    name.to_owned()
}

fn format(draft: &mut DefinitionReader<'_>) -> String {
    let from_file = draft.format.clone().unwrap_or_else(|| "html".to_owned());
    let Some(format) = draft.filled(&["format"]) else { return from_file };
    if !FORMATS.contains(&format.as_str()) {
        let help = suggest::did_you_mean(&format, FORMATS.iter().copied());
        draft.loose(draft.mark(&["format"]), format!("unknown format `{format}`"), help);
    }
    format
}

fn method(draft: &mut DefinitionReader<'_>) -> Option<Method> {
    let Some(name) = draft.filled(&["method"]) else { return Some(Method::Get) };
    let method = Method::from_name(&name);
    if method.is_none() {
        let help = "use get, post, put, patch, delete or options".to_owned();
        draft.error(draft.mark(&["method"]), format!("unknown method `{name}`"), Some(help));
    }
    method
}

/// `''` and `null` mean no layout; without the key, an HTML page uses `application`.
fn layout(draft: &mut DefinitionReader<'_>, format: &str) -> Option<String> {
    let default = (format == "html").then(|| "application".to_owned());
    let written = ["layout", "layout_name"].iter().find_map(|key| draft.front.get(key).cloned());
    let Some(pair) = written else { return default };
    match &pair.node.value {
        Value::Text(text) => {
            let name = text.text.trim().to_owned();
            if name.is_empty() {
                return None;
            }
            draft.refer(Kind::Layout, &name, pair.node.mark);
            Some(name)
        }
        Value::Scalar(Json::Null, _) => None,
        Value::Scalar(Json::Bool(false), _) => default,
        _ => draft.wrong(&pair, "the name of a layout"),
    }
}

fn redirect_code(draft: &mut DefinitionReader<'_>) -> u16 {
    match draft.number(&["redirect_code"]) {
        None => 302,
        Some(code @ (301 | 302 | 303 | 307 | 308)) => u16::try_from(code).unwrap_or(302),
        Some(code) => {
            let mark = draft.mark(&["redirect_code"]);
            draft.error(mark, format!("`redirect_code` cannot be {code}"), None);
            302
        }
    }
}

fn converter(draft: &mut DefinitionReader<'_>) -> Option<String> {
    let name = draft.filled(&["converter"])?;
    if name != "markdown" {
        draft.loose(draft.mark(&["converter"]), format!("unknown converter `{name}`"), None);
        return None;
    }
    Some(name)
}
