//! What makes a finding the same finding after the file was edited around it.

use std::collections::BTreeMap;

use divisor_schema::plan::Digest;

use super::Report;

/// How many hexadecimal digits there are.
const DIGITS: usize = 16;

/// A fingerprint for each finding of a report: of its rule, of where it is in the config, and of what is written there,
/// not of lines and columns; with the number of the finding among those that have all of this in common, from 1.
pub(super) fn fingerprints(report: &Report) -> Vec<(String, usize)> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let fingerprint = |found: &crate::diagnostic::Diagnostic| {
        let written = report.sources.text(found.primary_span());
        let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
        let path = found.path.as_deref().unwrap_or_default();
        let all = Digest::of(format!("{}\n{path}\n{written}", found.code).as_bytes()).to_string();
        let digits: String = all.chars().filter(char::is_ascii_hexdigit).take(DIGITS).collect();
        let count = seen.entry(digits.clone()).or_default();
        *count += 1;
        (digits, *count)
    };
    report.findings.iter().map(fingerprint).collect()
}
