//! HTTP/2 frame by frame (RFC 9113, section 4), for peers that do what no library lets them do.

use tokio::io::{AsyncRead, AsyncReadExt};

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A frame as it came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// The bytes of a frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The next frame; nothing at the end of the connection.
pub(crate) async fn next(stream: &mut (impl AsyncRead + Unpin)) -> Option<Frame> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let mut payload = vec![0; usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])];
    stream.read_exact(&mut payload).await.ok()?;
    let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    Some(Frame { kind: head[3], flags: head[4], stream: id, payload })
}

/// A field as HPACK writes it without table and Huffman code (RFC 7541, section 6.2.2): any bytes at all.
pub(crate) fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0], length(name.len()).as_slice(), name, &length(value.len()), value].concat()
}

/// A length (RFC 7541, section 5.1, with a prefix of seven bits).
fn length(mut length: usize) -> Vec<u8> {
    if length < 127 {
        return vec![u8::try_from(length).unwrap()];
    }
    let mut bytes = vec![127];
    length -= 127;
    while length >= 128 {
        bytes.push(u8::try_from(length % 128).unwrap() | 128);
        length /= 128;
    }
    bytes.push(u8::try_from(length).unwrap());
    bytes
}

/// The status that the fields of a response begin with, however it is spelled.
pub(crate) fn status(block: &[u8]) -> Option<u16> {
    const INDEXED: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    // An encoder may first say how large its table is (RFC 7541, section 6.3).
    let block = &block[block.iter().position(|byte| byte >> 5 != 1)?..];
    match *block {
        [index @ 0x88..=0x8e, ..] => Some(INDEXED[usize::from(index - 0x88)]),
        [0x48 | 0x08 | 0x18, 3, a, b, c, ..] => std::str::from_utf8(&[a, b, c]).ok()?.parse().ok(),
        // Three digits of five or six bits (RFC 7541, appendix B).
        [0x48 | 0x08 | 0x18, 0x82 | 0x83, ref code @ ..] => {
            let mut bits = code.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
            (0..3).try_fold(0, |number, _| {
                let mut take =
                    |count| (0..count).try_fold(0, |code, _| Some(code << 1 | u16::from(bits.next()?)));
                let digit = match take(5)? {
                    short @ 0..=2 => short,
                    long => (long << 1 | take(1)?) - 0x16,
                };
                Some(number * 10 + digit)
            })
        }
        _ => None,
    }
}

/// The frames of a script (`desync/corpus.rs` says how it is written) on a stream.
pub(crate) fn script(text: &str, stream: u32, unescape: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let items: Vec<(&str, &str)> =
        text.split(" ; ").map(|item| item.split_once(' ').unwrap_or((item, ""))).collect();
    let mut bytes = Vec::new();
    for (at, &(word, rest)) in items.iter().enumerate() {
        let next = items.get(at + 1).map(|(word, _)| *word);
        let continues = next == Some("CONTINUATION");
        let last = next == Some("END") || at + 1 + usize::from(continues) == items.len();
        let (end, whole) = (u8::from(last) * END_STREAM, u8::from(!continues) * END_HEADERS);
        bytes.extend(match word {
            "HEADERS" => frame(HEADERS, end | whole, stream, &fields(rest, &unescape)),
            "CONTINUATION" => frame(CONTINUATION, whole, stream, &fields(rest, &unescape)),
            "DATA" => frame(DATA, end, stream, &unescape(rest)),
            "RESET" => frame(RESET, 0, stream, &rest.parse::<u32>().unwrap_or(8).to_be_bytes()),
            "GOAWAY" => frame(GOAWAY, 0, 0, &[0; 8]),
            "END" | "..." => Vec::new(),
            _ => panic!("`{word}` is no frame"),
        });
    }
    bytes
}

fn fields(text: &str, unescape: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let honest = |method| {
        [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", "/")]
            .map(|(name, value)| field(name.as_bytes(), str::as_bytes(value)))
            .concat()
    };
    let read = |text: &str| match text {
        "get" => honest("GET"),
        "post" => honest("POST"),
        text => {
            let colon = usize::from(!text.starts_with(": "));
            let colon = colon + text[colon..].find(':').expect("a colon behind a name");
            let value = &text[colon + 1..];
            field(&unescape(&text[..colon]), &unescape(value.strip_prefix(' ').unwrap_or(value)))
        }
    };
    text.split(" | ").flat_map(read).collect()
}
