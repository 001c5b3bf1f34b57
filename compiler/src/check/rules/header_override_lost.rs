//! A change of a header that another one makes void.

use super::headers::{settings, written};
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;
use crate::model::{HeaderChange, HeaderEdit, Policy, Reference, Settings};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC010", "header-override-lost"),
    level: Severity::Warning,
    explanation: "One block sets a header and then sets or removes it again, or of two policies that are used at one \
        place one sets what the other removes: only one of them acts, and which one is hard to see. A policy nearer to \
        the route that says something else is what nesting is for, and is not meant here.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; use "base" "strict"; }
policy "base" { header-set "X-Frame-Options" "SAMEORIGIN"; }
policy "strict" { header-remove "X-Frame-Options"; }
route "/**" { respond 200 "ok"; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; use "base"; }
policy "base" { header-set "X-Frame-Options" "SAMEORIGIN"; }
policy "strict" { header-remove "X-Frame-Options"; }
route "/**" { respond 200 "ok"; use "strict"; }
"#,
    check,
};

/// The changes of requests, or those of responses.
type Side = fn(&Settings) -> &Vec<HeaderEdit>;
const SIDES: [Side; 2] = [|settings| &settings.request_headers, |settings| &settings.response_headers];

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let model = facts.model;
    let uses = model.listeners.iter().map(|listener| &listener.uses);
    let uses = uses.chain(model.hosts.iter().map(|host| &host.uses));
    let uses = uses.chain(facts.patterns.routes.iter().map(|read| &read.route.uses));
    let between = uses.filter(|uses| uses.len() > 1).flat_map(|uses| between(facts, uses));
    let within =
        settings(facts).flat_map(|settings| SIDES.into_iter().flat_map(|side| within(side(settings))));
    between.chain(within).collect()
}

/// Policies of one place of which one removes what the other sets. Their order is that of their names; two that set
/// different values contradict each other in any order (SYN007).
fn between(facts: &Facts<'_>, uses: &[Reference<Policy>]) -> Vec<Diagnostic> {
    let mut ids: Vec<usize> = uses.iter().filter_map(|policy| Some(policy.id?.index())).collect();
    ids.sort_unstable();
    ids.dedup();
    let policies: Vec<&Policy> = ids.into_iter().filter_map(|id| facts.model.policies.get(id)).collect();
    let mut found = vec![];
    for side in SIDES {
        for (at, policy) in policies.iter().enumerate() {
            for edit in side(&policy.settings) {
                let mut others = policies.iter().skip(at + 1);
                let later = others.find_map(|other| {
                    let removes = voids(edit, side(&other.settings))?;
                    matches!(removes.change, HeaderChange::Remove).then_some((*other, removes))
                });
                found.extend(later.map(|(other, removes)| lost(policy, edit, other, removes)));
            }
        }
    }
    found
}

fn lost(policy: &Policy, edit: &HeaderEdit, other: &Policy, removes: &HeaderEdit) -> Diagnostic {
    let (mine, theirs, name) = (&policy.name.value, &other.name.value, &edit.name.value);
    let message = format!("policy `{theirs}` removes `{name}`, which `{mine}` sets beside it");
    LINT.finding(message, edit.name.span, "has no effect there")
        .label(removes.name.span, format!("holds: `{theirs}` is the later name"))
        .help("write it in one of them, or use one of them nearer to the routes")
}

/// Changes of one block that a later one makes void.
fn within(edits: &[HeaderEdit]) -> Vec<Diagnostic> {
    let mut found = vec![];
    for (at, edit) in edits.iter().enumerate() {
        let rest = edits.get(at + 1..).unwrap_or_default();
        if let Some(later) = voids(edit, rest) {
            let finding = LINT
                .finding(format!("`{}` is changed twice", edit.name.value), edit.name.span, "has no effect")
                .label(later.name.span, "holds");
            found.push(finding.help("keep one"));
        }
    }
    found
}

/// The first change of `later` that makes `edit` void and does something else.
fn voids<'m>(edit: &HeaderEdit, later: &'m [HeaderEdit]) -> Option<&'m HeaderEdit> {
    let same = later.iter().filter(|other| other.name.value.eq_ignore_ascii_case(&edit.name.value));
    let mut void = same.filter(|other| !matches!(other.change, HeaderChange::Add(_)));
    let differs = |other: &&HeaderEdit| match (written(edit), written(other)) {
        (Some(mine), Some(theirs)) => mine != theirs,
        (mine, theirs) => mine.is_some() != theirs.is_some(),
    };
    void.find(|other| !matches!(edit.change, HeaderChange::Remove) && differs(other))
}
