//! The listener, from `host`, `port`, `server` and `security.tls`.

use std::net::IpAddr;

use super::{Migrator, ORIGINLESS, Section, block, flag, moved, node, quoted};
use crate::source::Spanned;
use crate::syntax::{Node, Value};

impl Migrator {
    pub(super) fn listener(&mut self, root: Section<'_>) -> Vec<Node> {
        let server = root.section("server");
        let tls = root.section("security").section("tls");
        let mut listener = vec![self.bind(root)];
        listener.extend(self.tls(server, tls));
        listener.extend(self.http(server));
        listener.extend(self.duration(server, "tcp_keepalive_period", "tcp-keepalive"));
        listener.push(node("use", ORIGINLESS, vec![quoted("default")], Vec::new()));
        listener
    }

    fn bind(&mut self, root: Section<'_>) -> Node {
        let host = root.text("host").unwrap_or("localhost");
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = match (host, bare.parse::<IpAddr>()) {
            ("localhost" | "", _) => "127.0.0.1".to_owned(),
            (_, Ok(IpAddr::V6(address))) => format!("[{address}]"),
            (host, Ok(IpAddr::V4(_))) => host.to_owned(),
            (host, Err(_)) => {
                let why = format!("`{host}` is no IP address, and nothing else can be bound");
                self.miss("host", &why);
                host.to_owned()
            }
        };
        let at = root.get("host").map_or(ORIGINLESS, |host| host.name.span);
        let port = root.value("port");
        let text = port.map_or(String::new(), |(_, port)| format!("{address}:{}", port.value.text));
        let place = port.map_or(ORIGINLESS, |(node, _)| node.name.span);
        node("bind", at, vec![Spanned::new(Value::quoted(text), place)], Vec::new())
    }

    /// The first of several keys that may say the same.
    fn first(&mut self, keys: [(Section<'_>, &str); 3], name: &str) -> Option<Node> {
        keys.into_iter().find_map(|(section, key)| self.words(section, key, name))
    }

    fn tls(&mut self, server: Section<'_>, tls: Section<'_>) -> Option<Node> {
        if server.get("cert_file").is_none() {
            for (section, path) in [(server, "server"), (tls, "security.tls")] {
                for key in section.children.iter().map(|key| key.name.value.as_str()) {
                    if path == "security.tls" || key.starts_with("tls_") || key == "prefer_server_ciphers" {
                        self.miss(&format!("{path}.{key}"), "it has no effect without `cert_file`");
                    }
                }
            }
            return None;
        }
        let mut certificate: Vec<Node> = Vec::new();
        certificate.extend(self.words(server, "cert_file", "certificate"));
        certificate.extend(self.words(server, "key_file", "key"));
        certificate.push(node("default", ORIGINLESS, vec![flag(true)], Vec::new()));
        let mut inner = Vec::new();
        let versions = [(server, "tls_min_version"), (tls, "tls_min_version"), (tls, "min_version")];
        inner.extend(self.first(versions, "min-version"));
        inner.extend(self.words(tls, "max_version", "max-version"));
        let suites = [(server, "tls_cipher_suites"), (tls, "tls_cipher_suites"), (tls, "cipher_suites")];
        inner.extend(self.first(suites, "cipher-suites"));
        let order = [server, tls].into_iter().find(|section| section.get("prefer_server_ciphers").is_some());
        inner.extend(
            order.and_then(|section| self.leaf(section, "prefer_server_ciphers", "prefer-server-order")),
        );
        inner.push(node("certificate", ORIGINLESS, Vec::new(), certificate));
        inner.extend(self.hsts(tls));
        block("tls", tls.at, inner)
    }

    fn hsts(&mut self, tls: Section<'_>) -> Option<Node> {
        let (from, seconds) = tls.value("hsts_max_age").filter(|(_, seconds)| seconds.value.text != "0")?;
        let age = Spanned::new(Value::quoted(format!("{}s", seconds.value.text)), seconds.span);
        let mut hsts = vec![moved("max-age", from, vec![age])];
        hsts.extend(self.leaf(tls, "hsts_include_subdomain", "include-subdomains"));
        block("hsts", ORIGINLESS, hsts)
    }

    fn http(&mut self, server: Section<'_>) -> Option<Node> {
        let mut http = Vec::new();
        let h2 = server.text("http_version") == Some("http2");
        if h2 || server.get("cert_file").is_some() {
            let at = server.get("http_version").map_or(ORIGINLESS, |version| version.name.span);
            http.push(node("h2", at, vec![flag(h2)], Vec::new()));
        }
        if let Some(disabled) = server.get("disable_keepalive").filter(|_| server.is_on("disable_keepalive"))
        {
            http.push(moved("keep-alive", disabled, vec![flag(false)]));
        }
        http.extend(self.duration(server, "read_timeout", "header-timeout"));
        http.extend(self.duration(server, "idle_timeout", "idle-timeout"));
        block("http", server.at, http)
    }
}
