//! Host patterns: which names a host block answers.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

/// A set of host names. Two sets are nested or disjoint, never crossing; the more specific one wins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostPattern {
    /// This name, or this address; an IPv6 address stands in brackets.
    Exact(String),
    /// Exactly one label in front of this name.
    OneLabel(String),
    /// One label or more in front of this name.
    ManyLabels(String),
}

/// Why a text is not a host pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostError {
    /// The bytes of the text at fault.
    pub(crate) range: Range<usize>,
    /// What is wrong with them.
    pub(crate) kind: HostErrorKind,
}

/// What is wrong with a host pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HostErrorKind {
    /// Nothing there.
    Empty,
    /// It begins with `https://` or the like.
    Scheme(String),
    /// It ends with a port.
    Port(String),
    /// It goes on with a path.
    Path(String),
    /// Upper case or a final dot; holds the normal form.
    NotNormal(String),
    /// Characters outside ASCII.
    NotAscii,
    /// A wildcard that is not the whole first label.
    Wildcard,
    /// A label that is empty, too long, or has other characters than letters, digits and inner hyphens.
    Label(String),
    /// Digits that are not an address.
    Address,
    /// More than 253 characters.
    TooLong,
}

impl HostErrorKind {
    /// What is wrong, as the label of a diagnostic.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Empty => "the host name is empty".into(),
            Self::Scheme(_) => "a host name has no scheme".into(),
            Self::Port(_) => "a host name has no port".into(),
            Self::Path(_) => "a host name has no path".into(),
            Self::NotNormal(_) => "compared in lower case without final dot".into(),
            Self::NotAscii => "a host name has characters outside ASCII".into(),
            Self::Wildcard => "a wildcard is not the whole first label".into(),
            Self::Label(label) => format!("`{label}` is not a label of a host name"),
            Self::Address => "digits that are not an IPv4 address".into(),
            Self::TooLong => "the host name is longer than 253 characters".into(),
        }
    }

    /// What to type instead.
    pub(crate) fn help(&self) -> String {
        match self {
            Self::Empty => "write a name, or leave out the host block to serve every name".into(),
            Self::Scheme(host) | Self::Path(host) => format!("write `{host}`"),
            Self::Port(host) => format!("write `{host}`; ports belong to `bind` of a listener"),
            Self::NotNormal(normal) => format!("write `{normal}`"),
            Self::NotAscii => "write its A-label, `xn--…`, as browsers send it".into(),
            Self::Wildcard => "write `*.name` for one label in front, `**.name` for one or more".into(),
            Self::Label(_) => "use letters, digits and `-` inside, at most 63 characters".into(),
            Self::Address => "write a name, or four numbers from 0 to 255".into(),
            Self::TooLong => "shorten it: longer names do not exist (RFC 1035, section 2.3.4)".into(),
        }
    }
}

impl HostPattern {
    /// Reads a host pattern.
    ///
    /// # Errors
    /// Says what is wrong with the first bytes at fault.
    pub(crate) fn parse(text: &str) -> Result<Self, HostError> {
        let whole = |kind| HostError { range: 0..text.len(), kind };
        if text.is_empty() {
            return Err(whole(HostErrorKind::Empty));
        }
        if let Some(address) = ipv6(text) {
            return Ok(Self::Exact(format!("[{address}]")));
        }
        surroundings(text)?;
        if !text.is_ascii() {
            return Err(whole(HostErrorKind::NotAscii));
        }
        let normal = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        if normal != text {
            return Err(whole(HostErrorKind::NotNormal(normal)));
        }
        if text.len() > 253 {
            return Err(whole(HostErrorKind::TooLong));
        }
        let (wildcard, name) = match (text.strip_prefix("**."), text.strip_prefix("*.")) {
            (Some(name), _) => (Self::ManyLabels as fn(String) -> Self, name),
            (None, Some(name)) => (Self::OneLabel as fn(String) -> Self, name),
            (None, None) => (Self::Exact as fn(String) -> Self, text),
        };
        check_labels(name, text.len() - name.len())?;
        Ok(wildcard(name.to_owned()))
    }

    /// The pattern as it is written.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Exact(name) => name.clone(),
            Self::OneLabel(name) => format!("*.{name}"),
            Self::ManyLabels(name) => format!("**.{name}"),
        }
    }

    /// A name of this set, for examples.
    pub(crate) fn example(&self) -> String {
        self.examples().next().unwrap_or_default()
    }

    /// Names of this set, as many as anyone asks for: those that are most usual first.
    pub(crate) fn examples(&self) -> Box<dyn Iterator<Item = String> + '_> {
        let labels = || {
            let letters = ('a'..='z').map(String::from);
            std::iter::once("www".to_owned())
                .chain(letters)
                .chain((1u32..).map(|number| format!("x{number}")))
        };
        match self {
            Self::Exact(name) => Box::new(std::iter::once(name.clone())),
            Self::OneLabel(name) => Box::new(labels().map(move |label| format!("{label}.{name}"))),
            Self::ManyLabels(name) => {
                let two = move |label: String| [format!("{label}.{name}"), format!("www.{label}.{name}")];
                Box::new(labels().flat_map(two))
            }
        }
    }

    /// Whether `name`, which is in lower case and has no final dot, is in the set.
    pub(crate) fn contains(&self, name: &str) -> bool {
        match self {
            Self::Exact(this) => this == name,
            Self::OneLabel(parent) => name.split_once('.').is_some_and(|(_, rest)| rest == parent),
            Self::ManyLabels(parent) => name
                .strip_suffix(parent.as_str())
                .is_some_and(|front| front.len() > 1 && front.ends_with('.')),
        }
    }

    /// Whether every name of `self` is in `other`.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(name), _) => other.contains(name),
            (Self::OneLabel(mine), Self::OneLabel(theirs)) => mine == theirs,
            (Self::OneLabel(mine) | Self::ManyLabels(mine), Self::ManyLabels(theirs)) => {
                mine == theirs || other.contains(mine)
            }
            _ => false,
        }
    }

    /// Of the patterns that hold a name, the one of the greatest rank answers.
    pub(crate) fn rank(&self) -> (u8, usize) {
        match self {
            Self::Exact(name) => (2, name.len()),
            Self::OneLabel(name) => (1, name.len()),
            Self::ManyLabels(name) => (0, name.len()),
        }
    }
}

fn ipv6(text: &str) -> Option<Ipv6Addr> {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text).parse().ok()
}

/// Scheme, path and port: what people copy from a browser.
fn surroundings(text: &str) -> Result<(), HostError> {
    let error = |range, kind| Err(HostError { range, kind });
    if let Some((scheme, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or_default().to_owned();
        return error(0..scheme.len() + 3, HostErrorKind::Scheme(host));
    }
    if let Some((host, _)) = text.split_once(['/', '?', '#']) {
        return error(host.len()..text.len(), HostErrorKind::Path(host.to_owned()));
    }
    match text.rsplit_once(':') {
        Some((host, _)) => error(host.len()..text.len(), HostErrorKind::Port(host.to_owned())),
        None => Ok(()),
    }
}

fn check_labels(name: &str, mut at: usize) -> Result<(), HostError> {
    for label in name.split('.') {
        let range = at..at + label.len();
        if label.contains('*') {
            return Err(HostError { range, kind: HostErrorKind::Wildcard });
        }
        let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let inner = !label.starts_with('-') && !label.ends_with('-');
        if label.is_empty() || label.len() > 63 || !letters || !inner {
            return Err(HostError { range, kind: HostErrorKind::Label(label.to_owned()) });
        }
        at += label.len() + 1;
    }
    let digits = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if digits && name.parse::<Ipv4Addr>().is_err() {
        let end = at.saturating_sub(1);
        return Err(HostError { range: end - name.len()..end, kind: HostErrorKind::Address });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_wildcards_and_addresses() {
        let parse = |text: &str| HostPattern::parse(text).unwrap();
        assert_eq!(parse("shop.example"), HostPattern::Exact("shop.example".into()));
        assert_eq!(parse("*.shop.example"), HostPattern::OneLabel("shop.example".into()));
        assert_eq!(parse("**.shop.example"), HostPattern::ManyLabels("shop.example".into()));
        assert_eq!(parse("localhost").text(), "localhost");
        assert_eq!(parse("10.0.0.1"), HostPattern::Exact("10.0.0.1".into()));
        assert_eq!(parse("2001:DB8::1"), HostPattern::Exact("[2001:db8::1]".into()));
        assert_eq!(parse("[::1]").text(), "[::1]");
        assert_eq!(parse("**.shop.example").text(), "**.shop.example");
        assert_eq!(parse("*.shop.example").example(), "www.shop.example");
        assert_eq!(parse("shop.example").example(), "shop.example");
    }

    #[test]
    fn sets_of_names_are_nested_or_disjoint() {
        let parse = |text: &str| HostPattern::parse(text).unwrap();
        let nested = ["a.b.example", "*.b.example", "**.b.example", "**.example"].map(parse);
        for (at, inner) in nested.iter().enumerate() {
            for outer in &nested[at..] {
                assert!(inner.is_within(outer), "{inner:?} {outer:?}");
                assert!(inner.examples().take(40).all(|name| outer.contains(&name)), "{inner:?} {outer:?}");
            }
            assert!(nested[..at].iter().all(|outer| !inner.is_within(outer) && outer.rank() > inner.rank()));
        }
        assert!(!parse("*.example").contains("a.b.example") && !parse("**.example").contains("example"));
        assert!(!parse("**.b.example").contains("ab.example"));
    }

    #[test]
    fn faults_name_their_place_and_the_way_out() {
        use HostErrorKind::{
            Address, Empty, Label, NotAscii, NotNormal, Path, Port, Scheme, TooLong, Wildcard,
        };
        let long = format!("{}a", "a.".repeat(127));
        let cases: [(&str, &str, HostErrorKind); 15] = [
            ("", "", Empty),
            ("https://shop.example/x", "https://", Scheme("shop.example".into())),
            ("shop.example:443", ":443", Port("shop.example".into())),
            ("shop.example/x", "/x", Path("shop.example".into())),
            ("Shop.Example", "Shop.Example", NotNormal("shop.example".into())),
            ("shop.example.", "shop.example.", NotNormal("shop.example".into())),
            ("bücher.example", "bücher.example", NotAscii),
            ("a.*.example", "*", Wildcard),
            ("*", "*", Wildcard),
            ("*a.example", "*a", Wildcard),
            ("my_shop.example", "my_shop", Label("my_shop".into())),
            ("shop..example", "", Label(String::new())),
            ("*.-a.example", "-a", Label("-a".into())),
            ("*.10.0.0.256", "10.0.0.256", Address),
            (&long, &long, TooLong),
        ];
        for (text, at, kind) in cases {
            let error = HostPattern::parse(text).unwrap_err();
            assert_eq!((&text[error.range], &error.kind), (at, &kind), "{text}");
            assert!(!kind.label().is_empty() && !kind.help().is_empty());
        }
    }
}
