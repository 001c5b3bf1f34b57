//! Divisor among the programs that it meets outside: nginx and HAProxy behind it; curl, wrk, h2load, openssl and Python
//! clients before it.
//!
//! Not part of `cargo test`, because the programs must be there: `.ci/run` installs them and runs `cargo test --test
//! peers`. A test whose program is missing fails, and says what to install.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod support;

#[path = "../desync/corpus.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod corpus;
mod curl;
mod haproxy;
mod load;
mod nginx;
mod openssl;
mod programs;
mod proxy_protocol;
mod python;
