//! `divisor fmt`.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use divisor_compiler::FilePattern;
use divisor_compiler::diagnostic::Diagnostic;
use divisor_compiler::format::{self, Refusal};
use divisor_compiler::report::{self, TextStyle};
use divisor_compiler::source::SourceMap;
use divisor_compiler::syntax::Spelling;

use super::compile::replace;
use super::patch;
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Configs, and folders with configs; this folder without any
    paths: Vec<PathBuf>,
    /// Write nothing: list the files that would change, and fail if there is one
    #[arg(long)]
    check: bool,
    /// Write nothing: show what would change, and fail if something would
    #[arg(long)]
    diff: bool,
    /// Read one config of this spelling from standard input, and write it to standard output
    #[arg(long, value_enum, value_name = "SPELLING", conflicts_with_all = ["paths", "check", "diff"])]
    stdin: Option<Language>,
    /// Write each config in this spelling, to a file of its own beside it
    #[arg(long, value_enum, value_name = "SPELLING", conflicts_with_all = ["check", "diff"])]
    to: Option<Language>,
}

/// A spelling of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// KDL 2.0.
    Kdl,
    /// YAML 1.2.
    Yaml,
}

impl From<Language> for Spelling {
    fn from(language: Language) -> Self {
        match language {
            Language::Kdl => Self::Kdl,
            Language::Yaml => Self::Yaml,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    if let Some(from) = arguments.stdin {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable("standard input", &error))?;
        let to = arguments.to.unwrap_or(from);
        return match format::convert(&text, from.into(), to.into()) {
            Ok(written) => output::print(&written).map(|()| Outcome::Clean),
            Err(refusal) => Ok(refused("standard input", &text, refusal)),
        };
    }
    let here = [PathBuf::from(".")];
    let paths = if arguments.paths.is_empty() { &here[..] } else { &arguments.paths };
    let mut files = BTreeSet::new();
    for path in paths {
        if path.is_dir() {
            search(path, &mut files)?;
        } else {
            files.insert(path.clone());
        }
    }
    let mut outcome = Outcome::Clean;
    for path in &files {
        let found = match arguments.to {
            Some(to) => convert(path, to, &files)?,
            None => lay_out(path, arguments)?,
        };
        if matches!(found, Outcome::Findings) {
            outcome = found;
        }
    }
    Ok(outcome)
}

/// Lays one file out.
fn lay_out(path: &Path, arguments: &Arguments) -> Result<Outcome, Trouble> {
    let (text, shown) = (read(path)?, path.display().to_string());
    let formatted = match format::format(&text, spelling(path)?) {
        Ok(formatted) => formatted,
        Err(refusal) => return Ok(refused(&shown, &text, refusal)),
    };
    if formatted == text {
        return Ok(Outcome::Clean);
    }
    if arguments.diff {
        output::print(&patch::unified(&shown, &text, &formatted))?;
    } else if arguments.check {
        output::print(&format!("{shown}\n"))?;
    } else {
        write(path, &formatted)?;
        output::say(&format!("{shown}: laid out"));
        return Ok(Outcome::Clean);
    }
    Ok(Outcome::Findings)
}

/// Writes one file in another spelling, beside it.
fn convert(path: &Path, to: Language, given: &BTreeSet<PathBuf>) -> Result<Outcome, Trouble> {
    let (text, from) = (read(path)?, spelling(path)?);
    if from == to.into() {
        return Ok(Outcome::Clean);
    }
    let extension = match to {
        Language::Kdl => "kdl",
        Language::Yaml => "yaml",
    };
    let target = path.with_extension(extension);
    if target.exists() {
        return Err(Trouble::new(format_args!("{} is there already", target.display())));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    // What is included and written anew, too, is included under its new name.
    let renamed = |include: &str| {
        let pattern = FilePattern::new(include).ok()?;
        let is_given = given.iter().any(|file| {
            file != path && file.strip_prefix(folder).is_ok_and(|file| pattern.matches_path(file))
        });
        let old = Path::new(include);
        (is_given && spelling(old).is_ok_and(|old| old != to.into()))
            .then(|| old.with_extension(extension).to_string_lossy().into_owned())
    };
    match format::convert_with(&text, from, to.into(), &renamed) {
        Ok(written) => {
            write(&target, &written)?;
            output::say(&format!("{}: written from {}", target.display(), path.display()));
            Ok(Outcome::Clean)
        }
        Err(refusal) => Ok(refused(&path.display().to_string(), &text, refusal)),
    }
}

/// Says why a text is left as it is.
pub(super) fn refused(name: &str, text: &str, refusal: Refusal) -> Outcome {
    match refusal {
        Refusal::Broken(diagnostics) => output::say(shown(name, text, &diagnostics).trim_end()),
        other => output::say(&format!("{name}: {other}")),
    }
    Outcome::Findings
}

fn shown(name: &str, text: &str, diagnostics: &[Diagnostic]) -> String {
    let mut sources = SourceMap::default();
    sources.add(name.to_owned(), name.into(), text.to_owned());
    let color = output::colours(&std::io::stderr());
    report::text(diagnostics, &sources, TextStyle { color, ..TextStyle::default() })
}

/// The configs below a folder: files whose ending is that of a config, and whose top-level keys are all of the language.
/// Hidden ones are left alone, and so are symlinks: what they lead to is found where it lies.
fn search(folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<(), Trouble> {
    let shown = folder.display().to_string();
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(&shown, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(&shown, &error))?;
        let kind = entry.file_type().map_err(|error| unreadable(&shown, &error))?;
        let path = folder.strip_prefix(".").unwrap_or(folder).join(entry.file_name());
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            search(&path, files)?;
        } else if kind.is_file()
            && let Ok(spelling) = spelling(&path)
            && format::is_config(&read(&path)?, spelling)
        {
            files.insert(path);
        }
    }
    Ok(())
}

pub(super) fn spelling(path: &Path) -> Result<Spelling, Trouble> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("kdl") => Ok(Spelling::Kdl),
        Some("yaml" | "yml") => Ok(Spelling::Yaml),
        _ => Err(Trouble::new(format_args!(
            "{}: a config is named `*.kdl`, `*.yaml` or `*.yml`",
            path.display()
        ))),
    }
}

pub(super) fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(|error| unreadable(&path.display().to_string(), &error))
}

fn unreadable(name: &str, error: &std::io::Error) -> Trouble {
    Trouble::new(format_args!("cannot read {name}: {error}"))
}

/// Writes a file; where its name is a symlink, what that leads to.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    replace(&path, text.as_bytes())
        .map_err(|error| Trouble::new(format_args!("cannot write {}: {error}", path.display())))
}
