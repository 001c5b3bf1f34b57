//! Text for people, with the lines that it is about.

use std::collections::BTreeMap;
use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{File, SourceMap, Span};

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// With ANSI colours.
    pub color: bool,
    /// With box-drawing characters; otherwise ASCII.
    pub unicode: bool,
    /// Columns that text is wrapped to.
    pub width: usize,
    /// With the command that explains the rule.
    pub docs: bool,
}

impl Default for TextStyle {
    fn default() -> Self {
        Self { color: false, unicode: true, width: 100, docs: false }
    }
}

/// How many diagnostics of one rule are shown.
const SHOWN_MAX: usize = 25;

/// Each diagnostic with the lines of its labels, an empty line behind each. Of each rule the first few are shown and
/// the others counted.
pub fn text(diagnostics: &[Diagnostic], sources: &SourceMap, style: TextStyle) -> String {
    let characters = if style.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
    let styles = if style.color { ThemeStyles::rgb() } else { ThemeStyles::none() };
    // Too narrow a page would leave no room beside the line numbers.
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(style.width.max(40))
        .with_links(false);
    let mut output = String::new();
    let mut of_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        let shown = of_rule.entry(diagnostic.code).or_default();
        *shown += 1;
        if *shown > SHOWN_MAX {
            continue;
        }
        let report = Report { diagnostic, sources: Sources(sources) };
        let mut rendered = String::new();
        if handler.render_report(&mut rendered, &report).is_err() {
            rendered = format!("{report}\n");
        }
        let lines = rendered.trim_start_matches('\n').lines().map(str::trim_end);
        lines.for_each(|line| output.extend([line, "\n"]));
        if let Some(suppression) = &diagnostic.suppressed {
            let until = suppression.until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
            output += &format!("  suppressed{until}: {}\n", suppression.reason);
        }
        if style.docs {
            output += &format!("  docs: divisor explain {}\n", diagnostic.code);
        }
        output.push('\n');
    }
    for (code, count) in of_rule.into_iter().filter(|(_, count)| *count > SHOWN_MAX) {
        output += &format!("… {} more of {code}\n\n", count - SHOWN_MAX);
    }
    output
}

/// A diagnostic in the form that miette renders.
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    sources: Sources<'a>,
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { code, name, message, .. } = self.diagnostic;
        write!(f, "{code} ({name}): {message}")?;
        let primary = self.diagnostic.primary_span();
        match self.sources.0.location(primary.start) {
            Some(at) if !is_shown(self.sources.0, primary) => {
                write!(f, " ({}:{}:{})", at.file, at.line, at.column)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let Diagnostic { witness, help, .. } = self.diagnostic;
        let witness = witness.as_ref().map(|witness| format!("for example {witness}"));
        let parts: Vec<String> = witness.into_iter().chain(help.clone()).collect();
        if parts.is_empty() { None } else { Some(Box::new(parts.join("\n"))) }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.sources)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        // What has no place in the files is said without one.
        let placed = self.diagnostic.labels.iter().filter(|label| is_shown(self.sources.0, label.span));
        let labels = placed.map(|label| {
            let text = Some(label.text.clone()).filter(|text| !text.is_empty());
            let span = SourceSpan::from((label.span.start as usize, label.span.len() as usize));
            match label.primary {
                true => LabeledSpan::new_primary_with_span(text, span),
                false => LabeledSpan::new_with_span(text, span),
            }
        });
        Some(Box::new(labels))
    }
}

/// The longest line that is shown, in bytes. Nobody reads a longer one, and miette cannot point into it.
const LINE_MAX: usize = 4096;

/// Whether a span lies in a file, and the lines around it can be shown.
fn is_shown(sources: &SourceMap, span: Span) -> bool {
    let file = sources.file(span.start).filter(|file| span.end <= file.end());
    file.is_some_and(|file| {
        let line = |offset: u32| file.line_of(offset - file.base);
        let lines = line(span.start).saturating_sub(1)..=line(span.end) + 1;
        lines.into_iter().all(|line| file.line_start(line + 1) - file.line_start(line) <= LINE_MAX)
    })
}

/// All files as one source. A span in two files is refused, which makes miette show one snippet for each.
#[derive(Debug, Clone, Copy)]
struct Sources<'a>(&'a SourceMap);

impl SourceCode for Sources<'_> {
    fn read_span<'b>(
        &'b self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'b> + 'b>, MietteError> {
        let contents = read(self.0, span, lines_before, lines_after).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(contents))
    }
}

fn read<'a>(
    sources: &'a SourceMap,
    span: &SourceSpan,
    lines_before: usize,
    lines_after: usize,
) -> Option<MietteSpanContents<'a>> {
    let start = u32::try_from(span.offset()).ok()?;
    let end = u32::try_from(span.offset().checked_add(span.len())?).ok()?;
    let file: &File = sources.file(start).filter(|file| end <= file.end())?;
    let (start, end) = (start - file.base, end - file.base);
    let first = file.line_of(start).saturating_sub(lines_before);
    // A span that ends with a line break ends on the line of its last character.
    let last = file.line_of(end.saturating_sub(1).max(start)) + lines_after;
    let (from, to) = (file.line_start(first), file.line_start(last + 1));
    let data = file.text.as_bytes().get(from..to)?;
    // With a line of context the snippet begins with a line; without one, miette asks for the place itself.
    let (line, column) = if lines_before == 0 {
        let at = sources.location(start + file.base)?;
        (at.line - 1, at.column - 1)
    } else {
        (first, 0)
    };
    let shown = SourceSpan::from((from + file.base as usize, to - from));
    let lines = last + 1 - first;
    Some(MietteSpanContents::new_named(file.name.clone(), data, shown, line, column, lines))
}
