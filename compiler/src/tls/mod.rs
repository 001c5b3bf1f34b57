//! TLS: what names mean, what a profile stands for, and the facts in certificate and key files.
//!
//! [`suites`], [`versions`] and [`groups`] read names; [`profile`] puts them together into the settings of a plan.
//! [`files`] reads PEM files into facts, and [`validity`], [`chain`] and [`names`] judge these.

mod chain;
mod expression;
mod files;
mod groups;
mod names;
mod profile;
mod suites;
#[cfg(test)]
pub(crate) mod testing;
mod validity;
mod versions;

pub(crate) use self::chain::{ChainFault, chain_fault};
pub(crate) use self::files::{
    Certificate, FileFault, Key, Slot, belong_together, is_world_readable, read_certificates, read_key,
};
pub(crate) use self::groups::{GroupFault, group};
pub(crate) use self::names::covers;
pub(crate) use self::profile::{Choice, Profile, ProfileFault, profile};
pub(crate) use self::suites::{SuiteFault, suite};
pub(crate) use self::validity::{Validity, day, validity};
pub(crate) use self::versions::{VersionFault, version};
