//! From one spelling to the other, by the table of words: it says what is a list, what has a name, what an argument
//! stands for.

mod remarks;
mod to_kdl;
mod to_yaml;

pub(super) use self::remarks::Remarks;
use super::{Refusal, kdl, yaml};
use crate::source::SourceMap;
use crate::syntax::{Node, Spelling};

/// Writes `nodes`, which stand in the one file of `sources`, in another spelling, with its comments.
pub(super) fn write(
    sources: &SourceMap,
    nodes: &[Node],
    from: Spelling,
    to: Spelling,
) -> Result<String, Refusal> {
    write_with(nodes, Remarks::new(sources, nodes, from), to)
}

/// Writes `nodes` of the other spelling, with what was remarked on them.
pub(super) fn write_with(nodes: &[Node], remarks: Remarks, to: Spelling) -> Result<String, Refusal> {
    match to {
        Spelling::Kdl => Ok(kdl::print(&to_kdl::to_kdl(nodes, remarks))),
        Spelling::Yaml => to_yaml::to_yaml(nodes, remarks).map(|document| yaml::print(&document)),
    }
}
