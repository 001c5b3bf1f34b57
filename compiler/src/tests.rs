//! The front half from file to model, in both spellings.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::report::{TextStyle, text};
use crate::source::SourceMap;
use crate::syntax::Unreadable;
use crate::{diagnostic, model, report, source, syntax};

mod examples;
mod files;
mod flat;
mod fuzz;
mod hostile;
mod mistakes;
mod schema;

/// A config that was read and decoded, but not checked.
#[derive(Debug)]
struct Loaded {
    sources: SourceMap,
    /// `None` when part of the text is missing.
    model: Option<Model>,
    diagnostics: Vec<Diagnostic>,
}

fn load(root: &Path, variables: &[(&str, &str)]) -> Result<Loaded, Unreadable> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let variables: BTreeMap<String, String> = variables.iter().map(owned).collect();
    let syntax = syntax::load(root, &variables)?;
    let (model, mut diagnostics) = model::build(&syntax);
    diagnostics.extend(syntax.diagnostics);
    diagnostic::sort(&mut diagnostics);
    Ok(Loaded { sources: syntax.sources, model: (!syntax.incomplete).then_some(model), diagnostics })
}

/// Writes `text` to a file of its own and loads it.
fn load_text(name: &str, text: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    load(&path, &[]).unwrap()
}

/// The diagnostics of a config as people see them.
fn shown(loaded: &Loaded) -> String {
    text(&loaded.diagnostics, &loaded.sources, TextStyle::default())
}

fn lint(name: &str, text: &str) -> String {
    shown(&load_text(name, text))
}

/// The model of a config without mistakes.
fn model(name: &str, text: &str) -> Model {
    let loaded = load_text(name, text);
    assert_eq!(loaded.diagnostics, [], "{}", shown(&loaded));
    loaded.model.unwrap()
}
