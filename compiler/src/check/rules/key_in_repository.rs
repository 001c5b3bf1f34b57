//! A private key that git keeps.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, Identity};
use crate::tls::{Kept, Origin, kept};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT017", "key-in-repository"),
    level: Severity::Error,
    explanation: "The key lies in a git repository that tracks it, or that would with the next `git add`: \
        whoever can read the repository, now or later, has the key. Keys for tests are declared as fixtures.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "repository/shop.pem" key="repository/shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    good: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop.key"; }
}
host "shop.example" { route "/**" { respond 200 "ok"; }; }
"#,
    check,
};

fn check(facts: &Facts<'_>) -> Vec<Diagnostic> {
    facts.identities.iter().filter_map(diagnostic).collect()
}

fn diagnostic(identity: &Identity<'_>) -> Option<Diagnostic> {
    let (key, Some(Ok(_))) = (identity.key?, &identity.private) else { return None };
    let Origin::File(path) = &identity.key_file.as_ref()?.origin else { return None };
    match kept(path) {
        Kept::Tracked => {
            let message = format!("private key `{}` is in the git repository", key.value);
            let help = format!(
                "rotate the key, then `git rm --cached {}`; for a test, say `--fixture-files`",
                key.value
            );
            Some(LINT.finding(message, key.span, "tracked by git").help(help))
        }
        Kept::NotIgnored => {
            let message =
                format!("private key `{}` lies in a git repository that does not ignore it", key.value);
            let help = format!("add `{}` to `.gitignore`, or keep the key elsewhere", key.value);
            Some(Diagnostic::warning(LINT.rule, message, key.span, "not ignored by git").help(help))
        }
        Kept::No => None,
    }
}
