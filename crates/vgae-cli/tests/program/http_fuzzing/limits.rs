//! The limits of the server: endless and slow requests, other methods, and requests of other sites.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{PATIENCE, status};
use crate::common::Workspace;
use crate::common::explorer::Explore;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn endless_requests_use_bounded_memory() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let explore = Explore::start(&workspace, "");
    assert!(explore.is_well());
    let before = explore.kibibytes();
    let host = "Host: localhost\r\n";
    let megabytes = "a".repeat(64 << 20);
    let chunks = "8000\r\n".to_string() + &"a".repeat(0x8000) + "\r\n";
    for (request, statuses) in [
        (format!("GET /{megabytes} HTTP/1.1\r\n{host}\r\n"), ["414", "431", ""]),
        (format!("GET / HTTP/1.1\r\n{host}X: {megabytes}\r\n\r\n"), ["431", "431", ""]),
        (format!("GET / HTTP/1.1\r\n{host}{}\r\n", "X: y\r\n".repeat(1 << 20)), ["431", "431", ""]),
        (megabytes.clone(), ["400", "431", ""]),
        (
            format!("GET /api/run HTTP/1.1\r\n{host}Content-Length: 67108864\r\n\r\n{megabytes}"),
            ["413", "413", ""],
        ),
        (
            format!(
                "GET /api/run HTTP/1.1\r\n{host}Transfer-Encoding: chunked\r\n\r\n{}",
                chunks.repeat(1000)
            ),
            ["413", "413", ""],
        ),
    ] {
        // The response may be lost if the connection closes while data is still arriving.
        let found = status(&explore.ask(request.as_bytes(), PATIENCE));
        assert!(statuses.contains(&found.as_str()), "{found:?} for {:?}…", &request[..60]);
    }
    // If no more data is on its way, the response arrives.
    let lengths = format!("GET /api/run HTTP/1.1\r\n{host}Content-Length: 18446744073709551615\r\n\r\n");
    let found = explore.status_of(&lengths);
    assert!(["413", "400", "431"].contains(&found.as_str()), "{found:?}");
    assert_eq!(
        explore
            .status_of(&format!("GET /{} HTTP/1.1\r\n{host}Connection: close\r\n\r\n", "a".repeat(20_000))),
        "414"
    );
    let many = (0..120).map(|at| format!("X-{at}: y\r\n")).collect::<String>();
    assert_eq!(explore.status_of(&format!("GET / HTTP/1.1\r\n{host}{many}\r\n")), "431");
    let grown = explore.kibibytes().saturating_sub(before);
    assert!(grown < 16 << 10, "{grown} KiB");
    assert!(explore.is_well());
}

#[test]
fn slow_clients_are_disconnected() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let explore = Explore::start(&workspace, "");
    assert!(explore.is_well());
    let before = explore.num_sockets();
    // Clients that never read small or large responses.
    let never: Vec<TcpStream> = (0..50)
        .map(|at| {
            let stream = explore.connect(MINUTE);
            stream.set_nonblocking(true).unwrap();
            let request = "GET /d3.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n";
            let _ = (&stream).write(request.repeat([1, 3, 20, 200, 2000][at % 5]).as_bytes());
            stream
        })
        .collect();
    // Heads and bodies sent byte by byte, and a client that reads slowly.
    let (explore, is_over) = (&explore, &AtomicBool::new(false));
    std::thread::scope(|scope| {
        let drip = move |begin: &'static str| {
            let mut stream = explore.connect(Duration::from_millis(500));
            stream.write_all(begin.as_bytes()).unwrap();
            let start = Instant::now();
            let mut answer = Vec::new();
            loop {
                let mut bytes = [0; 4096];
                match stream.read(&mut bytes) {
                    Ok(0) => break,
                    Ok(length) => answer.extend_from_slice(&bytes[..length]),
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                        let _ = stream.write_all(b"a");
                    }
                    Err(_) => break,
                }
                assert!(start.elapsed() < Duration::from_secs(40), "{begin:?} is served for ever");
            }
            (status(&answer), start.elapsed().as_secs())
        };
        let heads = scope.spawn(move || drip("GET /api/run HTTP/1.1\r\nHost: localhost\r\nX: "));
        let lines = scope.spawn(move || drip("GET /"));
        let body = "GET /api/run HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n";
        let bodies = scope.spawn(move || drip(body));
        let sips = scope.spawn(move || {
            let mut stream = explore.connect(MINUTE);
            let request = "GET /d3.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
            let _ = stream.write_all(request.as_bytes());
            let mut bytes = [0; 1 << 10];
            let start = Instant::now();
            while !is_over.load(Ordering::Relaxed) && start.elapsed() < Duration::from_secs(90) {
                // After a reset the system still delivers data that arrived earlier.
                let _ = stream.read(&mut bytes);
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        // Meanwhile all other clients are served.
        for _ in 0..100 {
            assert!(explore.is_well());
            std::thread::sleep(Duration::from_millis(50));
        }
        let [head, line, body] = [heads, lines, bodies].map(|thread| thread.join().unwrap());
        for (found, seconds) in [&head, &line, &body] {
            assert!((8..30).contains(seconds), "{found} after {seconds} s");
        }
        assert!(
            ["408", ""].contains(&head.0.as_str()) && ["408", ""].contains(&line.0.as_str()),
            "{head:?} {line:?}"
        );
        assert_eq!(body.0, "408");
        explore.until(before, Duration::from_secs(60));
        is_over.store(true, Ordering::Relaxed);
        sips.join().unwrap();
    });
    // The system drops their responses too: a client that reads finds the connection reset.
    let num_reset = never.iter().filter(|stream| {
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        std::io::copy(&mut &**stream, &mut std::io::sink()).is_err()
    });
    eprintln!(
        "of 50 clients that never read, 50 are cut, {} of them in the middle of an answer",
        num_reset.count()
    );
    assert!(explore.is_well());
}

#[test]
fn head_requests_hosts_and_cross_site() {
    let workspace = Workspace::new();
    workspace.train_karate("");
    let head_of = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{text:?}"));
        let is_date = |line: &&str| line.to_lowercase().starts_with("date:");
        (head.lines().filter(|line| !is_date(line)).map(String::from).collect::<Vec<_>>(), body.to_string())
    };
    {
        let explore = Explore::start(&workspace, "");
        for path in ["/", "/api/run", "/api/node/1", "/api/node/nobody", "/nothing", "/d3.min.js"] {
            let ask = |method: &str| {
                let request =
                    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
                head_of(&explore.ask(request.as_bytes(), PATIENCE))
            };
            let (get, head) = (ask("GET"), ask("HEAD"));
            assert!(!get.1.is_empty() && head.1.is_empty(), "{path}");
            assert_eq!(get.0, head.0, "{path}");
        }
    }
    for (bind, host, expected) in [
        ("127.0.0.1", "192.168.1.2", "403"),
        ("127.0.0.1", "evil.example", "403"),
        ("127.0.0.1", "localhost.evil.example", "403"),
        ("0.0.0.0", "192.168.1.2:7878", "200"),
        ("0.0.0.0", "127.0.0.1", "200"),
        ("0.0.0.0", "evil.example", "403"),
        ("0.0.0.0", "", "403"),
    ] {
        let explore = Explore::start(&workspace, &format!("--bind {bind}"));
        let ask = |more: &str| {
            explore.status_of(&format!(
                "GET /api/run HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n"
            ))
        };
        assert_eq!(ask(""), expected, "{host} at {bind}");
        assert_eq!(ask("Sec-Fetch-Site: cross-site\r\n"), "403");
        assert_eq!(ask("Sec-Fetch-Site: same-site\r\n"), "403");
        assert_eq!(ask("Sec-Fetch-Site: none\r\n"), expected);
        // An older browser sends only the origin.
        assert_eq!(ask("Origin: https://evil.example\r\n"), "403");
        assert_eq!(ask("Origin: null\r\n"), "403");
        let warns = explore.stderr().contains("anyone who can reach this address can read the graph");
        assert_eq!(warns, bind == "0.0.0.0");
    }
}
