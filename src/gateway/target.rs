//! Which servers a call may reach: an allow-list, and an optional replacement for the gateway's
//! hosts.

use crate::gateway::contract::Gateway;
use crate::gateway::error::Error;
use reqwest::Url;

/// The servers that calls may reach.
#[derive(Debug, Clone)]
pub struct Target {
    /// The gateway, whose hosts are always allowed.
    gateway: &'static dyn Gateway,
    /// A server that replaces every host of the gateway: the sandbox, or a test double.
    stand_in: Option<Url>,
    /// Additional hosts, allowed by the operator.
    allowed: Vec<String>,
}

impl Target {
    /// The gateway itself and the hosts that the operator allows.
    pub fn live(gateway: &'static dyn Gateway, allowed: Vec<String>) -> Self {
        Self { gateway, stand_in: None, allowed }
    }

    /// One server in place of every host of the gateway.
    ///
    /// # Errors
    /// [`Error::NotAUrl`].
    pub fn stand_in(
        gateway: &'static dyn Gateway,
        base: &str,
        allowed: Vec<String>,
    ) -> Result<Self, Error> {
        let url = Url::parse(base)
            .map_err(|e| Error::NotAUrl { url: base.to_owned(), source: e.into() })?;
        Ok(Self { gateway, stand_in: Some(url), allowed })
    }

    /// The gateway whose hosts are called.
    pub fn gateway(&self) -> &'static dyn Gateway {
        self.gateway
    }

    /// False when the only reachable server replaces the gateway without TLS.
    pub fn speaks_tls(&self) -> bool {
        let is_plain = self.stand_in.as_ref().is_some_and(|url| url.scheme() == "http");
        !is_plain || !self.allowed.is_empty()
    }

    /// The URL to send to for the value of `to`.
    ///
    /// # Errors
    /// [`Error::NotAUrl`]; [`Error::Address`] when it has a user name, is not allowed, or calls the
    /// gateway without HTTPS or on another port: a template or its data must not reach the
    /// runtime's network.
    pub fn resolve(&self, to: &str) -> Result<Url, Error> {
        let refused = |reason: &str| Error::Address { url: shown(to), reason: reason.to_owned() };
        let mut url =
            Url::parse(to).map_err(|e| Error::NotAUrl { url: shown(to), source: e.into() })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("an address with a user name is not allowed"));
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        if self.gateway.hosts().contains(&host.as_str()) {
            if url.scheme() != "https" || url.port().is_some() {
                return Err(refused("the gateway is called over https on its own port only"));
            }
            if let Some(stand_in) = &self.stand_in {
                replace_origin(&mut url, stand_in)
                    .ok_or_else(|| refused("the --stripe URL cannot replace the gateway's host"))?;
            }
            return Ok(url);
        }
        let with_port = url.port().map(|port| format!("{host}:{port}"));
        let named = |allowed: &String| *allowed == host || Some(allowed) == with_port.as_ref();
        if self.allowed.iter().any(named) {
            return Ok(url);
        }
        Err(refused("the host is not the gateway's and not in SLUICEGATE_OUTBOUND_HOSTS"))
    }
}

fn replace_origin(url: &mut Url, origin: &Url) -> Option<()> {
    url.set_scheme(origin.scheme()).ok()?;
    url.set_host(origin.host_str()).ok()?;
    url.set_port(origin.port()).ok()
}

/// The URL without its query, which may hold data, cut to 200 characters.
fn shown(to: &str) -> String {
    to.split(['?', '#']).next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::stripe::Stripe;

    #[test]
    fn stripe_is_reached_directly_or_through_the_stand_in() {
        let live = Target::live(&Stripe, vec![]);
        let to = "https://api.stripe.com//v1/charges?limit=1";
        assert_eq!(live.resolve(to).expect("allowed").as_str(), to);
        let sandbox = Target::stand_in(&Stripe, "http://127.0.0.1:12111", vec![]).expect("a URL");
        let url = sandbox.resolve("https://files.stripe.com/v1/files").expect("allowed");
        assert_eq!(url.as_str(), "http://127.0.0.1:12111/v1/files");
    }

    #[test]
    fn tls_is_needed_unless_all_that_can_be_reached_speaks_none() {
        let stand_in =
            |url, allowed| Target::stand_in(&Stripe, url, allowed).expect("a URL").speaks_tls();
        assert!(!stand_in("http://127.0.0.1:12111", vec![]));
        assert!(stand_in("https://double.example.com", vec![]));
        assert!(stand_in("http://127.0.0.1:12111", vec!["hooks.example.com".to_owned()]));
        assert!(Target::live(&Stripe, vec![]).speaks_tls());
    }

    #[test]
    fn other_hosts_are_refused() {
        let live = Target::live(&Stripe, vec!["hooks.example.com".to_owned()]);
        for bad in [
            "http://api.stripe.com/v1",
            "https://api.stripe.com:8443/v1",
            "https://api.stripe.com@evil.example/v1",
            "https://api.stripe.com.evil.example/",
            "http://169.254.169.254/latest/meta-data",
            "http://127.0.0.1:3000/",
            "file:///etc/passwd",
            "/v1/charges",
            "",
        ] {
            assert!(live.resolve(bad).is_err(), "{bad}");
        }
        assert!(live.resolve("https://hooks.example.com/x").is_ok());
    }
}
