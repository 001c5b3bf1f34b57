//! The header as a proxy in front sends it.

use std::io::{self, ErrorKind};

use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::{Origin, SIGNATURE};

/// Every header has as many bytes, whatever its version.
const START: usize = 12;
/// What version 1 begins with.
const WORD: &[u8] = b"PROXY ";
/// Bytes of a header of version 1, at most.
const LINE: usize = 107;
/// Bytes behind the fixed part of version 2, at most: addresses, and what proxies add about TLS.
const REST: usize = 4096;

/// Reads the header and nothing behind it. `None` when the connection is the proxy's own, or of a client without address.
///
/// # Errors
/// When there is no header, or a wrong one.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Origin>> {
    let mut header = vec![0; START];
    stream.read_exact(&mut header).await?;
    if header.starts_with(SIGNATURE) {
        read_rest(stream, &mut header).await?;
    } else if header.starts_with(WORD) {
        read_line(stream, &mut header).await?;
    } else {
        return Err(invalid("no PROXY protocol header"));
    }
    let config = ParseConfig { include_tlvs: false, ..ParseConfig::default() };
    let (parsed, _) = ProxyHeader::parse(&header, config).map_err(|error| invalid(error.to_string()))?;
    match parsed.proxied_address() {
        Some(proxied) if proxied.protocol != Protocol::Stream => Err(invalid("a client without connection")),
        proxied => Ok(proxied.map(|it| Origin { source: it.source, destination: Some(it.destination) })),
    }
}

/// Version 2 says how long it is.
async fn read_rest(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> io::Result<()> {
    let mut fixed = [0; 4];
    stream.read_exact(&mut fixed).await?;
    let length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    if length > REST {
        return Err(invalid("a PROXY protocol header that is too long"));
    }
    header.extend_from_slice(&fixed);
    header.resize(START + fixed.len() + length, 0);
    stream.read_exact(&mut header[START + fixed.len()..]).await?;
    Ok(())
}

/// Version 1 is a line. What comes behind it is not ours to read, so it is read byte by byte: it is short.
async fn read_line(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> io::Result<()> {
    while !header.ends_with(b"\r\n") {
        if header.len() == LINE {
            return Err(invalid("a PROXY protocol header that is too long"));
        }
        header.push(stream.read_u8().await?);
    }
    Ok(())
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.into())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use proptest::prelude::*;
    use proxy_header::ProxiedAddress;

    use super::*;

    /// Whom the header names, and what is left behind it.
    fn told(bytes: &[u8]) -> Result<(Option<SocketAddr>, Vec<u8>), String> {
        let mut rest = bytes;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let address = runtime.block_on(read(&mut rest)).map_err(|error| error.to_string())?;
        Ok((address.map(|origin| origin.source), rest.to_vec()))
    }

    fn version_2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u16).to_be_bytes();
        [SIGNATURE.as_slice(), &[command, family], &length, body, b"GET /"].concat()
    }

    #[test]
    fn clients_are_named_by_either_version() {
        let line = |line: &str| told(format!("{line}\r\nGET /").as_bytes());
        let rest = b"GET /".to_vec();
        let four = Some("203.0.113.9:4711".parse().unwrap());
        assert_eq!(line("PROXY TCP4 203.0.113.9 10.0.0.1 4711 80"), Ok((four, rest.clone())));
        let six = Some("[2001:db8::1]:4711".parse().unwrap());
        assert_eq!(line("PROXY TCP6 2001:db8::1 ::1 4711 80"), Ok((six, rest.clone())));
        assert_eq!(line("PROXY UNKNOWN"), Ok((None, rest.clone())));
        assert_eq!(line("PROXY UNKNOWN ffff::1 ffff::2 1 2"), Ok((None, rest.clone())));
        let addresses = [203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 0, 80];
        assert_eq!(told(&version_2(0x21, 0x11, &addresses)), Ok((four, rest.clone())));
        let with_more = [addresses.as_slice(), &[0x04, 0, 2, 0, 0]].concat();
        assert_eq!(told(&version_2(0x21, 0x11, &with_more)), Ok((four, rest.clone())));
        assert_eq!(told(&version_2(0x20, 0x00, &[])), Ok((None, rest.clone())), "LOCAL");
        assert_eq!(told(&version_2(0x20, 0x11, &addresses)), Ok((None, rest)), "LOCAL");
    }

    #[test]
    fn what_is_no_header_is_refused() {
        let addresses = [203, 0, 113, 9, 10, 0, 0, 1, 0x12, 0x67, 0, 80];
        let cases: [&[u8]; 10] = [
            b"",
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            b"PROXYxTCP4 203.0.113.9 10.0.0.1 4711 80\r\n",
            b"PROXY TCP4 2001:db8::1 10.0.0.1 4711 80\r\n",
            b"PROXY TCP4 203.0.113.9 10.0.0.1 4711\r\n",
            b"PROXY TCP9 203.0.113.9 10.0.0.1 4711 80\r\n",
            b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 80",
            &version_2(0x31, 0x11, &addresses),
            &version_2(0x21, 0x11, &addresses[..8]),
            &version_2(0x21, 0x12, &addresses),
        ];
        for case in cases {
            assert!(told(case).is_err(), "{}", String::from_utf8_lossy(case));
        }
        assert!(
            told(&[b"PROXY UNKNOWN ".as_slice(), &[b'a'; 200]].concat()).unwrap_err().contains("too long")
        );
        assert!(told(&version_2(0x21, 0x11, &[0; 5000])).unwrap_err().contains("too long"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_header_or_an_error(start in 0..3, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let start: &[u8] = match start { 0 => b"", 1 => WORD, _ => SIGNATURE };
            let _ = told(&[start, &bytes].concat());
        }

        #[test]
        fn what_others_write_is_read(source: std::net::Ipv6Addr, port: u16) {
            let client = SocketAddr::from((source, port));
            let header = ProxyHeader::with_address(ProxiedAddress::stream(client, "[::1]:80".parse().unwrap()));
            let mut bytes = Vec::new();
            header.encode_v2(&mut bytes).unwrap();
            prop_assert_eq!(told(&bytes), Ok((Some(client), vec![])));
            let mut bytes = Vec::new();
            header.encode_v1(&mut bytes).unwrap();
            prop_assert_eq!(told(&bytes), Ok((Some(client), vec![])));
        }
    }
}
