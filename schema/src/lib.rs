//! The two contracts of Divisor.
//!
//! [`plan`] is what the compiler emits and the runtime loads: types, binary envelope, version. `config` (behind the
//! feature of the same name) is the vocabulary of the configuration language: names, units, defaults and docs.
//! This crate knows how to encode and check, never how to parse a config, lint it or serve it.

#[cfg(feature = "config")]
pub mod config;
pub mod plan;
