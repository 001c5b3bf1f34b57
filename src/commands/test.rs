//! `divisor test`.

use std::fmt::Write as _;

use clap::{Args, ValueEnum};
use divisor_compiler::Compilation;
use divisor_compiler::diagnostic::{Diagnostic, Severity};
use divisor_compiler::expect::{Status, Tests};
use divisor_compiler::report::{self, TextStyle};
use divisor_compiler::syntax::Spelling;
use divisor_compiler::trace::Named;
use serde_json::{Value, json};

use super::findings;
use super::source::{Source, any};
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The least share of routes, in per cent, that the claims must cover
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Write a claim for each route that none covers yet, in the spelling of the config
    #[arg(long, conflicts_with = "output")]
    generate: bool,
    /// How the result is written
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let source = &arguments.source;
    let is_kdl = source.config.extension().is_some_and(|extension| extension == "kdl");
    let spelling = if is_kdl { Spelling::Kdl } else { Spelling::Yaml };
    let (mut compilation, tests) =
        divisor_compiler::test(&source.config, &source.options()?, spelling).map_err(Trouble::new)?;
    let Some(tests) = tests else {
        findings::say(&compilation);
        return Ok(Outcome::Findings);
    };
    findings::name_files(&mut compilation.sources);
    if arguments.generate {
        output::print(&tests.generated(spelling))?;
    } else {
        output::print(&match arguments.output {
            Format::Text => text(&compilation, &tests),
            Format::Json => json(&compilation, &tests),
        })?;
    }
    let enough = arguments.min_coverage.is_none_or(|least| tests.percent() >= usize::from(least));
    if !enough && !arguments.generate {
        output::say(&format!("divisor: {}% of the routes are covered", tests.percent()));
    }
    let failed = any(&compilation, Severity::Error);
    let told = tests.tests.iter().filter(|test| test.status == Status::Failed).count();
    if compilation.diagnostics.iter().filter(|found| found.severity == Severity::Error).count() > told {
        output::say("divisor: the config has other errors: see `divisor lint`");
    }
    Ok(if failed || !(enough || arguments.generate) { Outcome::Findings } else { Outcome::Clean })
}

fn text(compilation: &Compilation, tests: &Tests) -> String {
    let sources = &compilation.sources;
    let mut out = String::new();
    // Writing to a string cannot fail.
    for test in &tests.tests {
        let _ = writeln!(out, "{:<7} {}", word(test.status), test.request.text(sources));
    }
    let findings: Vec<Diagnostic> = tests.tests.iter().filter_map(|test| test.finding.clone()).collect();
    if !findings.is_empty() {
        let style = TextStyle { color: output::colours(&std::io::stdout()), ..TextStyle::default() };
        let _ = write!(out, "\n{}", report::text(&findings, sources, style));
    }
    let (covered, routes, percent) = (tests.covered(), tests.routes.len(), tests.percent());
    let _ = writeln!(out, "{}; {covered} of {routes} routes covered ({percent}%)", counted(tests));
    for route in tests.routes.iter().filter(|route| !route.covered) {
        let methods = Some(route.methods.join(", ")).filter(|methods| !methods.is_empty());
        let methods = methods.map(|methods| format!(" for {methods}")).unwrap_or_default();
        let host = route.host.as_ref().map(|host| format!(" of {host}")).unwrap_or_default();
        let whole = Named { name: format!("{}{methods}{host}", route.pattern.name), ..route.pattern };
        let _ = writeln!(out, "not covered: {}", whole.text(sources));
    }
    out
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Vacuous => "vacuous",
        Status::Failed => "FAILED",
        Status::Undecided => "unknown",
    }
}

/// `3 passed, 1 failed`.
fn counted(tests: &Tests) -> String {
    let words = [
        (Status::Passed, "passed"),
        (Status::Failed, "failed"),
        (Status::Vacuous, "vacuous"),
        (Status::Undecided, "unknown"),
    ];
    let count = |status| tests.tests.iter().filter(|test| test.status == status).count();
    let counted = words.iter().map(|(status, word)| (count(*status), word));
    let counted: Vec<String> =
        counted.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if counted.is_empty() { "no claims".to_owned() } else { counted.join(", ") }
}

/// The result for programs. Its keys are stable within a version.
fn json(compilation: &Compilation, tests: &Tests) -> String {
    let sources = &compilation.sources;
    let claims: Vec<Value> = tests
        .tests
        .iter()
        .map(|test| {
            let finding = test.finding.as_ref();
            json!({
                "request": test.request.json(sources),
                "for_all": test.for_all,
                "status": word(test.status).to_lowercase(),
                "message": finding.map(|found| found.message.as_str()),
                "help": finding.and_then(|found| found.help.as_deref()),
                "witness": finding.and_then(|found| found.witness.as_deref()),
            })
        })
        .collect();
    let routes: Vec<Value> = tests
        .routes
        .iter()
        .map(|route| {
            json!({
                "pattern": route.pattern.json(sources),
                "methods": route.methods,
                "host": route.host,
                "covered": route.covered,
            })
        })
        .collect();
    let document = json!({
        "version": 1,
        "tests": claims,
        "coverage": { "covered": tests.covered(), "routes": tests.routes.len(), "percent": tests.percent() },
        "routes": routes,
    });
    format!("{document:#}\n")
}
