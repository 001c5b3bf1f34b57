//! Listening sockets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use crate::tls;

/// Connections that wait to be accepted, for each socket.
pub(super) const BACKLOG: i32 = 4096;

/// Who comes by a Unix socket has no address: it is of this machine, and counts as such.
const LOCAL: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// A listening socket that no worker has yet.
pub(crate) enum Listening {
    /// TCP.
    Tcp(std::net::TcpListener),
    /// A Unix socket.
    Unix(std::os::unix::net::UnixListener),
}

/// One listening socket of several on the same address: the kernel spreads connections over them.
///
/// # Errors
/// The system's: the address is in use by somebody else, not of this machine, or not ours to take.
pub(crate) fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

impl Listening {
    /// Hands the socket to the event queue of this thread.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn register(self) -> io::Result<Acceptor> {
        match self {
            Self::Tcp(socket) => TcpListener::from_std(socket).map(Acceptor::Tcp),
            Self::Unix(socket) => UnixListener::from_std(socket).map(Acceptor::Unix),
        }
    }
}

/// A listening socket of a worker.
pub(super) enum Acceptor {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Acceptor {
    /// The next connection, and who it is from.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn accept(&self) -> io::Result<(tls::Socket, SocketAddr)> {
        match self {
            Self::Tcp(socket) => socket.accept().await.map(|(tcp, peer)| (tls::Socket::Tcp(tcp), peer)),
            Self::Unix(socket) => socket.accept().await.map(|(unix, _)| (tls::Socket::Unix(unix), LOCAL)),
        }
    }

    /// Lets nobody more into the queue, and asks the kernel for what waits in it: the runtime may not have heard of the
    /// last ones yet.
    pub(super) fn into_queue(self) -> io::Result<Queue> {
        match self {
            Self::Tcp(socket) => {
                end_queue(&socket);
                socket.into_std().map(Listening::Tcp).map(Queue)
            }
            Self::Unix(socket) => socket.into_std().map(Listening::Unix).map(Queue),
        }
    }
}

/// Lets the kernel drop what still comes to a listening socket, so that nobody gets into its queue between the last look at
/// it and the close, which would cut them off: who comes now asks once more, and is turned away in order.
fn end_queue(socket: &TcpListener) {
    #[cfg(target_os = "linux")]
    {
        /// `BPF_RET | BPF_K`: keeps that many bytes of a packet.
        const RETURN: u16 = 0x06;
        // Without it, it is as elsewhere.
        let _ = socket2::SockRef::from(socket).attach_filter(&[socket2::SockFilter::new(RETURN, 0, 0, 0)]);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// A socket whose queue is emptied.
pub(super) struct Queue(Listening);

impl Queue {
    /// What waits.
    ///
    /// # Errors
    /// The system's; when nothing waits, that it would block.
    pub(super) fn next(&self) -> io::Result<(tls::Socket, SocketAddr)> {
        match &self.0 {
            Listening::Tcp(socket) => {
                let (tcp, peer) = socket.accept()?;
                tcp.set_nonblocking(true)?;
                Ok((tls::Socket::Tcp(TcpStream::from_std(tcp)?), peer))
            }
            Listening::Unix(socket) => {
                let (unix, _) = socket.accept()?;
                unix.set_nonblocking(true)?;
                Ok((tls::Socket::Unix(UnixStream::from_std(unix)?), LOCAL))
            }
        }
    }
}
