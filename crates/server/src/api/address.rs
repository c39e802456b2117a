//! From where a request comes: the peer of the connection, or whom a trusted proxy names.
//!
//! Owns the one answer to it, for limits, records and the address lists of tokens. Which proxies are
//! trusted is the operator's say.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{Extensions, HeaderMap},
    middleware::Next,
    response::Response,
};
use ipnet::IpNet;

use super::AppState;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address of the caller, as far as it can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// Of a request that passed [`recognise`]; `None` where there is no connection.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<Self>().copied()
    }
}

/// Writes the caller's address into the request.
pub(super) async fn recognise(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    if let Some(peer) = peer {
        let address = find(peer, request.headers(), &app.config.trusted_proxies);
        request.extensions_mut().insert(ClientAddress(address));
    }
    next.run(request).await
}

/// Each proxy appends whom it saw, so the list is read from its end: the first that is no trusted
/// proxy is the caller, and what stands before it is the caller's own talk. Only this header is
/// read: a proxy passes on what it does not know, and of two headers one would be a stranger's.
fn find(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut nearest = peer.to_canonical();
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !is_trusted(&nearest) {
            break;
        }
        // What cannot be read was not written by a proxy that we know: it stays with that one.
        let Some(address) = parse(hop) else { break };
        nearest = address;
    }
    nearest
}

/// An address, with a port or without, IPv6 in brackets or not.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|at| at.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn found(peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).expect("a line"));
        }
        find(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_says_nothing_of_others() {
        assert_eq!(found("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(found("192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(found("::ffff:192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
    }

    #[test]
    fn the_last_that_is_no_proxy_is_the_caller() {
        assert_eq!(found("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(found("::ffff:10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(found("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.9.9.9"]), "198.51.100.7");
        assert_eq!(found("10.0.0.1", &["1.1.1.1", "198.51.100.7,10.9.9.9"]), "198.51.100.7");
        assert_eq!(found("fd00::1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(found("fd00::1", &["[2001:db8::7]"]), "2001:db8::7");
        assert_eq!(found("10.0.0.1", &["::ffff:198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn what_cannot_be_read_is_not_believed() {
        for line in ["", "unknown", "_hidden", "1.1.1.1, x", "198.51.100.7;"] {
            assert_eq!(found("10.0.0.1", &[line]), "10.0.0.1", "{line}");
        }
        assert_eq!(found("10.0.0.1", &["1.1.1.1, x, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(found("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
    }
}
