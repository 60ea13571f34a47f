//! Who is asking: the peer, or the client that a trusted proxy names.
//!
//! Only the limit on logins needs it. The header is read only when the peer itself is trusted, from the right, past trusted hops:
//! the first hop that is not trusted is the client. A hop that cannot be read makes the peer the client.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

#[derive(Clone, Debug)]
pub(crate) struct ClientAddress {
    trusted: Vec<IpNet>,
    /// `None` when its name is no header's name: then no header is believed.
    header: Option<HeaderName>,
}

impl ClientAddress {
    pub(crate) fn of(settings: &hgpixel_config::Ingest) -> Self {
        Self {
            trusted: settings.trusted_proxies.clone(),
            header: settings.forwarded_header.parse().ok(),
        }
    }

    pub(crate) fn find(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.is_trusted(peer) {
            return peer;
        }
        self.forwarded(headers).unwrap_or(peer)
    }

    fn forwarded(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lines: Vec<_> = headers.get_all(self.header.as_ref()?).iter().collect();
        for line in lines.iter().rev() {
            for hop in line.to_str().ok()?.rsplit(',') {
                let hop = parse_hop(hop.trim())?;
                if !self.is_trusted(hop) {
                    return Some(hop);
                }
            }
        }
        None
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted
            .iter()
            .any(|network| network.contains(&address))
    }
}

fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    address
        .or_else(with_port)
        .map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn found(peer: &str, lines: &[&str]) -> String {
        let addresses = ClientAddress {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
            header: Some(HeaderName::from_static("x-forwarded-for")),
        };
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_str(line).unwrap());
        }
        addresses.find(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_claims() {
        assert_eq!(found("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn behind_trusted_proxies_the_rightmost_stranger_is_the_client() {
        assert_eq!(
            found("10.0.0.1", &["1.2.3.4, 198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            found("10.0.0.1", &["1.2.3.4", "198.51.100.1:4711"]),
            "198.51.100.1"
        );
        assert_eq!(found("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
        assert_eq!(
            found("::ffff:10.0.0.1", &["::ffff:198.51.100.1"]),
            "198.51.100.1"
        );
    }

    #[test]
    fn what_cannot_be_read_makes_the_peer_the_client() {
        assert_eq!(found("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1");
        assert_eq!(found("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.1");
    }
}
