use std::collections::BTreeMap;

use crate::syntax::load;

/// The directives of a text: rules, end and reason, and what they speak about.
fn read(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let syntax = load(&path, &BTreeMap::new()).unwrap();
    let mut lines = String::new();
    for directive in &syntax.directives {
        let rules: Vec<&str> = directive.rules.iter().map(|rule| rule.value.as_str()).collect();
        let until = directive.until.as_ref().map(|day| format!(" until {}", day.value)).unwrap_or_default();
        let scope = directive.scope.map_or("nothing", |scope| syntax.sources.text(scope));
        let (begin, end) = (scope.get(..16).unwrap_or(scope), scope.get(scope.len().saturating_sub(16)..));
        let scope = format!("{begin} … {}", end.unwrap_or(scope));
        let reason = directive.reason.as_deref().unwrap_or("no reason");
        let fault = directive.fault.as_ref().map(|(_, label, _)| format!(" ({label})")).unwrap_or_default();
        lines += &format!("{}{until} -- {reason}{fault}: {scope:?}\n", rules.join(" "));
        for rule in &directive.rules {
            assert!(syntax.sources.text(rule.span).contains(&rule.value), "{}", rule.value);
        }
    }
    lines
}

#[test]
fn comments_of_kdl() {
    let text = r#"// divisor: file-allow(a) -- all of it
// divisor: allow(b, c, until=2027-01-31) -- the next block
// divisor: allow(d)
pool "app" {
    backend "http://10.0.0.1:1" /* divisor: allow(e) -- one entry */ weight=3
    retry 5 // divisor: allow(f) -- one line
    // divisor: allow(g) -- nothing behind it
}
// a comment like any other
/-pool "off" {
    // divisor: allow(h) -- commented out
}
route "/x" /-{
    // divisor: allow(h) -- commented out, too
}
route "/y" /- "y" { respond 200; } // divisor: allow(v) -- behind it
route "/" // divisor: file-allow(i) -- too late
route "// divisor: allow(j) -- no comment"
// divisor: forbid(k)
// divisor: allow k
// divisor: allow() - l
"#;
    insta::assert_snapshot!(read("a.kdl", text));
}

#[test]
fn comments_of_yaml() {
    let text = r##"# divisor: file-allow(a) -- all of it
pools:
  # divisor: allow(b) -- the next key
  app:
    # divisor: allow(c) -- the list
    backends:
      # divisor: allow(d) -- one item
      - { url: "http://10.0.0.1:1", weight: 3 }
      - "# divisor: allow(e) -- no comment"
    retry: 5 # divisor: allow(f) -- one line
  # divisor: allow(g) -- the second
  next: { backends: [a, b] }
text: |
  # divisor: allow(h) -- text
# divisor: allow(i) -- nothing behind it
"##;
    insta::assert_snapshot!(read("a.yaml", text));
}

#[test]
fn blocks() {
    let kdl = r#"lint-allow "a" reason="all of it"
pool "app" {
    lint-allow "b" "c" reason="the block" until="2027-01-31"
    backend "http://10.0.0.1:1"
    /-lint-allow "d"
}
route "/" { lint-allow reason="e" why="f"; }
"#;
    insta::assert_snapshot!(read("a.kdl", kdl));
    let yaml = "pools:\n  app:\n    lint-allow: [{ rule: a, reason: the mapping }, { rule: b, until: 2027-01-31 }]\n    backends: [x]\n";
    insta::assert_snapshot!(read("a.yaml", yaml));
}
