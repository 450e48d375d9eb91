//! Isolated states in one sandbox, so that tests can run beside each other.
//!
//! A world is made by the first request that names it: by the key (`sk_test_world_NAME`), by the
//! host (`NAME.localhost`, for browsers) or by the path (`/_world/NAME/…`). Everything else belongs
//! to the default one. Worlds are in memory only.

use super::config::Config;
use super::delivery::{self, Clients};
use super::new_state::new_state;
use super::reply::response;
use super::routes::router;
use super::shared::Shared;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, Uri, header};
use axum::routing::{delete, get};
use base64::Engine;
use parking_lot::Mutex;
use serde_json::json;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::task::JoinHandle;
use tower::ServiceExt;

const NAME_MAX: usize = 40;
const PATH: &str = "/_world/";

/// All worlds of a sandbox.
#[derive(Debug)]
pub struct Worlds {
    default: Router,
    named: Mutex<BTreeMap<String, World>>,
    config: Config,
    addr: SocketAddr,
    clients: Clients,
}

/// One world beside the default.
#[derive(Debug)]
struct World {
    router: Router,
    delivery: JoinHandle<()>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.delivery.abort();
    }
}

impl Worlds {
    /// The worlds of a sandbox at `addr`, whose default is `default`.
    pub fn new(default: Router, config: Config, addr: SocketAddr, clients: Clients) -> Arc<Self> {
        Arc::new(Self { default, named: Mutex::default(), config, addr, clients })
    }

    /// The router that every request comes to first.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/_sandbox/worlds", get(list))
            .route("/_sandbox/worlds/{name}", delete(end))
            .fallback(dispatch)
            .with_state(self)
    }

    /// Whether there is a world of this name.
    fn has(&self, name: &str) -> bool {
        self.named.lock().contains_key(name)
    }

    /// The world of a name, made now if there is none; `None` when there are too many.
    fn named(&self, name: &str) -> Option<Router> {
        let mut named = self.named.lock();
        if let Some(world) = named.get(name) {
            return Some(world.router.clone());
        }
        if named.len() >= self.config.worlds {
            return None;
        }
        let config = Config { data: None, seed: self.seed(name), ..self.config.clone() };
        let mut state = new_state(&config);
        state.base_url = format!("http://{name}.localhost:{}", self.addr.port());
        state.api_url = format!("http://{}{PATH}{name}", self.addr);
        let shared = Arc::new(Shared::new(state, config.webhook_backoff.clone()));
        let delivery = tokio::spawn(delivery::run(shared.clone(), self.clients.clone()));
        let router = router(shared);
        named.insert(name.to_owned(), World { router: router.clone(), delivery });
        Some(router)
    }

    /// A seed of its own for each world, which repeats when the sandbox's is given.
    fn seed(&self, name: &str) -> Option<String> {
        self.config.seed.as_ref().map(|seed| format!("{seed} {name}"))
    }
}

async fn dispatch(
    State(worlds): State<Arc<Worlds>>,
    mut request: Request,
) -> Result<Response<Body>, Infallible> {
    let name = match from_path(request.uri()) {
        Some((name, rest)) => {
            *request.uri_mut() = rest;
            Some(name)
        }
        None => from_host(request.headers()).or_else(|| from_key(request.headers())),
    };
    let router = match name {
        None => worlds.default.clone(),
        // A page of another origin makes none: it could use them all up.
        Some(name) if super::origin::is_foreign(request.headers()) && !worlds.has(&name) => {
            return Ok(unknown(&name));
        }
        Some(name) => match worlds.named(&name) {
            Some(router) => router,
            None => return Ok(full()),
        },
    };
    router.oneshot(request).await
}

fn unknown(name: &str) -> Response<Body> {
    let message = format!("There is no world {name}. A request with its key makes it.");
    let body = json!({"error": {"type": "invalid_request_error", "message": message}});
    response(403, "application/json", body.to_string(), &[])
}

fn full() -> Response<Body> {
    let message = "There are too many worlds. End one: DELETE /_sandbox/worlds/NAME, or start \
                   stripe-sandbox with --worlds N.";
    let body = json!({"error": {"type": "invalid_request_error", "message": message}});
    response(503, "application/json", body.to_string(), &[])
}

/// `/_world/NAME/rest` is `/rest` of that world.
fn from_path(uri: &Uri) -> Option<(String, Uri)> {
    let whole = uri.path_and_query()?.as_str().strip_prefix(PATH)?;
    let end = whole.find(['/', '?']).unwrap_or(whole.len());
    let (name, rest) = whole.split_at(end);
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    Some((valid(name)?, rest.parse().ok()?))
}

/// Browsers resolve every name below `localhost` to this machine.
fn from_host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    valid(host.strip_suffix(".localhost")?)
}

/// `sk_test_world_NAME` or `sk_test_world_NAME_more`, also of other kinds of keys.
fn from_key(headers: &HeaderMap) -> Option<String> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, value) = given.trim().split_once(' ')?;
    let key = if scheme.eq_ignore_ascii_case("basic") {
        let bytes = base64::engine::general_purpose::STANDARD.decode(value.trim()).ok()?;
        String::from_utf8(bytes).ok()?
    } else {
        value.trim().to_owned()
    };
    let (_, named) = key.split_once("_test_world_")?;
    valid(named.split(['_', ':']).next()?)
}

fn valid(name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_valid = !name.is_empty() && name.len() <= NAME_MAX && name.bytes().all(fits);
    is_valid.then(|| name.to_owned())
}

async fn list(State(worlds): State<Arc<Worlds>>) -> Response<Body> {
    let names: Vec<String> = worlds.named.lock().keys().cloned().collect();
    let body = json!({"worlds": names, "most": worlds.config.worlds});
    response(200, "application/json", body.to_string(), &[])
}

async fn end(
    State(worlds): State<Arc<Worlds>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    let is_foreign = super::origin::is_foreign(&headers);
    let ended = !is_foreign && worlds.named.lock().remove(&name).is_some();
    let body = json!({"ended": ended});
    response(if ended { 200 } else { 404 }, "application/json", body.to_string(), &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        let name = header::HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.insert(name, value.parse().unwrap());
        from_host(&headers).or_else(|| from_key(&headers))
    }

    #[test]
    fn a_world_is_named_by_key_host_or_path() {
        let one = Some("shop-7".to_owned());
        assert_eq!(named("authorization", "Bearer sk_test_world_shop-7"), one);
        assert_eq!(named("authorization", "Bearer pk_test_world_shop-7_abc"), one);
        let basic = base64::engine::general_purpose::STANDARD.encode("sk_test_world_shop-7:");
        assert_eq!(named("authorization", &format!("Basic {basic}")), one);
        assert_eq!(named("host", "shop-7.localhost:12111"), one);
        for other in ["sk_test_shop", "sk_test_world_", "sk_test_world_Shop", "world_shop"] {
            assert_eq!(named("authorization", &format!("Bearer {other}")), None, "{other}");
        }
        for host in ["localhost:1", "a.b.localhost", "shop.localhost.evil", ".localhost"] {
            assert_eq!(named("host", host), None, "{host}");
        }
        let uri = |text: &str| from_path(&text.parse().unwrap());
        let (name, rest) = uri("/_world/shop-7/v1/charges?limit=1").unwrap();
        assert_eq!((name.as_str(), rest.to_string().as_str()), ("shop-7", "/v1/charges?limit=1"));
        assert_eq!(uri("/_world/shop-7").unwrap().1.path(), "/");
        assert!(uri("/_world/../v1").is_none() && uri("/v1/charges").is_none());
    }
}
