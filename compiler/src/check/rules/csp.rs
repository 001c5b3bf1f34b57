//! Policies for the content of pages: Content Security Policy, level 3 (W3C).

use crate::model::closest;

/// A part of a policy that browsers do not understand as it is meant.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// A directive that there is not.
    Directive(&'a str),
    /// A keyword without its quotes: it is read as the name of a host.
    Unquoted(&'a str),
}

/// Directives (section 6, and those of Upgrade Insecure Requests, Trusted Types and reporting).
const DIRECTIVES: [&str; 28] = [
    "base-uri",
    "block-all-mixed-content",
    "child-src",
    "connect-src",
    "default-src",
    "fenced-frame-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "prefetch-src",
    "report-to",
    "report-uri",
    "require-trusted-types-for",
    "sandbox",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "trusted-types",
    "upgrade-insecure-requests",
    "worker-src",
];

/// Keywords that stand in quotes (section 2.3.1).
const KEYWORDS: [&str; 9] = [
    "none",
    "self",
    "unsafe-inline",
    "unsafe-eval",
    "strict-dynamic",
    "unsafe-hashes",
    "report-sample",
    "wasm-unsafe-eval",
    "unsafe-allow-redirects",
];
const PREFIXES: [&str; 4] = ["nonce-", "sha256-", "sha384-", "sha512-"];

/// What no other directive stands in for, although `default-src` looks as if it did.
const OPEN: [(&str, &str); 2] =
    [("base-uri", "base-uri 'self'"), ("frame-ancestors", "frame-ancestors 'none'")];

/// The directives of a policy: names with their sources.
fn directives(policy: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    policy.split(';').filter_map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        Some((words.next()?, words.collect()))
    })
}

/// What browsers do not understand.
pub(super) fn faults(policy: &str) -> Vec<Fault<'_>> {
    let mut faults = vec![];
    for (name, sources) in directives(policy) {
        if !DIRECTIVES.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            faults.push(Fault::Directive(name));
            continue;
        }
        let lists_sources =
            name.ends_with("-src") || ["base-uri", "form-action", "frame-ancestors"].contains(&name);
        let keyword = |source: &&str| {
            let source = source.to_ascii_lowercase();
            KEYWORDS.contains(&source.as_str()) || PREFIXES.iter().any(|prefix| source.starts_with(prefix))
        };
        faults.extend(sources.into_iter().filter(|_| lists_sources).filter(keyword).map(Fault::Unquoted));
    }
    faults
}

/// The directives that a policy with `default-src` leaves out and nothing stands in for.
pub(super) fn open(policy: &str) -> Vec<&'static str> {
    let has = |name: &str| directives(policy).any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !has("default-src") {
        return vec![];
    }
    OPEN.iter().map(|(name, _)| *name).filter(|name| !has(name)).collect()
}

/// A directive that closes what is open.
pub(super) fn closed(open: &str) -> &'static str {
    OPEN.iter().find(|(name, _)| *name == open).map_or("", |(_, closed)| closed)
}

impl Fault<'_> {
    /// What is wrong.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Directive(name) => format!("`{name}` is no directive of a content security policy"),
            Self::Unquoted(source) => format!("`{source}` in a content security policy needs quotes"),
        }
    }

    /// What it is taken for.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Directive(_) => "browsers ignore it".into(),
            Self::Unquoted(source) => format!("read as a host named `{source}`"),
        }
    }

    /// What to type.
    pub(super) fn help(&self) -> String {
        match self {
            Self::Directive(name) => match closest(name, DIRECTIVES) {
                Some(meant) => format!("write `{meant}`"),
                None => "take it away".into(),
            },
            Self::Unquoted(source) => format!("write `'{source}'`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read_as_browsers_do() {
        let good = "default-src 'self' https://cdn.example; script-src 'nonce-abc'; report-uri /csp; sandbox allow-forms";
        assert_eq!(faults(good), []);
        assert_eq!(faults("Default-Src 'none';;"), []);
        assert_eq!(
            faults("defualt-src 'self'; img-src none nonce-a"),
            [Fault::Directive("defualt-src"), Fault::Unquoted("none"), Fault::Unquoted("nonce-a")]
        );
        assert_eq!(Fault::Directive("defualt-src").help(), "write `default-src`");
        assert_eq!(Fault::Directive("x").help(), "take it away");
    }

    #[test]
    fn default_src_does_not_cover_everything() {
        assert_eq!(open("default-src 'self'"), ["base-uri", "frame-ancestors"]);
        assert_eq!(open("default-src 'self'; base-uri 'none'"), ["frame-ancestors"]);
        assert_eq!(open("upgrade-insecure-requests"), [""; 0]);
        assert_eq!(closed("base-uri"), "base-uri 'self'");
    }
}
