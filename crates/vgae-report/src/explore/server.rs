//! The HTTP server: connections, their limits, and shutdown.

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
use crate::{Error, Result};

/// The most connections at a time; others wait until one of these ends.
const MAX_CONNECTIONS: usize = 256;

/// The longest time for a client to send the head of each request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest time for running requests to end during shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// The largest head of a request, in bytes, give or take one read. A browser may send the cookies of other
/// servers on this machine.
const HEAD_BYTES: usize = 64 << 10;

/// Number of threads for connections; answers are computed on others.
const NUM_IO_THREADS: usize = 2;

/// A server that is bound to its address but does not serve yet.
pub struct Server {
    address: SocketAddr,
    listener: TcpListener,
}

impl Server {
    /// Binds to the address; port 0 picks a free port.
    ///
    /// # Examples
    /// ```
    /// use std::net::{Ipv4Addr, SocketAddr};
    /// use vgae_report::explore::Server;
    ///
    /// let server = Server::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    /// assert!(server.address().ip().is_loopback() && server.address().port() > 0);
    /// assert!(Server::bind(server.address()).is_err());
    /// # Ok::<(), vgae_report::Error>(())
    /// ```
    ///
    /// # Errors
    /// Returns [`Error::Listen`] if the address is in use, or not one of this machine.
    pub fn bind(address: SocketAddr) -> Result<Server> {
        let error = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(error)?;
        listener.set_nonblocking(true).map_err(error)?;
        let address = listener.local_addr().map_err(error)?;
        Ok(Server { address, listener })
    }

    /// Returns the bound address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves answers from `explorer` until the process receives SIGINT or SIGTERM. Then it accepts no more
    /// connections, and returns when the running requests have ended, after at most 5 seconds. `ready` is
    /// called once signals are handled.
    ///
    /// # Errors
    /// Returns [`Error::Listen`] if the system provides no threads or signals, or if this thread belongs to
    /// the compute pool ([`Caller::Computes`](vgae::system::threads::Caller)), which would leave answers waiting
    /// forever. Returns the errors of `ready`.
    pub fn run<E: From<Error>>(
        self,
        explorer: Explorer,
        ready: impl FnOnce() -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let address = self.address;
        if rayon::current_thread_index().is_some() {
            let source =
                io::Error::other("the serving thread belongs to the compute pool; begin with Caller::Waits");
            return Err(Error::Listen { address, source }.into());
        }
        let num_questions = rayon::current_num_threads();
        let runtime = Builder::new_multi_thread()
            .worker_threads(NUM_IO_THREADS)
            .max_blocking_threads(num_questions)
            .enable_all()
            .build()
            .map_err(|source| Error::Listen { address, source })?;
        let outcome = runtime.block_on(self.serve(explorer, num_questions, ready));
        // Nobody waits for answers that are still being computed.
        runtime.shutdown_background();
        outcome
    }

    async fn serve<E: From<Error>>(
        self,
        explorer: Explorer,
        num_questions: usize,
        ready: impl FnOnce() -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let Server { address, listener } = self;
        let error = |source| Error::Listen { address, source };
        let hosts = Hosts::for_address(address.ip());
        let service = TowerToHyperService::new(site(explorer, hosts, num_questions));
        let listener = tokio::net::TcpListener::from_std(listener).map_err(error)?;
        let mut stop = pin!(stop_signal().map_err(error)?);
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(HEAD_BYTES);
        let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let open = GracefulShutdown::new();
        ready()?;
        loop {
            let accepted = async {
                let permit = Arc::clone(&permits).acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>((permit, listener.accept().await?.0))
            };
            let (permit, stream) = tokio::select! {
                () = &mut stop => break,
                accepted = accepted => match accepted {
                    Ok(accepted) => accepted,
                    // An error such as too many open files takes time to pass.
                    Err(_) => {
                        sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            // Nagle's algorithm would delay small answers; if disabling it fails, answers are only slower.
            let _ = stream.set_nodelay(true);
            let connection = http.serve_connection(TokioIo::new(Paced::new(stream)), service.clone());
            let connection = open.watch(connection);
            tokio::spawn(async move {
                // Errors are the client's: it went away, was too slow, or did not send HTTP.
                let _ = connection.await;
                drop(permit);
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

/// Returns a future that waits for SIGINT or SIGTERM, which from then on do not end the process.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
    })
}

/// Returns a future that waits for Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
