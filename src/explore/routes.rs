//! What is served at which path, and what is refused before it is looked at.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::parameters::{Parameters, decode};
use super::{Explorer, MAX_COUNT, Refusal};

/// The longest address, in bytes: two ids of the longest, all of it percent-encoded, and more.
const MAX_ADDRESS: usize = 16 << 10;

/// The largest body, in bytes; there is no use for any.
const MAX_BODY: usize = 1 << 10;

/// Seconds that a body may take to come, or a question to wait for others.
const PATIENCE: u64 = 10;

/// Which `Host` headers are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hosts {
    /// Names of this machine's loopback.
    Loopback,
    /// Any.
    Any,
}

/// Of every answer: nothing is kept, nothing comes from elsewhere, and no other site may show it in a frame.
const HEADERS: [(HeaderName, &str); 5] = [
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

/// The files of the page: path, type, contents.
const FILES: [(&str, &str, &str); 4] = [
    ("/", "text/html; charset=utf-8", include_str!("page.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_str!("page.js")),
    ("/icon.svg", "image/svg+xml", include_str!("icon.svg")),
];

/// Answers a question of the API as JSON.
type Endpoint = fn(&Explorer, &Uri) -> Result<Vec<u8>, Refusal>;

/// What all requests share.
#[derive(Clone)]
struct Shared {
    explorer: Arc<Explorer>,
    /// One permit for each question that is computed at a time.
    permits: Arc<Semaphore>,
    hosts: Hosts,
}

/// The whole site, computing at most `num_questions` answers at a time.
pub(super) fn site(explorer: Explorer, hosts: Hosts, num_questions: usize) -> Router {
    let permits = Arc::new(Semaphore::new(num_questions));
    let shared = Shared { explorer: Arc::new(explorer), permits, hosts };
    let api = Router::new()
        .route(
            "/api/run",
            question(|explorer, uri| {
                parameters(uri, &[])?;
                json(&explorer.run())
            }),
        )
        .route(
            "/api/nodes",
            question(|explorer, uri| {
                let parameters = parameters(uri, &["query", "limit"])?;
                json(
                    &explorer.nodes(parameters.text("query")?, parameters.count("limit", 20, 1..=MAX_COUNT)?),
                )
            }),
        )
        .route(
            "/api/node/{node}",
            question(|explorer, uri| {
                let parameters = parameters(uri, &["limit"])?;
                json(&explorer.node(&last(uri)?, parameters.count("limit", 50, 1..=MAX_COUNT)?)?)
            }),
        )
        .route(
            "/api/predict/{node}",
            question(|explorer, uri| {
                let parameters = parameters(uri, &["top"])?;
                json(&explorer.predict(&last(uri)?, parameters.count("top", 10, 1..=MAX_COUNT)?)?)
            }),
        )
        .route(
            "/api/score",
            question(|explorer, uri| {
                let parameters = parameters(uri, &["source", "target"])?;
                json(&explorer.score(parameters.text("source")?, parameters.text("target")?)?)
            }),
        )
        .route(
            "/api/why",
            question(|explorer, uri| {
                let parameters = parameters(uri, &["source", "target", "limit"])?;
                let limit = parameters.count("limit", 10, 1..=MAX_COUNT)?;
                json(&explorer.why(parameters.text("source")?, parameters.text("target")?, limit)?)
            }),
        );
    let file = |site: Router<Shared>, (path, kind, text): (&str, &'static str, &'static str)| {
        site.route(path, any(move || async move { answer(StatusCode::OK, kind, text) }))
    };
    FILES
        .into_iter()
        .fold(api, file)
        .fallback(|uri: Uri| async move { refuse(&Refusal::NoSuchPath(uri.path().into())) })
        .layer(from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

fn question(endpoint: Endpoint) -> MethodRouter<Shared> {
    any(move |State(Shared { explorer, permits, .. }): State<Shared>, uri: Uri| {
        compute(permits, move || endpoint(&explorer, &uri))
    })
}

/// Computes an answer beside the threads that talk to clients, once there is a permit for it.
async fn compute(
    permits: Arc<Semaphore>,
    work: impl FnOnce() -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Response {
    let permit = timeout(Duration::from_secs(PATIENCE), permits.acquire_owned()).await;
    let Ok(Ok(permit)) = permit else { return refuse(&Refusal::Busy(PATIENCE)) };
    // The permit goes along, so that it is given back when the computation ends, even if nobody waits for it.
    let computed = spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    // A panic is an error here, and the server goes on.
    match computed.await.unwrap_or(Err(Refusal::Failed)) {
        Ok(json) => answer(StatusCode::OK, JSON, json),
        Err(refusal) => refuse(&refusal),
    }
}

/// Looks at a request before anything of it is answered, and puts the [`HEADERS`] on the answer.
async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match admit(request, shared.hosts).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refuse(&refusal),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The request without its body, if nothing speaks against it.
async fn admit(request: Request, hosts: Hosts) -> Result<Request, Refusal> {
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

const JSON: &str = "application/json";

fn json(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|_| Refusal::Failed)
}

fn parameters(uri: &Uri, allowed: &[&'static str]) -> Result<Parameters, Refusal> {
    Parameters::read(uri.query().unwrap_or(""), allowed)
}

/// The last part of the path, which is an id.
fn last(uri: &Uri) -> Result<String, Refusal> {
    decode("the node in the path", uri.path().rsplit('/').next().unwrap_or(""))
}

fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn refuse(refusal: &Refusal) -> Response {
    #[derive(Serialize)]
    struct Explained {
        error: String,
        hint: String,
    }
    let explained = Explained { error: refusal.to_string(), hint: refusal.hint() };
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = answer(status, JSON, json(&explained).unwrap_or_default());
    if let Refusal::Method(_) = refusal {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_answer_and_gives_its_permit_back() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let permits = Arc::new(Semaphore::new(1));
        let status = |work: fn() -> Result<Vec<u8>, Refusal>| {
            runtime.block_on(compute(Arc::clone(&permits), work)).status().as_u16()
        };
        assert_eq!(status(|| panic!("a mistake")), 500);
        assert_eq!(status(|| Err(Refusal::CrossSite)), 403);
        assert_eq!(status(|| Ok(Vec::new())), 200);
    }

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
