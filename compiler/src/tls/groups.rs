//! Names of key-exchange groups.

/// A group that can be negotiated.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// IANA code point.
    pub(crate) code: u16,
    /// IANA name.
    pub(crate) iana: &'static str,
    /// Other spellings, without punctuation and in lower case.
    aliases: &'static [&'static str],
    /// Whether TLS 1.2 has it too.
    pub(crate) in_tls12: bool,
    /// Whether it is post-quantum alone, without a classical half.
    pub(crate) is_pure_post_quantum: bool,
}

/// Why a text is not a group that can be negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupFault {
    /// A draft of another one, which is meant.
    Withdrawn(&'static str),
    /// A real group, not implemented: why, and what to use instead.
    Unsupported(&'static str, &'static str),
    /// No group.
    Unknown,
}

static GROUPS: [Group; 7] = [
    group_of(0x11EC, "X25519MLKEM768", &["x25519mlkem768"], false),
    group_of(0x001D, "x25519", &["x25519", "curve25519"], true),
    group_of(0x0017, "secp256r1", &["secp256r1", "p256", "prime256v1", "curvep256", "nistp256"], true),
    group_of(0x0018, "secp384r1", &["secp384r1", "p384", "curvep384", "nistp384"], true),
    group_of(0x11EB, "SecP256r1MLKEM768", &["secp256r1mlkem768"], false),
    group_of(0x0201, "MLKEM768", &["mlkem768"], false),
    group_of(0x0202, "MLKEM1024", &["mlkem1024"], false),
];

const fn group_of(code: u16, iana: &'static str, aliases: &'static [&'static str], in_tls12: bool) -> Group {
    Group { code, iana, aliases, in_tls12, is_pure_post_quantum: code >> 8 == 2 }
}

/// The groups of Mozilla's guideline 6.0, best first.
pub(super) fn recommended() -> impl Iterator<Item = &'static Group> {
    GROUPS.iter().take(4)
}

/// The group with this name, in any of the usual spellings.
///
/// # Errors
/// [`GroupFault`] tells groups that are not implemented from texts that are none.
pub(crate) fn group(text: &str) -> Result<&'static Group, GroupFault> {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = letters.to_ascii_lowercase();
    if let Some(group) = GROUPS.iter().find(|group| group.aliases.contains(&name.as_str())) {
        return Ok(group);
    }
    match name.as_str() {
        "secp384r1mlkem1024" => Err(GroupFault::Unsupported("not implemented", "X25519MLKEM768")),
        "x25519kyber768draft00" | "x25519kyber768" => Err(GroupFault::Withdrawn("X25519MLKEM768")),
        "secp521r1" | "p521" | "curvep521" | "nistp521" => {
            Err(GroupFault::Unsupported("not implemented", "secp384r1"))
        }
        "x448" | "curve448" => Err(GroupFault::Unsupported("not implemented", "x25519")),
        name if name.starts_with("ffdhe") => Err(GroupFault::Unsupported("finite-field DHE", "x25519")),
        name if ["brainpool", "sect", "secp", "gc256", "gc512", "sm2"]
            .iter()
            .any(|it| name.starts_with(it)) =>
        {
            Err(GroupFault::Unsupported("not implemented", "x25519"))
        }
        _ => Err(GroupFault::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_read() {
        for (text, code) in [
            ("X25519", 0x1D),
            ("P-256", 0x17),
            ("prime256v1", 0x17),
            ("X25519+ML-KEM-768", 0x11EC),
            ("ML-KEM-768", 0x201),
        ] {
            assert_eq!(group(text).map(|group| group.code), Ok(code), "{text}");
        }
        for known in &GROUPS {
            assert_eq!(group(known.iana), Ok(known));
        }
    }

    #[test]
    fn the_code_points_are_those_of_the_tls_library() {
        let theirs = rustls::crypto::aws_lc_rs::ALL_KX_GROUPS;
        for known in &GROUPS {
            assert!(theirs.iter().any(|group| u16::from(group.name()) == known.code), "{}", known.iana);
        }
    }

    #[test]
    fn real_groups_are_told_from_nonsense() {
        for text in
            ["P-521", "x448", "ffdhe2048", "SecP384r1MLKEM1024", "brainpoolP256r1", "GC256A", "secp256k1"]
        {
            let Err(GroupFault::Unsupported(_, instead)) = group(text) else { panic!("{text}") };
            assert!(group(instead).is_ok());
        }
        assert_eq!(group("X25519Kyber768Draft00"), Err(GroupFault::Withdrawn("X25519MLKEM768")));
        assert_eq!(group("fast"), Err(GroupFault::Unknown));
        let pure: Vec<&str> = GROUPS.iter().filter(|it| it.is_pure_post_quantum).map(|it| it.iana).collect();
        assert_eq!(pure, ["MLKEM768", "MLKEM1024"]);
    }
}
