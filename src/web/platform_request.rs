//! One HTTP request as the platform sees it: parameters, headers, session, and `context`.

use crate::web::client::Client;
use crate::web::params;
use crate::web::session::Session;
use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::{Map, Value as Json, json};

/// One HTTP request, read completely.
#[derive(Debug, Clone)]
pub struct PlatformRequest {
    /// The method, after `_method` was applied.
    pub method: Method,
    /// The decoded path, with its leading slash.
    pub path: String,
    /// The query without `?`.
    pub query: String,
    /// The headers as sent.
    pub headers: HeaderMap,
    /// Query and body parameters in the order sent; route parameters join them later.
    pub params: Map<String, Json>,
    /// The raw body; empty if it is not UTF-8.
    pub body: String,
    /// The visitor's session.
    pub session: Session,
    /// A name of the visitor that pages may store.
    pub visitor_id: String,
    /// Who sent it.
    pub client: Client,
    /// False when a changing request lacks a valid CSRF token; it is then anonymous.
    pub csrf_valid: bool,
}

/// Why a request cannot be read; the response is 400.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The parameters are malformed.
    #[error(transparent)]
    Params(#[from] params::Error),
    /// The JSON body is not JSON.
    #[error("the body is not JSON: {0}")]
    Json(serde_json::Error),
}

/// Reads query and body into one ordered map; the body takes precedence.
///
/// # Errors
/// [`Error`] says what is malformed.
pub fn read_params(
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Map<String, Json>, Error> {
    let mut all = params::read(uri.query().unwrap_or_default().as_bytes())?;
    let kind = content_type(headers);
    let posted = match kind.as_str() {
        "application/x-www-form-urlencoded" => params::read(body)?,
        "application/json" if !body.is_empty() => {
            match serde_json::from_slice(body).map_err(Error::Json)? {
                Json::Object(map) => map,
                // Rails stores a value that is not an object under `_json`.
                other => Map::from_iter([("_json".to_owned(), other)]),
            }
        }
        _ => Map::new(),
    };
    all.extend(posted);
    Ok(all)
}

/// The media type in lower case, without its parameters.
pub fn content_type(headers: &HeaderMap) -> String {
    let text = header_text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// A header as a string; `None` when it is missing or not visible ASCII.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl PlatformRequest {
    /// The requested host, with its port.
    pub fn host(&self) -> &str {
        header_text(&self.headers, "host").unwrap_or("localhost")
    }

    /// `context.location`.
    fn location(&self) -> Json {
        let search = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let url = format!("{}{}{search}", self.host(), self.path);
        json!({ "href": format!("{}{search}", self.path), "url": url, "host": self.host(),
            "pathname": self.path, "search": search })
    }

    /// `context.headers`: CGI names such as `HTTP_STRIPE_SIGNATURE`, and parts of the request line.
    fn cgi_headers(&self) -> Map<String, Json> {
        let mut map = Map::new();
        for (name, value) in &self.headers {
            let secret = name == header::AUTHORIZATION || name == header::COOKIE;
            if let (false, Ok(text)) = (secret, value.to_str()) {
                let name = format!("HTTP_{}", name.as_str().to_ascii_uppercase().replace('-', "_"));
                map.insert(name, json!(text));
            }
        }
        let (name, port) = self.host().rsplit_once(':').unwrap_or((self.host(), "80"));
        let uri = if self.query.is_empty() {
            self.path.clone()
        } else {
            format!("{}?{}", self.path, self.query)
        };
        for (key, text) in [
            ("REQUEST_METHOD", self.method.as_str()),
            ("REQUEST_URI", &uri),
            ("PATH_INFO", &self.path),
            ("QUERY_STRING", &self.query),
            ("SERVER_NAME", name),
            ("SERVER_PORT", port),
        ] {
            map.insert(key.to_owned(), json!(text));
        }
        map
    }

    /// `context` for the templates of this request, without `constants`, `page` and `exports`.
    pub fn context(&self, csrf_token: &str, environment: &str) -> Map<String, Json> {
        let is_xhr = header_text(&self.headers, "x-requested-with").map(|_| true);
        let mut context = Map::new();
        let session = self.session.is_trusted.then(|| self.session.data.clone());
        let session = session.unwrap_or_default();
        for (name, value) in [
            ("params", Json::Object(self.params.clone())),
            ("post_params", json!(self.body)),
            ("headers", Json::Object(self.cgi_headers())),
            ("location", self.location()),
            ("session", Json::Object(session)),
            ("flash", Json::Object(self.session.flash.clone())),
            ("current_user", self.session.current_user()),
            ("visitor", json!({ "id": self.visitor_id, "ip": self.client.ip.to_string() })),
            ("useragent", json!(header_text(&self.headers, "user-agent"))),
            ("language", json!("en")),
            ("is_xhr", json!(is_xhr)),
            ("environment", json!(environment)),
            ("authenticity_token", json!(csrf_token)),
            ("csrf_request_valid", json!(self.csrf_valid)),
        ] {
            context.insert(name.to_owned(), value);
        }
        context
    }

    /// The signed-in user's id; `None` if the CSRF check failed.
    pub fn user_id(&self) -> Option<String> {
        self.session.user_id().filter(|_| self.csrf_valid)
    }
}
