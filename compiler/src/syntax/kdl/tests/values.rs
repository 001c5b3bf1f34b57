//! Strings, numbers and keywords, by section of the specification.

use super::{parse, reads, refuses};

#[test]
fn quoted_strings() {
    reads(&[
        (r#"a "" "b c" "ä""#, "a \"\" \"b c\" \"ä\""),
        (r#"a "\n\r\t\\\"\b\f\s""#, "a \"\\n\\r\\t\\\\\\\"\\u{8}\\u{c} \""),
        (r#"a "\u{e4}\u{01F980}\u{0}""#, "a \"ä🦀\\0\""),
        ("a \"b \\ \n\t c\"", "a \"b c\""),
        ("a \"b\\\r\n\"", "a \"b\""),
    ]);
    refuses(&[
        "a \"b",
        "a \"b\nc\"",
        "a \"b\u{2028}\"",
        "a \"\\q\"",
        "a \"\\/\"",
        "a \"b\"\"c\"",
        "a \"b\"c",
        "a \"\\\"",
        "a \"\\",
    ]);
    refuses(&[
        r#"a "\u""#,
        r#"a "\u{}""#,
        r#"a "\u{g}""#,
        r#"a "\u{d800}""#,
        r#"a "\u{110000}""#,
        r#"a "\u{0000041}""#,
        r#"a "\u{41""#,
    ]);
}

#[test]
fn strings_of_several_lines() {
    reads(&[
        ("a \"\"\"\n\"\"\"", "a \"\""),
        ("a \"\"\"\n  \"\"\"", "a \"\""),
        ("a \"\"\"\n\n\"\"\"", "a \"\""),
        ("a \"\"\"\n  b\n\n   c\r\n  \"\"\"", "a \"b\\n\\n c\""),
        ("a \"\"\"\n \"b\" \"\"\n \\\"\"\"\n \"\"\"", "a \"\\\"b\\\" \\\"\\\"\\n\\\"\\\"\\\"\""),
        ("a \"\"\"\n\tb\n \t \n\t\"\"\" 1", "a \"b\\n\" 1"),
        ("a \"\"\"\n  b \\\nc\n  d\n  \\   \"\"\"", "a \"b c\\nd\""),
        ("a \"\"\"\n\\s b\n\\n\n\"\"\"", "a \"  b\\n\\n\""),
        ("a k=\"\"\"\n  \\r\\n\r\n  b\n  \"\"\"", "a {k \"\\r\\n\\nb\"}"),
    ]);
    refuses(&[
        "a \"\"\"b\"\"\"",
        "a \"\"\"b\n\"\"\"",
        "a \"\"\"\nb\"\"\"",
        "a \"\"\"\n b\n  \"\"\"",
        "a \"\"\"\n\tb\n  \"\"\"",
        "a \"\"\"\n b\\\n \"\"\"",
        "a \"\"\"\n \\s\n\\s\"\"\"",
        "a \"\"\"\n b",
        "a \"\"\"\n \\q\n \"\"\"",
        "a \"\"\"",
    ]);
}

#[test]
fn raw_strings() {
    reads(&[
        (r###"a #"\n"# ##"b"#c"## #""#"###, "a \"\\\\n\" \"b\\\"#c\" \"\""),
        (r###"a ##""b"##"###, "a \"\\\"b\""),
        ("a #\"\"\"\n  b \"\"\"\n  \\n\n  \"\"\"#", "a \"b \\\"\\\"\\\"\\n\\\\n\""),
        ("a ##\"\"\"\n\"\"\"#\n\"\"\"##", "a \"\\\"\\\"\\\"#\""),
    ]);
    refuses(&[
        "a #\"b\"",
        "a ##\"b\"#",
        "a #\"b\"##",
        "a #\"b\nc\"#",
        "a #\"\"\"b\"\"\"#",
        "a #\"\"\"#",
        "a #\"\"\"\nb\"\"\"#",
        "a #\"\"\"\nb\n \"\"\"#",
        "a #\"\"\"\n",
        "a r\"b\"",
        "a r#\"b\"#",
        "a #b",
    ]);
}

#[test]
fn numbers_and_keywords() {
    reads(&[
        ("a 1 -1 +1 1_0 007", "a 1 -1 1 10 7"),
        ("a 1.5 1e3 1.5E-1 -0.0", "a 1.5 1000.0 0.15 -0.0"),
        ("a 0x1F 0b101 0o17 -0xf", "a 31 5 15 -15"),
        ("a #true #false #null #inf #-inf #nan", "a #true #false #null inf -inf NaN"),
    ]);
    refuses(&[
        "a 1.",
        "a 1.e3",
        "a 0x",
        "a 0X1",
        "a 1.2.3",
        "a 1e",
        "a 10.0.0.1",
        "a #yes",
        "a #",
        "a ##",
        "a #True",
        "a #truex",
    ]);
    let (nodes, _) = parse("a 0x1_F #true");
    let texts: Vec<_> = nodes.unwrap()[0].arguments.iter().map(|it| it.value.text.clone()).collect();
    assert_eq!(texts, ["0x1_F", "#true"]);
}
