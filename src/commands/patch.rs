//! What changes in a file, for people and for `patch`.

use similar::TextDiff;

/// The difference of two versions of a file as a unified patch; nothing where there is none.
pub(crate) fn unified(name: &str, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_names_the_file_and_shows_what_changes() {
        assert_eq!(unified("a.kdl", "x\n", "x\n"), "");
        assert_eq!(
            unified("a.kdl", "x\ny\n", "x\nz"),
            "--- a/a.kdl\n+++ b/a.kdl\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n\\ No newline at end of file\n"
        );
    }
}
