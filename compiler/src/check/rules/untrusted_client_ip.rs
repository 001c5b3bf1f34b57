//! A route for clients by what they say of themselves.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::Subject;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC002", "untrusted-client-ip"),
    level: Severity::Error,
    explanation: "A route is chosen by a header in which proxies write the client's address, on a listener that trusts no \
        proxy: every client writes there what it likes.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "for all"; }
route "/**" { header "X-Real-IP" prefix="10."; respond 200 "for the office"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
route "/**" { respond 200 "for all"; }
route "/**" { client "10.0.0.0/8"; respond 200 "for the office"; }
"#,
    check,
};

/// Fields that bear the address of a client, as its proxies saw it.
const ADDRESSES: [&str; 7] = [
    "cf-connecting-ip",
    "fastly-client-ip",
    "forwarded",
    "true-client-ip",
    "x-client-ip",
    "x-forwarded-for",
    "x-real-ip",
];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for site in &facts.sites {
        let listeners = site.listeners.iter().filter_map(|&place| facts.model.listeners.get(place));
        let Some(open) = listeners.into_iter().find(|listener| listener.trusted_proxies.is_empty()) else {
            continue;
        };
        for read in site.routes.iter().filter_map(|&index| facts.patterns.routes.get(index)) {
            let conditions = read.route.conditions.iter().filter(|it| it.subject == Subject::Header);
            for condition in conditions.filter(|it| is_address(&it.name.value)) {
                let reported = found.iter().any(|it| it.primary_span() == condition.name.span);
                if !reported {
                    found.push(finding(
                        &condition.name.value,
                        condition.name.span,
                        &open.name.value,
                        open.name.span,
                    ));
                }
            }
        }
    }
    found
}

fn is_address(name: &str) -> bool {
    ADDRESSES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn finding(header: &str, at: Span, listener: &str, open: Span) -> Diagnostic {
    LINT.finding(
        format!("`{header}` comes from the client itself on listener `{listener}`"),
        at,
        "written by anybody",
    )
    .label(open, "trusts no proxy")
    .help("write `client \"10.0.0.0/8\"`: the address of the peer, or what `trusted-proxies` say it is")
}
