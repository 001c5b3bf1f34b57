//! Regexes for whole paths, cut into segments as far as they let themselves.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The regexes of the first segments, and what is left, from its slash on: the first segment of which a part may hold a
/// slash, and all behind it.
pub(super) fn cut(hir: &Hir) -> (Vec<Hir>, Option<Hir>) {
    let mut tokens = vec![];
    flatten(hir, &mut tokens);
    let mut segments = vec![];
    let mut at = 0;
    while let Some(Token::Slash) = tokens.get(at) {
        let behind = tokens.get(at + 1..).unwrap_or_default();
        let length = behind.iter().position(|token| matches!(token, Token::Slash)).unwrap_or(behind.len());
        let parts: Vec<Hir> = behind.iter().take(length).map(Token::hir).collect();
        if parts.iter().any(may_hold_slash) {
            break;
        }
        segments.push(Hir::concat(parts));
        at += length + 1;
    }
    let rest = tokens.get(at..).filter(|rest| !rest.is_empty() || segments.is_empty());
    (segments, rest.map(|rest| Hir::concat(rest.iter().map(Token::hir).collect())))
}

/// A regex between two texts.
pub(super) fn between(lead: &str, hir: &Hir, trail: &str) -> Hir {
    Hir::concat(vec![Hir::literal(lead.as_bytes()), hir.clone(), Hir::literal(trail.as_bytes())])
}

/// A piece of a regex.
enum Token {
    /// A slash, and nothing else.
    Slash,
    /// Anything else.
    Part(Hir),
}

impl Token {
    fn hir(&self) -> Hir {
        match self {
            Self::Slash => Hir::literal(*b"/"),
            Self::Part(hir) => hir.clone(),
        }
    }
}

/// The nesting of concatenations and groups is bounded by the parser.
fn flatten(hir: &Hir, tokens: &mut Vec<Token>) {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().for_each(|part| flatten(part, tokens)),
        HirKind::Capture(capture) => flatten(&capture.sub, tokens),
        HirKind::Literal(literal) => {
            for (number, text) in literal.0.split(|&byte| byte == b'/').enumerate() {
                if number > 0 {
                    tokens.push(Token::Slash);
                }
                if !text.is_empty() {
                    tokens.push(Token::Part(Hir::literal(text)));
                }
            }
        }
        _ => tokens.push(Token::Part(hir.clone())),
    }
}

fn may_hold_slash(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.contains(&b'/'),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'/'))
        }
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&'/'))
        }
        HirKind::Repetition(repetition) => may_hold_slash(&repetition.sub),
        HirKind::Capture(capture) => may_hold_slash(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(may_hold_slash),
    }
}
