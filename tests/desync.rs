//! The corpora of `desync/` through the running proxy: what two servers could read in two ways never reaches a backend,
//! and what a backend says that a client could read in two ways never reaches a client.

mod corpus;
mod http2;
mod upstream;

use std::net::SocketAddr;

use self::corpus::{Case, Outcome};
use super::support::raw::{CLEAN, Recorder, converse, message, show, statuses, without};
use super::support::site::Server;
use super::support::{Port, Site};

const REQUESTS: &str = include_str!("desync/requests.txt");
const RESPONSES: &str = include_str!("desync/responses.txt");

/// What the proxy tells backends of its own.
const ADDED: [&str; 3] = ["x-forwarded-for: ", "x-forwarded-host: ", "x-forwarded-proto: "];

/// What is hidden behind a message: it must never be taken for a request.
const HIDDEN: &[u8] = b"GET /hidden HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A running Divisor that hands everything on to one backend.
struct Route {
    address: SocketAddr,
    _server: Server,
    _site: (Site, Port),
}

impl Route {
    async fn start(backend: &str) -> Self {
        let port = Port::reserve();
        let site = Site::with(&format!(
            r#"
            runtime {{ workers 1 }}
            listener "web" {{ bind "127.0.0.1:{}"; http h2=#true }}
            pool "app" {{ backend "{backend}" }}
            route "/**" pool="app" {{ retry attempts=0 }}
            "#,
            port.number(),
        ));
        let server = site.run();
        Self { address: port.address, _server: server, _site: (site, port) }
    }
}

/// A running Divisor before a backend that records.
struct Between {
    address: SocketAddr,
    backend: Recorder,
    _route: Route,
}

impl Between {
    async fn start() -> Self {
        let backend = Recorder::start().await;
        let route = Route::start(&format!("http://{}", backend.address)).await;
        Self { address: route.address, backend, _route: route }
    }

    /// What reached the backend since the last call, whole and torn. An honest request that follows shows that it is
    /// all, and that the connections to the backend are in order.
    async fn reached(&self, name: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let honest = b"GET /honest HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let answer = converse(self.address, honest, false).await;
        assert!(answer.ends_with(b"\r\n\r\nclean"), "{name}: then {}", show(&answer));
        let (mut whole, torn) = self.backend.take().await;
        let last = whole.pop().unwrap_or_default();
        assert!(last.starts_with(b"GET /honest "), "{name}: then {}", show(&last));
        (whole, torn)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_refused_or_forwarded_in_one_spelling() {
    let site = Between::start().await;
    let mut wrong = Vec::new();
    let cases = corpus::read(REQUESTS);
    assert!(cases.len() >= 120);
    for case in &cases {
        wrong.extend(request(&site, case).await.err().map(|why| format!("{}: {why}", case.name)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Sends a request with another behind it, and says what is wrong with what comes of them.
async fn request(site: &Between, case: &Case) -> Result<(), String> {
    let closes = case.sent.contains("HTTP/1.0");
    let waits = case.outcome == Outcome::Waits;
    let mut sent = case.bytes();
    sent.extend_from_slice(if waits { b"" } else { HIDDEN });
    let answer = converse(site.address, &sent, waits).await;
    let (whole, torn) = site.reached(case.name).await;
    let forwarded: Vec<_> = whole.iter().map(|request| without(request, &ADDED)).collect();
    let seen = forwarded.iter().chain(&torn).map(|request| show(request)).collect::<Vec<_>>().join(" + ");
    let hidden = b"GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n".to_vec();
    let told = statuses(&answer);
    let good = match &case.outcome {
        Outcome::Passed(bytes) if closes => forwarded == [bytes.clone()] && told == [200],
        // What comes behind a request that is one is another.
        Outcome::Passed(bytes) => forwarded == [bytes.clone(), hidden] && told == [200, 200],
        Outcome::Answered(status) => forwarded == [hidden] && told == [*status, 200],
        Outcome::Refused(status) => whole.is_empty() && torn.is_empty() && told == [*status],
        Outcome::Broken(status) => whole.is_empty() && told == [*status],
        Outcome::Waits => whole.is_empty() && told.iter().all(|status| *status == 400),
        Outcome::Reset | Outcome::Cut(_) | Outcome::Ended => false,
    };
    if good { Ok(()) } else { Err(format!("told {told:?}, forwarded {seen}")) }
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_are_refused_or_forwarded_in_one_spelling() {
    let site = Between::start().await;
    let mut wrong = Vec::new();
    let cases = corpus::read(RESPONSES);
    assert!(cases.len() >= 60);
    for case in &cases {
        site.backend.answer_next(case.bytes(), true);
        wrong.extend(response(site.address, case).await.err().map(|why| format!("{}: {why}", case.name)));
        // The same with another response behind it that nobody asked for, on a connection that stays open.
        if matches!(case.outcome, Outcome::Passed(_)) && !ends_with_its_connection(case) {
            site.backend.answer_next([&case.bytes(), POISON].concat(), false);
            wrong.extend(
                response(site.address, case).await.err().map(|why| format!("{}, poisoned: {why}", case.name)),
            );
        }
        site.reached(case.name).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const BAD_GATEWAY: &[u8] = b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 16\r\n\r\n502 Bad Gateway\n";
const POISON: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";

/// What follows an interim response, if there is one.
fn final_part(answer: &[u8]) -> &[u8] {
    let interim = if answer.starts_with(b"HTTP/1.1 1") { message(answer).unwrap_or(0) } else { 0 };
    &answer[interim..]
}

/// What is not idempotent is not sent again, whatever becomes of it.
fn method(case: &Case) -> &'static str {
    if case.method == "GET" { "POST" } else { case.method }
}

fn ends_with_its_connection(case: &Case) -> bool {
    case.name.starts_with("until the end")
}

/// Asks twice on one connection, and says what is wrong with what comes.
async fn response(address: SocketAddr, case: &Case) -> Result<(), String> {
    let asked = format!(
        "{} / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\nGET /again HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        method(case)
    );
    let answer = without(&converse(address, asked.as_bytes(), false).await, &["date: "]);
    let again = [&CLEAN[..CLEAN.len() - 7], b"connection: close\r\n\r\nclean"].concat();
    let bad = if case.method == "HEAD" {
        BAD_GATEWAY.strip_suffix(b"502 Bad Gateway\n").unwrap()
    } else {
        BAD_GATEWAY
    };
    let good = match &case.outcome {
        Outcome::Passed(bytes) => answer == [bytes.clone(), again].concat(),
        Outcome::Refused(502) => final_part(&answer) == [bad, &again].concat(),
        Outcome::Broken(status) => {
            answer.starts_with(format!("HTTP/1.1 {status} ").as_bytes()) && message(&answer).is_none()
        }
        _ => false,
    };
    if good { Ok(()) } else { Err(format!("got {}", show(&answer))) }
}
