//! Whatever a config looks like: laid out twice it is laid out once, and it means the same.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const KDL: &str = r#"// head

listener "web" { bind "127.0.0.1:8080" "[::1]:8080"; http h2=#true idle-timeout="60000ms" max-header-size="32KiB" }

pool "app" { // the pool
    balance "least-connection"
    /* one */ backend "http://127.0.0.1:9000" weight=3
    backend "http://127.0.0.1:9001" // two
    probe "/health" every="5s" timeout="1s"

    // last
}
policy "all" { rate-limit "100/s" burst=200; header-set "X-A" "a \"b\" \\ c"; body-limit "4096KiB" }
host "a.example" "*.a.example" {
    use "all"
    route "/**" pool="app" { timeout "5s"; retry 2 }
    route "/{id}/x" method="GET" { respond 200 "text: # no comment" }
}
"#;

const YAML: &str = r#"# head

x-probe: &probe { path: /health, every: 5000ms } # anchored
listeners:
  web: # behind
    bind: ["127.0.0.1:8080", '[::1]:8080']
    http: { h2: true, idle-timeout: 60000ms, max-header-size: 32KiB }
pools:
  app:
    balance: least-connection
    # above
    backends:
    - { url: "http://127.0.0.1:9000", weight: 3 }
    - "http://127.0.0.1:9001" # two
    # below
    probe: { <<: *probe, timeout: 1s }

policies:
  all:
    rate-limit: { rate: 100/s, burst: 200 }
    header-set: { X-A: 'a "b" \ c', X-B: "it's" }
    body-limit: 4096KiB
hosts:
  - names: [a.example, "*.a.example"]
    use: [all]
    routes:
      - { path: "/**", pool: app, timeout: 5s, retry: 2 }
      - path: "/{id}/x"
        method: GET
        respond:
          status: 200
          body: |
            text: # no comment
              more
"#;

/// What may be put between two pieces of KDL without a change of meaning, or with one: both are laid out.
const KDL_PIECES: &[&str] =
    &[" ", "\n", "\n\n\n", " // c\n", " /* c */ ", " \\\n ", " /- ", ";", "/-x\n", "\t", "\r\n", " /*\n*/ "];
/// The same for YAML.
const YAML_PIECES: &[&str] =
    &["\n", "\n\n\n", " # c\n", "\n# c\n", "\n      # c\n", " ", "&a ", "!!str ", "\r\n", ", ", "- ", "\n  "];

/// A text with pieces put in at the ends of words and lines.
fn with_pieces(text: &str, pieces: &[(Index, &'static str)]) -> String {
    let mut text = text.to_owned();
    for (index, piece) in pieces {
        let seams: Vec<usize> =
            text.char_indices().filter(|(_, c)| " \n{};,]".contains(*c)).map(|(at, _)| at).collect();
        text.insert_str(seams[index.index(seams.len())], piece);
    }
    text
}

/// The plan of a text, if it has one.
fn meaning(text: &str, spelling: Spelling) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(if spelling == Spelling::Kdl { "a.kdl" } else { "a.yaml" });
    std::fs::write(&path, text).unwrap();
    plan(&path).ok()
}

fn hold(text: &str, spelling: Spelling) -> Result<(), TestCaseError> {
    let once = match format(text, spelling) {
        Err(Refusal::Broken(_)) => return Ok(()),
        other => other.map_err(|refusal| TestCaseError::fail(format!("{refusal}: {text}")))?,
    };
    let twice =
        format(&once, spelling).map_err(|refusal| TestCaseError::fail(format!("{refusal}: {once}")))?;
    prop_assert_eq!(&once, &twice, "{}", text);
    let before = meaning(text, spelling);
    prop_assert_eq!(&before, &meaning(&once, spelling), "{}\n{}", text, once);
    let other = if spelling == Spelling::Kdl { Spelling::Yaml } else { Spelling::Kdl };
    if let (Some(before), Ok(converted)) = (before, convert(text, spelling, other)) {
        prop_assert_eq!(Some(before), meaning(&converted, other), "{}\n{}", text, converted);
        prop_assert_eq!(format(&converted, other).ok(), Some(converted));
    }
    Ok(())
}

#[test]
fn the_texts_that_pieces_are_put_into_compile() {
    assert!(meaning(KDL, Spelling::Kdl).is_some() && meaning(YAML, Spelling::Yaml).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn kdl_laid_out_means_the_same(
        pieces in prop::collection::vec((any::<Index>(), select(KDL_PIECES)), 0..6)
    ) {
        hold(&with_pieces(KDL, &pieces), Spelling::Kdl)?;
    }

    #[test]
    fn yaml_laid_out_means_the_same(
        pieces in prop::collection::vec((any::<Index>(), select(YAML_PIECES)), 0..4)
    ) {
        hold(&with_pieces(YAML, &pieces), Spelling::Yaml)?;
    }
}
