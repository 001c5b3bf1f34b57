//! Every site may read what only its user may.

use super::headers::settings;
use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::Facts;

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("SEC011", "cors-credentials"),
    level: Severity::Error,
    explanation: "`cors` lets pages of every origin, or of the origin `null` that any page can take on, make requests \
        with the cookies of their visitors and read the answers. Browsers refuse `*` with credentials, so this would \
        not even work.",
    bad: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/**" pool="app" { cors "*" credentials=#true; }
"#,
    good: r#"
listener "web" { bind "127.0.0.1:8080"; }
pool "app" { backend "http://127.0.0.1:9000"; probe "/health"; }
route "/**" pool="app" { cors "https://shop.example" credentials=#true; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    let all = settings(facts).filter_map(|settings| settings.cors.as_ref());
    let with_credentials = all.filter(|cors| cors.credentials.value);
    let anybody = with_credentials.filter_map(|cors| {
        let origin = cors.origins.iter().find(|origin| ["*", "null"].contains(&origin.value.as_str()))?;
        let found = LINT.finding("any site may read what only its user may", origin.span, "every origin");
        Some(found.label(cors.credentials.span, "with cookies").help("list the origins that may"))
    });
    anybody.collect()
}
