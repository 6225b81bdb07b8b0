//! The server of `vgae explore`: bad requests, many requests, signals and silent clients.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::common::Workspace;
use crate::common::explorer::Explore;
use serde_json::Value;

#[test]
fn bad_requests_are_refused() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let explore = Explore::start(&workspace, "");
    let long = "a".repeat(2049);
    for (path, status, error) in [
        ("/api/node/99", 404, "the run has no node \"99\""),
        ("/api/predict/nobody", 404, "the run has no node \"nobody\""),
        ("/api/score?source=1", 400, "target is missing"),
        ("/api/score?source=1&target=", 400, "target is empty"),
        ("/api/score?source=1&target=2&x=3", 400, "x is not a parameter"),
        ("/api/score?source=1&target=2&source=1", 400, "source is given twice"),
        ("/api/score?source=1&target=1", 400, "\"1\" and \"1\" are never linked: they are the same node"),
        ("/api/score?source=1&target=%f", 400, "target has a % without two hexadecimal digits"),
        ("/api/node/%ff", 400, "the node in the path is not UTF-8"),
        ("/api/node/%zz", 400, "the node in the path has a % without two hexadecimal digits"),
        (&format!("/api/node/{long}"), 400, "the node in the path has 2049 bytes"),
        (&format!("/api/nodes?query={long}"), 400, "query has 2049 bytes"),
        ("/api/nodes", 400, "query is missing"),
        ("/api/nodes?query=1&limit=0", 400, "limit is \"0\""),
        ("/api/predict/1?top=0", 400, "top is \"0\""),
        ("/api/predict/1?top=1001", 400, "top is \"1001\""),
        ("/api/predict/1?top=-1", 400, "top is \"-1\""),
        ("/api/predict/1?top=99999999999999999999999", 400, "top is \"99999999999999999999999\""),
        ("/api/run?x=1", 400, "x is not a parameter"),
        ("/api", 404, "there is no /api"),
        ("/api/node/", 404, "there is no /api/node/"),
        ("/api/node/1/2", 404, "there is no /api/node/1/2"),
        ("/../../etc/passwd", 404, "there is no /../../etc/passwd"),
        ("/..%2f..%2fetc%2fpasswd", 404, "there is no /..%2f..%2fetc%2fpasswd"),
        ("/page.js/../../../etc/passwd", 404, "there is no /page.js/../../../etc/passwd"),
        ("/api/node/..%2F..%2Fetc%2Fpasswd", 404, "the run has no node \"../../etc/passwd\""),
    ] {
        let refused = explore.refused(path);
        assert_eq!((refused.0, refused.1.as_str()), (status, error), "{path}");
        assert!(!refused.2.is_empty());
    }
    assert!(explore.refused("/api/node/3x").2.starts_with("similar ids: \"3\", \"3"));
    assert_eq!(explore.refused("/api/predict/1?top=0").2, "expected a whole number from 1 to 1000");

    let ask = |request: &str| explore.client().send(request.as_bytes());
    let with =
        |line: &str| ask(&format!("GET /api/run HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{line}\r\n", explore.port));
    assert_eq!(with("").status, 200);
    for (answer, status) in [
        (ask("GET /api/run HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403),
        (ask("GET / HTTP/1.1\r\nHost: evil.example:7878\r\n\r\n"), 403),
        (ask("GET / HTTP/1.1\r\n\r\n"), 403),
        (with("Host: evil.example\r\n"), 403),
        (ask("GET http://evil.example/api/run HTTP/1.1\r\nHost: localhost\r\n\r\n"), 403),
        (with("Sec-Fetch-Site: cross-site\r\n"), 403),
        (with("Sec-Fetch-Site: same-origin\r\n"), 200),
        (with("Content-Length: 2000\r\n"), 413),
        (ask(&format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(17_000))), 414),
        (ask("nonsense\r\n\r\n"), 400),
    ] {
        assert_eq!(answer.status, status, "{}", answer.head);
        if status != 400 {
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cache-control", "no-store"),
            ] {
                assert_eq!(answer.header(name), Some(value));
            }
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = ask(&format!("{method} /api/run HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD")), "{method}");
    }
    // An endless request head. The connection may close before the response is read.
    let mut client = explore.client();
    let head = format!("GET /api/run HTTP/1.1\r\nHost: localhost\r\nX: {}", "a".repeat(1 << 20));
    let _ = client.reader.get_mut().write_all(head.as_bytes());
    let mut answer = Vec::new();
    let _ = client.reader.read_to_end(&mut answer);
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 431 "),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    // An endless chunked body.
    let chunk = format!("7d0\r\n{}\r\n", "a".repeat(2000));
    let answer = ask(&format!(
        "GET /api/run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"
    ));
    assert_eq!(answer.status, 413);
    assert_eq!(explore.ok("/api/run")["num_nodes"], 34);
}

#[test]
fn ten_thousand_requests_on_eight_connections() {
    const NUM_REQUESTS: usize = 10_000;
    let workspace = Workspace::new();
    workspace.train_karate("");
    let pairs: Vec<(usize, usize)> =
        (1..=34).flat_map(|u| (1..=34).map(move |v| (u, v))).filter(|(u, v)| u != v).collect();
    workspace.write("pairs.csv", pairs.iter().map(|(u, v)| format!("{u},{v}\n")).collect::<String>());
    let scores = workspace.stdout("score run --pairs pairs.csv --format jsonl");
    let scores: Vec<Value> = scores.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let explore = Explore::start(&workspace, "");
    let start = Instant::now();
    let ask = |connection: usize| {
        let mut client = explore.client();
        let these = (connection..NUM_REQUESTS).step_by(8);
        let is_right = |at: &usize| {
            let ((u, v), expected) = (pairs[at % pairs.len()], &scores[at % pairs.len()]);
            let answer = client.get(&format!("/api/score?source={u}&target={v}"));
            let found = answer.json();
            answer.status == 200
                && ["source", "target", "logit", "probability"]
                    .iter()
                    .all(|&name| found[name] == expected[name])
        };
        these.filter(is_right).count()
    };
    let num_right: usize = std::thread::scope(|scope| {
        let connections: Vec<_> = (0..8).map(|connection| scope.spawn(move || ask(connection))).collect();
        connections.into_iter().map(|connection| connection.join().unwrap()).sum()
    });
    assert_eq!(num_right, NUM_REQUESTS);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    eprintln!("{NUM_REQUESTS} requests in {:?}", start.elapsed());
}

#[test]
fn signals_stop_explorer_cleanly() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    for signal in ["INT", "TERM"] {
        let mut explore = Explore::start(&workspace, "");
        let mut idle = explore.client();
        assert_eq!(idle.get("/api/run").status, 200);
        // An occupied port is reported before anything else is checked.
        let error = workspace.failure(&format!("explore nowhere --port {}", explore.port), 1);
        assert!(
            error.starts_with(&format!("error: cannot listen on 127.0.0.1:{}: ", explore.port)),
            "{error}"
        );
        assert!(
            error.contains("hint: another program listens there") && error.contains("--port 0"),
            "{error}"
        );
        explore.signal(signal);
        assert_eq!(explore.ended().code(), Some(0), "{signal}");
        // The idle connection is closed.
        assert_eq!(idle.reader.read(&mut [0]).unwrap_or(0), 0);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, explore.port)).is_err());
        let mut said = String::new();
        explore.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said, "press Ctrl-C to stop\n");
    }
}

#[test]
fn silent_client_is_dropped() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let explore = Explore::start(&workspace, "");
    let (mut silent, mut slow) = (explore.client(), explore.client());
    slow.reader.get_mut().write_all(b"GET /api/run HTTP/1.1\r\nHost:").unwrap();
    let start = Instant::now();
    for client in [&mut silent, &mut slow] {
        let mut rest = Vec::new();
        client.reader.read_to_end(&mut rest).unwrap();
    }
    let seconds = start.elapsed().as_secs();
    assert!((8..25).contains(&seconds), "{seconds}");
    assert_eq!(explore.ok("/api/run")["num_nodes"], 34);
}

/// The thread that waits for clients must not be the only one that computes.
#[test]
fn one_thread_answers_all_requests() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let explore = Explore::start(&workspace, "--threads 1");
    for path in ["/api/map", "/api/predict/1", "/api/why?source=1&target=9", "/api/score?source=1&target=9"] {
        explore.ok(path);
    }
}
