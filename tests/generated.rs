//! Pages that the program writes itself are as it would write them today.
//!
//! `DIVISOR_WRITE=1 cargo test --test blackbox generated` writes them.

use std::path::Path;

use crate::support::site::command;

/// Each page with the command that writes it.
pub(crate) const PAGES: [(&str, &[&str]); 2] =
    [("docs/reference.md", &["schema", "--output", "md"]), ("docs/rules.md", &["rules", "--output", "md"])];

#[test]
fn generated_pages_are_up_to_date() {
    let write = std::env::var_os("DIVISOR_WRITE").is_some();
    for (page, arguments) in PAGES {
        let output = command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        if write {
            std::fs::write(&path, &output.stdout).unwrap();
        }
        let there = std::fs::read(&path).unwrap_or_default();
        assert!(
            there == output.stdout,
            "{page} is stale: DIVISOR_WRITE=1 cargo test --test blackbox generated"
        );
    }
}
