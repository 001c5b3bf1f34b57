//! One module for each command.

#[cfg(feature = "compile")]
pub(crate) mod certs;
#[cfg(feature = "compile")]
pub(crate) mod compile;
#[cfg(feature = "compile")]
pub(crate) mod completions;
pub(crate) mod ctl;
#[cfg(all(feature = "compile", feature = "run"))]
pub(crate) mod demo;
#[cfg(all(feature = "compile", feature = "run"))]
pub(crate) mod dev;
#[cfg(feature = "compile")]
pub(crate) mod explain;
#[cfg(feature = "compile")]
mod findings;
#[cfg(feature = "compile")]
pub(crate) mod fmt;
#[cfg(feature = "compile")]
mod host;
pub(crate) mod inspect;
#[cfg(feature = "compile")]
pub(crate) mod lint;
#[cfg(feature = "compile")]
pub(crate) mod migrate;
#[cfg(feature = "compile")]
mod patch;
#[cfg(feature = "compile")]
mod policy;
#[cfg(feature = "compile")]
pub(crate) mod preflight;
#[cfg(feature = "run")]
pub(crate) mod run;
#[cfg(feature = "compile")]
pub(crate) mod schema;
#[cfg(feature = "compile")]
mod source;
#[cfg(feature = "compile")]
pub(crate) mod test;
#[cfg(feature = "compile")]
mod time;
#[cfg(feature = "compile")]
pub(crate) mod trace;
#[cfg(all(feature = "compile", feature = "run"))]
mod watch;
