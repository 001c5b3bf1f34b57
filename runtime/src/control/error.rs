//! Why a plan is refused, and why the program ends.

use std::io;
use std::path::PathBuf;

use divisor_schema::plan::{Bind, LoadError};

/// Why a plan cannot serve. Whatever was live before still is.
#[derive(Debug)]
pub enum Refused {
    /// The bytes are no plan for this program.
    Load(LoadError),
    /// The plan is whole, but a file that it needs is not there or not usable.
    Activate(String),
    /// An address cannot be bound.
    Bind(Bind, io::Error),
    /// The system grants no thread.
    Worker(io::Error),
    /// Nobody can be asked for names.
    Names(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Activate(why) => f.write_str(why),
            Self::Bind(address, error) => {
                let hint = hint(address, error.kind());
                write!(f, "cannot listen on {address}: {error}; {hint}")
            }
            Self::Worker(error) => write!(f, "cannot start a worker: {error}"),
            Self::Names(why) => write!(f, "cannot resolve names: {why}"),
        }
    }
}

/// What to do next.
fn hint(address: &Bind, kind: io::ErrorKind) -> &'static str {
    match (kind, address) {
        (io::ErrorKind::AddrInUse, Bind::Tcp(_)) => {
            "another program listens there: stop it, or bind another port"
        }
        (io::ErrorKind::AddrInUse, Bind::Unix(_)) => {
            "another program listens there, or the file is no socket: stop it, or bind another path"
        }
        (io::ErrorKind::PermissionDenied, Bind::Tcp(_)) => "ports below 1024 need CAP_NET_BIND_SERVICE",
        (io::ErrorKind::PermissionDenied, Bind::Unix(_)) => "the folder must be writable",
        (io::ErrorKind::NotFound, Bind::Unix(_)) => "make the folder first",
        (io::ErrorKind::AddrNotAvailable, _) => "this machine does not have that address",
        _ => "check the `bind` of the listener",
    }
}

impl std::error::Error for Refused {}

/// Why `run` ends with an error.
#[derive(Debug)]
pub enum RunError {
    /// The plan file cannot be read.
    Read(PathBuf, io::Error),
    /// The plan cannot serve.
    Refused(PathBuf, Refused),
    /// Signals or files cannot be watched.
    System(io::Error),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Refused(path, refused) => write!(f, "{}: {refused}", path.display()),
            Self::System(error) => write!(f, "cannot start: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_to_do_next() {
        let address = Bind::Tcp("127.0.0.1:80".parse().unwrap());
        let hint = |kind: io::ErrorKind| Refused::Bind(address.clone(), kind.into()).to_string();
        let path =
            |kind: io::ErrorKind| Refused::Bind(Bind::Unix("/run/a.sock".into()), kind.into()).to_string();
        assert!(path(io::ErrorKind::AddrInUse).contains("unix:/run/a.sock"));
        assert!(path(io::ErrorKind::AddrInUse).contains("no socket"));
        assert!(path(io::ErrorKind::PermissionDenied).contains("writable"));
        assert!(path(io::ErrorKind::NotFound).contains("make the folder"));
        assert!(hint(io::ErrorKind::AddrInUse).contains("another program"));
        assert!(hint(io::ErrorKind::PermissionDenied).contains("CAP_NET_BIND_SERVICE"));
        assert!(hint(io::ErrorKind::AddrNotAvailable).contains("does not have"));
        assert!(hint(io::ErrorKind::Other).contains("`bind`"));
        assert!(Refused::Load(LoadError::Empty).to_string().contains("empty"));
        assert!(Refused::Worker(io::ErrorKind::Other.into()).to_string().contains("worker"));
        let read = RunError::Read("plan.bin".into(), io::ErrorKind::NotFound.into());
        assert!(read.to_string().starts_with("cannot read plan.bin"));
        assert!(RunError::System(io::ErrorKind::Other.into()).to_string().contains("cannot start"));
    }
}
