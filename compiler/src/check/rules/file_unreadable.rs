//! A file that cannot be read.

use super::files::file_faults;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, secret_files};
use crate::tls::FileFault;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT001", "file-unreadable"),
    level: Severity::Error,
    explanation: "A certificate, key, bundle of roots or error page is missing, empty, or closed to this user: the plan would \
        fail where it runs.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "absent.pem" key="shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    certificates(facts).chain(pages(facts)).chain(secrets(facts)).collect()
}

/// Pages are part of the plan, so they must be here.
fn pages(facts: &Facts<'_>) -> impl Iterator<Item = Diagnostic> {
    facts.pages.iter().filter_map(|page| {
        let why = page.text.as_ref().err()?;
        let found =
            LINT.finding(format!("cannot read `{}`: {why}", page.file.value), page.file.span, "named here");
        Some(found.help("a page is read when the config is compiled; its path is relative to this file"))
    })
}

/// Keys that seal cookies.
fn secrets(facts: &Facts<'_>) -> impl Iterator<Item = Diagnostic> {
    secret_files(facts.model).filter_map(|file| {
        let record = facts.files.find(file);
        let why = record.held.as_ref().err().filter(|_| !facts.files.is_elsewhere(file))?;
        let found = LINT.finding(format!("cannot read `{}`: {why}", file.value), file.span, "named here");
        Some(found.help("paths are relative to the file that names them"))
    })
}

fn certificates(facts: &Facts<'_>) -> impl Iterator<Item = Diagnostic> {
    file_faults(facts).filter_map(|(file, _, fault)| {
        let FileFault::Unreadable(why) = fault else { return None };
        // What is only where the plan runs is not decided, which is no finding.
        if facts.files.is_elsewhere(file) {
            return None;
        }
        let finding = LINT.finding(format!("cannot read `{}`: {why}", file.value), file.span, "named here");
        Some(finding.help("paths are relative to the file that names them"))
    })
}
