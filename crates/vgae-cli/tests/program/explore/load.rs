//! Many, silent and interrupted clients of `vgae explore`.

use super::*;

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
