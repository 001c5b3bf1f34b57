//! Where a head, or the trailer section, ends, and whether its lines are lines.

use super::Fault;

/// Looks for the empty line that ends a section of lines, from where it stopped the last time.
///
/// A line ends in CR LF and nothing else: a bare CR or LF, a NUL or another control character, and a line that continues
/// the one before (RFC 9112, sections 2.2 and 5.2) are refused here, so that nobody behind has to ask.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// How many bytes are known.
    seen: usize,
    /// Where the line that is being read began.
    line: usize,
}

impl Scan {
    /// Whether nothing of the section was looked at yet.
    pub(super) fn is_new(&self) -> bool {
        self.seen == 0
    }

    /// How many bytes the section has, with its empty line; `None` while more must come.
    ///
    /// # Errors
    /// [`Fault::Malformed`] at the first byte that no section can have.
    pub(super) fn section(&mut self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        loop {
            if self.seen == self.line && matches!(bytes.get(self.line), Some(b' ' | b'\t')) {
                return Err(Fault::Malformed("a line that continues the one before"));
            }
            let Some(found) = bytes.get(self.seen..).and_then(special) else {
                self.seen = bytes.len();
                return Ok(None);
            };
            let at = self.seen + found;
            match (bytes[at], bytes.get(at + 1)) {
                (b'\r', Some(b'\n')) => {
                    let empty = at == self.line;
                    (self.seen, self.line) = (at + 2, at + 2);
                    if empty {
                        return Ok(Some(self.seen));
                    }
                }
                (b'\r', None) => {
                    self.seen = at;
                    return Ok(None);
                }
                (b'\r', Some(_)) => return Err(Fault::Malformed("a carriage return without a line feed")),
                (b'\n', _) => return Err(Fault::Malformed("a line feed without a carriage return")),
                _ => return Err(Fault::Malformed("a control character")),
            }
        }
    }
}

/// Where the first special byte is. Looks at a block at a time, which the processor does at once.
fn special(bytes: &[u8]) -> Option<usize> {
    const BLOCK: usize = 16;
    let has_one = |block: &[u8]| block.iter().fold(false, |any, byte| any | is_special(byte));
    let blocks = bytes.chunks(BLOCK).position(has_one)?;
    let start = blocks * BLOCK;
    bytes.get(start..)?.iter().position(is_special).map(|at| start + at)
}

fn is_special(byte: &u8) -> bool {
    (*byte < b' ' && *byte != b'\t') || *byte == 0x7f
}
