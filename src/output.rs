//! Where output goes: data to standard output, conversation to standard error.

use std::io::{self, IsTerminal, Write};

use crate::Trouble;

/// Writes data. A reader that has gone away (`divisor inspect plan.bin | head`) is no trouble.
///
/// # Errors
/// When it cannot be written, for any other reason.
pub(crate) fn print(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Trouble::new(format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says a line to whoever watches.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}"); // with nobody to hear there is nobody to tell
}

/// Whether a stream takes colours: a terminal, and nobody said `NO_COLOR` (no-color.org).
pub(crate) fn colours(stream: &impl IsTerminal) -> bool {
    let asked_not_to = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !asked_not_to && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Sends the events of the runtime to standard error, a line each.
#[cfg(feature = "run")]
pub(crate) fn log_events(level: tracing::Level) {
    let format = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    format.with_ansi(colours(&io::stderr())).with_writer(io::stderr).init();
}
