//! Black-box tests: the binary is run, real requests go over real sockets, files change, backends die.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

mod support;

mod admin;
mod balance;
mod balance_clients;
mod certificates;
mod cli;
mod dependencies;
mod desync;
mod dns;
mod documents;
mod entry;
mod examples;
mod forwarding;
mod generated;
mod health;
mod http1;
mod http2;
mod language;
mod limits;
mod lint;
mod memory;
mod mtls;
mod resilience;
mod routing;
mod swap;
mod tcp;
mod tls;
mod trace;
mod traffic;
mod writing;
