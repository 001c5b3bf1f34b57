//! The listener, from `host`, `port`, `server` and `security.tls`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use divisor_schema::plan::{Bind, Millis};

use super::{full, ineffective, positive};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::block::{Checked, Leaf};
use crate::model::decode::Decoder;
use crate::model::listener::{forwarded, http as full_http, socket_mode};
use crate::model::types::{Certificate, Hsts, Http, Listener, Reference, ServerTls, TlsSettings};
use crate::source::{At, Span, Spanned};

/// The listener, and TLS settings that it does not use.
pub(super) fn lower(
    decoder: &mut Decoder<'_>,
    root: &Checked,
    name: &Spanned<String>,
) -> (Listener, Option<ServerTls>) {
    let server = root.block_or_defaults("server");
    let security = root.block_or_defaults("security");
    let tls = tls(decoder, &server, &security.block_or_defaults("tls"));
    let (used, idle) = if tls.certificates.is_empty() { (None, Some(tls)) } else { (Some(tls), None) };
    let full = full(server.at);
    let defaults = full.block_or_defaults("listener");
    let listener = Listener {
        name: name.clone(),
        binds: bind(decoder, root).into_iter().collect(),
        tls: used,
        http: http(&server),
        socket_mode: socket_mode(&defaults),
        trusted_proxies: Vec::new(),
        forwarded: forwarded(&defaults),
        proxy_protocol: Vec::new(),
        max_connections: None,
        max_connections_per_client: None,
        tcp_keepalive: positive(server.written("tcp_keepalive_period")),
        redirect: None,
        forward: None,
        passthrough: Vec::new(),
        uses: vec![Reference::to(name.clone())],
    };
    (listener, idle)
}

fn bind(decoder: &mut Decoder<'_>, root: &Checked) -> Option<Spanned<Bind>> {
    let host = root.leaf::<String>("host")?;
    let port = root.written::<u16>("port")?;
    let address = match host.value.as_str() {
        // The one name that means the same everywhere; the compiler resolves no other.
        "localhost" | "" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        text => match text.trim_start_matches('[').trim_end_matches(']').parse() {
            Ok(address) => address,
            Err(_) => {
                let message = format!("`{text}` is not an address to accept on");
                let found = Diagnostic::error(Rule::INVALID_VALUE, message, host.span, "not an IP address");
                decoder.report(
                    found.help("write an IP address: `0.0.0.0` for every IPv4 address, `::` for IPv6"),
                );
                return None;
            }
        },
    };
    Some(port.map(|port| Bind::Tcp(SocketAddr::new(address, port))))
}

fn http(server: &Checked) -> Http {
    let full = full(server.at);
    let listener = full.block_or_defaults("listener");
    let defaults = full_http(&listener.block_or_defaults("http"));
    let version: Spanned<String> = server.value("http_version");
    let disabled: Spanned<bool> = server.value("disable_keepalive");
    Http {
        h2: Some(version.map(|version| version == "http2")),
        keep_alive: disabled.map(|disabled| !disabled),
        header_timeout: positive(server.written("read_timeout")).unwrap_or(defaults.header_timeout),
        idle_timeout: positive(server.written("idle_timeout")).unwrap_or(defaults.idle_timeout),
        ..defaults
    }
}

/// Keys of `server` and `security.tls` that say something about TLS.
const SERVER_TLS: [&str; 3] = ["tls_min_version", "tls_cipher_suites", "prefer_server_ciphers"];
const TLS: [&str; 8] = [
    "min_version",
    "max_version",
    "cipher_suites",
    "tls_min_version",
    "tls_cipher_suites",
    "prefer_server_ciphers",
    "hsts_max_age",
    "hsts_include_subdomain",
];

/// TLS; without a certificate it is not used. Settings may stand in `server` or in `security.tls`.
fn tls(decoder: &mut Decoder<'_>, server: &Checked, tls: &Checked) -> ServerTls {
    let min_version =
        agreed(decoder, server.written("tls_min_version"), tls, &["tls_min_version", "min_version"]);
    let prefer = agreed(decoder, server.written("prefer_server_ciphers"), tls, &["prefer_server_ciphers"]);
    let cipher_suites = agreed_suites(decoder, server, tls);
    let certificate = server.written::<String>("cert_file");
    if certificate.is_none() {
        if !missing_certificate(decoder, server) {
            ineffective(decoder, server, &SERVER_TLS, "cert_file");
            ineffective(decoder, tls, &TLS, "cert_file");
        }
    } else if tls.written_at("hsts_max_age").is_none() {
        ineffective(decoder, tls, &["hsts_include_subdomain"], "hsts_max_age");
    }
    // There is one certificate, so it serves every name.
    let certificate = certificate.map(|certificate| Certificate {
        default: Spanned::default_at(true, certificate.span),
        certificate,
        key: server.written("key_file"),
        trust: None,
        names: Vec::new(),
        pin: None,
    });
    ServerTls {
        at: At(server.at),
        settings: TlsSettings {
            profile: profile(server.at),
            min_version,
            max_version: tls.written("max_version"),
            cipher_suites,
            groups: Vec::new(),
        },
        prefer_server_order: prefer.unwrap_or(Spanned::default_at(false, server.at)),
        session_tickets: Spanned::default_at(true, server.at),
        hsts: hsts(tls),
        certificates: certificate.into_iter().collect(),
        client_auth: None,
    }
}

/// Whether something asks for a certificate that is not there.
fn missing_certificate(decoder: &mut Decoder<'_>, server: &Checked) -> bool {
    let http2 = server.written::<String>("http_version").filter(|version| version.value == "http2");
    let reason = http2.map(|version| version.span).or(server.written_at("key_file"));
    if server.written_at("cert_file").is_some() {
        return true; // it could not be read, and that was reported
    }
    let Some(reason) = reason else { return false };
    let message = "`server` has no `cert_file`";
    let found = Diagnostic::error(Rule::MISSING_KEY, message, server.at, "`cert_file` missing here");
    decoder.report(found.label(reason, "needs a certificate").help("write `cert_file` and `key_file`"));
    true
}

/// The profile that nobody can write in this layout.
pub(super) fn profile(at: Span) -> Spanned<String> {
    full(at).block_or_defaults("listener").block_or_defaults("tls").value("profile")
}

fn hsts(tls: &Checked) -> Option<Hsts> {
    let max_age = tls.written::<u64>("hsts_max_age").filter(|seconds| seconds.value > 0)?;
    Some(Hsts {
        preload: Spanned::default_at(false, max_age.span),
        max_age: max_age.map(|seconds| Millis(seconds.saturating_mul(1000))),
        include_subdomains: tls.value("hsts_include_subdomain"),
    })
}

/// A setting that may stand at several places: a conflict only when they differ.
fn agreed<T: Leaf + PartialEq>(
    decoder: &mut Decoder<'_>,
    first: Option<Spanned<T>>,
    tls: &Checked,
    keys: &[&str],
) -> Option<Spanned<T>> {
    let mut agreed = first;
    for key in keys {
        let Some(other) = tls.written::<T>(key) else { continue };
        match &agreed {
            Some(known) if *known != other => conflict(decoder, key, known.span, other.span),
            Some(_) => {}
            None => agreed = Some(other),
        }
    }
    agreed
}

fn agreed_suites(decoder: &mut Decoder<'_>, server: &Checked, tls: &Checked) -> Vec<Spanned<String>> {
    let mut agreed: Vec<Spanned<String>> = server.list("tls_cipher_suites");
    for key in ["tls_cipher_suites", "cipher_suites"] {
        let other = tls.list(key);
        match (agreed.first(), other.first()) {
            (Some(known), Some(first)) if agreed != other => conflict(decoder, key, known.span, first.span),
            (None, Some(_)) => agreed = other,
            _ => {}
        }
    }
    agreed
}

fn conflict(decoder: &mut Decoder<'_>, key: &str, first: Span, second: Span) {
    let message = format!("`{key}` is set twice, to different values");
    let found = Diagnostic::error(Rule::CONFLICTING_KEYS, message, second, "second value");
    decoder.report(found.label(first, "first value").help("keep one"));
}
