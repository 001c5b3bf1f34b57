//! `divisor ctl`: talks to the management listener of a process that runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::{Outcome, Trouble, output};

/// Time for a connection, and for each piece of an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const ANSWER_MAX: u64 = 64 << 20;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Where the process is managed: an address of its `admin`
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9901", global = true)]
    admin: String,
    #[command(subcommand)]
    order: Order,
}

#[derive(Subcommand)]
enum Order {
    /// Show all backends: state, weight, what is under way
    Backends {
        /// How it is written
        #[arg(long, short, value_enum, default_value_t = Format::Text)]
        output: Format,
    },
    /// Give a backend another weight, until the config does or the process ends
    Weight {
        #[command(flatten)]
        backend: Backend,
        /// Its share; 0 takes no new client
        weight: u16,
    },
    /// Let a backend take no new client; those that a cookie keeps there stay
    Drain(Backend),
    /// Let a backend that was drained take new clients again
    Resume(Backend),
}

#[derive(Args)]
struct Backend {
    /// Name of its pool
    pool: String,
    /// Its host and port, as in the config
    address: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Backend {
    fn target(&self, order: &str) -> String {
        format!("/pools/{}/backends/{}{order}", encoded(&self.pool), encoded(&self.address))
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let (method, target, format) = match &arguments.order {
        Order::Backends { output } => ("GET", "/backends".to_owned(), *output),
        Order::Weight { backend, weight } => {
            ("POST", backend.target(&format!("?weight={weight}")), Format::Text)
        }
        Order::Drain(backend) => ("POST", backend.target("/drain"), Format::Text),
        Order::Resume(backend) => ("POST", backend.target("/resume"), Format::Text),
    };
    let answer = ask(&arguments.admin, method, &target)?;
    output::print(&match format {
        Format::Json => answer,
        Format::Text => table(&answer)?,
    })?;
    Ok(Outcome::Clean)
}

/// Asks the management listener; gives the body of its answer.
fn ask(admin: &str, method: &str, target: &str) -> Result<String, Trouble> {
    let trouble = |what: &dyn std::fmt::Display| Trouble::new(format_args!("cannot talk to {admin}: {what}"));
    let mut found = admin.to_socket_addrs().map_err(|error| trouble(&error))?;
    let address: SocketAddr = found.next().ok_or_else(|| trouble(&"it has no address"))?;
    let answer = exchange(address, method, target).map_err(|error| trouble(&error))?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| trouble(&"it does not speak HTTP"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(body.to_owned()) } else { Err(Trouble::new(body.trim_end())) }
}

/// One exchange on a connection of its own.
fn exchange(address: SocketAddr, method: &str, target: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(ANSWER_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

/// Backends, or one of them, as a table.
fn table(json: &str) -> Result<String, Trouble> {
    let unreadable = |error| Trouble::new(format_args!("the answer cannot be read: {error}"));
    let backends = match serde_json::from_str(json).map_err(unreadable)? {
        Value::Array(backends) => backends,
        one => vec![one],
    };
    let columns = ["pool", "backend", "state", "weight", "in_flight", "waiting", "requests", "errors"];
    let mut rows = vec![columns.map(|name| name.replace('_', " "))];
    rows.extend(backends.iter().map(|backend| columns.map(|name| cell(backend, name))));
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 8]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    Ok(rows.iter().map(line).collect())
}

fn cell(backend: &Value, name: &str) -> String {
    let flag = |name: &str| backend.get(name) == Some(&Value::Bool(true));
    match (name, backend.get(name)) {
        ("state", Some(Value::String(state))) if flag("draining") => format!("{state}, draining"),
        ("state", Some(Value::String(state))) if flag("backup") => format!("{state}, backup"),
        (_, Some(Value::String(text))) => text.clone(),
        (_, Some(value)) => value.to_string(),
        (_, None) => String::new(),
    }
}

/// A segment of a path: all but what can stand there is percent-encoded.
fn encoded(segment: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    segment.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_are_a_table() {
        let json = r#"[
            {"pool":"app","backend":"http://a:1","state":"up","weight":3,"draining":false,"in_flight":2,"waiting":0,"requests":10,"errors":0},
            {"pool":"app","backend":"http://b:1","state":"up","weight":0,"draining":true,"in_flight":0,"waiting":0,"requests":9,"errors":1}
        ]"#;
        let shown = table(json).unwrap_or_else(|Trouble(why)| why);
        insta::assert_snapshot!(shown, @"
        pool  backend     state         weight  in flight  waiting  requests  errors
        app   http://a:1  up            3       2          0        10        0
        app   http://b:1  up, draining  0       0          0        9         1
        ");
        assert!(table("nonsense").is_err());
    }

    #[test]
    fn names_stand_in_paths() {
        assert_eq!(encoded("my pool/é"), "my%20pool%2F%C3%A9");
        assert_eq!(encoded("[::1]:80"), "%5B::1%5D:80");
    }
}
