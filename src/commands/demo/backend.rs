//! The backends of the demo: each answers every request with its name.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::Trouble;

/// A backend that can be killed and started again on the same port.
pub(super) struct Backend {
    name: &'static str,
    address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Backend {
    /// Starts a backend on a free port of the loopback interface, with a thread of its own.
    pub(super) fn start(name: &'static str) -> Result<Self, Trouble> {
        let mut backend = Self { name, address: (Ipv4Addr::LOCALHOST, 0).into(), runtime: None };
        backend.revive()?;
        Ok(backend)
    }

    /// Starts it again where it was.
    pub(super) fn revive(&mut self) -> Result<(), Trouble> {
        let listener = std::net::TcpListener::bind(self.address).map_err(Trouble::new)?;
        listener.set_nonblocking(true).map_err(Trouble::new)?;
        self.address = listener.local_addr().map_err(Trouble::new)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(Trouble::new)?;
        runtime.spawn(serve(listener, self.name));
        self.runtime = Some(runtime);
        Ok(())
    }

    /// Ends it at once, with all its connections, as `kill -9` would.
    pub(super) fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.kill(); // a runtime must not be dropped inside another
    }
}

async fn serve(listener: std::net::TcpListener, name: &'static str) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(answer(stream, name))),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// Answers requests without a body, one after the other.
async fn answer(mut stream: TcpStream, name: &'static str) {
    let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
    let mut seen = Vec::new();
    loop {
        while let Some(end) = seen.windows(4).position(|window| window == b"\r\n\r\n") {
            seen.drain(..end + 4);
            if stream.write_all(response.as_bytes()).await.is_err() {
                return;
            }
        }
        match stream.read_buf(&mut seen).await {
            Ok(length) if length > 0 => {}
            _ => return,
        }
    }
}
