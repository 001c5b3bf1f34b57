//! What the tests stand on: backends, a running Divisor, clients, certificates.

pub(crate) mod backend;
pub(crate) mod certs;
pub(crate) mod client;
pub(crate) mod frames;
pub(crate) mod raw;
pub(crate) mod site;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

pub(crate) use backend::Backend;
pub(crate) use client::Client;
pub(crate) use site::Site;

/// Longer than anything takes on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A port of the loopback interface that nobody else gets while this lives: it is bound, but not listened on, and
/// may be bound once more by whoever shares ports, as Divisor does.
pub(crate) struct Port {
    _socket: Socket,
    pub(crate) address: SocketAddr,
}

impl Port {
    pub(crate) fn reserve() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.set_reuse_port(true).unwrap();
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        Self { _socket: socket, address }
    }

    pub(crate) fn number(&self) -> u16 {
        self.address.port()
    }
}

/// Waits until something is true; panics with `what` when it takes too long.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
