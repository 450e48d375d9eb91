//! The proxies that are believed when they say for whom they forward a request.

use std::fmt;
use std::net::IpAddr;

/// Addresses with the same first bits, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

/// `SLUICEGATE_TRUSTED_PROXIES`: none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// Reads addresses and networks.
    ///
    /// # Errors
    /// A message that quotes the entry.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        entries.iter().map(|entry| Network::parse(entry)).collect::<Result<_, _>>().map(Self)
    }

    /// True for the address of a trusted proxy.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(ip))
    }
}

impl fmt::Display for TrustedProxies {
    /// As it is written in the setting; `-` for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<_> =
            self.0.iter().map(|one| format!("{}/{}", one.address, one.prefix)).collect();
        match all.is_empty() {
            true => f.write_str("-"),
            false => f.write_str(&all.join(",")),
        }
    }
}

impl Network {
    fn parse(entry: &str) -> Result<Self, String> {
        let wrong = || format!("`{entry}` is not an address or network such as 10.0.0.0/8");
        let (address, prefix) = entry.split_once('/').unwrap_or((entry, ""));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let address = address.to_canonical();
        let longest = bits(address).0;
        let prefix = match prefix {
            "" if !entry.contains('/') => longest,
            prefix => prefix.parse().ok().filter(|length| *length <= longest).ok_or_else(wrong)?,
        };
        // A private network at most: two halves of the address space are all of it.
        let shortest = if address.is_ipv4() { 8 } else { 7 };
        if prefix < shortest {
            return Err(format!(
                "`{entry}` lets too many clients choose their address; name the proxies"
            ));
        }
        Ok(Self { address, prefix })
    }

    fn contains(self, ip: IpAddr) -> bool {
        let ((length, own), (other_length, other)) = (bits(self.address), bits(ip.to_canonical()));
        length == other_length && (own ^ other) >> (length - self.prefix) == 0
    }
}

/// The length and the bits of an address.
fn bits(ip: IpAddr) -> (u32, u128) {
    match ip {
        IpAddr::V4(ip) => (u32::BITS, u128::from(ip.to_bits())),
        IpAddr::V6(ip) => (u128::BITS, ip.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(list: &str) -> Result<TrustedProxies, String> {
        TrustedProxies::parse(&list.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn addresses_and_networks_are_trusted_and_nothing_beside_them() {
        let trusted = proxies("10.1.0.0/16,192.0.2.7,2001:db8::/32,::1").expect("valid");
        for ip in ["10.1.0.1", "10.1.255.255", "192.0.2.7", "::ffff:10.1.2.3", "2001:db8::5", "::1"]
        {
            assert!(trusted.contains(ip.parse().expect("an address")), "{ip}");
        }
        for ip in ["10.2.0.1", "192.0.2.8", "2001:db9::", "127.0.0.1", "::a01:1"] {
            assert!(!trusted.contains(ip.parse().expect("an address")), "{ip}");
        }
        assert!(!TrustedProxies::default().contains("127.0.0.1".parse().expect("an address")));
    }

    #[test]
    fn a_wrong_entry_is_quoted() {
        for wrong in ["proxy", "10.0.0.0/33", "10.0.0.0/", "::/129", "10.0.0.0/x", "0.0.0.0/0"] {
            let message = proxies(wrong).expect_err(wrong);
            assert!(message.contains(wrong), "{message}");
        }
    }
}
