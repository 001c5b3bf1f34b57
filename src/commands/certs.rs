//! `divisor certs`: the manifest of the certificates and keys of a machine.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Subcommand};
use divisor_compiler::Manifest;

use super::compile::replace;
use super::time;
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write down what is public of certificates and keys, for machines that must not have them
    Snapshot(Snapshot),
    /// Compare a manifest with the files as they are now
    Verify(Verify),
}

#[derive(Args)]
struct Snapshot {
    /// Certificates and keys, or folders of them; they are named in the manifest as they are here
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Where the manifest goes
    #[arg(long, short, value_name = "MANIFEST", default_value = "tls.lock")]
    output: PathBuf,
    /// The time of the manifest [default: $SOURCE_DATE_EPOCH, or the clock]
    #[arg(long, value_name = "RFC3339", value_parser = time::instant)]
    now: Option<SystemTime>,
}

#[derive(Args)]
struct Verify {
    /// The manifest
    manifest: PathBuf,
    /// Where files with a relative name are
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    files: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    match &arguments.what {
        What::Snapshot(arguments) => snapshot(arguments),
        What::Verify(arguments) => verify(arguments),
    }
}

fn snapshot(arguments: &Snapshot) -> Result<Outcome, Trouble> {
    let mut files = Vec::new();
    arguments.paths.iter().try_for_each(|path| collect(path, &mut files))?;
    let now = arguments.now.map_or_else(time::now, Ok)?;
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let manifest =
        Manifest::snapshot(&files, i64::try_from(now).unwrap_or(i64::MAX)).map_err(Trouble::new)?;
    let path = &arguments.output;
    replace(path, manifest.to_text().as_bytes())
        .map_err(|error| Trouble::new(format_args!("cannot write {}: {error}", path.display())))?;
    output::say(&format!("{}: {} files", path.display(), manifest.len()));
    Ok(Outcome::Clean)
}

/// A file, or all files below a folder, in order. Hidden ones are left out: Kubernetes keeps every version of a file in
/// one.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), Trouble> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let trouble = |error| Trouble::new(format_args!("cannot read {}: {error}", path.display()));
    let entries =
        std::fs::read_dir(path).map_err(trouble)?.collect::<Result<Vec<_>, _>>().map_err(trouble)?;
    let mut inside: Vec<PathBuf> = entries
        .iter()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(std::fs::DirEntry::path)
        .collect();
    inside.sort();
    inside.iter().try_for_each(|path| collect(path, files))
}

fn verify(arguments: &Verify) -> Result<Outcome, Trouble> {
    let differences = read(&arguments.manifest)?.verify(&arguments.files);
    for difference in &differences {
        output::print(&format!("{}: {}\n", difference.file, difference.what))?;
    }
    Ok(if differences.is_empty() { Outcome::Clean } else { Outcome::Findings })
}

/// Reads a manifest.
pub(super) fn read(path: &Path) -> Result<Manifest, Trouble> {
    let trouble =
        |why: &dyn std::fmt::Display| Trouble::new(format_args!("cannot read {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| trouble(&error))?;
    Manifest::parse(&text).map_err(|error| trouble(&error))
}
