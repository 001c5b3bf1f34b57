//! Blocks that were checked against the vocabulary.

use std::borrow::Cow;
use std::net::SocketAddr;

use divisor_schema::config::{Block, Field, Kind, Presence};
use divisor_schema::plan::{Bind, Cidr, Millis};

use super::types::{RequestLine, Target};
use super::units::Rate;
use super::value::{Typed, parse};
use crate::source::{Span, Spanned};
use crate::syntax::{Spelling, Value};

/// A block of the vocabulary with what was written in it. Everything in it has the type that the vocabulary asks for;
/// what had not was reported.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    /// Its place: the word that begins it.
    pub(super) at: Span,
    /// The name it was given, where blocks of its sort have one.
    pub(super) name: Option<Spanned<String>>,
    pub(super) block: &'static Block,
    /// Fields in the order of the file.
    pub(super) contents: Vec<(&'static Field, Content)>,
}

/// What was written for a field, once for each time.
#[derive(Debug, Clone)]
pub(super) struct Content {
    /// The key, or the argument that stands for it.
    pub(super) at: Span,
    pub(super) held: Held,
}

#[derive(Debug, Clone)]
pub(super) enum Held {
    /// It could not be read, and that was reported.
    Broken,
    Leaves(Vec<Spanned<Typed>>),
    Pairs(Vec<(Spanned<String>, Spanned<String>)>),
    Blocks(Vec<Checked>),
}

impl Held {
    /// Whether it was written as a list of nothing.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Leaves(leaves) => leaves.is_empty(),
            Self::Blocks(blocks) => blocks.is_empty(),
            Self::Broken | Self::Pairs(_) => false,
        }
    }
}

/// A type that leaves can have.
pub(crate) trait Leaf: Sized {
    /// The value, if it is of this type.
    fn of(typed: &Typed) -> Option<Self>;
    /// What stands in for a value that must be there and could not be read.
    fn stand_in() -> Self;
}

impl Checked {
    /// A block without contents, for its defaults.
    pub(super) fn empty(block: &'static Block, at: Span) -> Self {
        Self { at, name: None, block, contents: Vec::new() }
    }

    fn contents<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Content> {
        debug_assert!(self.block.field(field).is_some(), "`{}` has no field `{field}`", self.block.name);
        self.contents.iter().filter(move |(known, _)| known.kdl == field).map(|(_, content)| content)
    }

    /// Where a field was written, whether it could be read or not.
    pub(crate) fn written_at(&self, field: &str) -> Option<Span> {
        self.contents(field).next().map(|content| content.at)
    }

    /// Of several ways to say `what`, the one that was written, by its name in KDL; the first where there are more.
    pub(super) fn first_of(&self, what: &str) -> Option<&'static str> {
        let ways = self.block.fields().filter(|field| field.alternative == Some(what));
        let written = ways.filter_map(|field| Some((self.written_at(field.kdl)?, field.kdl)));
        written.min().map(|(_, name)| name)
    }

    /// The word, number or truth value of a field, written or by default.
    pub(super) fn word(&self, field: &str) -> Option<String> {
        let written = self.contents(field).find_map(|content| match &content.held {
            Held::Leaves(leaves) => leaves.first().map(|leaf| leaf.value.clone()),
            _ => None,
        });
        match written.or_else(|| self.default_of(field))? {
            Typed::Text(text) => Some(text),
            Typed::Flag(flag) => Some(flag.to_string()),
            Typed::Integer(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// Everything that is set to a single value, here and in blocks below, by the path of its key.
    pub(super) fn single(&self) -> Vec<(String, Spanned<Typed>)> {
        let mut found = Vec::new();
        for (field, content) in &self.contents {
            let key = field.kdl;
            match (&content.held, field.kind) {
                (Held::Leaves(_), Kind::List(_)) => {}
                (Held::Leaves(leaves), _) => {
                    found.extend(leaves.iter().map(|leaf| (key.to_owned(), leaf.clone())));
                }
                (Held::Blocks(blocks), Kind::Block(_)) => {
                    let inner = blocks.iter().flat_map(Self::single);
                    found.extend(inner.map(|(below, value)| (format!("{key}.{below}"), value)));
                }
                // Of the words that take names with a text each, these replace what was there.
                (Held::Pairs(pairs), _) if key.ends_with("-set") => {
                    let pairs = pairs.iter().cloned();
                    found.extend(pairs.map(|(name, text)| {
                        (format!("{key}.{}", name.value.to_ascii_lowercase()), text.map(Typed::Text))
                    }));
                }
                _ => {}
            }
        }
        found
    }

    /// Every leaf of a field.
    pub(crate) fn list<T: Leaf>(&self, field: &str) -> Vec<Spanned<T>> {
        let leaves = self.contents(field).filter_map(|content| match &content.held {
            Held::Leaves(leaves) => Some(leaves),
            _ => None,
        });
        leaves
            .flatten()
            .filter_map(|leaf| T::of(&leaf.value).map(|value| Spanned::new(value, leaf.span)))
            .collect()
    }

    /// A leaf that was written.
    pub(crate) fn written<T: Leaf>(&self, field: &str) -> Option<Spanned<T>> {
        self.list(field).into_iter().next()
    }

    /// A leaf that was written, or its default.
    pub(crate) fn leaf<T: Leaf>(&self, field: &str) -> Option<Spanned<T>> {
        self.written(field).or_else(|| self.default(field))
    }

    /// The default of a leaf.
    pub(super) fn default<T: Leaf>(&self, field: &str) -> Option<Spanned<T>> {
        T::of(&self.default_of(field)?).map(|value| Spanned::default_at(value, self.at))
    }

    fn default_of(&self, field: &str) -> Option<Typed> {
        let field = self.block.field(field)?;
        let Presence::Default(text) = field.presence else { return None };
        parse(&field.kind, &Value::filled(text.to_owned()), Spelling::Yaml).ok()
    }

    /// A leaf that is always there: written, its default, or a stand-in for what could not be read.
    pub(crate) fn value<T: Leaf>(&self, field: &str) -> Spanned<T> {
        self.leaf(field).unwrap_or_else(|| Spanned::default_at(T::stand_in(), self.at))
    }

    /// Every block of a field.
    pub(crate) fn blocks<'a>(&'a self, field: &'a str) -> impl Iterator<Item = &'a Checked> {
        let blocks = self.contents(field).filter_map(|content| match &content.held {
            Held::Blocks(blocks) => Some(blocks),
            _ => None,
        });
        blocks.flatten()
    }

    /// The block of a field.
    pub(crate) fn block<'a>(&'a self, field: &'a str) -> Option<&'a Checked> {
        self.blocks(field).next()
    }

    /// The block of a field, or one that holds its defaults.
    pub(super) fn block_or_defaults<'a>(&'a self, field: &'a str) -> Cow<'a, Checked> {
        if let Some(block) = self.block(field) {
            return Cow::Borrowed(block);
        }
        let inner = self.block.field(field).and_then(|field| field.kind.block());
        Cow::Owned(Self::empty(inner.unwrap_or(self.block), self.at))
    }

    /// Names with a text each.
    pub(crate) fn pairs(&self, field: &str) -> Vec<(Spanned<String>, Spanned<String>)> {
        let pairs = self.contents(field).filter_map(|content| match &content.held {
            Held::Pairs(pairs) => Some(pairs),
            _ => None,
        });
        pairs.flatten().cloned().collect()
    }
}

macro_rules! leaf {
    ($type:ty, $stand_in:expr, $($pattern:pat => $value:expr),+) => {
        impl Leaf for $type {
            fn of(typed: &Typed) -> Option<Self> {
                match typed {
                    $($pattern => $value,)+
                    _ => None,
                }
            }
            fn stand_in() -> Self {
                $stand_in
            }
        }
    };
}

leaf!(String, Self::new(), Typed::Text(text) | Typed::Backend(text, _) => Some(text.clone()));
leaf!(bool, false, Typed::Flag(flag) => Some(*flag));
leaf!(u8, 1, Typed::Integer(number) => Self::try_from(*number).ok());
leaf!(u16, 1, Typed::Integer(number) => Self::try_from(*number).ok());
leaf!(u32, 1, Typed::Integer(number) => Self::try_from(*number).ok());
leaf!(i32, 0, Typed::Integer(number) => Self::try_from(*number).ok());
leaf!(u64, 0, Typed::Bytes(bytes) => Some(*bytes), Typed::Integer(number) => Self::try_from(*number).ok());
leaf!(Millis, Self(1), Typed::Millis(millis) => Some(*millis));
leaf!(Rate, Self { requests: 1, period: Millis(1000) }, Typed::Rate(rate) => Some(*rate));
leaf!((u16, u16), (200, 399), Typed::Statuses(first, last) => Some((*first, *last)));
leaf!(Bind, Self::Tcp(([0, 0, 0, 0], 1).into()), Typed::Bind(bind) => Some(bind.clone()));
leaf!(SocketAddr, Self::from(([0, 0, 0, 0], 1)), Typed::Address(address) => Some(*address));
leaf!(Option<Cidr>, None, Typed::Network(network) => Some(Some(*network)));
leaf!(Option<Target>, None, Typed::Backend(_, target) => Some(target.clone()));
leaf!(Option<RequestLine>, None, Typed::Request(line) => Some(Some(line.clone())));

#[cfg(test)]
mod tests {
    use divisor_schema::config::{FLAT, ROOT};

    use super::*;

    fn each_default(block: &'static Block) {
        for field in block.fields() {
            if let Presence::Default(text) = field.presence {
                let value = Value::filled(text.to_owned());
                let parsed = parse(&field.kind, &value, Spelling::Yaml);
                assert!(parsed.is_ok(), "{}.{}: {parsed:?}", block.name, field.kdl);
            }
            if let Some(inner) = field.kind.block() {
                each_default(inner);
            }
        }
    }

    #[test]
    fn every_default_of_the_vocabulary_has_the_type_of_its_field() {
        each_default(&ROOT);
        each_default(&FLAT);
    }
}
