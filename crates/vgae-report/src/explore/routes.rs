//! The paths of the site and their answers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::guard::{HEADERS, Hosts, PATIENCE, admit};
use super::parameters::{Parameters, decode};
use super::{Explorer, MAX_COUNT, Refusal};
use crate::report;

/// The files of the page: path, content type, contents.
const FILES: [(&str, &str, &str); 8] = [
    ("/", "text/html; charset=utf-8", include_str!("page.html")),
    ("/page.css", CSS, include_str!("page.css")),
    ("/map.css", CSS, include_str!("../report/map.css")),
    ("/parts.js", JAVASCRIPT, include_str!("parts.js")),
    ("/page.js", JAVASCRIPT, include_str!("page.js")),
    ("/map.js", JAVASCRIPT, include_str!("../report/map.js")),
    ("/d3.min.js", JAVASCRIPT, include_str!("../report/d3.min.js")),
    ("/icon.svg", "image/svg+xml", include_str!("icon.svg")),
];
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Answers a request to the API with JSON.
type Endpoint = fn(&Explorer, &Uri) -> Result<Vec<u8>, Refusal>;

/// The state that all requests share.
#[derive(Clone)]
struct SiteState {
    explorer: Arc<Explorer>,
    /// A permit for each answer that may be computed at the same time.
    permits: Arc<Semaphore>,
    hosts: Hosts,
}

/// Builds the whole site, which computes at most `num_questions` answers at a time.
pub(super) fn site(explorer: Explorer, hosts: Hosts, num_questions: usize) -> Router {
    let permits = Arc::new(Semaphore::new(num_questions));
    let shared = SiteState { explorer: Arc::new(explorer), permits, hosts };
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
                json(&explorer.node(&id_in_path(uri)?, parameters.count("limit", 50, 1..=MAX_COUNT)?)?)
            }),
        )
        .route(
            "/api/predict/{node}",
            question(|explorer, uri| {
                let parameters = parameters(uri, &["top"])?;
                json(&explorer.predict(&id_in_path(uri)?, parameters.count("top", 10, 1..=MAX_COUNT)?)?)
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
            "/api/map",
            question(|explorer, uri| {
                parameters(uri, &[])?;
                json(&explorer.map()?)
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
    let file = |site: Router<SiteState>, (path, kind, text): (&str, &'static str, &'static str)| {
        site.route(path, any(move || async move { answer(StatusCode::OK, kind, text) }))
    };
    FILES
        .into_iter()
        .fold(api, file)
        .route("/colours.css", any(|| async { answer(StatusCode::OK, CSS, report::colours()) }))
        .fallback(|uri: Uri| async move { refuse(&Refusal::NoSuchPath(uri.path().into())) })
        .layer(from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

fn question(endpoint: Endpoint) -> MethodRouter<SiteState> {
    any(move |State(SiteState { explorer, permits, .. }): State<SiteState>, uri: Uri| {
        compute(permits, move || endpoint(&explorer, &uri))
    })
}

/// Computes an answer on a blocking thread, once a permit is free.
async fn compute(
    permits: Arc<Semaphore>,
    work: impl FnOnce() -> Result<Vec<u8>, Refusal> + Send + 'static,
) -> Response {
    let permit = timeout(Duration::from_secs(PATIENCE), permits.acquire_owned()).await;
    let Ok(Ok(permit)) = permit else { return refuse(&Refusal::Busy(PATIENCE)) };
    // The permit moves into the task, so that it is released when the computation ends, even if the client
    // has gone.
    let computed = spawn_blocking(move || {
        let _permit = permit;
        work()
    });
    // A panic becomes an error, and the server continues.
    match computed.await.unwrap_or(Err(Refusal::Failed)) {
        Ok(json) => answer(StatusCode::OK, JSON, json),
        Err(refusal) => refuse(&refusal),
    }
}

/// Checks a request before it is answered, and adds the [`HEADERS`] to the answer.
async fn guard(State(shared): State<SiteState>, request: Request, next: Next) -> Response {
    let mut response = match admit(request, shared.hosts).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refuse(&refusal),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

const JSON: &str = "application/json";

fn json(value: &impl Serialize) -> Result<Vec<u8>, Refusal> {
    serde_json::to_vec(value).map_err(|_| Refusal::Failed)
}

fn parameters(uri: &Uri, allowed: &[&'static str]) -> Result<Parameters, Refusal> {
    Parameters::read(uri.query().unwrap_or(""), allowed)
}

/// Returns the last part of the path, which is an id.
fn id_in_path(uri: &Uri) -> Result<String, Refusal> {
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
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_gives_an_answer_and_releases_its_permit() {
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
    fn a_request_that_waits_too_long_is_refused() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let start = std::time::Instant::now();
        let response = runtime.block_on(compute(Arc::new(Semaphore::new(0)), || Ok(Vec::new())));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!((PATIENCE..PATIENCE + 5).contains(&start.elapsed().as_secs()));
    }
}
