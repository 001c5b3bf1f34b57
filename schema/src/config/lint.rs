//! The policy of the linter: what is thought of findings. It is a file of its own, so that a change of a config cannot
//! switch off the rule that would refuse it.

use super::{Block, EDITIONS, Field, Kind, TEXTS};

/// A policy file.
pub static LINT: Block = Block {
    name: "policy file",
    doc: "What the linter thinks of findings.",
    arguments: &[],
    groups: &[&[
        Field::new("edition", Kind::Choice(EDITIONS), "The version of the rules that it is written for."),
        Field::new(
            "extends",
            TEXTS,
            "Policies that hold first: `builtin:minimal`, `builtin:recommended`, `builtin:internet-facing`, `builtin:strict`, \
             or files relative to this one.",
        ),
        Field::new(
            "fail-on",
            Kind::Choice(&["error", "warn", "info", "never"]),
            "The least bad finding that fails.",
        )
        .default("error"),
        Field::new(
            "level",
            Kind::Pairs,
            "The level of a rule, a family or a group: `off`, `info`, `warn` or `error`. The nearer name wins.",
        )
        .yaml("levels"),
        Field::new("forbid", TEXTS, "Rules, families and groups that are errors and cannot be suppressed."),
        Field::new("path", Kind::Blocks(&PATH), "Levels for some files.").yaml("paths"),
        Field::new(
            "defer-files",
            TEXTS,
            "Certificates and keys that are only where the plan runs: patterns over paths as the config has them.",
        ),
        Field::new(
            "fixture-files",
            TEXTS,
            "Certificates and keys that are made for tests: their dates and modes say nothing.",
        ),
        Field::new("suppressions", Kind::Block(&SUPPRESSIONS), "What a suppression must be like."),
    ]],
};

static PATH: Block = Block {
    name: "path",
    doc: "Levels for some files.",
    arguments: &["files"],
    groups: &[&[
        Field::new("files", TEXTS, "Patterns over paths, relative to this file: `envs/dev/**`.").required(),
        Field::new("level", Kind::Pairs, "As in the policy itself.").yaml("levels"),
    ]],
};

static SUPPRESSIONS: Block = Block {
    name: "suppressions",
    doc: "What a suppression must be like to have an effect.",
    arguments: &[],
    groups: &[&[
        Field::new("reason", Kind::Choice(&["required", "optional"]), "Whether it must say why.")
            .default("required"),
        Field::new(
            "max-days",
            Kind::Integer { min: 1, max: 3660 },
            "It must end, and in so many days at the latest.",
        ),
        Field::new("in-files", TEXTS, "Patterns over the only files that may have any."),
    ]],
};
