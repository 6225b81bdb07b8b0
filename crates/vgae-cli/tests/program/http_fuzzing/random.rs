//! Random requests, damaged requests and garbage: none causes a server error, and none leaks memory.

use std::time::{Duration, Instant};

use crate::common::Workspace;
use crate::common::explorer::Explore;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The last request of a connection, which makes the server close it.
const LAST: &[u8] = b"\r\nGET /icon.svg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// Returns the statuses of all responses on a connection, by their first lines; no body contains such a line.
fn statuses(answer: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(answer);
    text.match_indices("HTTP/1.").filter_map(|(at, _)| text.get(at + 9..at + 12).map(String::from)).collect()
}

fn seconds() -> f64 {
    std::env::var("VGAE_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2.0)
}

/// Generates paths and queries, from valid to nonsense.
fn target() -> impl Strategy<Value = String> {
    let id = prop_oneof![
        4 => (1u32..40).prop_map(|id| id.to_string()),
        1 => "[a-z%/.?&=+#]{0,9}",
        1 => prop::collection::vec(any::<u8>(), 0..9)
            .prop_map(|bytes| bytes.iter().map(|byte| format!("%{byte:02x}")).collect()),
        1 => Just("..%2f..%2f..%2fetc%2fpasswd".to_string()),
        1 => Just("a".repeat(3000)),
    ];
    let count = prop_oneof!["[0-9]{1,4}", "-?[0-9]{1,30}", "[a-z%]{0,3}"];
    let known = (0usize..9, id.clone(), id, count).prop_map(|(which, u, v, count)| match which {
        0 => format!("/api/nodes?query={u}&limit={count}"),
        1 => format!("/api/node/{u}?limit={count}"),
        2 => format!("/api/predict/{u}?top={count}"),
        3 => format!("/api/score?source={u}&target={v}"),
        4 => format!("/api/why?source={u}&target={v}&limit={count}"),
        5 => format!("/api/run?{u}={v}"),
        6 => format!("/{u}/../{v}"),
        7 => format!("/{u}"),
        _ => format!("http://localhost/{u}"),
    });
    let fixed = [
        "/",
        "/page.css",
        "/map.js",
        "/icon.svg",
        "/api/map",
        "*",
        "//",
        "/%2e%2e/%2e%2e/etc/passwd",
        "",
        "\u{0}",
    ];
    prop_oneof![6 => known, 2 => prop::sample::select(fixed.to_vec()).prop_map(String::from), 1 => "[ -~]{0,40}"]
}

/// Generates requests that are roughly as a client would write them.
fn written() -> impl Strategy<Value = Vec<u8>> {
    let method = prop_oneof![
        6 => Just("GET".to_string()),
        1 => Just("HEAD".to_string()),
        1 => prop::sample::select(&["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH"][..])
            .prop_map(String::from),
        1 => "[A-Za-z -~]{0,8}",
    ];
    let version =
        prop_oneof![8 => Just("HTTP/1.1"), 1 => Just("HTTP/1.0"), 1 => Just("HTTP/2.0"), 1 => Just("")];
    let host = prop::sample::select(
        &[
            "Host: localhost\r\n",
            "Host: 127.0.0.1:80\r\n",
            "",
            "Host: evil.example\r\n",
            "Host: [::1]\r\nHost: x\r\n",
        ][..],
    );
    let header = prop_oneof![
        "[A-Za-z-]{1,12}: [ -~]{0,30}\r\n",
        Just("Sec-Fetch-Site: cross-site\r\n".to_string()),
        Just("Origin: https://evil.example\r\n".to_string()),
        Just("Transfer-Encoding: chunked\r\n".to_string()),
        Just("Expect: 100-continue\r\n".to_string()),
        Just("Connection: upgrade\r\nUpgrade: websocket\r\n".to_string()),
        "[0-9]{1,25}".prop_map(|length| format!("Content-Length: {length}\r\n")),
        (1usize..3000).prop_map(|length| format!("Cookie: {}\r\n", "c".repeat(length))),
        ".{0,20}",
    ];
    let body = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(any::<u8>(), 0..3000)];
    (method, target(), version, host, prop::collection::vec(header, 0..4), body).prop_map(
        |(method, target, version, host, headers, body)| {
            let head = format!("{method} {target} {version}\r\n{host}{}\r\n", headers.concat());
            [head.into_bytes(), body].concat()
        },
    )
}

/// Generates a request, a damaged request, or garbage.
fn request() -> impl Strategy<Value = Vec<u8>> {
    // Some bytes are changed.
    let changed = (written(), prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5))
        .prop_map(|(mut bytes, changes)| {
            changes.iter().for_each(|(at, byte)| {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            });
            bytes
        });
    let garbage = prop::collection::vec(any::<u8>(), 0..500);
    prop_oneof![6 => written(), 2 => changed, 1 => garbage]
}

#[test]
fn random_requests_cause_no_server_error() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let explore = Explore::start(&workspace, "--quiet");
    assert!(explore.is_well());
    let before = explore.num_sockets();
    let start = Instant::now();
    // Fixed seeds, one for each connection, so that every run begins with the same requests.
    let send_requests = |seed: u8, until: Duration| {
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let requests = prop::collection::vec(request(), 1..4);
        let (mut num, mut num_answered) = (0u64, 0u64);
        while start.elapsed() < until {
            let pipelined = requests.new_tree(&mut runner).unwrap().current();
            num += pipelined.len() as u64;
            // No response to the last request comes if it is taken as part of an earlier one.
            let bytes = [pipelined.concat(), LAST.to_vec()].concat();
            for status in statuses(&explore.ask(&bytes, Duration::from_millis(50))) {
                num_answered += 1;
                let shown = || String::from_utf8_lossy(&pipelined.concat()).into_owned();
                assert!(!status.starts_with('5'), "{status} for {:?}", shown());
            }
        }
        (num, num_answered)
    };
    let whole = Duration::from_secs_f64(seconds());
    let all = |until: Duration, seeds: u8| -> (u64, u64) {
        std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|at| scope.spawn(move || send_requests(seeds + at, until))).collect();
            let found = threads.into_iter().map(|thread| thread.join().unwrap());
            found.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        })
    };
    // Initial allocations are kept, so memory must be flat only after a warm-up.
    let first = all(whole / 4, 0);
    let warm = explore.kibibytes();
    let rest = all(whole, 100);
    let (num, num_answered) = (first.0 + rest.0, first.1 + rest.1);
    let seconds = start.elapsed().as_secs_f64();
    assert!(num as f64 > 50.0 * seconds && num_answered > num / 8, "{num} requests, {num_answered} answers");
    explore.until(before, Duration::from_secs(30));
    assert!(explore.is_well());
    let grown = explore.kibibytes().saturating_sub(warm);
    assert!(grown < 16 << 10, "{grown} KiB more than {warm} KiB");
    assert_eq!(explore.stderr(), "");
    eprintln!(
        "fuzz explorer: {num} requests in {seconds:.0} s, 0 5xx/crashes, {num_answered} answers, {grown} KiB more than \
         {warm} KiB, no socket left"
    );
}
