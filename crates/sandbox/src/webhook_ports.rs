//! Where webhooks may go on this machine: to the ports that an operator named.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::IpAddr;

/// The ports of this machine that webhook endpoints may have. Endpoints elsewhere are not limited.
///
/// Everything that reaches the sandbox may create an endpoint: it must not make the sandbox post to
/// any program that listens on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookPorts {
    /// These.
    Only(Vec<u16>),
    /// All of them.
    Any,
}

impl WebhookPorts {
    /// Whether webhooks may be sent to the URL, as far as it shows; a name is checked when it is
    /// resolved.
    pub fn allow(&self, url: &Url) -> bool {
        !is_here(url) || self.contain(url)
    }

    /// Whether they may be sent to the URL's port on this machine.
    pub fn contain(&self, url: &Url) -> bool {
        match self {
            Self::Any => true,
            Self::Only(ports) => {
                url.port_or_known_default().is_some_and(|port| ports.contains(&port))
            }
        }
    }
}

/// True for an address of this machine, or `localhost`.
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.ends_with(".localhost") || bare.parse().is_ok_and(is_own)
}

fn is_own(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

/// Resolves names to addresses of other machines only.
#[derive(Debug)]
pub struct ElsewhereOnly;

impl Resolve for ElsewhereOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let elsewhere: Vec<_> = found.filter(|address| !is_own(address.ip())).collect();
            if elsewhere.is_empty() {
                return Err("the name leads to a port of this machine that is not allowed".into());
            }
            Ok::<Addrs, _>(Box::new(elsewhere.into_iter()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(ports: &WebhookPorts, url: &str) -> bool {
        ports.allow(&url.parse().expect("a URL"))
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_resolved() {
        let name = "localhost".parse().expect("a name");
        assert!(ElsewhereOnly.resolve(name).await.is_err());
    }

    #[test]
    fn ports_of_this_machine_have_to_be_named() {
        let one = WebhookPorts::Only(vec![4000]);
        for host in [
            "localhost",
            "127.0.0.1",
            "127.8.8.8",
            "[::1]",
            "0.0.0.0",
            "[::ffff:127.0.0.1]",
            "LOCALHOST.",
            "a.localhost",
            "2130706433",
            "0x7f.1",
            "[::]",
        ] {
            assert!(allows(&one, &format!("http://{host}:4000/hook")), "{host}");
            for port in [":4001", "", ":22"] {
                assert!(!allows(&one, &format!("http://{host}{port}/hook")), "{host}{port}");
            }
            assert!(allows(&WebhookPorts::Any, &format!("http://{host}:22/")), "{host}");
        }
        for url in ["https://hooks.example/x", "http://192.0.2.1:22/", "https://[2001:db8::1]/"] {
            assert!(allows(&WebhookPorts::Only(Vec::new()), url), "{url}");
        }
        assert!(allows(&WebhookPorts::Only(vec![80]), "http://localhost/hook"));
    }
}
