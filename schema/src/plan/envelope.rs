//! The container of a plan.
//!
//! ```text
//! magic "DVPL" · format u16 · oldest reader u16 · flags u32 · sections u32
//! sections × { kind u16 · version u16 · zero u32 · offset u64 · length u64 · BLAKE3 32 }
//! BLAKE3 of all of the above, 32
//! the sections, each at a multiple of 64, zeros between them
//! ```
//!
//! Numbers are little-endian. Hashes are checked before anything is decoded. A section of an unknown kind or version is
//! refused, unless the highest bit of its version says that it may be skipped. Nothing follows the last section.

use serde::Serialize;

use super::{Dfa, Edge, Id, Plan, State, Tables};

/// The format this crate writes, and the newest it reads.
pub const FORMAT: u16 = 1;
/// The oldest reader that can read what this crate writes.
pub const MIN_READER: u16 = 1;

const MAGIC: &[u8; 4] = b"DVPL";
const FIXED: usize = 16;
const ENTRY: usize = 56;
const HASH: usize = 32;
const ALIGN: usize = 64;
const SECTIONS_MAX: u32 = 64;

const STRUCTURE: u16 = 1;
const TABLES: u16 = 2;
/// Version of both sections.
const VERSION: u16 = 1;
/// In a version: whoever does not know the section may skip it.
const SKIPPABLE: u16 = 0x8000;

/// BLAKE3 of a plan's bytes: its identity.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; HASH]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why bytes are not a plan that this program can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadError {
    /// Nothing there.
    Empty,
    /// Something else altogether.
    NotAPlan,
    /// The file ends too early.
    Truncated,
    /// Written by a newer compiler: its format, and the oldest reader it asks for.
    TooNew {
        /// Format of the plan.
        format: u16,
        /// Oldest reader it asks for.
        min_reader: u16,
    },
    /// Bytes changed since it was written; names the part.
    Damaged(&'static str),
    /// Whole, but it holds a part that this program does not know and must not ignore.
    UnknownSection(u16),
    /// Whole, but its structure does not decode.
    Malformed(String),
    /// Whole and decoded, but something in it points nowhere.
    Inconsistent(String),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => write!(f, "the file is empty"),
            Self::NotAPlan => write!(f, "not a plan: compile a config with `divisor compile`"),
            Self::Truncated => write!(f, "the plan is cut short: copy it again, then rename it into place"),
            Self::TooNew { format, min_reader } => write!(
                f,
                "the plan has format {format} and needs a runtime that reads format {min_reader}; this one reads up to \
                 {FORMAT}: update divisor, or compile with the version that runs here"
            ),
            Self::Damaged(part) => {
                write!(f, "the plan is damaged ({part} does not match its hash): copy it again")
            }
            Self::UnknownSection(kind) => {
                write!(
                    f,
                    "the plan holds a part of kind {kind} that this version does not know: update divisor"
                )
            }
            Self::Malformed(why) => write!(f, "the plan does not decode ({why}): compile it again"),
            Self::Inconsistent(why) => write!(f, "the plan contradicts itself ({why}): compile it again"),
        }
    }
}

impl std::error::Error for LoadError {}

pub(super) fn encode(plan: &Plan) -> Vec<u8> {
    // Only a writer that fails or a type of unknown length could fail here, and there is neither.
    let structure = postcard::to_stdvec(plan).unwrap_or_default();
    seal(&[(STRUCTURE, VERSION, structure), (TABLES, VERSION, encode_tables(&plan.tables))])
}

/// Puts sections (kind, version, body) into an envelope.
pub(super) fn seal(sections: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
    let header = FIXED + sections.len() * ENTRY + HASH;
    let mut bytes =
        Vec::with_capacity(header + sections.iter().map(|(.., body)| body.len() + ALIGN).sum::<usize>());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&MIN_READER.to_le_bytes());
    bytes.extend_from_slice(&0u32.to_le_bytes());
    bytes.extend_from_slice(&(sections.len() as u32).to_le_bytes());
    let mut offset = header.next_multiple_of(ALIGN);
    for (kind, version, body) in sections {
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&0u32.to_le_bytes());
        bytes.extend_from_slice(&(offset as u64).to_le_bytes());
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(blake3::hash(body).as_bytes());
        offset = (offset + body.len()).next_multiple_of(ALIGN);
    }
    let hash = blake3::hash(&bytes);
    bytes.extend_from_slice(hash.as_bytes());
    for (.., body) in sections {
        bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
        bytes.extend_from_slice(body);
    }
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Result<Plan, LoadError> {
    let sections = sections(bytes)?;
    let find = |wanted: u16| sections.iter().find(|(kind, _)| *kind == wanted).map(|(_, body)| *body);
    let structure = find(STRUCTURE).ok_or_else(|| LoadError::Malformed("no structure".into()))?;
    let tables = find(TABLES).ok_or_else(|| LoadError::Malformed("no tables".into()))?;
    let (mut plan, rest) = postcard::take_from_bytes::<Plan>(structure)
        .map_err(|error| LoadError::Malformed(error.to_string()))?;
    if !rest.is_empty() {
        return Err(LoadError::Malformed("bytes after the structure".into()));
    }
    plan.tables = decode_tables(tables).ok_or_else(|| LoadError::Malformed("tables".into()))?;
    Ok(plan)
}

/// Checks the envelope and gives the sections with their kinds.
fn sections(bytes: &[u8]) -> Result<Vec<(u16, &[u8])>, LoadError> {
    if bytes.is_empty() {
        return Err(LoadError::Empty);
    }
    let mut cursor = Cursor { bytes, at: 0 };
    let magic = cursor.take(MAGIC.len()).ok_or(LoadError::NotAPlan)?;
    if magic != MAGIC {
        return Err(LoadError::NotAPlan);
    }
    let format = cursor.u16().ok_or(LoadError::Truncated)?;
    let min_reader = cursor.u16().ok_or(LoadError::Truncated)?;
    if min_reader > FORMAT || format == 0 {
        return Err(LoadError::TooNew { format, min_reader });
    }
    let _flags = cursor.u32().ok_or(LoadError::Truncated)?;
    let count = cursor.u32().ok_or(LoadError::Truncated)?;
    if count > SECTIONS_MAX {
        return Err(LoadError::Malformed(format!("{count} sections")));
    }
    let table = cursor.take(count as usize * ENTRY).ok_or(LoadError::Truncated)?;
    let header = cursor.at;
    let hash = cursor.take(HASH).ok_or(LoadError::Truncated)?;
    if blake3::hash(&bytes[..header]).as_bytes() != hash {
        return Err(LoadError::Damaged("the header"));
    }
    bodies(bytes, table, cursor.at)
}

fn bodies<'a>(bytes: &'a [u8], table: &[u8], mut end: usize) -> Result<Vec<(u16, &'a [u8])>, LoadError> {
    let mut found = Vec::new();
    for entry in table.chunks_exact(ENTRY) {
        let mut cursor = Cursor { bytes: entry, at: 0 };
        let (Some(kind), Some(version), Some(_), Some(offset), Some(length), Some(hash)) =
            (cursor.u16(), cursor.u16(), cursor.u32(), cursor.u64(), cursor.u64(), cursor.take(HASH))
        else {
            return Err(LoadError::Truncated);
        };
        let start = usize::try_from(offset).map_err(|_| LoadError::Truncated)?;
        let stop = usize::try_from(length).ok().and_then(|length| start.checked_add(length));
        let stop = stop.filter(|stop| *stop <= bytes.len()).ok_or(LoadError::Truncated)?;
        let body = &bytes[start..stop];
        if blake3::hash(body).as_bytes() != hash {
            return Err(LoadError::Damaged(if kind == TABLES {
                "the route tables"
            } else {
                "the structure"
            }));
        }
        if start < end || bytes[end..start].iter().any(|byte| *byte != 0) {
            return Err(LoadError::Malformed("a section out of place".into()));
        }
        end = stop;
        match (kind, version) {
            (STRUCTURE | TABLES, VERSION) => found.push((kind, body)),
            _ if version & SKIPPABLE != 0 => {}
            _ => return Err(LoadError::UnknownSection(kind)),
        }
    }
    if end != bytes.len() {
        return Err(LoadError::Malformed("bytes after the last section".into()));
    }
    Ok(found)
}

pub(super) fn encode_tables(tables: &Tables) -> Vec<u8> {
    let lengths = [
        tables.states.len(),
        tables.edges.len(),
        tables.candidates.len(),
        tables.targets.len(),
        tables.dfas.len(),
        tables.next.len(),
        tables.outcomes.len(),
        tables.labels.len(),
        tables.classes.len(),
    ];
    let mut words: Vec<u32> = lengths.iter().map(|&length| length as u32).collect();
    for state in &tables.states {
        words.extend([state.edges_start, state.edges_end, state.other]);
        words.extend([state.dfa, state.targets_start, state.targets_end]);
        words.extend([state.candidates_start, state.candidates_end]);
    }
    for edge in &tables.edges {
        words.extend([edge.label_start, edge.label_end, edge.target]);
    }
    words.extend(tables.candidates.iter().map(|id| id.raw()));
    words.extend(&tables.targets);
    for dfa in &tables.dfas {
        words.extend([dfa.classes_start, dfa.width, dfa.next_start, dfa.outcomes_start, dfa.states]);
    }
    words.extend(tables.next.iter().chain(&tables.outcomes));
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend_from_slice(&tables.labels);
    bytes.extend_from_slice(&tables.classes);
    bytes
}

fn decode_tables(bytes: &[u8]) -> Option<Tables> {
    let mut cursor = Cursor { bytes, at: 0 };
    let mut lengths = [0; 9];
    for length in &mut lengths {
        *length = cursor.u32()? as usize;
    }
    let [states, edges, candidates, targets, dfas, next, outcomes, labels, classes] = lengths;
    let state =
        |[edges_start, edges_end, other, dfa, targets_start, targets_end, start, end]: [u32; 8]| State {
            edges_start,
            edges_end,
            other,
            dfa,
            targets_start,
            targets_end,
            candidates_start: start,
            candidates_end: end,
        };
    let edge = |[label_start, label_end, target]: [u32; 3]| Edge { label_start, label_end, target };
    let dfa = |[classes_start, width, next_start, outcomes_start, states]: [u32; 5]| Dfa {
        classes_start,
        width,
        next_start,
        outcomes_start,
        states,
    };
    let word = |[word]: [u32; 1]| word;
    let tables = Tables {
        states: cursor.words(states)?.map(state).collect(),
        edges: cursor.words(edges)?.map(edge).collect(),
        candidates: cursor.words(candidates)?.map(word).map(Id::new).collect(),
        targets: cursor.words(targets)?.map(word).collect(),
        dfas: cursor.words(dfas)?.map(dfa).collect(),
        next: cursor.words(next)?.map(word).collect(),
        outcomes: cursor.words(outcomes)?.map(word).collect(),
        labels: cursor.take(labels)?.to_vec(),
        classes: cursor.take(classes)?.to_vec(),
    };
    (cursor.at == bytes.len()).then_some(tables)
}

/// Reads forward, never past the end.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// `count` groups of `N` words: the whole length is taken before anything is allocated.
    fn words<const N: usize>(&mut self, count: usize) -> Option<impl Iterator<Item = [u32; N]> + use<'a, N>> {
        let taken = self.take(count.checked_mul(N * 4)?)?;
        Some(taken.chunks_exact(N * 4).map(|group| {
            let mut words = [0; N];
            for (word, bytes) in words.iter_mut().zip(group.chunks_exact(4)) {
                *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
            words
        }))
    }
}
