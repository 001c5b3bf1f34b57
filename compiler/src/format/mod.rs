//! Configs as they are written: one way to lay each spelling out, and the way from one to the other.
//!
//! What is written here means what was read: everything is read again and compared before it is given away.

mod convert;
mod kdl;
mod scalar;
mod yaml;

use std::fmt;

use crate::diagnostic::Diagnostic;
use crate::source::SourceMap;
use crate::syntax::{self, Spelling};

/// Columns of a line, where something can be done about it.
const WIDTH: usize = 110;

/// Why a text is left as it is.
#[derive(Debug)]
pub enum Refusal {
    /// It does not parse: the diagnostics say why, and point into the map.
    Broken(Box<SourceMap>, Vec<Diagnostic>),
    /// The other spelling has no words for it.
    Inexpressible(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(_, diagnostics) => {
                let first = diagnostics.first().map_or("it cannot be read", |first| first.message.as_str());
                f.write_str(first)
            }
            Self::Inexpressible(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Refusal {}

/// Writes a config in another spelling. It compiles to the same plan.
///
/// # Errors
/// [`Refusal`] when it does not parse, or when the other spelling cannot say what it says.
pub fn convert(text: &str, from: Spelling, to: Spelling) -> Result<String, Refusal> {
    let parsed = syntax::parse(text, from);
    let Some(nodes) = parsed.nodes.filter(|_| parsed.diagnostics.is_empty()) else {
        return Err(Refusal::Broken(Box::new(parsed.sources), parsed.diagnostics));
    };
    match to {
        Spelling::Kdl => Ok(kdl::print(&convert::to_kdl(&nodes))),
        Spelling::Yaml => convert::to_yaml(&nodes).map(|document| yaml::print(&document)),
    }
}

#[cfg(test)]
mod tests;
