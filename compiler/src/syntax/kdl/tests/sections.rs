//! Nodes and entries, by section of the specification.

use super::{parse, reads, refuses};

#[test]
fn documents_and_nodes() {
    reads(&[
        ("", ""),
        (" \n\r\n \t", ""),
        ("\u{feff}a", "a"),
        ("a", "a"),
        ("a\nb\r\nc\rd;e", "a; b; c; d; e"),
        ("a\u{85}b\u{b}c\u{c}d\u{2028}e\u{2029}f", "a; b; c; d; e; f"),
        ("a; b;", "a; b"),
        ("a;// c\nb", "a; b"),
        ("\"a b\" 1", "a b 1"),
        ("#\"a\"# \"\"", "a \"\""),
        ("a 1 k=2 3 l=4", "a 1 3 {k 2; l 4}"),
        ("/- kdl-version 2\na", "a"),
    ]);
    refuses(&[
        ";",
        "a;;",
        "a\n;",
        "1",
        "#true",
        "a}",
        "}",
        "a \u{feff}",
        "\u{feff}\u{feff}a",
        "=",
        "a = 1",
        "a\"b\"",
        "a(t)1",
    ]);
}

#[test]
fn line_continuation() {
    reads(&[
        ("a \\\n 1", "a 1"),
        ("a\\\r\n1", "a 1"),
        ("a \\ /* c */ // d\n  1 \\\n \\\n 2", "a 1 2"),
        ("a \\", "a"),
        ("a \\ // end", "a"),
        ("\\\na", "a"),
        ("a k\\\n=\\\n1", "a {k 1}"),
    ]);
    refuses(&["a \\ 1", "a \\1\n", "a \\ \\\n"]);
}

#[test]
fn properties() {
    reads(&[
        ("a k=1 k=2", "a {k 1; k 2}"),
        ("a k = 1", "a {k 1}"),
        ("a \"k l\"=b", "a {k l \"b\"}"),
        ("a #\"k\"#=#null", "a {k #null}"),
        ("a k=/* c */1", "a {k 1}"),
    ]);
    refuses(&[
        "a k=",
        "a =1",
        "a 1=2",
        "a #true=1",
        "a true=1",
        "a 1k=2",
        "a k=\n1",
        "a k=l=m",
        "a k==1",
        "a k=1l=2",
    ]);
}

#[test]
fn blocks() {
    reads(&[
        ("a {}", "a"),
        ("a{b}", "a {b}"),
        ("a { b; c 1 }", "a {b; c 1}"),
        ("a k=1 {\n b {\n c\n }\n}\nd", "a {k 1; b {c}}; d"),
        ("a {\n};b", "a; b"),
        ("a {} // c\nb", "a; b"),
        ("a \\\n{}", "a"),
    ]);
    refuses(&["a {", "{}", "a\n{}", "a {} b", "a {} {}", "a { b }}", "a {}b", "a { {} }", "a { 1 }"]);
}

#[test]
fn annotations() {
    reads(&[
        ("(t)a (u)1 k=(v)2", "a 1 {k 2}"),
        ("( t )  a ( \"u v\" ) 1 k=(#\"v\"#) 2", "a 1 {k 2}"),
        ("(/* c */ t \\\n)a", "a"),
        ("/-(t)a\nb /-(t)1", "b"),
    ]);
    refuses(&[
        "()a", "( )a", "(1)a", "(#true)a", "(t", "(t)", "a (t)", "a k=(t)", "a (t)k=1", "(t u)a", "(t)(u)a",
        "(\nt)a", "(t){}",
    ]);
}

#[test]
fn identifiers() {
    reads(&[
        ("a - -- + .a -a +.a ,", "a \"-\" \"--\" \"+\" \".a\" \"-a\" \"+.a\" \",\""),
        ("ä <b> 🦀 a'b |c| x.y", "ä \"<b>\" \"🦀\" \"a'b\" \"|c|\" \"x.y\""),
        ("trueish nullable -infx r _1", "trueish \"nullable\" \"-infx\" \"r\" \"_1\""),
    ]);
    refuses(&[
        "a 1a", "a -1a", "a .1", "a -.1", "a a/b", "a a\\b", "a a#b", "a a[b", "a a]b", "a a(b", "a a)b",
        "a [1]",
    ]);
    refuses(&["a true", "a false", "a null", "a inf", "a -inf", "a nan", "true", "a k=nan"]);
}

#[test]
fn comments() {
    reads(&[
        ("// a\nb // c", "b"),
        ("/* a */ b /* /* c */ \n */ 1", "b 1"),
        ("a/**/1/***/2", "a 1 2"),
        ("a /* { \" */ 1", "a 1"),
    ]);
    refuses(&["/* a", "a /* /* */", "a */", "a / b", "// \u{202e}", "/* \u{1} */"]);
}

#[test]
fn slashdash() {
    reads(&[
        ("/-a 1 { b; }\nc", "c"),
        ("/- // x\n\n a\nb", "b"),
        ("a /-1 2 /- k=3 l=4", "a 2 {l 4}"),
        ("a /-\n1 2", "a 2"),
        ("a /- { b }", "a"),
        ("a /-{ b } { c } /-{ d } /- { e }", "a {c}"),
        ("a /--1", "a"),
        ("a { /- b { /- c { /- d { e } } } }", "a"),
        ("/- a;b", "b"),
        ("/- a {}\nb", "b"),
    ]);
    refuses(&[
        "/-",
        "/-;",
        "a /-",
        "a /-;",
        "a { /- }",
        "a /-{} 1",
        "a {} /-1",
        "a {} /-{} {}",
        "a k=/-1",
        "a k/-=1",
        "a (/-t)1",
        "a (t)/-1",
        "/- /- a",
        "a /- /- 1",
        "a/-1",
        "/- a { b",
        "/- {}",
    ]);
}

#[test]
fn what_may_stand_nowhere() {
    let all = [
        "\0", "\u{8}", "\u{e}", "\u{1f}", "\u{7f}", "\u{200e}", "\u{200f}", "\u{202a}", "\u{202e}",
        "\u{2066}", "\u{2069}",
    ];
    for c in all.into_iter().chain(["\u{feff}"]) {
        refuses(&[&format!("a \"{c}\""), &format!("a #\"{c}\"#"), &format!("a{c}"), &format!("a // {c}")]);
    }
    reads(&[("a \"\\u{202e}\"", "a \"\\u{202e}\"")]);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "a {\n".repeat(depth), "}".repeat(depth));
    assert!(parse(&nested(64)).0.is_some());
    for text in [nested(65), "a {".repeat(10_000), "a /-{".repeat(10_000)] {
        let (nodes, found) = parse(&text);
        assert!(nodes.is_none());
        let messages: Vec<_> = found.iter().map(|found| found.message.as_str()).collect();
        assert_eq!(messages, ["blocks are nested too deep"]);
    }
}
