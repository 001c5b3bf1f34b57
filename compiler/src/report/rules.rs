//! The catalogue of rules, as a page and for programs.

use serde_json::{Value, json};

use super::json::level;
use super::url;
use crate::check::{Lint, markdown};

/// What the page says before the first rule.
const HEAD: &str = "# Rules

What `divisor lint` looks for. This page is written by `divisor rules --output md`; `divisor explain RULE` shows a part of it.

The level of a rule, its family (the letters of its code) or its group can be changed in a policy file or by an option, and a
single finding can be suppressed where it is, as [Linting](linting.md) says; except for errors that no policy changes: without
them the config would have no meaning, or the runtime would refuse the plan.
";

/// The page of rules: a table, then a section for each.
pub fn rules_markdown(rules: &[&Lint]) -> String {
    let mut page = format!("{HEAD}\n| code | name | level | mended by |\n| --- | --- | --- | --- |\n");
    for lint in rules {
        let (code, name) = (lint.rule.code, lint.rule.name);
        let anchor = format!("{}-{name}", code.to_ascii_lowercase());
        let hard = if lint.is_hard() { "!" } else { "" };
        let fix = lint.fix().map_or("", |safety| match safety {
            crate::diagnostic::Safety::Safe => "`--fix`",
            crate::diagnostic::Safety::Unsafe => "`--fix=unsafe`",
        });
        page += &format!("| {code} | [`{name}`](#{anchor}) | {}{hard} | {fix} |\n", lint.level.word());
    }
    let mut family = "";
    for lint in rules {
        if lint.family() != family {
            family = lint.family();
            page += &format!("\n## {family}\n");
        }
        page += &format!("\n{}", markdown(lint));
    }
    page
}

/// The rules for programs.
pub fn rules_json(rules: &[&Lint]) -> String {
    let rule = |lint: &&Lint| {
        json!({
            "code": lint.rule.code,
            "name": lint.rule.name,
            "family": lint.family(),
            "group": lint.group().word(),
            "level": level(lint.level),
            "fixed_level": lint.is_hard(),
            "fix": lint.fix().map(|safety| safety.word()),
            "explanation": lint.explanation,
            "bad": lint.bad.trim_start(),
            "good": lint.good.trim_start(),
            "url": url(lint.rule),
        })
    };
    let rules: Vec<Value> = rules.iter().map(rule).collect();
    format!("{:#}\n", json!({ "version": 1, "rules": rules }))
}
