//! `vgae explore` under attack: random requests and garbage, endless bodies and heads, clients that are slow
//! or never read. `VGAE_FUZZ_SECONDS` sets the duration of the random requests (default 2).

mod limits;
mod random;

use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::common::explorer::Explore;

/// The longest time to wait for a response.
const PATIENCE: Duration = Duration::from_secs(20);

impl Explore {
    /// Sends `request`, and returns all that arrives until the connection closes or `patience` passes without
    /// data.
    fn ask(&self, request: &[u8], patience: Duration) -> Vec<u8> {
        let mut stream = self.connect(patience);
        // The server may refuse it and close the connection before all of it is sent.
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    fn status_of(&self, request: &str) -> String {
        status(&self.ask(request.as_bytes(), PATIENCE))
    }

    fn is_well(&self) -> bool {
        self.status_of("GET /api/run HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n") == "200"
    }

    fn num_sockets(&self) -> usize {
        let files = fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        let target = |file: fs::DirEntry| fs::read_link(file.path()).unwrap_or_default();
        files.flatten().map(target).filter(|to| to.to_string_lossy().starts_with("socket")).count()
    }

    fn kibibytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches("kB").trim().parse().unwrap()
    }

    /// Waits until at most `num_sockets` are open.
    fn until(&self, num_sockets: usize, within: Duration) -> Duration {
        let start = Instant::now();
        while self.num_sockets() > num_sockets {
            assert!(start.elapsed() < within, "{} sockets after {within:?}", self.num_sockets());
            std::thread::sleep(Duration::from_millis(50));
        }
        start.elapsed()
    }

    /// Kills the server, and returns its stderr.
    fn stderr(mut self) -> String {
        assert!(self.child.try_wait().unwrap().is_none(), "the server ended by itself");
        self.child.kill().unwrap();
        let mut stderr = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        stderr
    }
}

/// Returns the status of a response, or an empty string if there is none.
fn status(answer: &[u8]) -> String {
    match answer.strip_prefix(b"HTTP/1.") {
        Some(rest) => String::from_utf8_lossy(&rest[2..5.min(rest.len())]).into_owned(),
        None => {
            assert!(answer.is_empty(), "no HTTP: {}", String::from_utf8_lossy(answer));
            String::new()
        }
    }
}
