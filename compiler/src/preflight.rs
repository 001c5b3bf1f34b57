//! A plan, judged where it is to run.
//!
//! What the rules about files say of a config, they say of a plan in the same words: the plan is written as a config
//! with everything in it that names files, and this is checked. The config is shown in findings and written nowhere.

use std::fmt::Write as _;
use std::path::Path;

use divisor_schema::plan::{
    Certificate, ClientAuth, ClientTls, HostTable, Identity, Listener, Plan, Roots, Secret, TlsVersion,
};

use crate::tls::{Slot, suite_with_code};
use crate::{Clock, Compilation, Options, judge, syntax};

/// What the rules about files find where the plan in `plan` is to run; its relative paths start at `files`. There is no
/// plan in what is returned, because nothing was compiled.
pub fn preflight(plan: &Plan, files: &Path, options: &Options) -> Compilation {
    let syntax = syntax::of_text(files.join("plan"), config(plan));
    let (mut found, ()) = judge(syntax, options, Clock::start(), |_| ());
    let slots = [Slot::Certificate, Slot::Key, Slot::Revoked];
    let about_files = |code: &str| code == "CRT001" || slots.iter().any(|slot| slot.checks().contains(&code));
    found.diagnostics.retain(|it| about_files(it.code));
    found.plan = None;
    found
}

/// The part of a plan that names files, as a config.
fn config(plan: &Plan) -> String {
    let mut out = String::new();
    for it in &plan.listeners {
        listener(&mut out, it);
        hosts(&mut out, &it.name, &it.hosts);
    }
    for (number, tls) in plan.client_tls.iter().enumerate() {
        client(&mut out, number, tls);
    }
    for pool in &plan.pools {
        if let Some(Secret::File(file)) = pool.sticky.as_ref().map(|sticky| &sticky.key) {
            sealed(&mut out, &pool.name, file);
        }
    }
    out
}

/// Writes a line; writing to a string cannot fail.
macro_rules! line {
    ($out:expr, $($text:tt)*) => {
        let _ = writeln!($out, $($text)*);
    };
}

fn listener(out: &mut String, listener: &Listener) {
    line!(out, "listener {:?} {{", listener.name);
    for bind in &listener.binds {
        line!(out, "    bind \"{bind}\"");
    }
    if let Some(tls) = &listener.tls {
        let version = |version| if version == TlsVersion::Tls12 { "1.2" } else { "1.3" };
        let (min, max) = (version(tls.settings.min), version(tls.settings.max));
        line!(out, "    tls min-version=\"{min}\" max-version=\"{max}\" {{");
        let suites = tls.settings.suites.iter().filter_map(|code| suite_with_code(*code));
        let suites: Vec<String> = suites
            .filter(|suite| suite.version == TlsVersion::Tls12)
            .map(|suite| format!(" {:?}", suite.iana))
            .collect();
        if !suites.is_empty() {
            line!(out, "        cipher-suites{}", suites.concat());
        }
        let default = tls.default.map(|index| index as usize);
        for (number, it) in tls.certificates.iter().enumerate() {
            certificate(out, it, default == Some(number));
        }
        client_auth(out, tls.client_auth.as_ref());
        line!(out, "    }}");
    }
    line!(out, "}}");
    for (name, auth) in listener.tls.iter().flat_map(|tls| &tls.exceptions) {
        line!(out, "// clients of {name}: {}", if auth.is_some() { "verified" } else { "not verified" });
    }
}

fn certificate(out: &mut String, certificate: &Certificate, default: bool) {
    let Identity { certificate: chain, key } = &certificate.identity;
    let trust = certificate.trust.as_ref().map(|trust| format!(" trust={trust:?}")).unwrap_or_default();
    let default = if default { " default=#true" } else { "" };
    let names: Vec<String> = certificate.names.iter().map(|name| format!(" {name:?}")).collect();
    let names = if names.is_empty() { String::new() } else { format!(" {{ names{} }}", names.concat()) };
    line!(out, "        certificate {chain:?} key={key:?}{trust}{default}{names}");
}

fn client_auth(out: &mut String, auth: Option<&ClientAuth>) {
    let Some(auth) = auth else { return };
    let revoked: Vec<String> = auth.revoked.iter().map(|file| format!(" {file:?}")).collect();
    let revoked = if revoked.is_empty() { String::new() } else { format!(" {{ crl{} }}", revoked.concat()) };
    line!(out, "        client-auth ca={:?} required=#{}{revoked}", auth.roots, auth.required);
}

/// The names that a listener serves.
fn hosts(out: &mut String, listener: &str, table: &HostTable) {
    let exact = table.exact.iter().map(|(name, _)| name.clone());
    let one_label = table.one_label.iter().map(|(name, _)| format!("*.{name}"));
    let many_labels = table.many_labels.iter().map(|(name, _)| format!("**.{name}"));
    for name in exact.chain(one_label).chain(many_labels) {
        line!(out, "host {name:?} listener={listener:?} {{ route \"/**\" {{ deny 403 }} }}");
    }
}

/// TLS towards backends, as that of a pool.
fn client(out: &mut String, number: usize, tls: &ClientTls) {
    line!(out, "pool \"{number}\" {{");
    line!(out, "    backend \"https://backend:443\"");
    let mut settings = String::new();
    match &tls.roots {
        Roots::File(file) => settings += &format!(" ca={file:?}"),
        Roots::Unverified => settings += " verify=#false",
        Roots::System => {}
    }
    if let Some(Identity { certificate, key }) = &tls.identity {
        settings += &format!(" certificate={certificate:?} key={key:?}");
    }
    if !settings.is_empty() {
        line!(out, "    tls{settings}");
    }
    line!(out, "}}");
}

/// A key that seals a cookie, as that of a pool.
fn sealed(out: &mut String, pool: &str, file: &str) {
    line!(out, "pool {:?} {{", format!("sealed {pool}"));
    line!(out, "    backend \"http://backend:80\"");
    line!(out, "    sticky \"it\" {{ key file={file:?} }}");
    line!(out, "}}");
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::compile;
    use crate::tls::testing::Scratch;

    /// 2026-06-15.
    const NOW: Duration = Duration::from_secs(20_619 * 86_400);

    fn options() -> Options {
        Options { now: UNIX_EPOCH + NOW, ..Options::default() }
    }

    /// A folder with a plan, and the plan.
    fn planned() -> (Scratch, Plan) {
        let scratch = Scratch::new();
        for (name, host) in [("shop", "shop.example"), ("api", "api.example"), ("lb", "lb.internal")] {
            scratch.chain(name, &[host]);
        }
        scratch.chain("clients", &[]);
        let config = r#"
            listener "web" {
                bind "127.0.0.1:8443"
                tls { certificate "shop.pem" key="shop.key" names="shop.example"; client-auth ca="clients.pem" required=#false }
            }
            listener "plain" { bind "127.0.0.1:8080"; redirect "web" }
            host "shop.example" listener="web" { route "/**" pool="app" }
            host "api.example" listener="web" { tls { certificate "api.pem" key="api.key" }; route "/**" { respond 200 "ok" } }
            pool "app" {
                backend "https://10.0.0.1:8443"
                tls ca="clients.pem" certificate="lb.pem" key="lb.key" server-name="app.internal"
                probe "/"
            }
        "#;
        let root = scratch.write("site.kdl", config);
        let compiled = compile(&root, &options()).unwrap();
        let codes: Vec<&str> = compiled.diagnostics.iter().map(|found| found.code).collect();
        assert_eq!(codes, ["CRT018"], "the leaf in the bundle");
        (scratch, Plan { undecided: vec![], ..recompiled(&root) })
    }

    /// The plan of a config with another bundle of client authorities.
    fn recompiled(root: &Path) -> Plan {
        let folder = root.parent().unwrap();
        let pem = std::fs::read_to_string(folder.join("clients.pem")).unwrap();
        std::fs::write(folder.join("clients.pem"), &pem[pem.rfind("-----BEGIN").unwrap()..]).unwrap();
        let compiled = compile(root, &options()).unwrap();
        assert_eq!(compiled.diagnostics, []);
        compiled.plan.unwrap()
    }

    fn found(scratch: &Scratch, plan: &Plan) -> Vec<String> {
        let found = preflight(plan, &scratch.path(""), &options());
        found.diagnostics.iter().map(|it| format!("{} {}", it.code, it.message)).collect()
    }

    #[test]
    fn a_plan_is_written_as_a_config_that_means_the_same_files() {
        let (scratch, plan) = planned();
        assert_eq!(found(&scratch, &plan), [""; 0]);
        let syntax = syntax::of_text(scratch.path("plan"), config(&plan));
        assert_eq!(syntax.diagnostics, []);
        let (model, diagnostics) = crate::model::build(&syntax);
        assert_eq!(diagnostics, []);
        assert_eq!((model.listeners.len(), model.hosts.len(), model.pools.len()), (2, 4, 1));
    }

    #[test]
    fn what_has_changed_since_is_found() {
        let (scratch, plan) = planned();
        scratch.chain("api", &["other.example"]);
        scratch.set_mode("lb.key", 0o644);
        std::fs::remove_file(scratch.path("shop.pem")).unwrap();
        assert_eq!(
            found(&scratch, &plan),
            [
                "CRT001 cannot read `shop.pem`: no such file",
                "CRT016 private key `lb.key` can be read by every user",
            ]
        );
        scratch.chain("shop", &["shop.example"]);
        std::fs::rename(scratch.path("lb.key"), scratch.path("shop.key")).unwrap();
        let said = found(&scratch, &plan).join("\n");
        for part in [
            "CRT005 `shop.key` is not the key of `shop.pem`",
            "CRT011 no certificate on listener `web` is valid for `api.example`",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}
