use proptest::prelude::*;

use super::*;

fn language(regex: &str) -> Language {
    Regex::parse(regex).unwrap().language().unwrap()
}

#[test]
fn equal_languages_are_equal_values() {
    for (one, other) in [("[0-9]+", r"\d\d*"), ("a|b", "[ab]"), ("(a*)*", "a*"), ("^x$", "x"), ("a{2}", "aa")]
    {
        assert_eq!(language(one), language(other), "{one} {other}");
    }
    assert_ne!(language("a"), language("b"));
    assert_eq!(Language::word("a.b").unwrap(), language(r"a\.b"));
    assert_eq!(Language::prefix("ab").unwrap(), language("(?s)ab.*"));
}

#[test]
fn inclusion_and_examples() {
    assert!(language("[a-f]{2}").is_within(&language("[a-z]+")));
    assert!(!language("[a-z]+").is_within(&language("[a-f]{2}")));
    assert!(language("[a&&b]").is_empty() && !language("").is_empty());
    assert_eq!(language("[^/]{2}x").example().unwrap(), b"aax");
    let parts = language("a|b|c").parts(&[&language("a"), &language("[ab]")]).unwrap();
    let parts: Vec<(Vec<bool>, String)> =
        parts.into_iter().map(|(held, word)| (held, String::from_utf8(word).unwrap())).collect();
    assert_eq!(
        parts,
        [
            (vec![false, false], "c".to_owned()),
            (vec![false, true], "b".to_owned()),
            (vec![true, true], "a".to_owned())
        ]
    );
}

#[test]
fn what_cannot_be_compiled_is_refused_where_it_stands() {
    let fault = |text: &str| {
        let error = Regex::parse(text).and_then(|regex| regex.language()).unwrap_err();
        (text[error.range].to_owned(), error.kind)
    };
    assert_eq!(fault("/(?!admin).*"), ("(?!".into(), RegexErrorKind::Look));
    assert_eq!(fault(r"(a)\1"), (r"\1".into(), RegexErrorKind::BackReference));
    assert!(matches!(fault("a(b").1, RegexErrorKind::Syntax(_)));
    assert_eq!(fault(r"a\bb").1, RegexErrorKind::Look);
    assert_eq!(fault("[ab]*a[ab]{20}").1, RegexErrorKind::TooBig);
    assert_eq!(fault("(a{1000}){1000}").1, RegexErrorKind::TooBig);
}

#[test]
fn lines_hold_words_as_a_whole_and_in_lists() {
    let lines = language("ab?").lines().unwrap();
    for line in ["a", "ab", "x, a", "a,x", "x ,\t ab ,y", ",a"] {
        assert!(lines.holds(line.as_bytes()), "{line}");
    }
    for line in ["", "b", "a b", "xa", " a", "a ", "ab\u{1}", "a;b", "x, a b"] {
        assert!(!lines.holds(line.as_bytes()), "{line}");
    }
    assert!(language("a, b").lines().unwrap().holds(b"a, b"), "as a whole");
    assert!(!language("a, b").lines().unwrap().holds(b"x, a, b"), "no member holds a comma");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lines_agree_with_their_definition(line in "[ab ,\t]{0,8}", regex in prop::sample::select(vec!["a", "ab*", "", "a b", "a|, ", ".*"])) {
        let word = language(regex);
        let blanks: &[_] = &[' ', '\t'];
        let is_line = line.trim_matches(blanks) == line;
        let member = line.split(',').any(|member| word.holds(member.trim_matches(blanks).as_bytes()));
        let expected = is_line && (word.holds(line.as_bytes()) || member);
        prop_assert_eq!(word.lines().unwrap().holds(line.as_bytes()), expected);
    }
}
