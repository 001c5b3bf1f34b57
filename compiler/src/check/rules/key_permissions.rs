//! A private key that everyone can read.

use crate::check::Lint;
use crate::diagnostic::{Diagnostic, Rule, Severity};
use crate::facts::{Facts, secret_files};
use crate::source::Spanned;
use crate::tls::{Access, FileRecord};

pub(super) static LINT: Lint = Lint {
    rule: Rule::new("CRT016", "key-permissions"),
    level: Severity::Error,
    explanation: "Every user of this machine, and whatever runs as one, can read the key and be the server.",
    bad: r#"
listener "web" {
    bind "127.0.0.1:8443"
    tls { certificate "shop.pem" key="shop-open.key"; }
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
    let keys = facts.identities.iter().filter_map(|identity| {
        let usable = matches!(identity.private, Some(Ok(_)));
        usable.then_some((identity.key?, identity.key_file.as_ref()?))
    });
    // A key beside its certificate is a key, too.
    let beside = facts.identities.iter().filter_map(|identity| {
        let named = identity.key.is_some_and(|key| key.value == identity.certificate.value);
        (!named && identity.certificate_file.key().is_ok())
            .then_some((identity.certificate, &identity.certificate_file))
    });
    let secrets = secret_files(facts.model).filter_map(|file| {
        let record = facts.files.find(file);
        diagnostic("key", file, &record)
    });
    let private = keys.chain(beside).filter_map(|(file, record)| diagnostic("private key", file, record));
    private.chain(secrets).collect()
}

fn diagnostic(what: &str, file: &Spanned<String>, record: &FileRecord) -> Option<Diagnostic> {
    let access = record.access.as_ref().filter(|_| !record.is_stand_in())?;
    let (level, who, label) = judge(access)?;
    let message = format!("{what} `{}` can be {who}", file.value);
    let help = match &access.open_folder {
        Some(folder) if access.mode & 0o007 == 0 => format!("run `chmod o-w {folder}`"),
        _ => format!("run `chmod 600 {}`", file.value),
    };
    Some(Diagnostic::new(LINT.rule, level, message, file.span, label).help(help))
}

/// How bad it is, who can do what, and why, as a label. That a group can read a key of root is how services share one.
fn judge(access: &Access) -> Option<(Severity, &'static str, String)> {
    let mode = format!("mode {:04o}", access.mode);
    if access.mode & 0o007 != 0 {
        return Some((LINT.level, "read by every user", mode));
    }
    if access.open_folder.is_some() {
        return Some((LINT.level, "replaced by every user", "in a folder that is open to all".into()));
    }
    let group = access.mode & 0o020 != 0 || (access.mode & 0o070 != 0 && access.owner != 0);
    group.then_some((Severity::Warning, "read or replaced by a group", mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_and_owners_are_judged() {
        let level = |mode, owner, folder: Option<&str>| {
            let access = Access { mode, owner, open_folder: folder.map(str::to_owned) };
            judge(&access).map(|(level, ..)| level)
        };
        assert_eq!(level(0o600, 1000, None), None);
        assert_eq!(level(0o644, 0, None), Some(Severity::Error));
        assert_eq!(level(0o640, 0, None), None, "a service reads the key of root through its group");
        assert_eq!(level(0o640, 1000, None), Some(Severity::Warning));
        assert_eq!(level(0o660, 0, None), Some(Severity::Warning));
        assert_eq!(level(0o600, 0, Some("/open")), Some(Severity::Error));
    }
}
