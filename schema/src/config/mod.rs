//! The vocabulary of the configuration language: every block and field, once.
//!
//! The decoder of the compiler, its messages and the reference page all read this table; nothing about a field is
//! written anywhere else. [`ROOT`] is the language, [`FLAT`] the flat YAML layout in the same form.

mod describe;
mod expect;
mod flat;
mod json_schema;
mod lint;
mod listener;
mod policy;
mod pool;
mod reference;
mod root;
mod route;
mod variable;

pub use self::describe::{Entry, entries};
pub use self::flat::FLAT;
pub use self::json_schema::{json_schema, policy_schema};
pub use self::lint::LINT;
pub use self::policy::{RETRY, TIMEOUT};
pub use self::reference::reference;
pub use self::root::ROOT;
pub use self::variable::{VARIABLES, Variable};

/// The version of the language that this table describes.
pub const EDITION: &str = "2026.1";

/// Every version of the language that is still read, oldest first.
pub(crate) const EDITIONS: &[&str] = &[EDITION];

/// A block: what may stand between its braces.
#[derive(Debug)]
pub struct Block {
    /// Name in messages.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// Fields, by [`Field::kdl`], that arguments without a name stand for, in this order. A list as the last of them
    /// takes all that are left.
    pub arguments: &'static [&'static str],
    /// Its fields, in groups that blocks can share.
    pub groups: &'static [&'static [Field]],
}

impl Block {
    /// All fields, in the order of the reference page.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.groups.iter().flat_map(|group| group.iter())
    }

    /// The field with this name in KDL: names are unique in a block.
    pub fn field(&self, kdl: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.kdl == kdl)
    }
}

/// A field: a key with its type.
#[derive(Debug)]
pub struct Field {
    /// Its name in KDL, singular where it repeats: `backend`.
    pub kdl: &'static str,
    /// Its name in YAML, plural where it is a list: `backends`.
    pub yaml: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// Whether it must be there, and what holds when it is not.
    pub presence: Presence,
    /// The word for what this field and others of its block are ways to say: exactly one of them must be there.
    pub alternative: Option<&'static str>,
    /// What must hold for it to have an effect. A required field is required only then.
    pub condition: Option<Condition>,
    /// The least and the most that anybody is likely to mean; what lies outside is warned of.
    pub usual: Option<(&'static str, &'static str)>,
    /// How far this version goes with it.
    pub status: Status,
    /// What it is, in one sentence.
    pub doc: &'static str,
    /// The edition that brought it.
    pub since: &'static str,
}

/// What a field takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// Path of a file, relative to the file that names it.
    File,
    /// True or false.
    Flag,
    /// A whole number.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A length of time: `30s`.
    Duration {
        /// Shortest, in milliseconds.
        min: u64,
        /// Longest, in milliseconds.
        max: u64,
    },
    /// A length of time as Go writes it: `1m30s`.
    GoDuration,
    /// A number of bytes: `64KiB`.
    Size {
        /// Smallest, in bytes.
        min: u64,
        /// Largest, in bytes.
        max: u64,
    },
    /// Requests in a period: `100/s`.
    Rate,
    /// A share of a whole: `20%`.
    Percent {
        /// Smallest.
        min: u8,
        /// Largest.
        max: u8,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A port, as number or as text.
    Port,
    /// One of these numbers.
    Code(&'static [i64]),
    /// A status, or a range of them: `200-299`.
    Statuses,
    /// Address and port to listen on: `0.0.0.0:8080`, `[::]:8080`.
    Address,
    /// Where a listener accepts: an address and port, or a Unix socket, `unix:/run/divisor.sock`.
    Bind,
    /// A network or one address: `10.0.0.0/8`.
    Network,
    /// Where a backend is: `https://10.0.0.11:8443`.
    Backend,
    /// A request: `GET https://shop.example/cart`.
    Request,
    /// The name of a block of this sort.
    Reference(&'static str),
    /// One or more of these.
    List(&'static Kind),
    /// Names with a text each: `"X-Frame-Options" "DENY"`.
    Pairs,
    /// One block.
    Block(&'static Block),
    /// Blocks, as many as there are.
    Blocks(&'static Block),
    /// Blocks with a name each: the first argument in KDL, the key in YAML.
    Named(&'static Block),
    /// A key, token or password: [`SECRET`] says where the runtime reads it. None is ever written in a config.
    Secret,
    /// Anything; it is not looked at.
    Any,
}

impl Kind {
    /// What may stand in the block that it takes, if it takes one.
    pub fn block(&self) -> Option<&'static Block> {
        match self {
            Self::Block(block) | Self::Blocks(block) | Self::Named(block) => Some(block),
            Self::Secret => Some(&SECRET),
            _ => None,
        }
    }
}

/// Where the runtime reads a secret.
pub static SECRET: Block = Block {
    name: "secret",
    doc: "Where the runtime reads a secret: no plan and no config holds one.",
    arguments: &[],
    groups: &[&[
        Field::new("file", Kind::File, "A file that holds it.").one_way_to_say("source"),
        Field::new("env", Kind::Text, "The environment variable that holds it.").one_way_to_say("source"),
    ]],
};

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It need not be.
    Optional,
    /// It must be.
    Required,
    /// This value holds when it is not.
    Default(&'static str),
}

/// What must hold of another field of the same block, by its name in KDL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It was written.
    Written(&'static str),
    /// It has this value.
    Is(&'static str, &'static str),
    /// It has another value than this one, or none.
    IsNot(&'static str, &'static str),
}

impl Condition {
    /// The other field.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Written(field) | Self::Is(field, _) | Self::IsNot(field, _) => field,
        }
    }
}

/// How far this version goes with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It does what it says.
    Works,
    /// The language has it, this version does not yet.
    Planned,
    /// Read for compatibility, without effect; says what to use instead.
    NoEffect(&'static str),
    /// Read for compatibility, with effect; says what it is called today.
    Historical(&'static str),
}

const SINCE: &str = EDITION;

impl Field {
    /// An optional field that both spellings call the same.
    pub(crate) const fn new(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            kdl: name,
            yaml: name,
            kind,
            presence: Presence::Optional,
            alternative: None,
            condition: None,
            usual: None,
            status: Status::Works,
            doc,
            since: SINCE,
        }
    }

    /// A field that this version does not serve yet. What is written for it is checked all the same.
    pub(crate) const fn planned(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        let mut field = Self::new(name, kind, doc);
        field.status = Status::Planned;
        field
    }

    /// With another name in YAML.
    pub(crate) const fn yaml(mut self, name: &'static str) -> Self {
        self.yaml = name;
        self
    }

    /// Must be there.
    pub(crate) const fn required(mut self) -> Self {
        self.presence = Presence::Required;
        self
    }

    /// One of several ways to say `what`.
    pub(crate) const fn one_way_to_say(mut self, what: &'static str) -> Self {
        self.alternative = Some(what);
        self
    }

    /// With what must hold for it to have an effect.
    pub(crate) const fn when(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    /// With the least and the most that anybody is likely to mean.
    pub(crate) const fn usual(mut self, least: &'static str, most: &'static str) -> Self {
        self.usual = Some((least, most));
        self
    }

    /// With the value that holds when it is not there.
    pub(crate) const fn default(mut self, value: &'static str) -> Self {
        self.presence = Presence::Default(value);
        self
    }

    /// Read for compatibility, without effect.
    pub(crate) const fn no_effect(mut self, instead: &'static str) -> Self {
        self.status = Status::NoEffect(instead);
        self
    }

    /// Read for compatibility, with effect.
    pub(crate) const fn historical(mut self, today: &'static str) -> Self {
        self.status = Status::Historical(today);
        self
    }
}

/// A duration from one millisecond to a year.
pub(crate) const DURATION: Kind = Kind::Duration { min: 1, max: YEAR };
/// Statuses that redirect (RFC 9110, section 15.4).
pub(crate) const REDIRECTS: &[i64] = &[301, 302, 303, 307, 308];
/// A text list.
pub(crate) const TEXTS: Kind = Kind::List(&Kind::Text);
/// Milliseconds of a year of 366 days.
pub(crate) const YEAR: u64 = 366 * 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn each_block(block: &'static Block, visit: &mut impl FnMut(&'static Block)) {
        visit(block);
        for field in block.fields() {
            if let Some(inner) = field.kind.block() {
                each_block(inner, visit);
            }
        }
    }

    #[test]
    fn names_are_unique_in_a_block_and_arguments_are_fields() {
        let mut check = |block: &'static Block| {
            for name in [|field: &Field| field.kdl, |field: &Field| field.yaml] {
                let mut names: Vec<_> = block.fields().map(name).collect();
                names.sort_unstable();
                assert!(names.is_sorted_by(|a, b| a < b), "{}: {names:?}", block.name);
            }
            for argument in block.arguments {
                assert!(block.field(argument).is_some(), "{} has no {argument}", block.name);
            }
            for condition in block.fields().filter_map(|field| field.condition) {
                assert!(block.field(condition.field()).is_some(), "{}: {condition:?}", block.name);
            }
        };
        each_block(&ROOT, &mut check);
        each_block(&FLAT, &mut check);
        each_block(&LINT, &mut check);
    }

    #[test]
    fn docs_are_sentences() {
        let mut check = |block: &'static Block| {
            let docs = block.fields().map(|field| field.doc).chain([block.doc]);
            docs.for_each(|doc| assert!(doc.ends_with('.') && !doc.ends_with(".."), "{}: {doc}", block.name));
        };
        each_block(&ROOT, &mut check);
        each_block(&FLAT, &mut check);
        each_block(&LINT, &mut check);
    }
}
