//! TLS on both sides.

use super::block::Checked;
use super::types::{Certificate, ClientAuth, ClientTls, Hsts, ServerTls, TlsSettings};
use crate::source::At;

pub(super) fn server(block: &Checked) -> ServerTls {
    ServerTls {
        at: At(block.at),
        settings: settings(block),
        prefer_server_order: block.value("prefer-server-order"),
        session_tickets: block.value("session-tickets"),
        certificates: certificates(block),
        client_auth: client_auth(block),
        hsts: block.block("hsts").map(hsts),
    }
}

/// The certificates that clients of a listener or a host must show.
pub(super) fn client_auth(block: &Checked) -> Option<ClientAuth> {
    let block = block.block("client-auth")?;
    Some(ClientAuth {
        at: At(block.at),
        ca: block.written("ca")?,
        required: block.value("required"),
        crl: block.list("crl"),
        subject_header: block.written("subject-header"),
    })
}

/// The certificates of a listener or a host.
pub(super) fn certificates(block: &Checked) -> Vec<Certificate> {
    block.blocks("certificate").filter_map(certificate).collect()
}

pub(super) fn client(block: &Checked) -> ClientTls {
    ClientTls {
        at: At(block.at),
        settings: settings(block),
        ca: block.written("ca"),
        certificate: block.written("certificate"),
        key: block.written("key"),
        server_name: block.written("server-name"),
        verify: block.value("verify"),
    }
}

fn settings(block: &Checked) -> TlsSettings {
    TlsSettings {
        profile: block.value("profile"),
        min_version: block.written("min-version"),
        max_version: block.written("max-version"),
        cipher_suites: block.list("cipher-suites"),
        groups: block.list("groups"),
    }
}

fn certificate(block: &Checked) -> Option<Certificate> {
    Some(Certificate {
        certificate: block.written("certificate")?,
        key: block.written("key"),
        trust: block.written("trust"),
        names: block.list("names"),
        default: block.value("default"),
        pin: block.written("pin"),
    })
}

fn hsts(block: &Checked) -> Hsts {
    Hsts {
        max_age: block.value("max-age"),
        include_subdomains: block.value("include-subdomains"),
        preload: block.value("preload"),
    }
}
