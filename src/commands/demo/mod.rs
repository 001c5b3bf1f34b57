//! `divisor demo`: the whole life of a config on one screen.

mod backend;
mod load;
mod story;

use clap::Args;

use crate::{Outcome, Trouble};

#[derive(Args)]
pub(crate) struct Arguments {
    /// End after the story instead of serving until Ctrl-C
    #[arg(long)]
    once: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Trouble::new)?;
    runtime.block_on(story::tell(arguments.once))
}
