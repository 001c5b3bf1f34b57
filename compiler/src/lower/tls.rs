//! TLS on both sides.

use divisor_schema::plan::{Certificate, ClientAuth, ClientTls, Identity, Roots, ServerTls};

use crate::facts::{Facts, choice, plan_path};
use crate::model;
use crate::routes::HostPattern;
use crate::source::Spanned;
use crate::tls::sha256;

/// TLS of a listener with its own certificates and those of the hosts that it serves.
pub(super) fn server(facts: &Facts<'_>, index: usize, tls: &model::ServerTls) -> ServerTls {
    let own = tls.certificates.iter().map(|it| certificate(facts, it, &[]));
    let of_hosts = facts
        .sites_of(index)
        .filter_map(|site| site.host)
        .flat_map(|host| host.certificates.iter().map(|it| certificate(facts, it, &host.names)));
    let mut all: Vec<(Certificate, bool)> = own.chain(of_hosts).flatten().collect();
    all.sort_unstable_by(|(a, _), (b, _)| {
        (&a.names, &a.identity, a.pin, &a.trust).cmp(&(&b.names, &b.identity, b.pin, &b.trust))
    });
    all.dedup_by(|(a, is_default), (b, is_kept_default)| {
        *is_kept_default |= *is_default && a == b;
        a == b
    });
    let chosen = all.iter().position(|(_, is_default)| *is_default);
    let default = chosen.or((all.len() == 1).then_some(0)).map(|position| position as u32);
    ServerTls {
        settings: choice(&tls.settings).settings(),
        prefer_server_order: tls.prefer_server_order.value,
        session_tickets: tls.session_tickets.value,
        certificates: all.into_iter().map(|(certificate, _)| certificate).collect(),
        default,
        client_auth: tls.client_auth.as_ref().map(|auth| client_auth(facts, auth)),
        exceptions: exceptions(facts, index, tls),
    }
}

/// What is asked of clients by name, where not the same is asked for all names. Every name is there, because a host that
/// says nothing may lie within the wildcard of one that does.
fn exceptions(facts: &Facts<'_>, index: usize, tls: &model::ServerTls) -> Vec<(String, Option<ClientAuth>)> {
    let sites = || facts.sites_of(index).filter_map(|site| Some((site.host?, &site.names)));
    if sites().all(|(host, _)| host.client_auth.is_none()) {
        return vec![];
    }
    let named = sites().flat_map(|(host, names)| {
        let asked = host.client_auth.as_ref().or(tls.client_auth.as_ref());
        let asked = asked.map(|auth| client_auth(facts, auth));
        names.iter().map(move |name| (name.text(), asked.clone()))
    });
    let mut all: Vec<_> = named.collect();
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    all
}

fn client_auth(facts: &Facts<'_>, auth: &model::ClientAuth) -> ClientAuth {
    let mut revoked: Vec<String> = auth.crl.iter().map(|file| plan_path(facts.sources, file)).collect();
    revoked.sort_unstable();
    revoked.dedup();
    ClientAuth {
        roots: plan_path(facts.sources, &auth.ca),
        revoked,
        required: auth.required.value,
        subject_header: auth.subject_header.as_ref().map(|name| name.value.to_ascii_lowercase()),
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
    let pin =
        written.pin.as_ref().and_then(|_| facts.public_key(&written.certificate)).map(|key| sha256(&key));
    let trust = written.trust.as_ref().map(|file| plan_path(facts.sources, file));
    Some((Certificate { names, identity, pin, trust }, written.default.value))
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
