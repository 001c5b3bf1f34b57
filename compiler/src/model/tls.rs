//! TLS on both sides.

use super::block::Checked;
use super::types::{Certificate, ClientTls, Hsts, ServerTls, TlsSettings};
use crate::source::At;

pub(super) fn server(block: &Checked) -> ServerTls {
    ServerTls {
        at: At(block.at),
        settings: settings(block),
        prefer_server_order: block.value("prefer-server-order"),
        certificates: certificates(block),
        hsts: block.block("hsts").map(hsts),
    }
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
    })
}

fn hsts(block: &Checked) -> Hsts {
    Hsts {
        max_age: block.value("max-age"),
        include_subdomains: block.value("include-subdomains"),
        preload: block.value("preload"),
    }
}
