//! OpenSSL's cipher strings (`HIGH:!aNULL`): not names, but what they select can be said.

use divisor_schema::plan::TlsVersion;

use super::suites::{Authentication, Suite, of_version};

/// Whether `text` is a cipher string rather than the name of a suite.
pub(super) fn is_expression(text: &str) -> bool {
    text.contains([':', '!', '+', '@']) || matches_keyword(text)
}

fn matches_keyword(text: &str) -> bool {
    let keywords = [
        "ALL",
        "COMPLEMENTOFALL",
        "COMPLEMENTOFDEFAULT",
        "DEFAULT",
        "HIGH",
        "MEDIUM",
        "LOW",
        "ECDHE",
        "EECDH",
        "kEECDH",
        "kECDHE",
        "aRSA",
        "aECDSA",
        "ECDSA",
        "AESGCM",
        "AES",
        "AES128",
        "AES256",
        "CHACHA20",
        "FIPS",
    ];
    keywords.contains(&text)
}

/// The TLS 1.2 suites that a cipher string selects, of those that can be negotiated. Words about anything else select
/// and remove nothing.
pub(super) fn selects(text: &str) -> Vec<&'static Suite> {
    let mut chosen: Vec<&'static Suite> = vec![];
    let mut banned: Vec<&'static Suite> = vec![];
    for item in text.split([':', ',', ' ']).filter(|item| !item.is_empty() && !item.starts_with('@')) {
        let (operator, words) = match item.strip_prefix(['!', '-', '+']) {
            Some(words) => (item.chars().next(), words),
            None => (None, item),
        };
        let matching: Vec<&Suite> =
            of_version(TlsVersion::Tls12).filter(|suite| has_all(suite, words)).collect();
        match operator {
            Some('+') => {} // moves suites to the end: the selection stays
            Some(removes) => {
                chosen.retain(|suite| !matching.contains(suite));
                if removes == '!' {
                    banned.extend(matching);
                }
            }
            None => {
                let new = |suite: &&Suite| !chosen.contains(suite) && !banned.contains(suite);
                let added: Vec<&Suite> = matching.into_iter().filter(new).collect();
                chosen.extend(added);
            }
        }
    }
    chosen
}

fn has_all(suite: &Suite, words: &str) -> bool {
    words.split('+').all(|word| has(suite, word))
}

fn has(suite: &Suite, word: &str) -> bool {
    let ecdsa = suite.authentication == Authentication::Ecdsa;
    match word {
        "ALL" | "DEFAULT" | "HIGH" | "FIPS" | "ECDHE" | "EECDH" | "kEECDH" | "kECDHE" | "TLSv1.2" => true,
        "aRSA" | "RSA" => !ecdsa,
        "aECDSA" | "ECDSA" => ecdsa,
        "AESGCM" | "AES" => suite.openssl.contains("AES"),
        "AES128" => suite.openssl.contains("AES128"),
        "AES256" => suite.openssl.contains("AES256"),
        "CHACHA20" => suite.openssl.contains("CHACHA20"),
        "SHA256" => suite.openssl.ends_with("SHA256"),
        "SHA384" => suite.openssl.ends_with("SHA384"),
        name => suite.openssl == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(text: &str) -> Vec<&'static str> {
        assert!(is_expression(text), "{text}");
        selects(text).iter().map(|suite| suite.openssl).collect()
    }

    #[test]
    fn expressions_select_what_openssl_would() {
        assert_eq!(selected("HIGH:!aNULL:!MD5").len(), 6);
        assert_eq!(selected("DEFAULT").len(), 6);
        assert_eq!(
            selected("ECDHE+AESGCM:!aECDSA"),
            ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"]
        );
        assert_eq!(
            selected("!AES:ALL:@SECLEVEL=1"),
            ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"]
        );
        assert_eq!(selected("ALL:-CHACHA20:+aRSA").len(), 4);
        assert_eq!(selected("LOW"), [""; 0]);
        assert_eq!(
            selected("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA"),
            ["ECDHE-RSA-AES128-GCM-SHA256"]
        );
        assert!(!is_expression("ECDHE-RSA-AES128-GCM-SHA256"));
    }
}
