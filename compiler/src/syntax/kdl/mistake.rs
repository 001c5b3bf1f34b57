//! What can be wrong with a text, in words.

use crate::diagnostic::Fix;
use crate::source::Span;

/// A kind of mistake. `%` in its words is the text that it is about.
#[derive(Debug)]
pub(super) struct Mistake {
    pub(super) message: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
    /// What to write in its place, where that is certain.
    instead: Option<&'static str>,
}

const fn mistake(message: &'static str, label: &'static str, help: &'static str) -> Mistake {
    Mistake { message, label, help, instead: None }
}

impl Mistake {
    const fn instead(mut self, text: &'static str) -> Self {
        self.instead = Some(text);
        self
    }

    /// The change that mends `text`, which stands at `span`.
    pub(super) fn fix(&self, text: &str, span: Span) -> Option<Fix> {
        let instead = self.instead?.replace('%', text);
        let title = match instead.as_str() {
            "" => format!("delete `{text}`"),
            instead => format!("write `{instead}`"),
        };
        Some(Fix::safe(title, span, instead))
    }

    /// Message, label and help about `text`.
    pub(super) fn words(&self, text: &str) -> [String; 3] {
        let text: String =
            text.chars().take_while(|c| !super::cursor::is_newline(*c)).take(SHOWN_MAX).collect();
        [self.message, self.label, self.help].map(|words| words.replace('%', &text))
    }
}

/// Characters of a text that are shown.
const SHOWN_MAX: usize = 40;

// Blocks.
pub(super) const UNCLOSED_BLOCK: Mistake =
    mistake("a block is never closed", "opened here", "write `}` where it ends");
pub(super) const CLOSES_NOTHING: Mistake =
    mistake("`}` closes nothing", "no block is open here", "take it away");
pub(super) const TOO_DEEP: Mistake = mistake("blocks are nested too deep", "level 65", "at most 64 levels");
pub(super) const TOO_DENSE: Mistake = mistake(
    "this file has more words than mean anything",
    "not read from here on",
    "write a config: keys with values",
);
pub(super) const NAMELESS_BLOCK: Mistake =
    mistake("a block has no name", "no name before it", "write a name before `{`, on the same line");
pub(super) const SECOND_BLOCK: Mistake =
    mistake("a node has two blocks", "second block", "put what is in both into one");
pub(super) const BEHIND_BLOCK: Mistake = mistake(
    "`%` stands behind a block",
    "its node has ended",
    "write it before `{`, or on a line of its own if it begins a node",
);
pub(super) const STRAY_SEMICOLON: Mistake =
    mistake("`;` ends nothing", "no node before it", "take it away: `;` ends a node, and one is enough")
        .instead("");

// Comments.
pub(super) const UNCLOSED_COMMENT: Mistake =
    mistake("a comment is never closed", "opened here", "write `*/` where it ends");
pub(super) const COMMENTS_NOTHING: Mistake = mistake(
    "`/-` comments nothing out",
    "nothing behind it",
    "write it before a node, a value, `key=value` or a block, or take it away",
);

// Text.
pub(super) const UNCLOSED_TEXT: Mistake = mistake(
    "text is never closed",
    "begins here",
    "text ends on the line where it begins; text of several lines stands between `\"\"\"`",
);
pub(super) const BEGIN_OF_LINES: Mistake = mistake(LINES, "needs a line break behind it", LINES_HELP);
pub(super) const END_OF_LINES: Mistake = mistake(LINES, "needs a line of its own", LINES_HELP);
const LINES: &str = "text of several lines is not laid out as such";
const LINES_HELP: &str = "write `\"\"\"`, a line break, the lines, and `\"\"\"` on a line of its own with the space that begins \
                          each of them";
pub(super) const INDENTATION: Mistake = mistake(
    "a line of text begins otherwise than the line that closes it",
    "other space",
    "begin each line with the space that stands before the closing `\"\"\"`",
);
pub(super) const UNKNOWN_ESCAPE: Mistake =
    mistake("`%` is no escape", "not an escape", "write `\\\\` for a backslash");
pub(super) const MID_WORD_TEXT: Mistake =
    mistake("text begins in the middle of a word", "put a space before it", "write `a \"b\"`, not `a\"b\"`");

// Words.
pub(super) const KDL1_KEYWORD: Mistake = mistake(
    "`%` is KDL 1; this file is KDL 2",
    "write `#%`",
    "in KDL 2 the keywords are `#true`, `#false` and `#null`",
)
.instead("#%");
pub(super) const KDL1_RAW_TEXT: Mistake = mistake(
    "this raw string is KDL 1; this file is KDL 2",
    "raw string of KDL 1",
    "in KDL 2 a raw string is `#\"text\"#`: take the `r` away",
);
pub(super) const BARE_FLOAT_KEYWORD: Mistake =
    mistake("`%` is neither a number nor text", "needs `#` or quotes", "write `#%`, or `\"%\"` for text");
pub(super) const KEYWORD_AS_NAME: Mistake =
    mistake("`%` is a keyword, not a name", "needs quotes", "write `\"%\"`").instead("\"%\"");
pub(super) const UNKNOWN_KEYWORD: Mistake =
    mistake("`%` is no keyword", "not a keyword", "the keywords are `#true`, `#false` and `#null`");
pub(super) const NEITHER: Mistake =
    mistake("`%` is neither a number nor text", "needs quotes", "write `\"%\"`").instead("\"%\"");
pub(super) const VALUE_AS_NAME: Mistake =
    mistake("`%` is no name", "needs quotes", "write `\"%\"`").instead("\"%\"");

// Entries.
pub(super) const NO_PROPERTY_VALUE: Mistake =
    mistake("a property has no value", "no value", "write `key=\"value\"`");
pub(super) const MISSING_SPACE: Mistake =
    mistake("a space is missing before `%`", "put a space before it", "values stand apart from each other")
        .instead(" %");
pub(super) const EQUALS: Mistake =
    mistake("unexpected `=`", "no key before it", "write `key value`, or `node key=value`");
pub(super) const BRACKET: Mistake =
    mistake("unexpected `%`", "KDL has no lists", "write the values one after the other: `key \"a\" \"b\"`");
pub(super) const BACKSLASH: Mistake = mistake(
    "unexpected `\\`",
    "no line ends here",
    "put text in quotes; `\\` outside of it continues a node on the next line",
);
pub(super) const UNEXPECTED: Mistake =
    mistake("unexpected `%`", "here", "put text in quotes, and a space between two values");

// Annotations.
pub(super) const ANNOTATION: Mistake =
    mistake("type annotations have no meaning here", "annotation", "take it away, with its parentheses")
        .instead("");
pub(super) const ANNOTATED_KEY: Mistake =
    mistake("a key has a type annotation", "annotation", "take it away, with its parentheses");
pub(super) const ANNOTATES_NOTHING: Mistake = mistake(
    "a type annotation stands before nothing",
    "annotation",
    "take it away, or put text with parentheses in quotes",
);
pub(super) const EMPTY_ANNOTATION: Mistake =
    mistake("a type annotation is empty", "no type", "put text with parentheses in quotes");
pub(super) const UNCLOSED_ANNOTATION: Mistake =
    mistake("`(` is never closed", "opened here", "put text with parentheses in quotes");
