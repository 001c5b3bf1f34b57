//! What happens to requests on their way: splits.

mod split;

use super::support::Site;

/// Holds that a config and its twin in YAML compile to the same plan.
fn assert_twins(kdl: &str, yaml: &str) {
    let site = Site::with(kdl);
    site.write("site.yaml", yaml);
    assert_eq!(site.compile("site.kdl"), site.compile("site.yaml"));
}
