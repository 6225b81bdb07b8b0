//! `vgae explore` as a child process.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{VGAE, Workspace};

/// A `vgae explore` on a free port, killed when dropped.
pub struct Explore {
    pub child: Child,
    pub port: u16,
}

impl Explore {
    /// Serves the run `run` of `workspace` with the flags `more`.
    pub fn start(workspace: &Workspace, more: &str) -> Self {
        let mut child = Command::new(VGAE)
            .args(["explore", "--port", "0"])
            .arg(workspace.path("run"))
            .args(more.split_ascii_whitespace())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim_end().trim_end_matches('/').rsplit(':').next().unwrap();
        let port = port.parse().unwrap_or_else(|_| panic!("no address: {line:?}"));
        Explore { child, port }
    }

    /// Opens a connection with the read timeout `patience`.
    pub fn connect(&self, patience: Duration) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(patience)).unwrap();
        stream
    }
}

impl Drop for Explore {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
