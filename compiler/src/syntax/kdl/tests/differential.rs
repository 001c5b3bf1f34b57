//! The tree is that of the `kdl` crate, with all its places, or both refuse the text.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::guard::Fault;
use super::{oracle, parse};
use crate::source::SourceMap;
use crate::syntax::kdl::cursor::{is_disallowed, is_newline};

/// Whether the crate reads a text otherwise than the specification says.
fn is_excepted(text: &str) -> bool {
    let words = || text.split(|c: char| c.is_whitespace() || "=(){};".contains(c));
    // A bare `-inf` is no identifier.
    words().any(|word| word == "-inf")
        // A radix prefix is in lower case.
        || words().any(|word| word.trim_start_matches(['-', '+']).starts_with("0X"))
        // A raw string cannot begin with two quotes: these are three, and begin several lines.
        || text.match_indices("#\"\"\"").any(|(at, quotes)| !text[at + quotes.len()..].starts_with(is_newline))
        // What is commented out cannot be commented out again.
        || text.match_indices("/-").any(|(at, _)| text[at + 2..].trim_start().starts_with("/-"))
        // No comment, and no word, holds what cannot be seen.
        || text.contains(is_disallowed)
        // A number has no bound.
        || words().any(|word| word.len() > 30)
}

/// Whether a node is commented out, or something is without a space before it. To the crate the latter is a node too,
/// and one that is commented out takes no `;` behind it and needs no end.
fn comments_a_node_out(text: &str) -> bool {
    text.match_indices("/-").any(|(at, _)| {
        let before = &text[..at];
        let node = before.trim_end_matches([' ', '\t', '\u{a0}', '\u{3000}']);
        node.len() == before.len()
            || node.ends_with(|c: char| c.is_whitespace() || ";{}/".contains(c))
            || node.is_empty()
    })
}

fn agree(text: &str) -> Result<(), TestCaseError> {
    let mut sources = SourceMap::default();
    let file = sources.add("a.kdl".into(), "a.kdl".into(), text.into()).unwrap();
    let ours = parse(text).0;
    match oracle::read(file) {
        _ if is_excepted(text) => {}
        Err(Fault::TooDeep) => {}
        Err(Fault::Malformed) => prop_assert!(ours.is_none(), "{}", text),
        Ok(theirs) if ours.is_none() || theirs.is_none() => {
            let same = ours.is_none() == theirs.is_none();
            prop_assert!(same || comments_a_node_out(text), "only one reads {}", text);
        }
        Ok(theirs) => prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"), "{}", text),
    }
    Ok(())
}

/// What documents are made of.
const PIECES: &[&str] = &[
    " ",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "\t",
    "\r\n",
    "\u{a0}",
    "\u{3000}",
    "\u{85}",
    "\u{2028}",
    "\u{b}",
    "\r",
    ";",
    ";",
    "{",
    "}",
    "{",
    "}",
    " {\n",
    "\n}\n",
    "=",
    "=",
    "=",
    "(",
    ")",
    "(t)",
    "(t)",
    "/-",
    " /-",
    "/*",
    "*/",
    "/* c */",
    "/* /* */ */",
    "//",
    "// c\n",
    "\\\n",
    "\\",
    " \\ // c\n",
    "a",
    "b",
    "key",
    "key=1",
    " key=1 ",
    "-",
    "+",
    ".",
    "ä",
    "r",
    "#",
    "true",
    "null",
    "nan",
    "#true",
    "#null",
    "#inf",
    "#-inf",
    "#nan",
    "#yes",
    "0",
    "1",
    "-1",
    "1_0",
    "1.5",
    "1e3",
    "1.5E-3",
    "0x1F",
    "0b1",
    "0o7",
    ".5",
    "1.",
    "_",
    "e",
    "x",
    "\"",
    "\"\"",
    "\"b\"",
    "\"b c\"",
    "\"\\n\\t\\\\\\\"\"",
    "\"\\u{e4}\"",
    "\"\\u{d800}\"",
    "\"a \\  \n b\"",
    "\"\\q\"",
    "#\"b\"#",
    "##\"b\"#\"##",
    "#\"",
    "\"#",
    "\"\"\"\n",
    "\n\"\"\"",
    "\"\"\"\n  a\n   b\n  \"\"\"",
    "\"\"\"\n\"\"\"",
    "\"\"\"\n \\\n \"\"\"",
    "#\"\"\"\n  a\\\n\n  b\"\n  \"\"\"#",
    "[",
    "]",
    ",",
    ":",
    "kdl-version 2",
    "/- kdl-version 2\n",
];

/// Documents with something of everything.
const VALID: [&str; 4] = [
    "a 1 b=#true \"c d\" k=(t)\"v\" /- 5 {\n  (t)b -0x1F /* c */ 1.5e3\n  c /-{ d; }\n} // end\nlast",
    "a \"\"\"\n    x \\\n    y\n      z\\n\n\n    \"\"\" #\"\"\"\n \\n \"\" x\n \"\"\"# k = \\\n  #\"r\\\"# {\n}\n",
    "\"a b\" k=1 k=2; .md --x +y {\n\t/- c /- { x y=2 }\n d { z { w #null } } /- { }\n}\r\nd /-e=1 \\ // c\n f\n",
    "pool \"app\" {\n  backend \"http://10.0.0.1:80\" weight=3; probe \"/x\" every=\"5s\" { fall 2 }\n}\nroute \"/**\" pool=\"app\" {\n  deny 403\n}\n",
];

fn document() -> impl Strategy<Value = String> {
    prop::collection::vec(select(PIECES), 0..14).prop_map(|pieces| pieces.concat())
}

/// A document with pieces put in, or in place of some of its characters.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<Index>(), 0_usize..4, select(PIECES));
    (select(&VALID[..]), prop::collection::vec(edit, 0..4)).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, cut, piece) in edits {
            let at = at.index(chars.len() + 1);
            let end = (at + cut).min(chars.len());
            chars.splice(at..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

/// A document that is well formed, with its blocks and spaces.
fn well_formed() -> impl Strategy<Value = String> {
    let value = select(
        &[
            "1",
            "-2.5",
            "0x1f",
            "b",
            "\"c d\"",
            "#true",
            "#null",
            "#\"r\"#",
            "\"\"\"\n  x\n  \"\"\"",
            "(t)3",
            "(\"u v\") \"w\"",
        ][..],
    );
    let key = select(&["", "", "k=", "\"k l\"=", "k /**/ = ", "#\"m\"# ="][..]);
    let space = select(&[" ", "  ", "\t", " /* c */ ", " \\\n", " /- x ", " /-\ny=2 "][..]);
    let entries = prop::collection::vec((space, key, value), 0..4).prop_map(|entries| {
        entries.iter().fold(String::new(), |text, (space, key, value)| format!("{text}{space}{key}{value}"))
    });
    let name = select(&["a", "\"b c\"", "(t)d", "/- e", "/-\n(t) f", "--", "#\"g\"#"][..]);
    let end = select(&["\n", ";", " // c\n", "\r\n\n", ";\n"][..]);
    let node = (name, entries, end).prop_map(|(name, entries, end)| (format!("{name}{entries}"), end));
    let leaf = node.clone().prop_map(|(node, end)| format!("{node}{end}"));
    leaf.prop_recursive(3, 20, 4, move |inner| {
        let block = select(&["", "", " /-{ x }"][..]);
        (node.clone(), block, prop::collection::vec(inner, 0..4)).prop_map(
            |((node, end), block, children)| format!("{node}{block} {{ {}}}{end}", children.concat()),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn documents_of_any_pieces(text in document()) {
        agree(&text)?;
    }

    #[test]
    fn documents_with_mistakes(text in mutated()) {
        agree(&text)?;
    }

    #[test]
    fn documents_without_mistakes(text in well_formed()) {
        prop_assert!(parse(&text).0.is_some(), "{}", text);
        agree(&text)?;
    }

    #[test]
    fn bytes_without_meaning(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        agree(&String::from_utf8_lossy(&bytes))?;
    }
}
