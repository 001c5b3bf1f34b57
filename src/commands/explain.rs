//! `divisor explain` and `divisor rules`: what the linter knows.

use clap::{Args, ValueEnum};
use divisor_compiler::check::{self, Lint};
use divisor_compiler::diagnostic::Rule;
use divisor_compiler::report;

use crate::{Outcome, Trouble, output};

#[derive(Args)]
pub(crate) struct Arguments {
    /// Code or name of a rule: TLS008, no-suite-for-key
    #[arg(required_unless_present_any = ["list", "search"])]
    rule: Option<String>,
    /// All rules, a line each
    #[arg(long, conflicts_with = "rule")]
    list: bool,
    /// The rules in whose page a word is, a line each
    #[arg(long, value_name = "WORD", conflicts_with_all = ["rule", "list"])]
    search: Option<String>,
    /// How it is written
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// Markdown.
    Md,
    /// For programs.
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let Some(rule) = &arguments.rule else {
        let rules = arguments.search.as_deref().map_or_else(check::catalogue, check::search);
        if rules.is_empty() {
            output::say("no rule has this word in its page");
            return Ok(Outcome::Findings);
        }
        output::print(&match arguments.output {
            Format::Text => rules.iter().map(|lint| line(lint)).collect(),
            Format::Md => report::rules_markdown(&rules),
            Format::Json => report::rules_json(&rules),
        })?;
        return Ok(Outcome::Clean);
    };
    let lint = check::find(rule).map_err(|near| unknown(rule, near))?;
    output::print(&match arguments.output {
        Format::Text => check::explanation(lint),
        Format::Md => check::markdown(lint),
        Format::Json => report::rules_json(&[lint]),
    })?;
    Ok(Outcome::Clean)
}

fn line(lint: &Lint) -> String {
    format!("{}  {:<8} {}\n", lint.rule.code, lint.level.word(), lint.rule.name)
}

fn unknown(word: &str, near: Option<Rule>) -> Trouble {
    let found = check::search(word);
    let help = match (near, found.as_slice()) {
        (Some(near), _) => format!("did you mean `{}` ({})?", near.name, near.code),
        (None, []) => "`divisor explain --list` shows all".to_owned(),
        (None, found) => {
            let names: Vec<&str> = found.iter().map(|lint| lint.rule.name).collect();
            format!("it is mentioned in {}", names.join(", "))
        }
    };
    Trouble::new(format_args!("`{word}` is no rule; {help}"))
}

/// `divisor rules`.
#[derive(Args)]
pub(crate) struct Rules {
    /// How they are written
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    output: Format,
}

pub(crate) fn rules(arguments: &Rules) -> Result<Outcome, Trouble> {
    let all = check::catalogue();
    output::print(&match arguments.output {
        Format::Text => all.iter().map(|lint| line(lint)).collect(),
        Format::Md => report::rules_markdown(&all),
        Format::Json => report::rules_json(&all),
    })?;
    Ok(Outcome::Clean)
}
