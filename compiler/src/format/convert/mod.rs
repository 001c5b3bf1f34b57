//! From one spelling to the other, by the table of words: it says what is a list, what has a name, what an argument
//! stands for.

mod to_kdl;
mod to_yaml;

pub(super) use self::to_kdl::to_kdl;
pub(super) use self::to_yaml::to_yaml;

use divisor_schema::config::{Block, Field};

use crate::syntax::{Node, Spelling};

/// The field that a node stands for.
fn field(block: Option<&'static Block>, node: &Node) -> Option<&'static Field> {
    let named = |field: &&Field| match node.spelling {
        Spelling::Kdl => field.kdl == node.name.value,
        Spelling::Yaml => field.yaml == node.name.value,
    };
    block.and_then(|block| block.fields().find(named))
}
