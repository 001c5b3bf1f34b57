//! Programs of other people, found and run.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::PATIENCE;

/// A command that runs an installed program; `package` is what Debian calls the package that has it.
pub(crate) fn program(name: &str, package: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    Command::new(found.unwrap_or_else(|| panic!("no {name} on PATH: apt-get install {package}")))
}

/// A command that runs a script of this folder with the Python that has the packages of `requirements.txt`.
pub(crate) fn python(script: &str) -> Command {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("DIVISOR_PYTHON").map(PathBuf::from);
    let python = python.unwrap_or_else(|| folder.join("target/peers/bin/python"));
    assert!(
        python.is_file(),
        "no {}: python3 -m venv target/peers && target/peers/bin/pip install -r tests/peers/requirements.txt",
        python.display()
    );
    let mut command = Command::new(python);
    command.arg(folder.join("tests/peers").join(script));
    command
}

/// Runs a command to its end, and gives what it says; it must succeed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{complained}", output.status);
    said.into_owned()
}

/// A program that serves, until this is dropped.
pub(crate) struct Serving {
    child: Child,
}

impl Serving {
    /// Starts a server, and waits until it takes connections at `address`.
    pub(crate) fn start(command: &mut Command, address: SocketAddr) -> Self {
        let mut serving = Self { child: command.stdin(Stdio::null()).spawn().unwrap() };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            let ended = serving.child.try_wait().unwrap();
            assert!(ended.is_none() && start.elapsed() < PATIENCE, "{command:?} does not serve: {ended:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
        serving
    }

    /// Ends it as nobody should be ended.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a command, and waits until it says a line that begins so.
pub(crate) fn until_says(command: &mut Command, beginning: &str) -> Serving {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said = lines.any(|line| line.starts_with(beginning));
    let serving = Serving { child };
    assert!(said, "{command:?} ended before it said `{beginning}`");
    std::thread::spawn(move || lines.for_each(drop));
    serving
}
