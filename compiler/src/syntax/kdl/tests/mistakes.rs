//! Mistakes are found one after the other, each under its own characters; and none takes long.

use super::parse;

/// What is marked and what is said about it.
#[track_caller]
fn finds(text: &str, expected: &[(&str, &str)]) {
    let found = parse(text).1;
    let span = |at: crate::source::Span| &text[at.start as usize..at.end as usize];
    let found: Vec<_> =
        found.iter().map(|found| (span(found.primary_span()), found.message.as_str())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn words() {
    finds(
        "a true k=30s -inf\n10.0.0.1:80/x?y=z\nb null=1 #yes 5MB\n",
        &[
            ("true", "`true` is KDL 1; this file is KDL 2"),
            ("30s", "`30s` is neither a number nor text"),
            ("-inf", "`-inf` is neither a number nor text"),
            ("10.0.0.1:80/x?y=z", "`10.0.0.1:80/x?y=z` is neither a number nor text"),
            ("null", "`null` is a keyword, not a name"),
            ("#yes", "`#yes` is no keyword"),
            ("5MB", "`5MB` is neither a number nor text"),
        ],
    );
    finds("1 2\n#true\n", &[("1", "`1` is no name"), ("#true", "`#true` is no name")]);
    finds("a 1=2 \"b\"=3", &[("1", "`1` is no name")]);
}

#[test]
fn text() {
    finds(
        "a \"b\nc \"\\q\\u{d800}\" d\ne r\"f\\\" r#\"g\"# \"h\"i\"j\"\n",
        &[
            ("\"", "text is never closed"),
            ("\\q", "`\\q` is no escape"),
            ("\\u{d800}", "`\\u{d800}` is no escape"),
            ("r", "this raw string is KDL 1; this file is KDL 2"),
            ("r", "this raw string is KDL 1; this file is KDL 2"),
            ("i", "a space is missing before `i`"),
            ("\"", "text begins in the middle of a word"),
        ],
    );
    finds(
        "a \"b\" c\" d\ne true",
        &[("\"", "text begins in the middle of a word"), ("true", "`true` is KDL 1; this file is KDL 2")],
    );
    let layout = "text of several lines is not laid out as such";
    finds(
        "a \"\"\"b\"\"\" c\nd \"\"\"\ne\"\"\" true",
        &[("\"\"\"", layout), ("\"\"\"", layout), ("true", "`true` is KDL 1; this file is KDL 2")],
    );
    let indentation = "a line of text begins otherwise than the line that closes it";
    finds(
        "a \"\"\"\n  b\n \tc\n  \"\"\" 1.",
        &[(" \t", indentation), ("1.", "`1.` is neither a number nor text")],
    );
    finds("a #\"\"\"\nb\n \"\"\"#", &[("b", indentation)]);
    finds("a #\"\"\"\n{\n", &[("#\"\"\"", "text is never closed")]);
}

#[test]
fn structure() {
    finds("a = 1 true }\n", &[("=", "unexpected `=`"), ("}", "`}` closes nothing")]);
    finds(
        "a [1, 2] {\n b\n}\nc / 1\nd \\ 2\n) e\n",
        &[
            ("[", "unexpected `[`"),
            ("/", "unexpected `/`"),
            ("\\", "unexpected `\\`"),
            (")", "unexpected `)`"),
        ],
    );
    finds(
        "a k=\nb {\n c d=}\n{ e }\n",
        &[("k=", "a property has no value"), ("d=", "a property has no value"), ("{", "a block has no name")],
    );
    finds(
        "a {} b true\nc {} {}\nd /-{} 1\n",
        &[
            ("b", "`b` stands behind a block"),
            ("{", "a node has two blocks"),
            ("1", "`1` stands behind a block"),
        ],
    );
    finds("a; ;\n/- \n", &[(";", "`;` ends nothing"), ("/-", "`/-` comments nothing out")]);
    finds("a {\n b \"c\n}\n} }\n", &[("\"", "text is never closed")]);
    finds("a {\n b {\n}\n", &[("{", "a block is never closed")]);
    finds("a /* /* */ {", &[("/*", "a comment is never closed")]);
}

#[test]
fn annotations() {
    finds(
        "()a\n(t\n(t)\nb (t)k=(1)2\n",
        &[
            ("()", "a type annotation is empty"),
            ("(", "`(` is never closed"),
            ("(t)", "type annotations have no meaning here"),
            ("(t)", "a type annotation stands before nothing"),
            ("(t)", "type annotations have no meaning here"),
            ("(t)k", "a key has a type annotation"),
            ("1", "`1` is no name"),
            ("(1)", "type annotations have no meaning here"),
        ],
    );
}

#[test]
fn characters() {
    finds(
        "a \u{1}\u{2}\nb \"\u{202e}\" true",
        &[
            ("\u{1}", "the character U+0001 cannot stand in KDL"),
            ("\u{202e}", "the character U+202E cannot stand in KDL"),
            ("true", "`true` is KDL 1; this file is KDL 2"),
        ],
    );
}

#[test]
fn mistakes_in_what_is_commented_out_count() {
    finds(
        "/- a true {\n b 1.\n}\nc /- (t)1x\n",
        &[
            ("true", "`true` is KDL 1; this file is KDL 2"),
            ("1.", "`1.` is neither a number nor text"),
            ("1x", "`1x` is neither a number nor text"),
        ],
    );
}

/// What takes more than linear time takes very long here.
#[test]
fn time_is_linear() {
    for piece in [
        "a",
        "a ",
        "a;",
        "a\n",
        "{",
        "}",
        "a {} ",
        "a {\n",
        "a /-{\n",
        "(",
        ")",
        "(a",
        "a (t) ",
        "/-",
        "a /-b ",
        "/-(",
        "=",
        "a=",
        ";",
        "[",
        "/",
        "//",
        "/*",
        "*/",
        "/**/",
        "\\",
        "\\\n",
        "\\ ",
        "\\ /**/ ",
        "\\ /* ",
        "\"",
        "\"\\",
        "\"\\u{",
        "\"a",
        "\"a\"",
        "\"\n",
        "\"\"\"",
        "\"\"\"\n",
        "\"\"\"a\n",
        "\"\"\"\n\"\"\" ",
        "\\\"\"\"\n",
        "#",
        "# ",
        "#\"",
        "#\"\n",
        "#\"\"\"\n",
        "##\"\"#",
        "r\"",
        "r#\"",
        "1",
        "1_",
        "1.",
        "0x",
        "-",
        ".",
        "true ",
        "\u{feff}",
        "\u{1}\n",
        "ä",
        "\u{a0}",
    ] {
        parse(&piece.repeat(50_000 / piece.len()));
        parse(&format!("a \"\"\"\n{}\n\"\"\"", piece.repeat(50_000 / piece.len())));
        parse(&format!("a \\ {}", piece.repeat(50_000 / piece.len())));
    }
    let hashes = "#".repeat(100_000);
    for body in [format!("\"{}", &hashes[1..]).repeat(3), "\"\"\"#".repeat(100_000), "#".repeat(300_000)] {
        for quotes in ["\"", "\"\"\"\n"] {
            parse(&format!("a {hashes}{quotes}{body}"));
        }
    }
}
