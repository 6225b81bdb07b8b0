//! What is refused before it is looked at, and what every answer says of itself.

use std::time::Duration;

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method};
use tokio::time::timeout;

use super::Refusal;

/// Seconds that a body may take to come, or a question to wait for others.
pub(super) const PATIENCE: u64 = 10;

/// The longest address, in bytes: two ids of the longest, all of it percent-encoded, and more.
const MAX_ADDRESS: usize = 16 << 10;

/// The largest body, in bytes; there is no use for any.
const MAX_BODY: usize = 1 << 10;

/// Which `Host` headers are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hosts {
    /// Names of this machine's loopback.
    Loopback,
    /// Any.
    Any,
}

/// Of every answer: nothing is kept, nothing comes from elsewhere, and no other site may show it in a frame.
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

/// The request without its body, if nothing speaks against it.
pub(super) async fn admit(request: Request, hosts: Hosts) -> Result<Request, Refusal> {
    let (head, body) = request.into_parts();
    if head.uri.to_string().len() > MAX_ADDRESS {
        return Err(Refusal::LongAddress(MAX_ADDRESS));
    }
    if hosts == Hosts::Loopback {
        let in_uri = head.uri.authority().map(|authority| authority.as_str());
        refuse_strange_host(&head.headers, in_uri)?;
    }
    if head.method != Method::GET {
        return Err(Refusal::Method(head.method.to_string()));
    }
    let site = head.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if head.uri.path().starts_with("/api") && !matches!(site, None | Some(b"same-origin" | b"none")) {
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

/// Refuses a request that names another host than a loopback one, or none.
fn refuse_strange_host(headers: &HeaderMap, in_uri: Option<&str>) -> Result<(), Refusal> {
    let named = headers.get_all(header::HOST).iter().map(|host| String::from_utf8_lossy(host.as_bytes()));
    let mut hosts: Vec<String> = named.map(|host| host.to_string()).collect();
    hosts.extend(in_uri.map(str::to_string));
    match hosts.iter().find(|host| !is_loopback(host)) {
        Some(host) => Err(Refusal::Host(host.clone())),
        None if hosts.is_empty() => Err(Refusal::Host(String::new())),
        None => Ok(()),
    }
}

/// Whether a `Host` header names the loopback interface, on any port.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || address.and_then(|name| name.parse().ok()).is_some_and(|ip: std::net::Ipv6Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_answered() {
        for host in ["localhost", "LOCALHOST:80", "127.0.0.1:7878", "127.1.2.3", "[::1]", "[::1]:7878"] {
            assert!(is_loopback(host), "{host}");
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
            assert!(!is_loopback(host), "{host}");
        }
    }
}
