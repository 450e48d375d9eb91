//! Which pages of a browser may use the sandbox, and by which names it may be asked.
//!
//! Every page that a developer opens can send requests to this machine. Without these checks one
//! of them could drive the sandbox, and through its webhooks the programs that trust it.

use super::reply::response;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, header};
use axum::middleware::Next;
use serde_json::json;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The names by which the sandbox may be asked.
#[derive(Debug)]
pub struct Hosts {
    bound: IpAddr,
    allowed: Vec<String>,
}

impl Hosts {
    /// Loopback names and addresses, the address that the sandbox listens on, and `allowed`.
    pub fn new(bound: SocketAddr, allowed: &[String]) -> Self {
        let allowed = allowed.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { bound: bound.ip(), allowed }
    }

    /// True for a `Host` that is ours. A name of somebody else may resolve to this machine: then
    /// a browser takes the sandbox for a part of that site. An address cannot be bent like that.
    fn contains(&self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let name = name.to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(ip) => {
                let is_here = ip.to_canonical().is_loopback() || ip == self.bound;
                is_here || self.bound.is_unspecified()
            }
            // Names below `localhost` lead nowhere else.
            Err(_) => {
                name == "localhost" || name.ends_with(".localhost") || self.allowed.contains(&name)
            }
        }
    }
}

/// Refuses requests for other names.
pub async fn own_hosts_only(
    State(hosts): State<Arc<Hosts>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (host, is_one) = (named.next(), named.next().is_none());
    let is_ours = match host {
        Some(host) => is_one && host.to_str().is_ok_and(|host| hosts.contains(host)),
        // No browser leaves it out.
        None => true,
    };
    if is_ours {
        return next.run(request).await;
    }
    let message = "The sandbox is not asked by this name. Use localhost or its address, or start \
                   stripe-sandbox with --allow-host NAME.";
    let body = json!({"error": {"type": "invalid_request_error", "message": message}});
    response(403, "application/json", body.to_string(), &[])
}

/// True for a request that a browser sends for a page of another origin.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST.as_str()).unwrap_or_default();
    let is_other = headers.get(header::ORIGIN).is_some_and(|origin| {
        origin.to_str().ok().and_then(|o| o.split_once("://")).is_none_or(|(_, from)| from != host)
    });
    is_other || matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(bound: &str) -> Hosts {
        Hosts::new(bound.parse().expect("an address"), &["Stripe.Internal".to_owned()])
    }

    #[test]
    fn only_own_names_are_answered() {
        let local = hosts("127.0.0.1:12111");
        for host in ["localhost:12111", "127.0.0.1", "[::1]:9", "LOCALHOST", "stripe.internal:1"] {
            assert!(local.contains(host), "{host}");
        }
        let foreign =
            ["evil.example:12111", "localhost.evil.example", "", "10.0.0.5", "127.0.0.1.x"];
        for host in foreign {
            assert!(!local.contains(host), "{host}");
        }
        assert!(hosts("10.0.0.5:12111").contains("10.0.0.5:12111"));
        let everywhere = hosts("0.0.0.0:12111");
        assert!(everywhere.contains("10.0.0.5:80") && !everywhere.contains("evil.example"));
    }
}
