//! The client of a request: its address, also behind trusted proxies, and whether it is a program
//! on this machine.

use crate::config::TrustedProxies;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, header};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Headers by which proxies say that they forwarded a request.
const FORWARDED: [&str; 3] = ["forwarded", "x-real-ip", "via"];
const FORWARDED_PREFIX: &str = "x-forwarded-";
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Its address: the peer's, or what a trusted proxy says.
    pub ip: IpAddr,
    /// True for a program on this machine that no proxy forwarded, and that asked for this machine
    /// by name: a page whose own name resolves to loopback asks for that name.
    pub is_local: bool,
}

impl Client {
    /// The client of a request.
    pub fn of(proxies: &TrustedProxies, request: &Request) -> Self {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Self::at(proxies, peer.to_canonical(), request.headers())
    }

    fn at(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> Self {
        let ip = client_address(proxies, peer, headers);
        let is_local = peer.is_loopback() && !is_forwarded(headers) && asks_for_loopback(headers);
        Self { ip, is_local }
    }
}

/// The rightmost address of `X-Forwarded-For` that is not a trusted proxy's. Each proxy appends
/// whom it forwards for; what is left of an untrusted address is that client's own claim.
fn client_address(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut ip = peer;
    for value in headers.get_all(FORWARDED_FOR).iter().rev() {
        // By bytes: what a client wrote on the left must not hide what a proxy wrote on the right.
        for entry in value.as_bytes().rsplit(|byte| *byte == b',') {
            if !proxies.contains(ip) {
                return ip;
            }
            let entry = std::str::from_utf8(entry).ok().and_then(|entry| address(entry.trim()));
            let Some(next) = entry else { return ip };
            ip = next;
        }
    }
    ip
}

/// An address, as proxies write it: some with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let ip = bare.parse().ok().or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    let says_so = |name: &str| FORWARDED.contains(&name) || name.starts_with(FORWARDED_PREFIX);
    headers.keys().any(|name| says_so(name.as_str()))
}

/// True when the only `Host` names this machine by a name that no foreign DNS server answers for.
fn asks_for_loopback(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    host.to_str().is_ok_and(is_loopback_host)
}

/// True for `localhost` and loopback addresses, with or without a port.
fn is_loopback_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || bare.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn client(trusted: &str, peer: &str, headers: &[(&'static str, &'static str)]) -> Client {
        let trusted: Vec<_> = trusted.split_whitespace().map(str::to_owned).collect();
        let proxies = TrustedProxies::parse(&trusted).expect("valid");
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        Client::at(&proxies, peer.parse().expect("an address"), &map)
    }

    #[test]
    fn the_client_is_the_rightmost_address_that_is_not_a_proxys() {
        let xff = |trusted, peer, value| {
            client(trusted, peer, &[("x-forwarded-for", value)]).ip.to_string()
        };
        assert_eq!(xff("", "192.0.2.9", "203.0.113.1"), "192.0.2.9", "an untrusted peer");
        assert_eq!(xff("127.0.0.1", "127.0.0.1", "203.0.113.1"), "203.0.113.1");
        let chain = "198.51.100.66, 203.0.113.1, 10.0.0.2";
        assert_eq!(xff("127.0.0.1 10.0.0.0/8", "127.0.0.1", chain), "203.0.113.1");
        assert_eq!(xff("127.0.0.1", "127.0.0.1", chain), "10.0.0.2");
        assert_eq!(xff("10.0.0.0/8", "10.0.0.9", "10.0.0.1,10.0.0.2"), "10.0.0.1");
        for broken in ["", "unknown", "203.0.113.1, ", "203.0.113.1, _hidden"] {
            assert_eq!(xff("10.0.0.9", "10.0.0.9", broken), "10.0.0.9", "{broken}");
        }
        assert_eq!(xff("10.0.0.9", "10.0.0.9", "203.0.113.1:4711"), "203.0.113.1");
        assert_eq!(xff("10.0.0.9", "10.0.0.9", "[2001:db8::1]:4711"), "2001:db8::1");
        assert_eq!(xff("10.0.0.9", "10.0.0.9", "::ffff:203.0.113.1"), "203.0.113.1");
        let two = [("x-forwarded-for", "198.51.100.66"), ("x-forwarded-for", "203.0.113.1")];
        assert_eq!(client("10.0.0.9", "10.0.0.9", &two).ip.to_string(), "203.0.113.1");
    }

    #[test]
    fn bytes_that_are_no_text_hide_no_address() {
        let trusted = TrustedProxies::parse(&["10.0.0.9".to_owned()]).expect("valid");
        let mut headers = HeaderMap::new();
        for (value, expected) in
            [(&b"\xe9, 203.0.113.5"[..], "203.0.113.5"), (b"203.0.113.5, \xe9", "10.0.0.9")]
        {
            headers.insert(FORWARDED_FOR, HeaderValue::from_bytes(value).expect("a value"));
            let client = Client::at(&trusted, "10.0.0.9".parse().expect("an address"), &headers);
            assert_eq!(client.ip.to_string(), expected, "{value:?}");
        }
    }

    #[test]
    fn a_local_program_is_on_this_machine_forwarded_by_no_proxy_and_asks_for_it() {
        let local = |trusted, peer, headers: &[_]| client(trusted, peer, headers).is_local;
        for host in ["localhost", "LOCALHOST:3000", "127.0.0.1:3000", "[::1]:3000", "127.8.8.8"] {
            let host = [("host", host)];
            assert!(local("", "127.0.0.1", &host) && local("", "::1", &host), "{host:?}");
            assert!(!local("", "192.0.2.9", &host), "{host:?}");
        }
        for host in ["evil.example:3000", "localhost.evil.example", "", "127.0.0.1.evil.example"] {
            assert!(!local("", "127.0.0.1", &[("host", host)]), "{host}");
        }
        assert!(!local("", "127.0.0.1", &[]), "no Host");
        assert!(!local("", "127.0.0.1", &[("host", "localhost"), ("host", "evil.example")]));
        for header in [
            ("forwarded", "for=127.0.0.1"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "localhost"),
            ("x-real-ip", "127.0.0.1"),
            ("via", "1.1 proxy"),
        ] {
            for trusted in ["", "127.0.0.1"] {
                let headers = [("host", "localhost"), header];
                assert!(!local(trusted, "127.0.0.1", &headers), "{header:?}");
            }
        }
    }
}
