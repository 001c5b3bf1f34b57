//! Connects to one of the addresses of a backend, and speaks TLS with it where requests do.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::Address;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;

use crate::pool::Backend;
use crate::tls::{self, Socket, Stream};

use super::ConnectError;

/// From one attempt to the next, while none has failed (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to `backend`, at `port` in place of its own if there is one. Over TLS, `alpn` is offered in place of what its
/// settings say, if it is anything. `header` goes before everything else. Nothing limits the time but the caller.
///
/// # Errors
/// [`ConnectError`], in an operator's words.
pub(crate) async fn dial(
    backend: &Backend,
    port: Option<u16>,
    alpn: &[&[u8]],
    header: &[u8],
) -> Result<Stream, ConnectError> {
    let place = Arc::clone(&backend.place());
    let mut socket = match &backend.settings().address {
        Address::Unix(path) => Socket::connect_unix(path).await.map_err(ConnectError::Tcp)?,
        _ => Socket::Tcp(race(order(&place.addresses, port, backend.next_dial())).await?),
    };
    socket.set_nodelay();
    if !header.is_empty() {
        socket.write_all(header).await.map_err(ConnectError::Tcp)?;
    }
    let Some((config, name)) = backend.tls() else { return Ok(Stream::Plain(socket)) };
    // Of the server that was just dialled, whoever stands in the slot now.
    let name = name.clone().or_else(|| place.server_name()).ok_or(ConnectError::Unresolved)?;
    let connector = TlsConnector::from(Arc::clone(config));
    let tls = match alpn {
        [] => connector.connect(name, socket).await,
        _ => {
            let alpn = alpn.iter().map(|protocol| protocol.to_vec()).collect();
            connector.with_alpn(alpn).connect(name, socket).await
        }
    };
    let tls = tls.map_err(|error| ConnectError::Tls(tls::explain(&error)))?;
    Ok(Stream::Tls(Box::new(tls.into())))
}

/// The order in which addresses are tried: the families in turn, IPv6 first (RFC 8305, section 4), and each family from
/// its `turn`th address on, so that connections are spread over all of them.
fn order(addresses: &[SocketAddr], port: Option<u16>, turn: usize) -> VecDeque<SocketAddr> {
    let family = |v6: bool| {
        let mut family: Vec<SocketAddr> =
            addresses.iter().copied().filter(|address| address.is_ipv6() == v6).collect();
        let first = turn.checked_rem(family.len()).unwrap_or(0);
        family.rotate_left(first);
        family.into_iter()
    };
    let (mut six, mut four) = (family(true), family(false));
    let mut all = VecDeque::with_capacity(addresses.len());
    while all.len() < addresses.len() {
        all.extend(six.next().into_iter().chain(four.next()));
    }
    if let Some(port) = port {
        all.iter_mut().for_each(|address| address.set_port(port));
    }
    all
}

/// Tries each address a little after the one before, or as soon as that has failed. The first connection wins, and the
/// others are given up.
async fn race(mut addresses: VecDeque<SocketAddr>) -> Result<TcpStream, ConnectError> {
    if let (1, Some(only)) = (addresses.len(), addresses.front()) {
        return TcpStream::connect(only).await.map_err(ConnectError::Tcp);
    }
    let mut failure = ConnectError::Unresolved;
    let mut attempts = JoinSet::new();
    loop {
        if let Some(address) = addresses.pop_front() {
            attempts.spawn(TcpStream::connect(address));
        }
        tokio::select! {
            attempt = attempts.join_next() => match attempt {
                None => return Err(failure),
                Some(Ok(Ok(tcp))) => return Ok(tcp),
                Some(Ok(Err(error))) => failure = ConnectError::Tcp(error),
                Some(Err(_)) => {} // it was given up: the worker ends
            },
            () = sleep(STAGGER), if !addresses.is_empty() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::time::{Instant, timeout};

    use super::*;

    fn at(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_and_each_begins_further_on() {
        let all =
            at(&["192.0.2.1:80", "192.0.2.2:80", "192.0.2.3:80", "[2001:db8::1]:80", "[2001:db8::2]:80"]);
        let in_turn =
            at(&["[2001:db8::1]:80", "192.0.2.1:80", "[2001:db8::2]:80", "192.0.2.2:80", "192.0.2.3:80"]);
        assert_eq!(order(&all, None, 0), in_turn);
        let next: Vec<SocketAddr> = order(&all, Some(81), 4).into_iter().take(2).collect();
        assert_eq!(next, at(&["[2001:db8::1]:81", "192.0.2.2:81"]));
        assert!(order(&[], None, 7).is_empty());
    }

    #[tokio::test]
    async fn a_failure_moves_on_at_once_and_the_last_one_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let tcp = race([closed, closed, open].into()).await.unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), open);
        assert!(matches!(race([closed, closed].into()).await, Err(ConnectError::Tcp(_))));
        assert!(matches!(race([closed].into()).await, Err(ConnectError::Tcp(_))));
        assert!(matches!(race(VecDeque::new()).await, Err(ConnectError::Unresolved)));
    }

    #[tokio::test]
    async fn an_address_that_says_nothing_holds_the_next_one_up_for_a_moment_only() {
        // A listener whose queue is full drops what comes: the attempt hangs.
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let mute = socket.local_addr().unwrap().as_socket().unwrap();
        let mut fills = vec![];
        while let Ok(tcp) = timeout(Duration::from_millis(100), TcpStream::connect(mute)).await {
            fills.push(tcp.unwrap());
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let open = listener.local_addr().unwrap();
        let begun = Instant::now();
        let tcp = timeout(Duration::from_secs(20), race([mute, open].into())).await.unwrap().unwrap();
        assert_eq!(tcp.peer_addr().unwrap(), open);
        assert!(begun.elapsed() >= STAGGER, "the first has its time");
    }
}
