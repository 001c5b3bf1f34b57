//! The chunked transfer coding (RFC 9112, section 7.1).

use bytes::BytesMut;
use http::HeaderMap;

use crate::message::FORBIDDEN_TRAILERS;

use super::Fault;
use super::framing::Piece;
use super::head;
use super::scan::Scan;

/// A chunk's line, with its extensions, which nobody reads.
const LINE_MAX: usize = 256;
/// A trailer section.
const TRAILERS_MAX: usize = 16 * 1024;
/// Fields of a trailer section.
const FIELDS_MAX: usize = 64;

/// Takes a chunked body out of a buffer.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
}

#[derive(Debug, Default)]
enum State {
    /// The line of a chunk is next.
    #[default]
    Line,
    /// So many bytes of a chunk are left.
    Data(u64),
    /// The end of a chunk's last line is next.
    DataEnd,
    /// The trailer section.
    Trailers(Scan),
    /// Nothing is left.
    Done,
    /// What came is no trailer section; what comes behind it, nobody knows.
    Broken,
}

impl Chunked {
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// The next piece that `buffer` holds; `None` while more must come.
    ///
    /// # Errors
    /// When the coding is broken.
    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Piece>, Fault> {
        loop {
            match &mut self.state {
                State::Line => match line(buffer)? {
                    None => return Ok(None),
                    Some(0) => self.state = State::Trailers(Scan::default()),
                    Some(size) => self.state = State::Data(size),
                },
                State::Data(left) => {
                    let length = buffer.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    if length == 0 {
                        return Ok(None);
                    }
                    *left -= length as u64;
                    if *left == 0 {
                        self.state = State::DataEnd;
                    }
                    return Ok(Some(Piece::Data(buffer.split_to(length).freeze())));
                }
                State::DataEnd => match buffer.get(..2) {
                    None => return Ok(None),
                    Some(b"\r\n") => {
                        let _ = buffer.split_to(2);
                        self.state = State::Line;
                    }
                    Some(_) => return Err(Fault::Malformed("a chunk that is longer than it says")),
                },
                State::Trailers(scan) => {
                    let Some(length) = scan.section(buffer)? else {
                        let full = buffer.len() >= TRAILERS_MAX;
                        return if full { Err(Fault::HeadTooLarge) } else { Ok(None) };
                    };
                    self.state = State::Broken;
                    let section = buffer.split_to(length).freeze();
                    let last = permitted(head::trailers(&section, FIELDS_MAX)?)?;
                    self.state = State::Done;
                    return Ok(Some(last));
                }
                State::Done => return Ok(Some(Piece::End)),
                State::Broken => return Err(Fault::Truncated),
            }
        }
    }
}

fn permitted(trailers: HeaderMap) -> Result<Piece, Fault> {
    if FORBIDDEN_TRAILERS.iter().any(|name| trailers.contains_key(name)) {
        return Err(Fault::Malformed("a trailer field that must stand before the body"));
    }
    Ok(if trailers.is_empty() { Piece::End } else { Piece::Trailers(trailers) })
}

/// Takes the line of a chunk out of the buffer: its size.
fn line(buffer: &mut BytesMut) -> Result<Option<u64>, Fault> {
    let Some(end) = buffer.iter().take(LINE_MAX).position(|byte| *byte == b'\n') else {
        // What is wrong is wrong without the end of the line.
        let all = &buffer[..buffer.len().min(LINE_MAX)];
        size(all.strip_suffix(b"\r").unwrap_or(all), false)?;
        return if buffer.len() >= LINE_MAX {
            Err(Fault::Malformed("a chunk with a line too long"))
        } else {
            Ok(None)
        };
    };
    let line = buffer.split_to(end + 1);
    let line = line.strip_suffix(b"\r\n").ok_or(Fault::Malformed("a line feed without a carriage return"))?;
    size(line, true).map(Some)
}

/// The size that a chunk's line, as much of it as `whole` says, begins with.
fn size(line: &[u8], whole: bool) -> Result<u64, Fault> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, extensions) = line.split_at(digits);
    if (digits.is_empty() && (whole || !extensions.is_empty())) || digits.len() > 16 {
        return Err(Fault::Malformed("a chunk without a size that is one"));
    }
    let is_extension = extensions.first().is_none_or(|byte| *byte == b';');
    if !is_extension || extensions.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
        return Err(Fault::Malformed("a chunk extension that is none"));
    }
    Ok(digits
        .iter()
        .fold(0, |size, digit| size << 4 | u64::from(char::from(*digit).to_digit(16).unwrap_or(0))))
}
