//! Takes what looks like a secret out of everything that is shown.
//!
//! Findings show lines of the config, and a config may hold what it must not: a password, a token, a private key. Output
//! goes to logs that many can read. A secret is masked wherever it turns up: in the text of a file character by character,
//! so that places stay what they are, and in words by its first characters and its length.

use super::Report;
use crate::diagnostic::Diagnostic;
use crate::source::{File, SourceMap, Span};

/// Words in the name of a key whose value is a secret.
const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api-key",
    "apikey",
    "private-key",
    "authorization",
];
/// How secrets of widely used services begin.
const PREFIXES: [&str; 12] = [
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "rk_live_",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "AIza",
    "eyJ",
];
/// The shortest text that is worth hiding; anything shorter would take words out of every message.
const LENGTH_MIN: usize = 4;

/// How many secrets are looked for in every finding; beyond that, only those of its own lines.
const EVERYWHERE_MAX: usize = 100;

/// The same report without secrets.
pub(super) fn mask(report: Report) -> Report {
    let places: Vec<Span> = report.sources.files().iter().flat_map(places).collect();
    if places.is_empty() {
        return report;
    }
    let Report { findings, suppressed, undecided, sources } = report;
    let everywhere: Vec<&str> =
        places.iter().take(EVERYWHERE_MAX).map(|place| sources.text(*place)).collect();
    let without = |found: Diagnostic| {
        let mut secrets = everywhere.clone();
        secrets.extend(on_lines_of(&found, &places, &sources));
        // A secret that holds another one is masked as a whole.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        without(found, &secrets)
    };
    let findings = findings.into_iter().map(without).collect();
    let sources = sources.clone().map_text(|file| starred(file, &places));
    Report { findings, suppressed, undecided, sources }
}

/// The places of what looks like a secret in a file, in order.
fn places(file: &File) -> Vec<Span> {
    let begin = file.text.as_ptr() as usize;
    let place = |secret: &str| {
        let start = secret.as_ptr() as usize - begin;
        file.local_span(start, start + secret.len())
    };
    let mut places: Vec<Span> = find(&file.text).into_iter().map(place).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The secrets on the lines that a finding is about.
fn on_lines_of<'a>(found: &Diagnostic, places: &[Span], sources: &'a SourceMap) -> Vec<&'a str> {
    let mut secrets = Vec::new();
    for label in &found.labels {
        let Some(file) = sources.file(label.span.start).filter(|file| label.span.end <= file.end()) else {
            continue;
        };
        let local = |at: u32| file.line_of(at - file.base);
        let lines = file
            .local_span(file.line_start(local(label.span.start)), file.line_start(local(label.span.end) + 1));
        let first = places.partition_point(|place| place.end <= lines.start);
        let here = places.iter().skip(first).take_while(|place| place.start < lines.end);
        secrets.extend(here.map(|place| sources.text(*place)));
    }
    secrets
}

/// The text of a file with a star for each byte of a secret.
fn starred(file: &File, places: &[Span]) -> String {
    let mut text = String::with_capacity(file.text.len());
    let mut at = 0;
    let here = places.iter().filter(|place| file.base <= place.start && place.end <= file.end());
    for place in here {
        let (start, end) = ((place.start - file.base) as usize, (place.end - file.base) as usize);
        // One can begin within another.
        text += file.text.get(at..start.max(at)).unwrap_or_default();
        text += &"*".repeat(end.saturating_sub(start.max(at)));
        at = end.max(at);
    }
    text + file.text.get(at..).unwrap_or_default()
}

fn without(mut found: Diagnostic, secrets: &[&str]) -> Diagnostic {
    let hide = |text: &mut String| {
        for secret in secrets {
            if text.contains(secret) {
                *text = text.replace(secret, &hint(secret));
            }
        }
    };
    hide(&mut found.message);
    found.labels.iter_mut().for_each(|label| hide(&mut label.text));
    found.help.iter_mut().for_each(hide);
    found.witness.iter_mut().for_each(hide);
    found.path.iter_mut().for_each(hide);
    for fix in &mut found.fixes {
        hide(&mut fix.title);
        fix.edits.iter_mut().for_each(|edit| hide(&mut edit.text));
    }
    found
}

/// `pas…(11 chars)`.
fn hint(secret: &str) -> String {
    let begin: String = secret.chars().take(3).collect();
    format!("{begin}…({} chars)", secret.chars().count())
}

/// What looks like a secret in a text.
fn find(text: &str) -> Vec<&str> {
    let mut found = keys(text);
    for line in text.lines() {
        let words: Vec<&str> = line.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty()).collect();
        found.extend(words.iter().filter(|word| PREFIXES.iter().any(|it| begins(word, it))));
        found.extend(line.split("://").skip(1).filter_map(password));
        found.extend(value_of_secret(line));
    }
    found.retain(|secret| secret.len() >= LENGTH_MIN);
    found
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.+/=".contains(c)
}

/// Long enough for a token, so that `eyJ` in a word is none.
fn begins(word: &str, prefix: &str) -> bool {
    word.len() >= 16 && word.starts_with(prefix)
}

/// Private keys, line by line: what is masked holds no line break.
fn keys(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----") {
            inside = true;
        } else if line.contains("-----END ") {
            inside = false;
        } else if inside {
            found.push(line.trim());
        }
    }
    found
}

/// The password of `user:password@host`.
fn password(rest: &str) -> Option<&str> {
    let authority = rest.split(['/', '"', '\'', ' ']).next()?;
    let (userinfo, _) = authority.rsplit_once('@')?;
    userinfo.split_once(':').map(|(_, password)| password)
}

/// The value behind a name that promises a secret: the last text in quotes or the last word, unless it names where
/// the secret is kept.
fn value_of_secret(line: &str) -> Option<&str> {
    let lower = line.to_ascii_lowercase().replace('_', "-");
    let at = NAMES.iter().filter_map(|name| Some(lower.find(name)? + name.len())).min()?;
    // Lower case and `-` for `_` are as long as what they stand for.
    let rest = line.get(at..)?.trim_start_matches(['"', '\'']);
    let rest = rest.trim_start().strip_prefix(['=', ':']).unwrap_or(rest).trim();
    if rest.starts_with("file") || rest.starts_with("env") || rest.starts_with('{') || rest.contains("${") {
        return None;
    }
    let quoted = rest.strip_prefix('"').and_then(|inner| inner.split('"').next());
    let quoted = quoted.or_else(|| rest.strip_prefix('\'').and_then(|inner| inner.split('\'').next()));
    let value = quoted.or_else(|| rest.split([' ', ',', '}', ';', '#']).next())?;
    // `Bearer …`: the scheme is no secret.
    Some(value.split_once(' ').map_or(value, |(_, secret)| secret.trim())).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised() {
        for (line, secret) in [
            (r#"password "hunter22""#, "hunter22"),
            ("client_secret: s3cr3tvalue # prod", "s3cr3tvalue"),
            (r#"request-header-set "Authorization" "Bearer abcdef123""#, "abcdef123"),
            (r#"request-header-set { Authorization: "Basic dXNlcjpwYXNz" }"#, "dXNlcjpwYXNz"),
            (r#"x-api-key="0123456789""#, "0123456789"),
            (r#"backend "http://user:letmein@10.0.0.1:80""#, "letmein"),
            ("note ghp_0123456789abcdefghij", "ghp_0123456789abcdefghij"),
        ] {
            assert_eq!(find(line), [secret], "{line}");
        }
    }

    #[test]
    fn what_is_no_secret_is_not_taken_for_one() {
        for line in [
            r#"key="client-ip""#,
            r#"token file="/run/token""#,
            r#"password env="PASSWORD""#,
            "password: ${PASSWORD}",
            r#"backend "http://10.0.0.1:80""#,
            r#"certificate "shop.pem" key="shop.key""#,
            "eyJ",
        ] {
            assert_eq!(find(line), Vec::<&str>::new(), "{line}");
        }
        let key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n-----END PRIVATE KEY-----\nother";
        assert_eq!(find(key), ["MIGHAgEAMBMG"]);
    }

    #[test]
    fn many_secrets_take_little_time_and_one_in_another_is_masked_once() {
        let text = "password \"hunter22\"\n".repeat(50_000) + "url \"http://a:ghp_0123456789abcdefghij@b\"\n";
        let mut sources = SourceMap::default();
        sources.add("a.kdl".into(), "/a.kdl".into(), text).unwrap();
        let file = &sources.files()[0];
        let masked = starred(file, &places(file));
        assert_eq!(masked.len(), file.text.len());
        assert!(
            masked.ends_with("url \"http://a:************************@b\"\n"),
            "{}",
            &masked[masked.len() - 60..]
        );
        assert!(!masked.contains("hunter"));
    }

    #[test]
    fn words_show_how_it_begins_and_how_long_it_is() {
        assert_eq!(hint("password123"), "pas…(11 chars)");
    }
}
