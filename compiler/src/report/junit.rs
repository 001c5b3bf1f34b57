//! JUnit XML: what dashboards of tests read.

use std::fmt::Write;

use super::Report;
use crate::check::catalogue;
use crate::diagnostic::{Diagnostic, Severity};

/// One suite for each file, and in it one test for each rule, so that what was checked without a finding shows too.
pub fn junit(report: &Report) -> String {
    let mut output =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"divisor lint\">\n".to_owned();
    for file in report.sources.files() {
        let here = |found: &&Diagnostic| {
            let place = report.sources.file(found.primary_span().start);
            place.is_some_and(|place| place.base == file.base)
        };
        suite(&mut output, report, &file.name, &report.active().filter(here).collect::<Vec<_>>());
    }
    output + "</testsuites>\n"
}

// Writing to a string cannot fail.
fn suite(output: &mut String, report: &Report, name: &str, findings: &[&Diagnostic]) {
    let rules = catalogue();
    let of_rule =
        |code: &str| findings.iter().filter(|found| found.code == code).copied().collect::<Vec<_>>();
    let fails = |code: &str| of_rule(code).iter().any(|found| found.severity > Severity::Info);
    let failures = rules.iter().filter(|lint| fails(lint.rule.code)).count();
    let _ = writeln!(
        output,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">",
        escaped(name),
        rules.len()
    );
    for lint in rules {
        let (code, title) = (lint.rule.code, format!("{} {}", lint.rule.code, lint.rule.name));
        let _ = write!(output, "    <testcase classname=\"{}\" name=\"{title}\"", escaped(name));
        let content: String = of_rule(code).iter().map(|found| element(report, found)).collect();
        let _ = match content.as_str() {
            "" => writeln!(output, "/>"),
            content => writeln!(output, ">\n{content}    </testcase>"),
        };
    }
    *output += "  </testsuite>\n";
}

fn element(report: &Report, found: &Diagnostic) -> String {
    let text = super::compact(std::slice::from_ref(found), &report.sources);
    let help = found.help.as_deref().map(|help| format!("help: {help}\n")).unwrap_or_default();
    let text = escaped(&(text + &help));
    match found.severity {
        Severity::Info => format!("      <system-out>{text}</system-out>\n"),
        severity => format!(
            "      <failure type=\"{}\" message=\"{}\">{text}</failure>\n",
            severity.word(),
            escaped(&found.message)
        ),
    }
}

/// Text between tags or quotes. Characters that XML 1.0 has no form for are left out (section 2.2).
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}
