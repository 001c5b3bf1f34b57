//! How findings are written, and where to.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use divisor_compiler::diagnostic::Severity;
use divisor_compiler::report::{self, Report, TextStyle};
use divisor_compiler::source::SourceMap;
use divisor_compiler::{Compilation, diagnostic::Undecided};

use super::compile::replace;
use crate::{Trouble, output};

/// A form of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people: the lines of the config, marked.
    Text,
    /// One line each: `path:line:col: level[CODE] message`.
    Compact,
    /// For programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A Code Quality report of GitLab.
    Gitlab,
    /// JUnit XML.
    Junit,
}

/// A form, and the file it is written to; standard output without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    format: Format,
    file: Option<PathBuf>,
}

/// Reads `FORMAT` or `FORMAT=FILE`; `-` is standard output.
fn destination(text: &str) -> Result<Destination, String> {
    let (format, file) = text.split_once('=').map_or((text, None), |(format, file)| (format, Some(file)));
    let format = Format::from_str(format, false).map_err(|_| {
        let known = Format::value_variants().iter().filter_map(Format::to_possible_value);
        let known: Vec<String> = known.map(|it| it.get_name().to_owned()).collect();
        format!("`{format}` is no format; known are {}", known.join(", "))
    })?;
    let file = file.filter(|file| *file != "-").map(PathBuf::from);
    if file.as_ref().is_some_and(|file| file.as_os_str().is_empty()) {
        return Err("there is no file behind `=`".to_owned());
    }
    Ok(Destination { format, file })
}

/// What is written of the findings.
#[derive(Args)]
pub(crate) struct Findings {
    /// How findings are written, and where to: text, compact, json, sarif, github, gitlab or junit; may be repeated
    #[arg(long, short, value_name = "FORMAT[=FILE]", value_parser = destination, default_value = "text")]
    output: Vec<Destination>,
    /// Only what is wrong: no advice, no counts
    #[arg(long, short)]
    quiet: bool,
    /// Also the list of checks that were not decided
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
    /// List what the config says is not to be listed, too
    #[arg(long)]
    show_suppressed: bool,
    /// How often each rule was broken, instead of where
    #[arg(long)]
    statistics: bool,
}

impl Findings {
    /// Writes the findings wherever they were asked for.
    pub(crate) fn write(&self, compilation: &Compilation) -> Result<(), Trouble> {
        let mut report = Report::new(compilation, self.show_suppressed);
        name_files(&mut report.sources);
        if self.quiet {
            report.findings.retain(|found| found.severity > Severity::Info);
        }
        for Destination { format, file } in &self.output {
            match file {
                None => {
                    let colours = output::colours(&std::io::stdout());
                    output::print(&self.rendered(&report, *format, colours))?;
                }
                Some(path) => {
                    let text = self.rendered(&report, *format, false);
                    replace(path, text.as_bytes()).map_err(|error| {
                        Trouble::new(format_args!("cannot write {}: {error}", path.display()))
                    })?;
                }
            }
        }
        Ok(())
    }

    fn rendered(&self, report: &Report, format: Format, colours: bool) -> String {
        match format {
            Format::Text if self.statistics => report::statistics(report),
            Format::Text if self.quiet => shown(report, colours),
            Format::Text if self.verbose => {
                people(report, colours) + &report.undecided.iter().map(gap).collect::<String>()
            }
            Format::Text => people(report, colours),
            Format::Compact => report::compact(&report.findings, &report.sources),
            Format::Json => report::json(report),
            Format::Sarif => report::sarif(report),
            Format::Github => report::github(report),
            Format::Gitlab => report::gitlab(report),
            Format::Junit => report::junit(report),
        }
    }
}

/// The findings of a compilation for people.
pub(crate) fn text(compilation: &Compilation, colours: bool) -> String {
    let mut report = Report::new(compilation, false);
    name_files(&mut report.sources);
    people(&report, colours)
}

/// Says the findings to whoever watches, if there are any.
pub(crate) fn say(compilation: &Compilation) {
    if !compilation.diagnostics.is_empty() {
        output::say(text(compilation, output::colours(&std::io::stderr())).trim_end());
    }
}

fn people(report: &Report, colours: bool) -> String {
    let gaps = report.gaps().map(|line| line + "\n").unwrap_or_default();
    format!("{}{}\n{gaps}", shown(report, colours), report.summary())
}

fn shown(report: &Report, colours: bool) -> String {
    let style = TextStyle { color: colours, docs: true, ..TextStyle::default() };
    report::text(&report.findings, &report.sources, style)
}

fn gap(undecided: &Undecided) -> String {
    let Undecided { rule, subject, reason, recheck } = undecided;
    format!("  {} {}: `{subject}` {reason} ({recheck} decides)\n", rule.code, rule.name)
}

/// How many parts of a compilation are listed.
const PARTS_MAX: usize = 12;

/// The parts of a compilation that took longest, and all together.
pub(crate) fn timing(compilation: &Compilation) -> String {
    let mut times = compilation.times.clone();
    times.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    let all: Duration = times.iter().map(|(_, time)| *time).sum();
    let line = |part: &str, time: Duration| format!("{:>9.3} ms  {part}\n", time.as_secs_f64() * 1e3);
    let longest: String = times.iter().take(PARTS_MAX).map(|(part, time)| line(part, *time)).collect();
    longest + &line("all parts", all)
}

/// Names files as others find them: from the root of the repository, or else from here.
pub(crate) fn name_files(sources: &mut SourceMap) {
    let Some(root) = sources.files().first().map(|file| file.path.clone()) else { return };
    let here = || std::env::current_dir().and_then(|folder| folder.canonicalize()).ok();
    if let Some(folder) = repository(&root).map(Path::to_owned).or_else(here) {
        sources.name_from(&folder);
    }
}

/// The repository that a file lies in: the nearest folder with a `.git`.
pub(crate) fn repository(file: &Path) -> Option<&Path> {
    file.ancestors().skip(1).find(|folder| folder.join(".git").exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_a_format_and_perhaps_a_file() {
        let parsed = |text: &str| destination(text).map(|it| (it.format, it.file));
        assert_eq!(parsed("json"), Ok((Format::Json, None)));
        assert_eq!(parsed("sarif=out=1.sarif"), Ok((Format::Sarif, Some("out=1.sarif".into()))));
        assert_eq!(parsed("github=-"), Ok((Format::Github, None)));
        assert_eq!(parsed("sarif="), Err("there is no file behind `=`".to_owned()));
        assert!(parsed("xml").is_err_and(|why| why.contains("known are text, compact, json, sarif")));
    }
}
