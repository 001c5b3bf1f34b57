//! Profiles: what a name stands for, and the settings of a plan that come of it.

use divisor_schema::plan::{TlsSettings, TlsVersion};

use super::groups::{Group, recommended};
use super::suites::{Suite, of_version};

/// A named set of versions, suites and groups, after Mozilla's guideline 6.0 (April 2026).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Profile {
    /// TLS 1.3 alone.
    Modern,
    /// TLS 1.2 and 1.3.
    #[default]
    Intermediate,
}

/// Why a text is not a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProfileFault {
    /// `old`, which the guideline no longer has.
    Old,
    /// No profile.
    Unknown,
}

/// The profile with this name.
///
/// # Errors
/// [`ProfileFault`] tells the profile that is gone from texts that are none.
pub(crate) fn profile(text: &str) -> Result<Profile, ProfileFault> {
    match text {
        "modern" => Ok(Profile::Modern),
        "intermediate" => Ok(Profile::Intermediate),
        "old" => Err(ProfileFault::Old),
        _ => Err(ProfileFault::Unknown),
    }
}

/// A profile, and what a config narrows it to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    /// The profile.
    pub(crate) profile: Profile,
    /// Oldest version.
    pub(crate) min: Option<TlsVersion>,
    /// Newest version.
    pub(crate) max: Option<TlsVersion>,
    /// Suites. Only those of TLS 1.2 count: a list never turns TLS 1.3 off. None is all.
    pub(crate) suites: Vec<&'static Suite>,
    /// Groups; none is those of the profile.
    pub(crate) groups: Vec<&'static Group>,
}

impl Choice {
    /// Oldest version.
    pub(crate) fn min(&self) -> TlsVersion {
        self.min.unwrap_or(match self.profile {
            Profile::Modern => TlsVersion::Tls13,
            Profile::Intermediate => TlsVersion::Tls12,
        })
    }

    /// Newest version.
    pub(crate) fn max(&self) -> TlsVersion {
        self.max.unwrap_or(TlsVersion::Tls13)
    }

    /// The TLS 1.2 suites, if TLS 1.2 is spoken.
    pub(crate) fn tls12_suites(&self) -> Vec<&'static Suite> {
        if self.min() > TlsVersion::Tls12 {
            return vec![];
        }
        let listed: Vec<&Suite> =
            self.suites.iter().copied().filter(|suite| suite.version == TlsVersion::Tls12).collect();
        if self.suites.is_empty() { of_version(TlsVersion::Tls12).collect() } else { listed }
    }

    /// The settings of a plan.
    pub(crate) fn settings(&self) -> TlsSettings {
        let (min, max) = (self.min(), self.max());
        let tls13 = of_version(TlsVersion::Tls13).filter(|_| max >= TlsVersion::Tls13);
        let suites = tls13.chain(self.tls12_suites()).map(|suite| suite.code).collect();
        let listed = self.groups.iter().map(|group| group.code);
        let groups = if self.groups.is_empty() {
            recommended().map(|group| group.code).collect()
        } else {
            listed.collect()
        };
        TlsSettings { min, max, suites, groups }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{group, suite};
    use super::*;

    #[test]
    fn profiles_are_those_of_the_guideline() {
        let intermediate =
            Choice { profile: profile("intermediate").unwrap(), ..Choice::default() }.settings();
        assert_eq!((intermediate.min, intermediate.max), (TlsVersion::Tls12, TlsVersion::Tls13));
        assert_eq!(intermediate.suites.len(), 9);
        assert_eq!(intermediate.groups, [0x11EC, 0x1D, 0x17, 0x18]);
        let modern = Choice { profile: profile("modern").unwrap(), ..Choice::default() }.settings();
        assert_eq!(modern.min, TlsVersion::Tls13);
        assert_eq!(modern.suites, [0x1301, 0x1302, 0x1303]);
        assert_eq!(profile("old"), Err(ProfileFault::Old));
        assert_eq!(profile("Modern"), Err(ProfileFault::Unknown));
    }

    #[test]
    fn a_list_of_suites_never_turns_tls_13_off() {
        let suites = vec![suite("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384").unwrap()];
        let choice = Choice { suites, groups: vec![group("x25519").unwrap()], ..Choice::default() };
        assert_eq!(choice.settings().suites, [0x1301, 0x1302, 0x1303, 0xC030]);
        assert_eq!(choice.settings().groups, [0x1D]);
    }

    #[test]
    fn versions_narrow_the_suites() {
        let choice = Choice { max: Some(TlsVersion::Tls12), ..Choice::default() };
        assert!(choice.settings().suites.iter().all(|code| *code >= 0xC000));
        let choice = Choice { min: Some(TlsVersion::Tls13), ..Choice::default() };
        assert_eq!(choice.tls12_suites(), Vec::<&Suite>::new());
    }
}
