//! Diagnostics as text, JSON and annotations. Nothing here prints: every renderer returns a string.

mod compact;
mod github;
mod json;
mod text;

pub use self::compact::compact;
pub use self::github::github;
pub use self::json::json;
pub use self::text::{TextStyle, text};
use crate::diagnostic::{Diagnostic, Severity};

/// How many there are of each severity: `1 error, 2 warnings`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let words = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Info, "note", "notes"),
    ];
    let counted = words.iter().filter_map(|(severity, one, many)| match count(diagnostics, *severity) {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {many}")),
    });
    let counted: Vec<String> = counted.collect();
    if counted.is_empty() { "no problems found".to_owned() } else { counted.join(", ") }
}

/// How many there are of one severity.
pub fn count(diagnostics: &[Diagnostic], severity: Severity) -> usize {
    diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count()
}

#[cfg(test)]
mod tests;
