//! `divisor migrate`.

use std::path::{Path, PathBuf};

use clap::Args;
use divisor_compiler::format::{self, Migration};
use divisor_compiler::syntax::Spelling;

use super::fmt::{Language, read, refused, spelling, write};
use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// The config in the flat layout
    config: PathBuf,
    /// Where it goes, a new file; standard output otherwise
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Its spelling; that of the output file, or YAML, otherwise
    #[arg(long, value_enum, value_name = "SPELLING")]
    to: Option<Language>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let Arguments { config, output, to } = arguments;
    let shown = config.display().to_string();
    if spelling(config)? == Spelling::Kdl {
        return Err(Trouble::new(format_args!("{shown}: the flat layout is YAML")));
    }
    if let Some(path) = output.as_ref().filter(|path| path.exists()) {
        return Err(Trouble::new(format_args!("{} is there already", path.display())));
    }
    let to = match (to, output) {
        (Some(to), _) => (*to).into(),
        (None, Some(path)) => spelling(path)?,
        (None, None) => Spelling::Yaml,
    };
    let text = read(config)?;
    let Migration { text, missing } = match format::migrate(&text, to) {
        Ok(migration) => migration,
        Err(refusal) => return Ok(refused(&shown, &text, refusal)),
    };
    match output {
        Some(path) => {
            write(path, &text)?;
            if folder(path) != folder(config) {
                output::say("the files that it names are looked for from its own folder: adapt the paths");
            }
            output::say(&format!("{}: written from {shown}", path.display()));
        }
        None => output::print(&text)?,
    }
    missing.iter().for_each(|line| output::say(&format!("not migrated: {line}")));
    Ok(Outcome::Clean)
}

fn folder(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).canonicalize().ok()
}
