//! `divisor trace`.

use std::net::IpAddr;

use clap::{Args, ValueEnum};
use divisor_compiler::diagnostic::Severity;
use divisor_compiler::source::SourceMap;
use divisor_compiler::trace::{Outcome as Answered, Request, Trace, json, of_plan, text};
use divisor_schema::plan::{LoadError, Plan};

use super::findings;
use super::source::{Source, any};
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// A config, or a plan that `divisor compile` wrote
    #[command(flatten)]
    source: Source,
    #[allow(rustdoc::bare_urls)] // as one types it
    /// Method and URL: 'GET https://shop.example/cart'; its scheme chooses the listeners, ports do not count
    request: String,
    /// A header field of the request, `Name: value`
    #[arg(long, short = 'H', value_name = "FIELD")]
    header: Vec<String>,
    /// The address it comes from, as trusted proxies report it
    #[arg(long, value_name = "ADDRESS")]
    client: Option<IpAddr>,
    /// How the answer is written
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
    let request = Request::parse(&arguments.request).map_err(Trouble::new)?;
    let mut fields = arguments.header.iter();
    let with_header = |request: Request, field: &String| request.with_header(field);
    let mut request = fields.try_fold(request, with_header).map_err(Trouble::new)?;
    request.client = arguments.client;
    let (trace, sources) = match plan(&arguments.source)? {
        Some(plan) => (of_plan(&plan, &request), SourceMap::default()),
        None => config(&arguments.source, &request)?,
    };
    if trace.answers.iter().any(|answer| answer.outcome == Answered::Undecided) {
        return Err(Trouble::new("the config has an error where the request goes: see `divisor lint`"));
    }
    output::print(&match arguments.output {
        Format::Text => text(&trace, &sources),
        Format::Json => json(&trace, &sources),
    })?;
    Ok(Outcome::Clean)
}

/// The plan in the file; `None` when it is no plan, and so must be a config.
fn plan(source: &Source) -> Result<Option<Plan>, Trouble> {
    let path = &source.config;
    let trouble = |what: &dyn std::fmt::Display| Trouble::new(format_args!("{}: {what}", path.display()));
    let bytes = std::fs::read(path).map_err(|error| trouble(&error))?;
    match Plan::decode(&bytes) {
        Ok(plan) => Ok(Some(plan)),
        Err(LoadError::NotAPlan | LoadError::Empty) => Ok(None),
        Err(error) => Err(trouble(&error)),
    }
}

/// Traces a config. Errors that have nothing to do with routing do not stand in the way.
fn config(source: &Source, request: &Request) -> Result<(Trace, SourceMap), Trouble> {
    let (mut compilation, trace) =
        divisor_compiler::trace(&source.config, &source.options()?, request).map_err(Trouble::new)?;
    let Some(trace) = trace else {
        findings::say(&compilation);
        return Err(Trouble::new("the config cannot be read as a whole"));
    };
    if any(&compilation, Severity::Error) {
        output::say("divisor: the config has errors: see `divisor lint`");
    }
    findings::name_files(&mut compilation.sources);
    Ok((trace, compilation.sources))
}
