//! The corpora of this folder, as data. Unit tests of the codec and tests over sockets read the same files.
//!
//! A case is a name with the section that it is about, and lines that are indented:
//!
//! - `sent`: what a peer sends, byte for byte: `\r`, `\n`, `\t`, `\0`, `\\` and `\xff` are single bytes. In HTTP/2 these
//!   are frames, with ` ; ` between them and ` | ` between fields; `get` and `post` are the four pseudo-header fields of
//!   an honest request for `http://a/`, and `...` leaves the stream open.
//! - `method`: what a response answers, when it is not GET.
//! - what must come of it, one of [`Outcome`].

/// What a peer sends, and what must come of it.
pub(crate) struct Case {
    /// What it is, with the section of the RFC that decides it.
    pub(crate) name: &'static str,
    /// The method of the request that a response answers.
    pub(crate) method: &'static str,
    /// What is sent, as it is written in the file.
    pub(crate) sent: &'static str,
    /// What must come of it.
    pub(crate) outcome: Outcome,
}

/// What must come of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `passed`: it is forwarded, as exactly these bytes but for what the proxy adds.
    Passed(Vec<u8>),
    /// `answered`: it is a message, and the proxy's own to answer, with this status.
    Answered(u16),
    /// `refused`: with this status, and nothing behind it is read.
    Refused(u16),
    /// `broken`: it goes wrong behind its head. What arrives of it never looks whole, and the client is told this status.
    Broken(u16),
    /// `reset`: by its stream alone, in HTTP/2; what arrives of it never looks whole.
    Reset,
    /// `cut`: as `reset`, but this much of it is whole, and may arrive.
    Cut(Vec<u8>),
    /// `ended`: with its connection, in HTTP/2; nothing of it arrives.
    Ended,
    /// `waits`: more must come.
    Waits,
}

impl Case {
    /// The bytes that are sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        unescape(self.sent)
    }
}

/// All cases of a corpus.
///
/// # Panics
/// When the file is not written as above, or two cases have one name.
pub(crate) fn read(text: &'static str) -> Vec<Case> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let mut cases: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in lines {
        match line.strip_prefix("  ") {
            None => cases.push((line, Vec::new())),
            Some(entry) => {
                let (word, rest) = entry.split_once(' ').unwrap_or((entry, ""));
                cases.last_mut().expect("a name comes first").1.push((word, rest.trim_start()));
            }
        }
    }
    let mut names: Vec<_> = cases.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1], "a name twice"));
    cases.into_iter().map(|(name, entries)| case(name, &entries)).collect()
}

fn case(name: &'static str, entries: &[(&'static str, &'static str)]) -> Case {
    assert!(name.contains(" (RFC 9") && name.ends_with(')'), "{name}: no section");
    let mut case = Case { name, method: "GET", sent: "", outcome: Outcome::Waits };
    for &(word, rest) in entries {
        let status = || rest.parse().unwrap_or_else(|_| panic!("{name}: no status"));
        match word {
            "sent" => case.sent = rest,
            "method" => case.method = rest,
            "passed" => case.outcome = Outcome::Passed(unescape(rest)),
            "answered" => case.outcome = Outcome::Answered(status()),
            "refused" => case.outcome = Outcome::Refused(status()),
            "broken" => case.outcome = Outcome::Broken(status()),
            "reset" => case.outcome = Outcome::Reset,
            "cut" => case.outcome = Outcome::Cut(unescape(rest)),
            "ended" => case.outcome = Outcome::Ended,
            "waits" => case.outcome = Outcome::Waits,
            _ => panic!("{name}: `{word}` is no word of a corpus"),
        }
    }
    case
}

/// The bytes that a text with escapes stands for.
///
/// # Panics
/// At an escape that is none.
pub(crate) fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'r') => b'\r',
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(b'\\') => b'\\',
                Some(b'x') => hexadecimal(rest.next()) << 4 | hexadecimal(rest.next()),
                other => panic!("no escape: {other:?} in {text}"),
            },
            byte => byte,
        });
    }
    bytes
}

fn hexadecimal(digit: Option<u8>) -> u8 {
    let value = digit.and_then(|digit| char::from(digit).to_digit(16)).expect("two hexadecimal digits");
    u8::try_from(value).expect("a digit")
}
