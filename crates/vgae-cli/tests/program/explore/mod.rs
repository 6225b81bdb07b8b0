//! `vgae explore`, queried over plain TCP.

mod answers;
mod server;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::common::explorer::Explore;
use serde_json::Value;

/// The longest time to wait for a response.
const PATIENCE: Duration = Duration::from_secs(30);

impl Explore {
    fn client(&self) -> Client {
        Client { reader: BufReader::new(self.connect(PATIENCE)) }
    }

    /// Returns the status and JSON of a path.
    fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.client().get(path);
        (answer.status, answer.json())
    }

    fn ok(&self, path: &str) -> Value {
        let (status, value) = self.get(path);
        assert_eq!(status, 200, "{path}: {value}");
        value
    }

    /// Returns the status, error and hint of a path that must be refused.
    fn refused(&self, path: &str) -> (u16, String, String) {
        let (status, value) = self.get(path);
        let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("{path}: {value}")).to_string();
        (status, text("error"), text("hint"))
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn ended(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A persistent connection.
struct Client {
    reader: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.head, String::from_utf8_lossy(&self.body)))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|line| line.0.eq_ignore_ascii_case(name)).map(|line| line.1).next()
    }
}

impl Client {
    fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
    }

    fn send(&mut self, request: &[u8]) -> Answer {
        self.reader.get_mut().write_all(request).unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(self.reader.read_line(&mut head).unwrap(), 0, "no answer: {head:?}");
        }
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
        answer.body.resize(length, 0);
        self.reader.read_exact(&mut answer.body).unwrap();
        answer
    }
}

/// Percent-encodes everything but letters and digits.
fn encoded(id: &str) -> String {
    let of =
        |byte: u8| if byte.is_ascii_alphanumeric() { (byte as char).into() } else { format!("%{byte:02X}") };
    id.bytes().map(of).collect()
}
