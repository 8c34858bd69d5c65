//! The network address of the client of a request.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderName, request::Parts};
use service_runtime::{
    config::{Presence, Reader},
    settings,
};

settings! {
    /// The settings of client addresses.
    ADDRESS_SETTINGS:
    PROXIES = "DOSSIER_API_PROXIES", Presence::Default("0"),
        "number of proxies in front of the API that append the address of their client to X-Forwarded-For, 0 to 10; the deployment's load balancer is one. The limit on unknown API keys counts by client address";
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The number of proxies between clients and the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proxies(usize);

/// The address of the other end of the connection, which the server adds to each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Proxies {
    /// Reads the setting. Returns `None` if it is invalid, which `reader` then records.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        usize::try_from(reader.number(&PROXIES, 0, 10)?).ok().map(Self)
    }

    /// Returns the address of the client that sent `request`: the one that the outermost proxy saw. Entries
    /// of `X-Forwarded-For` before that one come from the client itself and are ignored. The addresses of one
    /// IPv6 network (/64) count as one, because a single client has all of them.
    pub(crate) fn client(self, request: &Parts) -> IpAddr {
        let values = request.headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let entries: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
        let forwarded = (self.0 > 0).then(|| entries.len().checked_sub(self.0)).flatten();
        let forwarded = forwarded.and_then(|index| entries[index].parse().ok());
        let peer = request.extensions.get().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |Peer(peer)| *peer);
        network(forwarded.unwrap_or(peer))
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn only_entries_of_own_proxies_are_believed() {
        let client = |proxies, peer: &str, forwarded: &[&str]| {
            let mut request = Request::builder().extension(Peer(peer.parse().unwrap()));
            for value in forwarded {
                request = request.header(FORWARDED_FOR, *value);
            }
            Proxies(proxies).client(&request.body(()).unwrap().into_parts().0).to_string()
        };
        assert_eq!(client(0, "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(1, "10.0.0.1", &["9.9.9.9, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(1, "10.0.0.1", &["9.9.9.9", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(2, "10.0.0.1", &["9.9.9.9, 1.2.3.4, 10.0.0.2"]), "1.2.3.4");
        for unusable in [&["unknown"][..], &[], &["1.2.3.4:80"]] {
            assert_eq!(client(1, "10.0.0.1", unusable), "10.0.0.1", "{unusable:?}");
        }
        assert_eq!(client(2, "10.0.0.1", &["1.2.3.4"]), "10.0.0.1", "a proxy was passed by");
        assert_eq!(client(0, "2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(client(0, "::ffff:1.2.3.4", &[]), "1.2.3.4");
    }
}
