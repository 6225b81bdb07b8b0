//! The server: connections, their limits, and how it stops.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::runtime::Builder;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::Explorer;
use super::guard::Hosts;
use super::paced::Paced;
use super::routes::site;
use crate::error::{Error, Result};

/// Connections at a time; others wait until one of these ends.
const MAX_CONNECTIONS: usize = 256;

/// How long a client may take to send the head of a request, the first one or a further one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long running requests may take to end once the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// The most of a request's head that is kept, in bytes, give or take a read: a browser may send the cookies of other servers
/// on this machine.
const HEAD_BYTES: usize = 64 << 10;

/// Threads that talk to clients; computing goes on others.
const NUM_TALKERS: usize = 2;

/// A server that has its address, and answers nothing yet.
pub struct Server {
    address: SocketAddr,
    listener: TcpListener,
}

impl Server {
    /// Takes the address; port 0 is a free one.
    ///
    /// # Examples
    /// ```
    /// use std::net::{Ipv4Addr, SocketAddr};
    /// use vgae_report::explore::Server;
    ///
    /// let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    /// assert!(server.address().ip().is_loopback() && server.address().port() > 0);
    /// assert!(Server::bind(server.address()).is_err());
    /// # Ok::<(), vgae::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Listen`] if it is taken, or none of this machine.
    pub fn bind(address: SocketAddr) -> Result<Server> {
        let error = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(error)?;
        listener.set_nonblocking(true).map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Server { address, listener })
    }

    /// The address that it has.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers from `explorer` until the process is interrupted or terminated (SIGINT or SIGTERM); then it takes no
    /// more connections, and ends when the running requests have, after 5 seconds at most. `ready` is called once
    /// a signal would be heeded.
    ///
    /// # Errors
    /// [`Error::Listen`] if the system gives no threads or signals, or this thread is one of those that compute
    /// ([`Caller::Computes`](vgae::system::threads::Caller)), for answers left to it would never come; what `ready` returns.
    pub fn run(self, explorer: Explorer, ready: impl FnOnce() -> Result<()>) -> Result<()> {
        let address = self.address;
        if rayon::current_thread_index().is_some() {
            let source = io::Error::other(
                "the thread that serves is one of those that compute: begin with Caller::Waits",
            );
            return Err(Error::Listen { address, source });
        }
        let num_questions = rayon::current_num_threads();
        let runtime = Builder::new_multi_thread()
            .worker_threads(NUM_TALKERS)
            .max_blocking_threads(num_questions)
            .enable_all()
            .build()
            .map_err(|source| Error::Listen { address, source })?;
        let outcome = runtime.block_on(self.serve(explorer, num_questions, ready));
        // What is still being computed now, nobody waits for.
        runtime.shutdown_background();
        outcome
    }

    async fn serve(
        self,
        explorer: Explorer,
        num_questions: usize,
        ready: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let Server { address, listener } = self;
        let error = |source| Error::Listen { address, source };
        let hosts = Hosts::of(address.ip());
        let service = TowerToHyperService::new(site(explorer, hosts, num_questions));
        let listener = tokio::net::TcpListener::from_std(listener).map_err(error)?;
        let mut stop = pin!(stop().map_err(error)?);
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES);
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let open = GracefulShutdown::new();
        ready()?;
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>((place, listener.accept().await?.0))
            };
            let (place, stream) = tokio::select! {
                () = &mut stop => break,
                accepted = accepted => match accepted {
                    Ok(accepted) => accepted,
                    // Such as too many open files, which takes time to pass.
                    Err(_) => {
                        sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            // Without it an answer may wait for the next one; where it cannot be had it is merely slower.
            let _ = stream.set_nodelay(true);
            let connection = http.serve_connection(TokioIo::new(Paced::new(stream)), service.clone());
            let connection = open.watch(connection);
            tokio::spawn(async move {
                // An error is the client's: it went away, was too slow, or speaks no HTTP, and has its answer.
                let _ = connection.await;
                drop(place);
            });
        }
        drop(listener);
        tokio::select! {
            () = open.shutdown() => (),
            () = sleep(GRACE) => (),
        }
        Ok(())
    }
}

/// Waits for SIGINT or SIGTERM, which do not end the process by themselves any more.
#[cfg(unix)]
fn stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
fn stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
