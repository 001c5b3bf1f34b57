//! A management listener that everybody reaches.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Fix, Rule, Severity};
use crate::facts::Facts;
use crate::model::Admin;
use crate::source::Span;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC012", "admin-exposed"),
    level: Severity::Error,
    explanation: "Whoever reaches the management listener sees every backend and can take any of them out. Without `allow` it \
        is for this machine, so it binds loopback addresses; with `allow`, no network in it is everybody.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
admin "0.0.0.0:9901"
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
admin "127.0.0.1:9901" "10.0.0.1:9901" { allow "127.0.0.0/8" "10.0.0.0/24"; }
route "/**" { respond 200 "ok"; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let Some(admin) = &facts.model.admin else { return vec![] };
    if admin.allow.is_empty() { open(admin) } else { everybody(admin) }
}

/// Addresses that others than this machine reach, with nobody kept out.
fn open(admin: &Admin) -> Vec<Diagnostic> {
    let reached = admin.binds.iter().filter(|bind| !bind.value.ip().is_loopback());
    let found = reached.map(|bind| {
        let (ip, port) = (bind.value.ip(), bind.value.port());
        let who = if ip.is_unspecified() { "every network" } else { "other machines" };
        let local = if ip.is_ipv4() { format!("127.0.0.1:{port}") } else { format!("[::1]:{port}") };
        let label = if ip.is_unspecified() { "binds every address" } else { "no loopback address" };
        let fix = Fix::risky(format!("bind {local}"), bind.span, format!("\"{local}\""));
        finding(&format!("`admin` can be reached from {who}"), bind.span, label)
            .help(format!("write `{local}`, or `allow` with the networks that may"))
            .fix(fix)
    });
    found.collect()
}

/// Networks that are everybody.
fn everybody(admin: &Admin) -> Vec<Diagnostic> {
    let all = admin.allow.iter().filter(|network| network.value.prefix == 0);
    let found = all.map(|network| {
        finding("`admin` is allowed to everybody", network.span, "every address")
            .help("write the networks of those who manage this machine")
    });
    found.collect()
}

fn finding(message: &str, span: Span, label: &str) -> Diagnostic {
    LINT.finding(message.to_owned(), span, label)
}
