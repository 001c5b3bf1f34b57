//! Cipher suites: the nine that can be negotiated, and all names that people write for them and for others.

use divisor_schema::plan::TlsVersion;

use super::expression;

/// A suite that can be negotiated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    /// IANA code point.
    pub(crate) code: u16,
    /// IANA name.
    pub(crate) iana: &'static str,
    /// OpenSSL name.
    pub(crate) openssl: &'static str,
    /// The one version that has it.
    pub(crate) version: TlsVersion,
    /// The key it needs.
    pub(crate) authentication: Authentication,
}

/// What key a suite needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// Any: TLS 1.3 agrees on it apart.
    Any,
    /// ECDSA or Ed25519.
    Ecdsa,
    /// RSA.
    Rsa,
}

impl Authentication {
    /// The name of the key algorithm.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Ecdsa => "ECDSA",
            Self::Rsa => "RSA",
        }
    }
}

/// A suite with a name and a number that is never negotiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownSuite {
    /// Its name as listed.
    pub(crate) name: &'static str,
    /// Whether it protects nothing: to ask for it is an error, not a misunderstanding.
    pub(crate) forbidden: bool,
    /// Why it is not negotiated, as a label.
    pub(crate) reason: &'static str,
    /// The nearest suite that is.
    pub(crate) instead: &'static str,
}

/// Why a text is not the name of a suite that can be negotiated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SuiteFault {
    /// It means this one, in another spelling.
    Respelled(&'static Suite),
    /// A real suite, never negotiated.
    Unsupported(KnownSuite),
    /// A value that looks like a suite and signals something else (RFC 5746, RFC 7507).
    Signalling,
    /// An expression of OpenSSL's cipher-string language, and what it selects of TLS 1.2.
    Expression(Vec<&'static Suite>),
    /// No name; perhaps this one is meant.
    Unknown(Option<&'static Suite>),
}

/// All suites that can be negotiated, in the order of preference of Mozilla's guideline 6.0.
pub(crate) const SUITES: [Suite; 9] = {
    use Authentication::{Any, Ecdsa, Rsa};
    use TlsVersion::{Tls12, Tls13};
    [
        suite_of(0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", Tls13, Any),
        suite_of(0x1302, "TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", Tls13, Any),
        suite_of(0x1303, "TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256", Tls13, Any),
        suite_of(
            0xC02B,
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            Tls12,
            Ecdsa,
        ),
        suite_of(0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256", Tls12, Rsa),
        suite_of(
            0xC02C,
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
            Tls12,
            Ecdsa,
        ),
        suite_of(0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384", Tls12, Rsa),
        suite_of(
            0xCCA9,
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            Tls12,
            Ecdsa,
        ),
        suite_of(
            0xCCA8,
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            "ECDHE-RSA-CHACHA20-POLY1305",
            Tls12,
            Rsa,
        ),
    ]
};

const fn suite_of(
    code: u16,
    iana: &'static str,
    openssl: &'static str,
    version: TlsVersion,
    authentication: Authentication,
) -> Suite {
    Suite { code, iana, openssl, version, authentication }
}

static SUPPORTED: [Suite; 9] = SUITES;

/// All suites of one version that can be negotiated, best first.
pub(super) fn of_version(version: TlsVersion) -> impl Iterator<Item = &'static Suite> {
    SUPPORTED.iter().filter(move |suite| suite.version == version)
}

/// The suite with this code point.
pub(crate) fn suite_with_code(code: u16) -> Option<&'static Suite> {
    SUPPORTED.iter().find(|suite| suite.code == code)
}

/// The other suites of the IANA registry and of OpenSSL: IANA name, OpenSSL name, class, nearest supported suite.
const OTHERS: &str = include_str!("suites.csv");

/// The suite with this IANA or OpenSSL name.
///
/// # Errors
/// [`SuiteFault`] tells another spelling, a suite that is never negotiated, an expression and nonsense apart.
pub(crate) fn suite(name: &str) -> Result<&'static Suite, SuiteFault> {
    if let Some(suite) = SUPPORTED.iter().find(|suite| suite.iana == name || suite.openssl == name) {
        return Ok(suite);
    }
    if let Some(known) = known(name) {
        return Err(SuiteFault::Unsupported(known));
    }
    if expression::is_expression(name) {
        return Err(SuiteFault::Expression(expression::selects(name)));
    }
    let normal = normalise(name);
    if ["TLS_FALLBACK_SCSV", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"].contains(&normal.as_str()) {
        return Err(SuiteFault::Signalling);
    }
    let respelled = SUPPORTED.iter().find(|suite| suite.iana == normal || normalise(suite.openssl) == normal);
    if let Some(suite) = respelled.or_else(|| same_words(&normal)) {
        return Err(SuiteFault::Respelled(suite));
    }
    match known(&normal) {
        Some(known) => Err(SuiteFault::Unsupported(known)),
        None => Err(SuiteFault::Unknown(nearest(&normal))),
    }
}

/// Upper case and underscores, without what some libraries add, with what some leave out.
fn normalise(name: &str) -> String {
    let mut normal = name.to_ascii_uppercase().replace('-', "_");
    for (from, to) in [("TLS13_", "TLS_"), ("SSL_", "TLS_")] {
        if let Some(rest) = normal.strip_prefix(from) {
            normal = format!("{to}{rest}");
        }
    }
    for curve in ["_P256", "_P384", "_P521"] {
        if let Some(rest) = normal.strip_suffix(curve) {
            normal = rest.to_owned();
        }
    }
    if normal.ends_with("CHACHA20_POLY1305") { normal + "_SHA256" } else { normal }
}

/// The suite whose name has the same words, whatever their order and whatever filler is missing. A hash that is left
/// out is no ambiguity: no two suites differ in the hash alone.
fn same_words(normal: &str) -> Option<&'static Suite> {
    let written = words(normal);
    let without_hash = |mut words: Vec<String>| {
        words.retain(|word| !word.starts_with("SHA"));
        words
    };
    let bare = !written.iter().any(|word| word.starts_with("SHA"));
    SUPPORTED.iter().find(|suite| {
        let theirs = words(suite.iana);
        written == theirs || (bare && written == without_hash(theirs))
    })
}

fn words(name: &str) -> Vec<String> {
    let spaced = name.replace("AES128", "AES_128").replace("AES256", "AES_256");
    let filler = |word: &&str| !matches!(*word, "" | "TLS" | "WITH");
    let mut words: Vec<String> = spaced.split('_').filter(filler).map(str::to_owned).collect();
    words.sort_unstable();
    words
}

fn known(name: &str) -> Option<KnownSuite> {
    let spelled = normalise(name);
    OTHERS.lines().find_map(|line| {
        let mut columns = line.split(';');
        let (iana, openssl, class, instead) =
            (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
        let is = |listed: &str| !listed.is_empty() && (listed == name || normalise(listed) == spelled);
        if !is(iana) && !is(openssl) {
            return None;
        }
        let (forbidden, reason) = verdict(class);
        Some(KnownSuite { name: if iana.is_empty() { openssl } else { iana }, forbidden, reason, instead })
    })
}

/// Whether suites of this class protect nothing, and why they are not negotiated.
fn verdict(class: &str) -> (bool, &'static str) {
    match class {
        "null" => (true, "no encryption (RFC 9325, section 4.1)"),
        "anonymous" => (true, "no server authentication"),
        "export" => (true, "40 or 56 bit: FREAK, Logjam"),
        "rc4" => (true, "RC4 is prohibited (RFC 7465)"),
        "des" | "idea" | "md5" => (true, "a broken cipher or hash"),
        "3des" => (true, "64-bit blocks: Sweet32"),
        "static-dh" => (true, "static Diffie-Hellman: no forward secrecy"),
        "rsa-kx" => (false, "RSA key exchange: no forward secrecy, ROBOT"),
        "ffdhe" => (false, "finite-field DHE: left by Mozilla in 2026"),
        "cbc" => (false, "CBC: Lucky Thirteen, prohibited in HTTP/2"),
        "ccm" | "ccm8" => (false, "CCM is not implemented"),
        "aria/camellia-gcm" | "seed" => (false, "no browser supports it"),
        "psk/pwd" | "srp" => (false, "keys agreed elsewhere: no web server feature"),
        "dss" => (false, "DSA certificates no longer exist"),
        "national" => (false, "national ciphers are not implemented"),
        _ => (false, "a draft that was never standardised"),
    }
}

/// The suite whose name differs by the fewest edits, if by three at most.
fn nearest(normal: &str) -> Option<&'static Suite> {
    let distance = |suite: &Suite| edits(normal, suite.iana);
    SUPPORTED
        .iter()
        .map(|suite| (distance(suite), suite))
        .filter(|(edits, _)| *edits <= 3)
        .min_by_key(|it| it.0)
        .map(|it| it.1)
}

/// Levenshtein distance. Names that are much longer than any suite are far from all of them.
fn edits(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, byte) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(b.bytes()) {
            let replaced = diagonal + usize::from(byte != other);
            diagonal = *cell;
            left = replaced.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn respelled(name: &str) -> &'static str {
        match suite(name) {
            Err(SuiteFault::Respelled(suite)) => suite.iana,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn iana_and_openssl_names_are_names() {
        for known in &SUPPORTED {
            assert_eq!(suite(known.iana), Ok(known));
            assert_eq!(suite(known.openssl), Ok(known));
        }
    }

    #[test]
    fn the_code_points_are_those_of_the_tls_library() {
        let theirs =
            rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES.iter().map(|suite| u16::from(suite.suite()));
        let (mut theirs, mut ours): (Vec<u16>, Vec<u16>) =
            (theirs.collect(), SUITES.iter().map(|it| it.code).collect());
        theirs.sort_unstable();
        ours.sort_unstable();
        assert_eq!(theirs, ours);
    }

    #[test]
    fn other_spellings_are_recognised() {
        let rsa_128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
        let chacha = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256";
        for (written, meant) in [
            ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", chacha),
            ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
            ("TLS13_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"),
            ("ECDHE_RSA_AES_128_GCM_SHA256", rsa_128),
            ("TLS_ECDHE_RSA_AES_128_GCM_SHA256", rsa_128),
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384_P384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
            ("TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256", rsa_128),
            ("ECDHE_RSA_AES_128_GCM", rsa_128),
            ("SSL_ECDHE_RSA_WITH_AES_128_GCM_SHA256", rsa_128),
            ("tls_ecdhe_rsa_with_aes_128_gcm_sha256", rsa_128),
            ("ecdhe-rsa-aes128-gcm-sha256", rsa_128),
            ("ECDHE_RSA_CHACHA20_POLY1305", chacha),
        ] {
            assert_eq!(respelled(written), meant, "{written}");
        }
    }

    #[test]
    fn real_suites_that_are_never_negotiated_say_why() {
        for (name, forbidden, instead) in [
            ("TLS_RSA_WITH_AES_128_CBC_SHA", false, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            ("AES128-GCM-SHA256", false, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            ("RC4-SHA", true, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            ("rc4-sha", true, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            ("TLS_RSA_WITH_NULL_SHA", true, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ] {
            let Err(SuiteFault::Unsupported(known)) = suite(name) else {
                panic!("{name}: {:?}", suite(name))
            };
            assert_eq!((known.forbidden, known.instead), (forbidden, instead), "{name}");
            assert!(known.reason.split(' ').count() <= 8, "{name}: a label is short");
        }
    }

    #[test]
    fn every_listed_suite_is_known_under_both_names() {
        for line in OTHERS.lines() {
            let columns: Vec<&str> = line.split(';').collect();
            assert_eq!(columns.len(), 4, "{line}");
            for name in columns.iter().take(2).filter(|name| !name.is_empty()) {
                assert!(matches!(suite(name), Err(SuiteFault::Unsupported(_))), "{name}");
            }
            assert!(suite(columns[3]).is_ok(), "{line}");
        }
    }

    #[test]
    fn nonsense_gets_a_guess_when_it_is_near() {
        let near = suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265").unwrap_err();
        assert!(matches!(near, SuiteFault::Unknown(Some(it)) if it.code == 0xC02F), "{near:?}");
        assert_eq!(suite("strong"), Err(SuiteFault::Unknown(None)));
        assert_eq!(suite("TLS_FALLBACK_SCSV"), Err(SuiteFault::Signalling));
        assert_eq!(suite(""), Err(SuiteFault::Unknown(None)));
        assert_eq!(suite("ä"), Err(SuiteFault::Unknown(None)));
    }
}
