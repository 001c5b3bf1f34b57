//! What a claim says of its requests.

use divisor_schema::plan::{Template, TemplatePart};

use crate::facts::{Answer, Facts};
use crate::model::{Action, Expect};
use crate::source::{Span, Spanned};
use crate::trace::{Outcome, Request, is_admitted, outcome};

/// One thing that a claim says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clause<'m> {
    /// It goes to this pool, or to one of several of which this is one.
    Pool(&'m Spanned<String>),
    /// The route with this pattern takes it.
    Route(&'m Spanned<String>),
    /// It is answered here, with this status.
    Status(&'m Spanned<u16>),
    /// It is redirected to this location; a port that is not written does not count.
    Redirect(&'m Spanned<String>),
}

impl<'m> Clause<'m> {
    /// Everything that a claim says.
    pub(crate) fn all(expect: &'m Expect) -> Vec<Self> {
        let pool = expect.pool.iter().map(|pool| Self::Pool(&pool.name));
        let route = expect.route.iter().map(Self::Route);
        let status = expect.status.iter().map(Self::Status);
        let redirect = expect.redirect.iter().map(Self::Redirect);
        pool.chain(route).chain(status).chain(redirect).collect()
    }

    /// Where it is written.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Pool(text) | Self::Route(text) | Self::Redirect(text) => text.span,
            Self::Status(status) => status.span,
        }
    }

    /// What is to be said of a request for which it does not hold.
    pub(crate) fn negated(&self) -> String {
        match self {
            Self::Pool(pool) => format!("does not go to pool `{}`", pool.value),
            Self::Route(route) => format!("does not take route `{}`", route.value),
            Self::Status(status) => format!("does not get status {}", status.value),
            Self::Redirect(location) => format!("is not redirected to `{}`", location.value),
        }
    }

    /// Whether it holds for a request of which this becomes on a listener.
    pub(crate) fn holds(
        &self,
        facts: &Facts<'_>,
        listener: usize,
        request: &Request,
        answer: &Answer,
    ) -> bool {
        let admitted = is_admitted(facts, listener, request, answer);
        match self {
            Self::Redirect(expected) => match outcome(facts, listener, request, answer) {
                Outcome::Redirected { location, .. } => is_same_place(&expected.value, &location),
                _ => false,
            },
            _ => self.holds_for_all(facts, listener, answer, admitted),
        }
    }

    /// Whether it holds for every request of which this becomes on a listener, and whose client is `admitted` or not.
    /// Where they are redirected to is compared as a template.
    pub(crate) fn holds_for_all(
        &self,
        facts: &Facts<'_>,
        listener: usize,
        answer: &Answer,
        admitted: bool,
    ) -> bool {
        let route = match answer {
            Answer::Route(site, position) => facts.route_of(*site, *position),
            _ => None,
        };
        let action = route.and_then(|route| route.action.as_ref());
        let passed = match answer {
            Answer::Passed(at) => facts.model.listeners.get(listener).and_then(|it| it.passthrough.get(*at)),
            _ => None,
        };
        let passed = passed.map(|it| &it.forward.pool);
        match self {
            Self::Status(status) if !admitted => status.value == 403,
            Self::Pool(_) | Self::Redirect(_) if !admitted => false,
            Self::Pool(pool) if passed.is_some() => passed.is_some_and(|it| it.name.value == pool.value),
            Self::Pool(pool) => {
                action.is_some_and(|action| action.pools().any(|it| it.name.value == pool.value))
            }
            Self::Route(pattern) => route.is_some_and(|route| route.pattern.value == pattern.value),
            Self::Status(status) => self::status(facts, listener, answer) == Some(status.value),
            Self::Redirect(expected) => match (answer, action) {
                (Answer::Redirected, _) => {
                    let target = facts.redirect_of(listener).and_then(|it| it.listener.id);
                    let location = target.map(|id| text(&facts.location(id.index())));
                    location.is_some_and(|location| is_same_place(&expected.value, &location))
                }
                (_, Some(Action::Redirect { location, .. })) => {
                    is_same_place(&expected.value, &location.value)
                }
                _ => false,
            },
        }
    }
}

/// The status that a request gets without a backend.
fn status(facts: &Facts<'_>, listener: usize, answer: &Answer) -> Option<u16> {
    match answer {
        Answer::Refused(_) => Some(400),
        Answer::Nobody => Some(421),
        Answer::NoRoute(_) => Some(404),
        Answer::Redirected => facts.redirect_of(listener).map(|redirect| redirect.status.value),
        Answer::Route(site, position) => match facts.route_of(*site, *position)?.action.as_ref()? {
            Action::Redirect { status, .. } | Action::Respond { status, .. } | Action::Deny { status } => {
                Some(status.value)
            }
            Action::Proxy { .. } | Action::Split { .. } => None,
        },
        Answer::Passed(_) | Answer::Undecided(_) => None,
    }
}

/// A template as it is written in a config: that of a listener that redirects has no captures.
fn text(template: &Template) -> String {
    let part = |part: &TemplatePart| match part {
        TemplatePart::Text(text) => text.clone(),
        TemplatePart::Host => "{host}".to_owned(),
        TemplatePart::Query => "{query}".to_owned(),
        TemplatePart::Path
        | TemplatePart::Segment(_)
        | TemplatePart::Within { .. }
        | TemplatePart::Rest(_) => "{path}".to_owned(),
    };
    template.0.iter().map(part).collect()
}

/// Whether two locations are the same; the first need not name the port.
fn is_same_place(expected: &str, location: &str) -> bool {
    expected == location || without_port(location).is_some_and(|location| location == expected)
}

/// `https://shop.example:8443/a` without `:8443`.
fn without_port(location: &str) -> Option<String> {
    let (scheme, rest) = location.split_once("://")?;
    let end = rest.bytes().position(|byte| byte == b'/' || byte == b'?').unwrap_or(rest.len());
    // A template may go on with a hole: `{host}:8443{path}`.
    let authority = rest.get(..end)?;
    let (host, behind) = authority.rsplit_once(':')?;
    let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
    let beyond = behind.get(digits..)?;
    let is_port = digits > 0 && (beyond.is_empty() || beyond.starts_with('{'));
    is_port.then(|| format!("{scheme}://{host}{beyond}{}", rest.get(end..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_counts_only_where_it_is_expected() {
        assert!(is_same_place("https://a.example/x", "https://a.example:8443/x"));
        assert!(is_same_place("https://a.example:8443/x", "https://a.example:8443/x"));
        assert!(!is_same_place("https://a.example:443/x", "https://a.example:8443/x"));
        assert!(is_same_place("https://{host}{path}{query}", "https://{host}:8443{path}{query}"));
        assert!(is_same_place("https://[::1]/x", "https://[::1]:1/x"));
        assert!(is_same_place("/a:1", "/a:1") && !is_same_place("/a", "/a:1"));
        assert!(!is_same_place("https://a", "https://a:b"));
    }
}
