//! Whose request it is: the client's address, which no client can choose.
//!
//! A forwarding header is a claim. It is read only when the connection itself comes from a trusted proxy, from the right, where
//! our own proxies append: trusted hops are skipped, and the first other one is the client. What stands to the left of it was
//! sent by the client and is never looked at. A hop that is no address ends the walk: then the peer is the client, since guessing
//! further left would let the client choose.

use std::net::{IpAddr, SocketAddr};

use http::header::{HeaderMap, HeaderName, InvalidHeaderName};
use ipnet::IpNet;

/// Which proxies are believed, and the one header in which they speak.
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: HeaderName,
}

/// A client's address and whether limits apply to it. Lives in memory, for one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Where the client is.
    pub address: IpAddr,
    /// Loopback, or a trusted proxy itself: many people stand behind it, or the operator does.
    pub unlimited: bool,
}

impl TrustedProxies {
    /// As the settings name them.
    ///
    /// # Errors
    /// When `forwarded_header` is no header's name, which loaded settings never are.
    pub fn of(settings: &hgpixel_config::Ingest) -> Result<Self, InvalidHeaderName> {
        Ok(Self {
            networks: settings.trusted_proxies.clone(),
            header: HeaderName::try_from(&settings.forwarded_header)?,
        })
    }

    /// The client of a request that came over a connection from `peer`.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Client {
        let address = self.client_address(peer.to_canonical(), headers);
        Client {
            address,
            unlimited: address.is_loopback() || self.is_trusted(address),
        }
    }

    fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.is_trusted(peer) {
            return peer;
        }
        let mut farthest = peer;
        // Several lines of one header are one list, in their order (RFC 9110, section 5.3).
        for line in headers.get_all(&self.header).iter().rev() {
            // A header may hold bytes that are no text: no address of ours is among them.
            let Ok(line) = line.to_str() else {
                return peer;
            };
            for hop in line.rsplit(',') {
                let Some(address) = hop_address(hop.trim()) else {
                    return peer;
                };
                if !self.is_trusted(address) {
                    return address;
                }
                farthest = address;
            }
        }
        farthest
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }
}

/// `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]`, and with a port as some balancers append it.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().ok().map(IpAddr::V6),
        None => hop
            .parse::<IpAddr>()
            .or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()))
            .ok(),
    };
    // A proxy that listens on IPv6 writes IPv4 clients as mapped addresses: the same client all the same.
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const PROXY: &str = "10.0.0.1";
    const OUTSIDE: &str = "198.51.100.9";

    fn proxies() -> TrustedProxies {
        TrustedProxies {
            networks: vec![
                "10.0.0.0/8".parse().unwrap(),
                "2001:db8:aa::/48".parse().unwrap(),
            ],
            header: HeaderName::from_static("x-forwarded-for"),
        }
    }

    fn client(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let client = proxies().client(peer.parse().unwrap(), &headers);
        client.address.to_string()
    }

    #[test]
    fn a_header_from_an_untrusted_peer_is_ignored() {
        assert_eq!(client(OUTSIDE, &["203.0.113.7"]), OUTSIDE);
        assert_eq!(client(OUTSIDE, &["10.0.0.1"]), OUTSIDE);
        let none = TrustedProxies {
            networks: Vec::new(),
            ..proxies()
        };
        let headers = HeaderMap::from_iter([(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("203.0.113.7"),
        )]);
        let loopback = none.client("127.0.0.1".parse().unwrap(), &headers);
        assert_eq!(loopback.address.to_string(), "127.0.0.1");
    }

    #[test]
    fn the_rightmost_untrusted_hop_is_the_client() {
        assert_eq!(client(PROXY, &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(PROXY, &["203.0.113.7, 10.1.2.3"]), "203.0.113.7");
        assert_eq!(
            client(PROXY, &["1.1.1.1, 203.0.113.7,10.1.2.3"]),
            "203.0.113.7"
        );
        assert_eq!(
            client(PROXY, &["1.1.1.1", "203.0.113.7", "10.1.2.3"]),
            "203.0.113.7"
        );
        // What the client wrote itself is never looked at, so it can be anything.
        assert_eq!(
            client(PROXY, &["unknown, <script>, 203.0.113.7"]),
            "203.0.113.7"
        );
    }

    #[test]
    fn the_shapes_of_real_balancers() {
        assert_eq!(client(PROXY, &["203.0.113.7:51234"]), "203.0.113.7");
        assert_eq!(client(PROXY, &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(client(PROXY, &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(client(PROXY, &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(client(PROXY, &["::ffff:203.0.113.7"]), "203.0.113.7");
        assert_eq!(client(PROXY, &["  203.0.113.7\t"]), "203.0.113.7");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(
            client("2001:db8:aa::1", &["2001:db8:aa::2"]),
            "2001:db8:aa::2"
        );
    }

    #[test]
    fn a_malformed_hop_makes_the_peer_the_client() {
        for hops in [
            "unknown",
            "",
            "203.0.113.7,",
            "203.0.113.7,,10.0.0.2",
            "203.0.113.7, 10.0.0.2, _hidden",
            "203.0.113.7.8",
            "0203.0.113.7",
            "[203.0.113.7]",
            "[2001:db8::7",
            "fe80::1%eth0",
            "203.0.113.7:99999",
            "for=203.0.113.7",
        ] {
            assert_eq!(client(PROXY, &[hops]), PROXY, "{hops:?}");
        }
    }

    #[test]
    fn without_a_header_or_an_untrusted_hop_the_farthest_proxy_is_the_client() {
        assert_eq!(client(PROXY, &[]), PROXY);
        assert_eq!(client(PROXY, &["10.9.9.9, 10.0.0.2"]), "10.9.9.9");
    }

    #[test]
    fn loopback_and_proxies_are_unlimited_and_their_clients_are_not() {
        let unlimited = |peer: &str, hop: &str| {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-forwarded-for"),
                hop.parse().unwrap(),
            )]);
            proxies().client(peer.parse().unwrap(), &headers).unlimited
        };
        assert!(unlimited("127.0.0.1", "203.0.113.7"));
        assert!(unlimited("::1", "203.0.113.7"));
        assert!(unlimited("::ffff:127.0.0.1", ""));
        assert!(unlimited(PROXY, "10.0.0.2"));
        assert!(!unlimited(PROXY, "203.0.113.7"));
        assert!(!unlimited(OUTSIDE, "127.0.0.1"));
    }

    proptest! {
        #[test]
        fn no_header_changes_the_address_of_an_untrusted_peer(
            lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..5),
        ) {
            let mut headers = HeaderMap::new();
            for line in &lines {
                if let Ok(value) = HeaderValue::from_bytes(line) {
                    headers.append("x-forwarded-for", value);
                }
            }
            let peer: IpAddr = OUTSIDE.parse().unwrap();
            prop_assert_eq!(proxies().client(peer, &headers).address, peer);
        }

        #[test]
        fn whatever_a_client_writes_the_hop_that_the_proxy_appends_is_the_client(forged in "[ -~]{0,200}") {
            prop_assert_eq!(client(PROXY, &[&forged, "203.0.113.7"]), "203.0.113.7");
            let one_line = format!("{forged},203.0.113.7");
            prop_assert_eq!(client(PROXY, &[&one_line]), "203.0.113.7");
        }
    }
}
