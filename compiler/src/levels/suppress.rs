//! Suppressions: findings that the author of a config does not want to see, beside what they are about.

use super::Files;
use super::apply::{Case, Judged, Rules};
use super::day::day;
use crate::check::{Lint, find};
use crate::diagnostic::{Diagnostic, Fix, Rule, Suppression};
use crate::source::{Span, Spanned};
use crate::syntax::Directive;

/// How many suppressions are read: every finding is held against each of them.
const DIRECTIVES_MAX: usize = 4096;

/// How many rules one suppression may name.
const RULES_MAX: usize = 32;

/// Takes out what is suppressed, and adds what is wrong with suppressions.
pub(super) fn suppress(case: &Case<'_>, rules: &Rules, findings: Vec<Diagnostic>) -> Judged {
    let mut notes = Vec::new();
    let mut wishes: Vec<Wish<'_>> = Vec::new();
    for directive in case.directives.iter().take(DIRECTIVES_MAX) {
        wishes.extend(read(case, directive, &mut notes));
    }
    if let Some(beyond) = case.directives.get(DIRECTIVES_MAX) {
        let message = format!("{} more suppressions are not read", case.directives.len() - DIRECTIVES_MAX);
        let found = Diagnostic::warning(Rule::ANALYSIS_INCOMPLETE, message, beyond.at, "the first of them");
        notes.push(found.help("change levels in a policy file"));
    }
    let mut judged = Judged { findings: Vec::new(), suppressed: Vec::new() };
    for mut found in findings {
        let lint = rules.changeable(&found).filter(|lint| !case.policy.forbids(lint));
        let wish = lint.and_then(|lint| wishes.iter_mut().find(|wish| wish.covers(lint, &found)));
        match wish {
            None => judged.findings.push(found),
            Some(wish) if wish.until.is_some_and(|until| until < case.today) => {
                notes.extend(wish.expired(&found));
                wish.used = true;
                judged.findings.push(found);
            }
            Some(wish) => {
                wish.used = true;
                found.suppressed = Some(wish.suppression());
                judged.suppressed.push(found);
            }
        }
    }
    if !case.incomplete {
        notes.extend(unused(case, &wishes));
    }
    judged.findings.extend(notes);
    judged
}

/// One rule of a directive that is as it must be.
struct Wish<'a> {
    directive: &'a Directive,
    lint: &'static Lint,
    name: &'a Spanned<String>,
    scope: Span,
    until: Option<i64>,
    used: bool,
}

impl Wish<'_> {
    fn covers(&self, lint: &Lint, found: &Diagnostic) -> bool {
        let begins_in = |span: Span| self.scope.start <= span.start && span.start < self.scope.end;
        self.lint.rule == lint.rule && found.labels.iter().any(|label| begins_in(label.span))
    }

    fn suppression(&self) -> Suppression {
        Suppression {
            reason: self.directive.reason.clone().unwrap_or_default(),
            until: self.directive.until.as_ref().map(|until| until.value.clone()),
        }
    }

    /// What is said once, whatever comes back.
    fn expired(&self, found: &Diagnostic) -> Option<Diagnostic> {
        let until = self.directive.until.as_ref().filter(|_| !self.used)?;
        let message = format!("the suppression of `{}` ended on {}", self.lint.rule.name, until.value);
        let finding = Diagnostic::error(Rule::EXPIRED_SUPPRESSION, message, until.span, "expired");
        let back = finding.label(found.primary_span(), "what it suppressed");
        Some(back.help("mend what it suppressed, or write another day with another reason"))
    }
}

/// What a directive asks for. What is wrong with it is noted, and then it asks for nothing.
fn read<'a>(case: &Case<'_>, directive: &'a Directive, notes: &mut Vec<Diagnostic>) -> Vec<Wish<'a>> {
    let mut note = |span: Span, message: &str, label: &str, help: &str| {
        notes.push(Diagnostic::warning(Rule::UNUSED_SUPPRESSION, message, span, label).help(help));
    };
    if let Some((span, label, help)) = &directive.fault {
        note(*span, "a suppression cannot be read", label, help);
        return vec![];
    }
    if directive.rules.len() > RULES_MAX {
        let help = "write several suppressions, or change levels in a policy file";
        note(directive.at, "a suppression names too many rules", "this suppression has no effect", help);
        return vec![];
    }
    let Some(scope) = directive.scope else {
        let help = "put it directly in front of what it is about, or delete it";
        note(directive.at, "a suppression stands in front of nothing", "nothing follows", help);
        return vec![];
    };
    let until = match due(case, directive) {
        Ok(until) => until,
        Err((message, help)) => {
            let span = directive.until.as_ref().map_or(directive.at, |until| until.span);
            note(span, &message, "this suppression has no effect", &help);
            return vec![];
        }
    };
    let mut wishes = Vec::new();
    for name in &directive.rules {
        match named(case, name) {
            Ok(lint) => wishes.push(Wish { directive, lint, name, scope, until, used: false }),
            Err((message, help)) => note(name.span, &message, "this suppression has no effect", &help),
        }
    }
    wishes
}

/// The rule that a directive names.
fn named(case: &Case<'_>, name: &Spanned<String>) -> Result<&'static Lint, (String, String)> {
    let lint = find(&name.value).map_err(|near| {
        let help = near.map_or_else(
            || "write the code or the name of one rule".to_owned(),
            |near| format!("write `{}`", near.name),
        );
        (format!("`{}` is no rule", name.value), help)
    })?;
    if lint.is_hard() {
        let help = "mend what it finds: without it there is no plan that could run".to_owned();
        return Err((format!("`{}` cannot be suppressed", lint.rule.name), help));
    }
    if case.policy.forbids(lint) {
        let help = "mend what it finds, or have the policy changed".to_owned();
        return Err((format!("the policy forbids to suppress `{}`", lint.rule.name), help));
    }
    Ok(lint)
}

/// The last day of a directive, if it is one that the policy allows.
fn due(case: &Case<'_>, directive: &Directive) -> Result<Option<i64>, (String, String)> {
    let rules = &case.policy.suppressions;
    let fault = |message: &str, help: &str| Err((message.to_owned(), help.to_owned()));
    let file = case.sources.file(directive.at.start).map(|file| file.path.as_path());
    let elsewhere = |files: &Files| !file.is_some_and(|file| files.hold(file));
    if rules.files.as_ref().is_some_and(elsewhere) {
        return fault("the policy allows no suppressions in this file", "mend what it suppresses");
    }
    if rules.reason_required && directive.reason.is_none() {
        return fault(
            "a suppression has no reason",
            "write why: `… -- reason`, or `reason=\"…\"` in a block",
        );
    }
    let until = match &directive.until {
        None => None,
        Some(written) => match day(&written.value) {
            None => {
                let message = format!("`{}` is not a day", written.value);
                return fault(&message, "write `until=2027-01-31`");
            }
            day => day,
        },
    };
    match (rules.days_max, until) {
        (Some(days), None) => {
            let message = "a suppression without end is not allowed by the policy";
            fault(message, &format!("write `until=` with a day within {days} days"))
        }
        (Some(days), Some(until)) if until - case.today > days => {
            let message = format!("a suppression lasts longer than the {days} days of the policy");
            fault(&message, "write an earlier day")
        }
        _ => Ok(until),
    }
}

/// What suppresses nothing. A directive of which nothing is used can be deleted.
fn unused(case: &Case<'_>, wishes: &[Wish<'_>]) -> Vec<Diagnostic> {
    let undecided = |wish: &Wish<'_>| case.undecided.iter().any(|check| check.rule == wish.lint.rule);
    let idle = wishes.iter().filter(|wish| !wish.used && !undecided(wish));
    idle.map(|wish| {
        let rule = wish.lint.rule.name;
        let message = format!("there is no finding of `{rule}` to suppress");
        let found =
            Diagnostic::warning(Rule::UNUSED_SUPPRESSION, message, wish.name.span, "suppresses nothing")
                .help("delete it");
        let mut others = wishes.iter().filter(|other| std::ptr::eq(other.directive, wish.directive));
        let alone = wish.directive.rules.len() == others.clone().count() && others.all(|other| !other.used);
        match wish.directive.deletion.filter(|_| alone) {
            Some(span) => found.fix(Fix::safe("delete the suppression", span, "")),
            None => found,
        }
    })
    .collect()
}
