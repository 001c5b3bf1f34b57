//! TLS on both sides.

use divisor_schema::plan::{Certificate, ClientTls, Identity, Roots, ServerTls};

use crate::facts::{Facts, choice, plan_path};
use crate::model;
use crate::routes::HostPattern;
use crate::source::Spanned;

/// TLS of a listener with its own certificates and those of the hosts that it serves.
pub(super) fn server(facts: &Facts<'_>, index: usize, tls: &model::ServerTls) -> ServerTls {
    let own = tls.certificates.iter().map(|it| certificate(facts, it, &[]));
    let of_hosts = facts
        .sites_of(index)
        .filter_map(|site| site.host)
        .flat_map(|host| host.certificates.iter().map(|it| certificate(facts, it, &host.names)));
    let mut all: Vec<(Certificate, bool)> = own.chain(of_hosts).flatten().collect();
    all.sort_unstable_by(|(a, _), (b, _)| (&a.names, &a.identity).cmp(&(&b.names, &b.identity)));
    all.dedup_by(|(a, is_default), (b, is_kept_default)| {
        *is_kept_default |= *is_default && a == b;
        a == b
    });
    let chosen = all.iter().position(|(_, is_default)| *is_default);
    let default = chosen.or((all.len() == 1).then_some(0)).map(|position| position as u32);
    ServerTls {
        settings: choice(&tls.settings).settings(),
        prefer_server_order: tls.prefer_server_order.value,
        certificates: all.into_iter().map(|(certificate, _)| certificate).collect(),
        default,
    }
}

/// A certificate for the names it is kept for; else for those of its host, if it has one. Says whether it is the
/// default.
fn certificate(
    facts: &Facts<'_>,
    written: &model::Certificate,
    host: &[Spanned<String>],
) -> Option<(Certificate, bool)> {
    let names = if written.names.is_empty() { host } else { &written.names };
    let mut names: Vec<String> = names
        .iter()
        .filter_map(|name| HostPattern::parse(&name.value).ok())
        .map(|name| name.text())
        .collect();
    names.sort_unstable();
    names.dedup();
    let identity = identity(facts, &written.certificate, written.key.as_ref()?);
    Some((Certificate { names, identity }, written.default.value))
}

/// TLS towards backends; without settings, what holds by default.
pub(super) fn client(facts: &Facts<'_>, tls: Option<&model::ClientTls>) -> ClientTls {
    let Some(tls) = tls else {
        let settings = crate::tls::Choice::default().settings();
        return ClientTls { settings, roots: Roots::System, identity: None, server_name: None };
    };
    let roots = match (&tls.ca, tls.verify.value) {
        (_, false) => Roots::Unverified,
        (Some(file), true) => Roots::File(plan_path(facts.sources, file)),
        (None, true) => Roots::System,
    };
    let pair = tls.certificate.as_ref().zip(tls.key.as_ref());
    ClientTls {
        settings: choice(&tls.settings).settings(),
        roots,
        identity: pair.map(|(certificate, key)| identity(facts, certificate, key)),
        server_name: tls.server_name.as_ref().map(|name| name.value.clone()),
    }
}

fn identity(facts: &Facts<'_>, certificate: &Spanned<String>, key: &Spanned<String>) -> Identity {
    Identity { certificate: plan_path(facts.sources, certificate), key: plan_path(facts.sources, key) }
}
