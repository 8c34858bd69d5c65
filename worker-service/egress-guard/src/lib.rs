//! Protects against server-side request forgery: keeps requests to sources of evidence and to receivers of
//! webhooks out of the private network. A private address is refused, whether it was configured, published or
//! the target of a redirect, unless the operator allows its host.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Returns whether a host on the public Internet can have this address. The IANA IPv4 and IPv6
/// Special-Purpose Address Registries list the addresses that it cannot have. An IPv4 address embedded in an
/// IPv6 address is checked as IPv4.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let reserved = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !reserved
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // IPv4-mapped and IPv4-translated addresses (RFC 4291, RFC 6052), and 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low),
        [0x2002, high, low, ..] => embedded(high, low),
        [0x2001, 0xdb8, ..] | [0x2001, 0..=0x1ff, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Hosts on the Internet only have addresses in 2000::/3.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// Returns the host of `url`, without the brackets of an IPv6 address.
fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default().trim_matches(['[', ']'])
}

/// The rules for which hosts may be contacted. HTTP clients check URLs with it and use it as their DNS
/// resolver, so a name is checked by the addresses that it resolves to when the connection is opened.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Arc<[String]>,
    setting: &'static str,
}

impl Guard {
    /// Creates a guard that allows every public host, and the hosts in `allowed` at any address. `setting` is
    /// the name of the setting that lists them, for error messages.
    pub fn new(allowed: Vec<String>, setting: &'static str) -> Self {
        let allowed = allowed.into_iter().map(|host| host.to_ascii_lowercase()).collect();
        Self { allowed, setting }
    }

    /// Returns whether `url` may be requested, as far as its text shows. Names are checked when they are
    /// resolved.
    pub fn allows(&self, url: &Url) -> bool {
        let host = host(url);
        if self.is_listed_host(host) {
            return true;
        }
        match host.parse::<IpAddr>() {
            Ok(address) => is_public(address),
            Err(_) => !host.is_empty(),
        }
    }

    /// Returns whether the operator allows the host of `url` at any address.
    pub fn is_listed(&self, url: &Url) -> bool {
        self.is_listed_host(host(url))
    }

    fn is_listed_host(&self, host: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

/// Resolves names and drops their private addresses, unless the operator allows the host.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> = found
                .into_iter()
                .filter(|address| guard.is_listed_host(&host) || is_public(address.ip()))
                .collect();
            if allowed.is_empty() {
                let refused = format!(
                    "its name resolves to a private address; to allow the host, add it to {}",
                    guard.setting
                );
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_reserved_addresses_are_not_public() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn names_are_judged_by_the_addresses_they_resolve_to() {
        let url = |text: &str| Url::parse(text).unwrap();
        let closed = Guard::default();
        for private in ["http://127.0.0.1/x", "http://[::1]/", "http://0x7f.1/", "http://2130706433/"] {
            assert!(!closed.allows(&url(private)), "{private}");
        }
        assert!(closed.allows(&url("https://lists.example/")));
        assert!(closed.resolve("localhost".parse().unwrap()).await.is_err());
        let open = Guard::new(vec!["LOCALHOST".to_owned(), "127.0.0.1".to_owned()], "S");
        assert!(open.allows(&url("http://127.0.0.1:9/")));
        assert!(open.resolve("localhost".parse().unwrap()).await.is_ok());
    }
}
