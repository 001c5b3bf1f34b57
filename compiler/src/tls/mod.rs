//! TLS: what names mean, what a profile stands for, and the facts in certificate and key files.
//!
//! [`suites`], [`versions`] and [`groups`] read names; [`profile`] puts them together into the settings of a plan.
//! [`files`] finds files, [`pem`] reads them into [`certificate`]s and [`key`]s, or says what [`content`] they have
//! instead; [`validity`], [`chain`], [`names`] and [`git`] judge these. A [`manifest`] stands for files that are elsewhere.

mod certificate;
mod chain;
mod content;
mod expression;
mod files;
mod git;
mod groups;
mod key;
mod manifest;
mod names;
mod pem;
mod profile;
mod suites;
#[cfg(test)]
pub(crate) mod testing;
mod validity;
mod versions;

pub(crate) use self::certificate::Certificate;
pub(crate) use self::chain::{ChainFault, Gap, chain_fault, gap, is_public, is_public_root};
pub(crate) use self::files::{Access, FileFault, FileRecord, Origin, Slot, belong_together};
pub(crate) use self::git::{Kept, kept};
pub(crate) use self::groups::{GroupFault, group};
pub(crate) use self::key::Key;
pub use self::manifest::{Difference, InvalidManifest, Manifest};
pub(crate) use self::names::covers;
pub(crate) use self::profile::{Choice, Profile, ProfileFault, profile};
pub(crate) use self::suites::{Authentication, Suite, SuiteFault, suite, suite_with_code};
pub(crate) use self::validity::{DAY, Validity, day, validity};
pub(crate) use self::versions::{VersionFault, version};

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().try_into().unwrap_or_default() // it has 32 bytes
}

#[cfg(test)]
pub(crate) fn read_certificates(path: &std::path::Path) -> Result<Vec<Certificate>, FileFault> {
    FileRecord::read(path).certificates()
}

#[cfg(test)]
pub(crate) fn read_key(path: &std::path::Path) -> Result<Key, FileFault> {
    FileRecord::read(path).key()
}
