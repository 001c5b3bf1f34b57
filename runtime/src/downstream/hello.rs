//! What a TLS client says first (RFC 8446, section 4.1.2): read for the name that it asks for, and kept as it came.

use std::io;

use divisor_schema::plan::host_name;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a ClientHello with all that is around it. The longest that browsers send have two thousand.
const MOST: usize = 16 * 1024;
/// A record of the handshake protocol (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;
/// The message itself (section 4).
const CLIENT_HELLO: u8 = 1;
/// The extension with the name (RFC 6066, section 3), and the only sort of name there is.
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;

/// The beginning of a connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hello {
    /// Everything that was read.
    pub(super) bytes: Vec<u8>,
    /// The name that the client asks for, in lower case; `None` when it asks for none, or does not speak TLS.
    pub(super) name: Option<String>,
}

impl Hello {
    /// Reads what a client says first, to the end of its ClientHello or to where it is none.
    ///
    /// # Errors
    /// When the stream fails or ends, or what comes has no end.
    pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut hello = Self::default();
        let mut records = Records::default();
        loop {
            match records.message(&hello.bytes) {
                Message::Whole(message) => {
                    hello.name = server_name(message);
                    return Ok(hello);
                }
                Message::None => return Ok(hello),
                Message::Unfinished if hello.bytes.len() >= MOST => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "the ClientHello has no end"));
                }
                Message::Unfinished => {}
            }
            let mut room = [0; 2048];
            let count = room.len().min(MOST - hello.bytes.len());
            let count = stream.read(room.get_mut(..count).unwrap_or_default()).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            hello.bytes.extend_from_slice(room.get(..count).unwrap_or_default());
        }
    }
}

/// Puts a message together that may lie in several records. Looks at no byte twice, however small the pieces are.
#[derive(Default)]
struct Records {
    /// The message as far as its records are whole.
    message: Vec<u8>,
    /// Where the next record begins.
    next: usize,
}

enum Message<'a> {
    /// The content of the message, without its header.
    Whole(&'a [u8]),
    /// There is more to come.
    Unfinished,
    /// It is no ClientHello.
    None,
}

impl Records {
    fn message(&mut self, bytes: &[u8]) -> Message<'_> {
        loop {
            let rest = bytes.get(self.next..).unwrap_or_default();
            if rest.first().is_some_and(|&kind| kind != HANDSHAKE) || rest.get(1).is_some_and(|&it| it != 3) {
                return Message::None;
            }
            let mut record = Reader(rest);
            let content = record.take(3).and_then(|_| record.u16()).map(usize::from);
            let Some(content) = content.and_then(|length| record.take(length)) else {
                return Message::Unfinished;
            };
            if content.is_empty() {
                return Message::None; // section 5.1 forbids it, and it would go on forever
            }
            self.message.extend_from_slice(content);
            self.next = bytes.len() - record.0.len();
            if self.message.first() != Some(&CLIENT_HELLO) {
                return Message::None;
            }
            if self.is_whole() {
                return Message::Whole(self.message.get(4..).unwrap_or_default());
            }
        }
    }

    fn is_whole(&self) -> bool {
        let mut message = Reader(&self.message);
        let length = message.take(1).and_then(|_| message.u24());
        length.is_some_and(|length| message.0.len() >= length)
    }
}

/// The name in the content of a ClientHello. What is said twice is said in two ways, so it counts as not said.
fn server_name(message: &[u8]) -> Option<String> {
    let mut message = Reader(message);
    message.take(2 + 32)?; // version, random
    let session = message.u8()?;
    message.take(session.into())?;
    let suites = message.u16()?;
    message.take(suites.into())?;
    let compression = message.u8()?;
    message.take(compression.into())?;
    let length = message.u16()?;
    let mut extensions = Reader(message.take(length.into())?);
    let mut found = None;
    while !extensions.0.is_empty() {
        let (kind, length) = (extensions.u16()?, extensions.u16()?);
        let content = extensions.take(length.into())?;
        if kind == SERVER_NAME && found.replace(content).is_some() {
            return None;
        }
    }
    let mut list = Reader(found?);
    let length = list.u16()?;
    let mut list = Reader(list.take(length.into())?);
    let (kind, length) = (list.u8()?, list.u16()?);
    let name = list.take(length.into())?;
    if kind != HOST_NAME || !list.0.is_empty() {
        return None;
    }
    let name =
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && !name.contains([':', '[']))?;
    host_name(name).ok().map(|name| name.into_owned())
}

/// Reads from the front of some bytes; `None` where they end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1).and_then(<[u8]>::first).copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u24(&mut self) -> Option<usize> {
        let (high, low) = (self.u8()?, self.u16()?);
        Some(usize::from(high) << 16 | usize::from(low))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;

    /// What rustls says first to a server of this name.
    fn client_hello(name: &str) -> Vec<u8> {
        let config =
            ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth();
        let name = name.to_owned().try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut bytes = vec![];
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    /// The same message in records of `size` bytes.
    fn in_records(hello: &[u8], size: usize) -> Vec<u8> {
        let record =
            |piece: &[u8]| [&[HANDSHAKE, 3, 1], &(piece.len() as u16).to_be_bytes()[..], piece].concat();
        hello[5..].chunks(size).flat_map(record).collect()
    }

    async fn read(mut bytes: &[u8]) -> Result<Hello, String> {
        Hello::read(&mut bytes).await.map_err(|error| error.to_string())
    }

    async fn name(bytes: &[u8]) -> Option<String> {
        let hello = read(bytes).await.unwrap();
        assert_eq!(hello.bytes, bytes, "nothing is lost");
        hello.name
    }

    #[tokio::test]
    async fn the_name_is_found_in_one_record_or_many() {
        let hello = client_hello("Shop.example");
        assert_eq!(name(&hello).await.as_deref(), Some("shop.example"));
        for size in [1, 7, 100] {
            assert_eq!(name(&in_records(&hello, size)).await.as_deref(), Some("shop.example"), "{size}");
        }
        assert_eq!(name(&client_hello("10.0.0.1")).await, None, "an address is no name");
        let more = [&hello[..], b"early data"].concat();
        assert_eq!(name(&more).await.as_deref(), Some("shop.example"));
    }

    #[tokio::test]
    async fn what_is_no_hello_is_told_by_its_first_bytes() {
        for bytes in
            [&b"GET / HTTP/1.1\r\n"[..], b"\x16\x02", b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\x00\x01\x02"]
        {
            assert_eq!(name(bytes).await, None, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn what_does_not_end_is_refused() {
        let hello = client_hello("shop.example");
        assert_eq!(read(&hello[..hello.len() - 1]).await, Err("unexpected end of file".to_owned()));
        let long = [&[1, 0, 0xff, 0xff][..], &[0; 40_000]].concat();
        let endless = in_records(&[&[0; 5][..], &long].concat(), 16_000);
        assert_eq!(read(&endless).await, Err("the ClientHello has no end".to_owned()));
    }

    #[tokio::test]
    async fn a_name_that_is_said_twice_is_not_said() {
        let extension = [0, 0, 0, 8, 0, 6, 0, 0, 3, b'a', b'.', b'b'];
        let content = |extensions: &[u8]| {
            let start = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0]].concat();
            [&start[..], &(extensions.len() as u16).to_be_bytes(), extensions].concat()
        };
        assert_eq!(server_name(&content(&extension)).as_deref(), Some("a.b"));
        assert_eq!(server_name(&content(&[extension, extension].concat())), None);
        let two_names = [0, 0, 0, 14, 0, 12, 0, 0, 3, b'a', b'.', b'b', 0, 0, 3, b'c', b'.', b'd'];
        assert_eq!(server_name(&content(&two_names)), None);
        assert_eq!(server_name(&content(&[])), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_give_an_answer(
            at in 0usize..600,
            byte: u8,
            noise in prop::collection::vec(any::<u8>(), 0..64),
            size in 1usize..400,
        ) {
            let mut hello = client_hello("shop.example");
            let whole = in_records(&hello, size);
            let mut records = Records::default();
            prop_assert!(matches!(records.message(&whole), Message::Whole(_)));
            if let Some(place) = hello.get_mut(at) {
                *place = byte;
            }
            for bytes in [hello, noise] {
                if let Message::Whole(message) = Records::default().message(&bytes) {
                    server_name(message);
                }
                server_name(&bytes);
            }
        }
    }
}
