//! The flat YAML layout: one listener and one pool, with top-level `backends`.

use super::{Block, Field, Kind, TEXTS};

/// The flat layout.
pub static FLAT: Block = Block {
    name: "config",
    doc: "The flat layout: one listener and one pool.",
    arguments: &[],
    groups: &[&[
        Field::new(
            "type",
            Kind::Choice(&[
                "round-robin",
                "w-round-robin",
                "weighted-round-robin",
                "ip-hash",
                "random",
                "least-connection",
                "least-response-time",
            ]),
            "How a backend is chosen.",
        )
        .default("round-robin"),
        Field::new("host", Kind::Text, "Address to accept on.").default("localhost"),
        Field::new("port", Kind::Port, "Port to accept on.").required(),
        Field::new("health_checker_time", Kind::GoDuration, "From one health check to the next.").default("30s"),
        Field::new("backends", Kind::Blocks(&BACKEND), "The servers.").required(),
        Field::new("monitoring", Kind::Any, "Address of the status page.")
.no_effect("`admin` in the full layout shows counters and the state of backends"),
        Field::new("server", Kind::Block(&SERVER), "How clients are served."),
        Field::new("custom_headers", Kind::Pairs, "Set on every request to a backend."),
        Field::new("security", Kind::Block(&SECURITY), "TLS, rate limit and headers."),
        Field::new("middlewares", Kind::Any, "Go code.").no_effect(
            "Go code does not run here: say it with `header-set`, `rate-limit`, `redirect` or `deny` in the full layout",
        ),
    ]],
};

const COUNT: Kind = Kind::Integer { min: 0, max: u32::MAX as i64 };

static BACKEND: Block = Block {
    name: "backend",
    doc: "One server.",
    arguments: &["url"],
    groups: &[&[
        Field::new("url", Kind::Text, "Host and port, with or without scheme.").required(),
        Field::new("health_check_path", Kind::Text, "Path to ask for.").default("/"),
        Field::new("weight", Kind::Integer { min: 1, max: 65_535 }, "Its share."),
        Field::new("max_conn", COUNT, "Exchanges at a time; 0 is the default.").default("512"),
        Field::new("max_conn_timeout", Kind::GoDuration, "How long a request waits for its turn.")
            .default("30s"),
        Field::new("max_conn_duration", Kind::GoDuration, "How long a connection is used.").default("10s"),
        Field::new("max_idle_conn_duration", Kind::GoDuration, "How long an unused connection is kept.")
            .default("10s"),
        Field::new("max_idempotent_call_attempts", COUNT, "Tries of a request.").default("5"),
        Field::new("max_idemponent_call_attempts", COUNT, "Tries of a request.")
            .historical("max_idempotent_call_attempts"),
        Field::new("tls_enabled", Kind::Flag, "TLS towards this server."),
        Field::new("tls_skip_verify", Kind::Flag, "Its certificate is not verified.").default("false"),
        Field::new("tls_ca_cert", Kind::File, "Roots to trust."),
        Field::new("tls_client_cert", Kind::File, "The certificate shown to it."),
        Field::new("tls_client_key", Kind::File, "Its private key."),
        Field::new("tls_min_version", Kind::Text, "Oldest version."),
        Field::new("tls_max_version", Kind::Text, "Newest version."),
        Field::new("tls_cipher_suites", TEXTS, "TLS 1.2 suites."),
    ]],
};

static SERVER: Block = Block {
    name: "server",
    doc: "How clients are served.",
    arguments: &[],
    groups: &[&[
        Field::new("http_version", Kind::Choice(&["http1", "http2"]), "Newest version of HTTP.")
            .default("http1"),
        Field::new("cert_file", Kind::File, "The certificate chain."),
        Field::new("key_file", Kind::File, "Its private key."),
        Field::new("tls_min_version", Kind::Text, "Oldest version of TLS."),
        Field::new("tls_cipher_suites", TEXTS, "TLS 1.2 suites."),
        Field::new("prefer_server_ciphers", Kind::Flag, "The server's order of suites counts."),
        Field::new("max_idle_worker_duration", Kind::GoDuration, "When an idle worker ends.").no_effect(
            "workers do not end here; `runtime { workers }` in the full layout says how many there are",
        ),
        Field::new("tcp_keepalive_period", Kind::GoDuration, "Interval of TCP keep-alive probes."),
        Field::new("concurrency", COUNT, "Size of a pool of workers.")
            .no_effect("`listener { max-connections }` in the full layout limits what a listener takes on"),
        Field::new("read_timeout", Kind::GoDuration, "Time for the head of a request."),
        Field::new("write_timeout", Kind::GoDuration, "Time between two pieces of a body."),
        Field::new("idle_timeout", Kind::GoDuration, "Between two requests of a connection."),
        Field::new("proxy_timeout", Kind::GoDuration, "Time for the head of a backend's response.")
            .default("60s"),
        Field::new(
            "max_request_body_size",
            Kind::Integer { min: 0, max: 1 << 50 },
            "Bytes of a request body.",
        )
        .default("4194304"),
        Field::new("disable_keepalive", Kind::Flag, "Closes client connections after each response.")
            .default("false"),
    ]],
};

static SECURITY: Block = Block {
    name: "security",
    doc: "TLS, rate limit and headers.",
    arguments: &[],
    groups: &[&[
        Field::new("tls", Kind::Block(&TLS), "TLS towards clients."),
        Field::new("rate_limit", Kind::Block(&RATE_LIMIT), "A rate limit for each client."),
        Field::new("headers", Kind::Block(&HEADERS), "Headers of every response."),
        Field::new("authentication", Kind::Any, "Who a client is.").no_effect(
            "authenticate in the backends; `trusted-proxies` and `rate-limit` act in front of them",
        ),
        Field::new("logging", Kind::Any, "Logs of security events.")
            .no_effect("refused requests are in the log of the program; delete it"),
    ]],
};

static TLS: Block = Block {
    name: "tls",
    doc: "TLS towards clients.",
    arguments: &[],
    groups: &[&[
        Field::new("min_version", Kind::Text, "Oldest version."),
        Field::new("max_version", Kind::Text, "Newest version."),
        Field::new("cipher_suites", TEXTS, "TLS 1.2 suites."),
        Field::new("tls_min_version", Kind::Text, "Oldest version."),
        Field::new("tls_cipher_suites", TEXTS, "TLS 1.2 suites."),
        Field::new("prefer_server_ciphers", Kind::Flag, "The server's order of suites counts."),
        Field::new(
            "hsts_max_age",
            Kind::Integer { min: 0, max: 315_360_000 },
            "Seconds that a browser remembers.",
        ),
        Field::new("hsts_include_subdomain", Kind::Flag, "Subdomains too.").default("false"),
    ]],
};

static RATE_LIMIT: Block = Block {
    name: "rate_limit",
    doc: "A rate limit for each client.",
    arguments: &[],
    groups: &[&[
        Field::new("enabled", Kind::Flag, "Whether it is on.").default("false"),
        Field::new(
            "requests_per_second",
            Kind::Integer { min: 1, max: u32::MAX as i64 },
            "Requests in a second.",
        ),
        Field::new("burst_size", Kind::Integer { min: 1, max: u32::MAX as i64 }, "Requests at once."),
        Field::new("window_size", Kind::GoDuration, "A window that the rate is not counted in."),
        Field::new("block_duration", Kind::GoDuration, "How long a client that went over it is refused."),
    ]],
};

static HEADERS: Block = Block {
    name: "headers",
    doc: "Headers of every response.",
    arguments: &[],
    groups: &[&[
        Field::new("x_frame_options", Kind::Text, "`X-Frame-Options`."),
        Field::new("x_content_type_options", Kind::Text, "`X-Content-Type-Options`."),
        Field::new("xss_protection", Kind::Text, "`X-XSS-Protection`."),
        Field::new("content_security_policy", Kind::Text, "`Content-Security-Policy`."),
        Field::new("referrer_policy", Kind::Text, "`Referrer-Policy`."),
    ]],
};
