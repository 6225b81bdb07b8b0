//! Checks requests before they are answered, and defines the headers of every answer.
//!
//! The checks are written by hand because the layers of `tower-http` refuse a request with an empty or plain-text
//! answer, whereas the API explains each refusal in JSON.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method};
use tokio::time::timeout;

use super::Refusal;

/// The longest time, in seconds, for a body to arrive and for a question to wait for others.
pub(super) const PATIENCE: u64 = 10;

/// The longest URL, in bytes: enough for two of the longest ids, fully percent-encoded.
const MAX_ADDRESS: usize = 16 << 10;

/// The largest body, in bytes; no request needs one.
const MAX_BODY: usize = 1 << 10;

/// The `Host` headers that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hosts {
    /// `localhost` and loopback addresses.
    Loopback,
    /// `localhost`, any IP address, and the machine's own name, none of which another site can rebind.
    Machine,
}

impl Hosts {
    /// Returns the hosts for a server at `address`.
    pub(super) fn for_address(address: IpAddr) -> Self {
        if address.is_loopback() { Hosts::Loopback } else { Hosts::Machine }
    }

    /// Returns `true` if a `Host` header, with or without a port, is accepted.
    fn admits(self, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
        let address = match inner {
            Some(name) => name.parse().ok().map(IpAddr::V6),
            None => name.parse().ok().map(IpAddr::V4),
        };
        match (self, address) {
            (Hosts::Loopback, Some(address)) => address.is_loopback(),
            (Hosts::Machine, Some(_)) => true,
            (_, None) if name.eq_ignore_ascii_case("localhost") => true,
            (Hosts::Loopback, None) => false,
            (Hosts::Machine, None) => is_own_name(name),
        }
    }
}

/// Returns `true` if `name` is the host name of this machine, with or without `.local`.
fn is_own_name(name: &str) -> bool {
    let own = vgae::system::host_name();
    let (own, name) = (own.trim().to_ascii_lowercase(), name.to_ascii_lowercase());
    !own.is_empty() && (name == own || name.strip_suffix(".local") == Some(&own))
}

/// The headers of every answer: it is not cached, loads nothing from elsewhere, and cannot be framed by
/// another site.
pub(super) const HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Checks a request, and returns it without its body.
pub(super) async fn admit(request: Request, hosts: Hosts) -> Result<Request, Refusal> {
    let (head, body) = request.into_parts();
    if head.uri.to_string().len() > MAX_ADDRESS {
        return Err(Refusal::LongAddress(MAX_ADDRESS));
    }
    let in_uri = head.uri.authority().map(|authority| authority.as_str());
    check_host(&head.headers, in_uri, hosts)?;
    if ![Method::GET, Method::HEAD].contains(&head.method) {
        return Err(Refusal::Method(head.method.to_string()));
    }
    let site = head.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    let is_cross_site =
        !matches!(site, None | Some(b"same-origin" | b"none")) || has_foreign_origin(&head.headers);
    if head.uri.path().starts_with("/api") && is_cross_site {
        return Err(Refusal::CrossSite);
    }
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Refusal::LargeBody(MAX_BODY));
    }
    let read = timeout(Duration::from_secs(PATIENCE), to_bytes(body, MAX_BODY)).await;
    match read {
        Err(_) => Err(Refusal::SlowBody(PATIENCE)),
        Ok(Err(_)) => Err(Refusal::LargeBody(MAX_BODY)),
        Ok(Ok(_)) => Ok(Request::from_parts(head, Body::empty())),
    }
}

/// Returns `true` if the `Origin` header names another host. Older browsers send no `Sec-Fetch-Site`.
fn has_foreign_origin(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
    headers.get_all(header::ORIGIN).iter().any(|origin| origin.as_bytes().strip_prefix(b"http://") != host)
}

/// Refuses a request whose host is missing or not one of `hosts`.
fn check_host(headers: &HeaderMap, in_uri: Option<&str>, hosts: Hosts) -> Result<(), Refusal> {
    let named = headers.get_all(header::HOST).iter().map(|host| String::from_utf8_lossy(host.as_bytes()));
    let mut named: Vec<String> = named.map(|host| host.to_string()).collect();
    named.extend(in_uri.map(str::to_string));
    match named.iter().find(|host| !hosts.admits(host)) {
        Some(host) => Err(Refusal::Host(host.clone())),
        None if named.is_empty() => Err(Refusal::Host(String::new())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_servers_accept_only_loopback_hosts() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:7878", "127.1.2.3", "[::1]", "[::1]:7878"] {
            assert!(Hosts::Loopback.admits(host) && Hosts::Machine.admits(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1:80",
            "[::2]",
            "::1:x",
        ] {
            assert!(!Hosts::Loopback.admits(host), "{host}");
        }
    }

    #[test]
    fn other_servers_accept_addresses_and_their_own_name() {
        for host in ["10.0.0.1:80", "192.168.1.2", "[::2]", "[fe80::1]:7878"] {
            assert!(Hosts::Machine.admits(host), "{host}");
        }
        for host in ["", "evil.example", "10.0.0.1.evil.example", "fe80::1:x", "[10.0.0.1]"] {
            assert!(!Hosts::Machine.admits(host), "{host}");
        }
        let own = vgae::system::host_name();
        if let own @ [_, ..] = own.trim().as_bytes() {
            let own = String::from_utf8_lossy(own);
            assert!(Hosts::Machine.admits(&own) && Hosts::Machine.admits(&format!("{own}.local:7878")));
            assert!(!Hosts::Machine.admits(&format!("{own}.evil.example")) && !Hosts::Loopback.admits(&own));
        }
    }
}
