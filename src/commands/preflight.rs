//! `divisor preflight`.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::Args;
use divisor_compiler::diagnostic::{self, Diagnostic, Rule, Severity, Undecided};
use divisor_compiler::source::{SourceMap, Span};
use divisor_compiler::{Compilation, Options, check};
use divisor_schema::plan::{Bind, Plan};

use super::findings::Findings;
use super::host::{self, Listening};
use super::source::any;
use super::time;
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The plan that `divisor compile` wrote
    plan: PathBuf,
    /// Where certificates and keys with a relative path are [default: beside the plan]
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// How long certificates must last at least [default: 30d, or a third of their life if that is less]
    #[arg(long, value_name = "TIME", value_parser = time::duration)]
    expires_within: Option<Duration>,
    /// The time that certificates are judged by [default: $SOURCE_DATE_EPOCH, or the clock]
    #[arg(long, value_name = "RFC3339", value_parser = time::instant)]
    now: Option<SystemTime>,
    #[command(flatten)]
    findings: Findings,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let path = &arguments.plan;
    let trouble = |what: &dyn std::fmt::Display| Trouble::new(format_args!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| trouble(&error))?;
    let plan = Plan::decode(&bytes).map_err(|error| trouble(&error))?;
    let beside = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let files = arguments.files.as_deref().unwrap_or(beside);
    let options = Options {
        now: arguments.now.map_or_else(time::now, Ok)?,
        expires_within: arguments.expires_within,
        ..Options::default()
    };
    let mut found = divisor_compiler::preflight(&plan, files, &options);
    found.undecided = still_undecided(&plan, &found);
    let (binds, limit) = (host::listening(), host::open_files());
    found.diagnostics.extend(taken(&plan, &found.sources, &binds));
    found.diagnostics.extend(too_few_files(&plan, limit));
    diagnostic::sort(&mut found.diagnostics);
    arguments.findings.write(&found)?;
    let decided: usize = plan.undecided.iter().map(|file| file.codes.len()).sum();
    let decided = decided.saturating_sub(found.undecided.len());
    if decided > 0 {
        output::say(&format!(
            "{decided} checks that were not decided when the plan was compiled are decided now"
        ));
    }
    Ok(if any(&found, Severity::Error) { Outcome::Findings } else { Outcome::Clean })
}

/// What was not decided when the plan was compiled, of files that cannot be read here either.
fn still_undecided(plan: &Plan, found: &Compilation) -> Vec<Undecided> {
    let missing = |file: &str| {
        let named = format!("`{file}`");
        found.diagnostics.iter().any(|it| it.code == "CRT001" && it.message.contains(&named))
    };
    let files = plan.undecided.iter().filter(|undecided| missing(&undecided.file));
    let checks = files.flat_map(|undecided| {
        let rules = undecided.codes.iter().filter_map(|code| check::find(code).ok());
        rules.map(|lint| Undecided {
            rule: lint.rule,
            subject: undecided.file.clone(),
            reason: "cannot be read",
            recheck: "divisor preflight",
        })
    });
    checks.collect()
}

/// Addresses of the plan that another program listens on.
fn taken(plan: &Plan, sources: &SourceMap, listening: &[Listening]) -> Vec<Diagnostic> {
    let mut found = vec![];
    let binds = plan.listeners.iter().flat_map(|listener| {
        let who = format!("listener `{}`", listener.name);
        listener.binds.iter().filter_map(Bind::tcp).map(move |bind| (who.clone(), bind))
    });
    let admin = plan.admin.iter().flat_map(|it| &it.binds).map(|bind| ("`admin`".to_owned(), *bind));
    for (who, bind) in binds.chain(admin) {
        let other = listening.iter().filter(|other| other.conflicts(bind)).find(|it| !it.is_divisor());
        let Some(other) = other else { continue };
        let by =
            other.program.as_ref().map_or("by another program".to_owned(), |name| format!("by `{name}`"));
        let message = format!("{who} cannot accept on {bind}: it is in use {by}");
        let diagnostic = Diagnostic::error(
            Rule::new("OPS001", "bind-conflict"),
            message,
            place(sources, &format!("\"{bind}\"")),
            "in use",
        );
        found.push(diagnostic.help("stop the other program, or bind another address"));
    }
    found
}

/// Where the text stands first in what is shown of the plan.
fn place(sources: &SourceMap, text: &str) -> Span {
    let at = sources.files().first().and_then(|file| file.text.find(text)).unwrap_or(0) as u32;
    Span::new(at, at.saturating_add(text.len() as u32))
}

/// Whether connections run out of files before they run into the limits of the plan.
fn too_few_files(plan: &Plan, limit: Option<u64>) -> Option<Diagnostic> {
    let clients: u64 = plan.listeners.iter().filter_map(|it| it.max_connections).map(u64::from).sum();
    let backends = plan.pools.iter().flat_map(|pool| &pool.backends);
    let needed = clients + backends.map(|it| u64::from(it.connections.per_backend)).sum::<u64>();
    let limit = limit.filter(|limit| *limit < needed)?;
    let message = format!("the plan allows {needed} connections, and this system {limit} open files");
    let found = Diagnostic::warning(Rule::new("TMO008", "connection-budget"), message, Span::default(), "");
    Some(found.help(format!(
        "raise the limit: `LimitNOFILE={needed}`, or lower `max-connections` and `per-backend`"
    )))
}
