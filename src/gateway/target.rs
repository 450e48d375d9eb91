//! Which servers a call may reach: an allow-list, and an optional replacement for the gateway's
//! hosts.

use crate::gateway::contract::Gateway;
use crate::gateway::error::Error;
use parking_lot::Mutex;
use reqwest::Url;
use std::sync::Arc;

/// The servers that calls may reach.
#[derive(Debug, Clone)]
pub struct Target {
    /// The gateway, whose hosts are always allowed.
    gateway: &'static dyn Gateway,
    /// A server that replaces every host of the gateway: the sandbox, or a test double.
    stand_in: Option<Url>,
    /// Additional servers, allowed by the operator.
    allowed: Vec<Allowed>,
    /// The last address that was resolved: a request type sends to the same one every time, and
    /// each call is resolved twice.
    latest: Arc<Mutex<Option<(String, Url)>>>,
}

/// An entry of `SLUICEGATE_OUTBOUND_HOSTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// A host name: https on port 443, at public addresses only.
    Host(String),
    /// A server with its scheme and port, such as `http://10.0.0.5:8080`, at any address.
    Origin(String),
}

impl Allowed {
    /// Reads an entry; the error says what it should be.
    ///
    /// # Errors
    /// [`Error::Address`].
    pub fn parse(entry: &str) -> Result<Self, Error> {
        let refused = || Error::Address {
            url: entry.to_owned(),
            reason:
                "SLUICEGATE_OUTBOUND_HOSTS takes hosts such as hooks.example.com, and servers with \
                     their scheme such as http://10.0.0.5:8080"
                    .to_owned(),
        };
        if !entry.contains("://") {
            let url = Url::parse(&format!("https://{entry}/")).map_err(|_| refused())?;
            let is_host = url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(entry))
                && !entry.contains('*');
            return if is_host {
                Ok(Self::Host(entry.to_ascii_lowercase()))
            } else {
                Err(refused())
            };
        }
        let url = Url::parse(entry).map_err(|_| refused())?;
        let is_origin = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        let origin = url.origin();
        if !is_origin || !origin.is_tuple() {
            return Err(refused());
        }
        Ok(Self::Origin(origin.ascii_serialization()))
    }

    fn permits(&self, url: &Url) -> bool {
        match self {
            Self::Host(host) => {
                let is_plain = url.scheme() == "https" && url.port().is_none();
                is_plain && url.host_str() == Some(host)
            }
            Self::Origin(origin) => url.origin().ascii_serialization() == *origin,
        }
    }
}

impl Target {
    /// The gateway itself and the hosts that the operator allows.
    pub fn live(gateway: &'static dyn Gateway, allowed: Vec<Allowed>) -> Self {
        Self { gateway, stand_in: None, allowed, latest: Arc::default() }
    }

    /// One server in place of every host of the gateway.
    ///
    /// # Errors
    /// [`Error::NotAUrl`].
    pub fn stand_in(
        gateway: &'static dyn Gateway,
        base: &str,
        allowed: Vec<Allowed>,
    ) -> Result<Self, Error> {
        let url = Url::parse(base)
            .map_err(|e| Error::NotAUrl { url: base.to_owned(), source: e.into() })?;
        Ok(Self { gateway, stand_in: Some(url), allowed, latest: Arc::default() })
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

    /// The hosts that may be called at public addresses only.
    pub fn public_hosts(&self) -> impl Iterator<Item = String> {
        self.allowed.iter().filter_map(|allowed| match allowed {
            Allowed::Host(host) => Some(host.clone()),
            Allowed::Origin(_) => None,
        })
    }

    /// The URL to send to for the value of `to`.
    ///
    /// # Errors
    /// [`Error::NotAUrl`]; [`Error::Address`] when it has a user name, is not allowed, or calls the
    /// gateway without HTTPS or on another port: a template or its data must not reach the
    /// runtime's network.
    pub fn resolve(&self, to: &str) -> Result<Url, Error> {
        if let Some((latest, url)) = &*self.latest.lock()
            && latest == to
        {
            return Ok(url.clone());
        }
        let url = self.read(to)?;
        *self.latest.lock() = Some((to.to_owned(), url.clone()));
        Ok(url)
    }

    fn read(&self, to: &str) -> Result<Url, Error> {
        let refused = |reason: &str| Error::Address { url: shown(to), reason: reason.to_owned() };
        let mut url =
            Url::parse(to).map_err(|e| Error::NotAUrl { url: shown(to), source: e.into() })?;
        // Parsing resolves such segments: an id of `..` would name another object.
        if has_dot_segments(to) {
            return Err(Error::Path { url: shown(to) });
        }
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
        if self.allowed.iter().any(|allowed| allowed.permits(&url)) {
            return Ok(url);
        }
        if self.allowed.contains(&Allowed::Host(host)) {
            return Err(refused(
                "the host is called over https on port 443 only; for another scheme or port, name \
                 it with both in SLUICEGATE_OUTBOUND_HOSTS",
            ));
        }
        Err(refused("the host is not the gateway's and not in SLUICEGATE_OUTBOUND_HOSTS"))
    }
}

fn replace_origin(url: &mut Url, origin: &Url) -> Option<()> {
    url.set_scheme(origin.scheme()).ok()?;
    url.set_host(origin.host_str()).ok()?;
    url.set_port(origin.port()).ok()
}

/// True when the path has `.` or `..` as a segment, in any spelling that a URL parser accepts.
fn has_dot_segments(to: &str) -> bool {
    let path = to.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let is_dots = |segment: &str| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        plain == "." || plain == ".."
    };
    path.contains('\\') || path.split('/').skip(1).any(is_dots)
}

/// The URL without its query, which may hold data, cut to 200 characters.
fn shown(to: &str) -> String {
    to.split(['?', '#']).next().unwrap_or_default().chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::stripe::Stripe;

    fn host(entry: &str) -> Allowed {
        Allowed::parse(entry).expect("an entry")
    }

    #[test]
    fn an_entry_permits_what_it_says() {
        let allowed = ["hooks.example.com", "http://10.0.0.5:8080", "https://b.example:8443"];
        let live = Target::live(&Stripe, allowed.map(host).to_vec());
        for good in
            ["https://hooks.example.com/x", "http://10.0.0.5:8080/y", "https://b.example:8443/"]
        {
            assert!(live.resolve(good).is_ok(), "{good}");
        }
        for bad in [
            "http://hooks.example.com/x",
            "https://hooks.example.com:444/x",
            "https://10.0.0.5:8080/",
            "http://10.0.0.5/",
            "https://b.example/",
        ] {
            assert!(live.resolve(bad).is_err(), "{bad}");
        }
        assert_eq!(live.public_hosts().collect::<Vec<_>>(), ["hooks.example.com"]);
        for bad in ["", "a b", "host:80", "https://h/path", "http://u@h", "file:///x", "h/x", "*"] {
            assert!(Allowed::parse(bad).is_err(), "{bad}");
        }
    }

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
    fn a_path_names_the_object_that_it_shows() {
        let live = Target::live(&Stripe, vec![]);
        for bad in ["..", ".", "%2e%2e", ".%2E", "..\\x", "a/../b", "./a"] {
            let to = format!("https://api.stripe.com/v1/charges/{bad}/capture");
            assert!(matches!(live.resolve(&to), Err(Error::Path { .. })), "{to}");
        }
        for good in ["...", "a.b", "..a", "%2e%2ea", "x?y=../z", ".-"] {
            let to = format!("https://api.stripe.com/v1/charges/{good}");
            assert!(live.resolve(&to).is_ok(), "{to}");
        }
    }

    #[test]
    fn tls_is_needed_unless_all_that_can_be_reached_speaks_none() {
        let stand_in =
            |url, allowed| Target::stand_in(&Stripe, url, allowed).expect("a URL").speaks_tls();
        assert!(!stand_in("http://127.0.0.1:12111", vec![]));
        assert!(stand_in("https://double.example.com", vec![]));
        assert!(stand_in("http://127.0.0.1:12111", vec![host("hooks.example.com")]));
        assert!(Target::live(&Stripe, vec![]).speaks_tls());
    }

    #[test]
    fn other_hosts_are_refused() {
        let live = Target::live(&Stripe, vec![host("hooks.example.com")]);
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
