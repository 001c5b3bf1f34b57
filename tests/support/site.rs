//! A folder with a config, and the Divisor that serves it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use tempfile::TempDir;

use super::PATIENCE;
use super::certs::Pair;

/// A folder of its own for a config and what belongs to it.
pub(crate) struct Site(TempDir);

impl Site {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A folder with a config `site.kdl`.
    pub(crate) fn with(config: &str) -> Self {
        let site = Self::new();
        site.write("site.kdl", config);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes a certificate and its key: `name.pem` and `name.key`.
    pub(crate) fn pair(&self, name: &str, pair: &Pair) {
        let key = format!("{name}.key");
        self.write(&key, &pair.key);
        self.close(&key);
        self.write(&format!("{name}.pem"), &pair.certificate);
    }

    /// Puts a file in place in one step, as a careful tool does.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) {
        self.write("beside", bytes);
        std::fs::rename(self.path("beside"), self.path(name)).unwrap();
    }

    /// Runs the binary in this folder.
    pub(crate) fn divisor(&self, arguments: &[&str]) -> Output {
        command(arguments).current_dir(self.folder()).output().unwrap()
    }

    /// Compiles a config to `plan.bin`.
    pub(crate) fn compile(&self, config: &str) -> Vec<u8> {
        let output = self.divisor(&["compile", config, "-o", "plan.bin"]);
        assert!(output.status.success(), "{config}: {}", String::from_utf8_lossy(&output.stderr));
        std::fs::read(self.path("plan.bin")).unwrap()
    }

    /// Compiles `site.kdl` and serves it.
    pub(crate) fn run(&self) -> Server {
        self.compile("site.kdl");
        self.start(&["run", "plan.bin"])
    }

    /// Lets nobody but its owner read a file, as is due to a key.
    pub(crate) fn close(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Starts a command that serves, and waits until it does.
    pub(crate) fn start(&self, arguments: &[&str]) -> Server {
        self.start_with(arguments, &[])
    }

    /// The same, with these variables in its environment.
    pub(crate) fn start_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut command = command(arguments);
        let server = Server::spawn(command.current_dir(self.folder()).envs(environment.iter().copied()));
        server.wait_for("plan is live");
        server
    }
}

/// The binary under test.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_divisor"));
    command.args(arguments).env_remove("SOURCE_DATE_EPOCH").env_remove("NO_COLOR");
    command
}

/// A running Divisor.
pub(crate) struct Server {
    child: Child,
    log: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Server {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log: Arc<(Mutex<Vec<String>>, Condvar)> = Arc::default();
        let (lines, writer) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&log));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                writer.0.lock().unwrap().push(line);
                writer.1.notify_all();
            }
        });
        Self { child, log }
    }

    /// Waits until the log has a line with `text`, and gives it.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        self.wait_for_nth(text, 1)
    }

    /// Waits until the log has so many lines with `text`, and gives the last of them.
    pub(crate) fn wait_for_nth(&self, text: &str, count: usize) -> String {
        let (lines, changed) = &*self.log;
        let start = Instant::now();
        let mut lines = lines.lock().unwrap();
        loop {
            let found: Vec<&String> = lines.iter().filter(|line| line.contains(text)).collect();
            if found.len() >= count {
                return found[count - 1].clone();
            }
            let left = PATIENCE.saturating_sub(start.elapsed());
            assert!(!left.is_zero(), "no line {count} with `{text}` in the log:\n{}", lines.join("\n"));
            lines = changed.wait_timeout(lines, left).unwrap().0;
        }
    }

    /// How many lines of the log so far have `text`.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.log.0.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    /// The most memory that the process ever had, in KiB.
    pub(crate) fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim_end_matches("kB").trim().parse().unwrap()
    }

    /// How often the control thread has gone to sleep.
    pub(crate) fn rests(&self) -> u64 {
        let path = format!("/proc/{0}/task/{0}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse().unwrap()
    }

    /// Sends a signal: `TERM`, `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// Asks it to stop and waits until it has.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until it has ended.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Asked first, so that coverage is written even when a test fails half-way.
            self.signal("TERM");
            let start = Instant::now();
            while matches!(self.child.try_wait(), Ok(None))
                && start.elapsed() < std::time::Duration::from_secs(3)
            {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
