//! A markdown page, performed: its files are written, its commands are run, and their output is compared.
//!
//! - A `kdl` or `yaml` block with `file=NAME` writes that file; without, it is a part of a config, and must compile
//!   with a listener and pools beside it.
//! - A `console` block holds commands after `$ `, each followed by what it writes; `…` stands for anything, on a line of
//!   its own for any lines. `&` at the end starts a server, `kill %N` ends the Nth.
//! - The certificates of the examples are in `certs`.
//! - Ports from 8080 to 8083 stand for free ones.
//!
//! `cargo run` stands for the binary under test, and `demo` is told to end; `curl` is a client of the tests and asks
//! until the answer is right, because a swap takes a moment; `cargo test` cannot be run from inside itself, but the
//! build must run it.

use std::process::Command;
use std::time::Instant;

use crate::examples;
use crate::support::site::{Server, Site, command};
use crate::support::{Client, PATIENCE, Port};

const PORTS: [u16; 4] = [8080, 8081, 8082, 8083];

/// What a part of a config may refer to, unless it has it itself: how that begins in KDL and in YAML.
const BESIDE: [(&str, &str, &str); 4] = [
    ("listener ", "listeners:", "listener \"web\" { bind \"127.0.0.1:8080\"; }\n"),
    ("pool \"app\" {", "  app:", "pool \"app\" { backend \"http://127.0.0.1:8081\"; probe \"/health\"; }\n"),
    (
        "pool \"next\" {",
        "  next:",
        "pool \"next\" { backend \"http://127.0.0.1:8082\"; probe \"/health\"; }\n",
    ),
    ("route ", "routes:", "route \"/**\" pool=\"app\"\n"),
];

/// A page and what it has brought about so far.
pub(crate) struct Page<'a> {
    name: &'a str,
    text: &'a str,
    site: Site,
    ports: [Port; 4],
    servers: Vec<Option<Server>>,
}

impl<'a> Page<'a> {
    pub(crate) fn new(name: &'a str, text: &'a str) -> Self {
        let site = Site::new();
        examples::copy_certificates(&site);
        Self { name, text, site, ports: PORTS.map(|_| Port::reserve()), servers: Vec::new() }
    }

    /// Performs all blocks, in order.
    pub(crate) fn perform(mut self) {
        let mut blocks = 0;
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            let Some(info) = line.strip_prefix("```") else { continue };
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks += 1;
            self.block(info, &body);
        }
        // An indented or open fence would go unseen.
        assert_eq!(self.text.matches("```").count(), 2 * blocks, "{}", self.name);
    }

    fn block(&mut self, info: &str, body: &[&str]) {
        let text = self.with_free_ports(&(body.join("\n") + "\n"));
        let (language, file) = info.split_once(" file=").unwrap_or((info, ""));
        match (language, file) {
            ("kdl" | "yaml", "") => self.part(language, &text),
            ("kdl" | "yaml" | "ini", file) if !file.is_empty() => self.site.write(file, text),
            ("console", "") => self.console(body),
            ("text" | "ini", "") => {}
            _ => panic!("{}: nobody knows what to do with ```{info}", self.name),
        }
    }

    /// A part of a config: compiles with what it needs beside it.
    fn part(&self, language: &str, text: &str) {
        let missing =
            BESIDE.iter().filter(|(kdl, yaml, _)| !text.contains(if language == "kdl" { kdl } else { yaml }));
        let beside: String = missing.map(|(_, _, beside)| *beside).collect();
        self.site.write(&format!("part.{language}"), text);
        self.site
            .write("beside.kdl", format!("include \"part.{language}\"\n{}", self.with_free_ports(&beside)));
        let output = self.site.divisor(&["lint", "beside.kdl"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}:\n{text}\n{said}", self.name);
    }

    fn console(&mut self, body: &[&str]) {
        let mut commands = body.iter().peekable();
        while let Some(line) = commands.next() {
            let asked =
                line.strip_prefix("$ ").unwrap_or_else(|| panic!("{}: no command: {line}", self.name));
            let mut expected = Vec::new();
            while let Some(line) = commands.next_if(|line| !line.starts_with("$ ")) {
                expected.push(*line);
            }
            self.command(asked, &expected);
        }
    }

    fn command(&mut self, asked: &str, expected: &[&str]) {
        let words = words(asked);
        match words[..] {
            ["cargo", "test", ..] => {
                let build = include_str!("../../.ci/run");
                assert!(build.lines().any(|line| line == asked), "the build does not run {asked}");
            }
            ["divisor", .., "&"] => {
                let arguments = &words[1..words.len() - 1];
                self.servers.push(Some(self.site.start(arguments)));
            }
            ["kill", job] => {
                let number: usize = job.trim_start_matches('%').parse().unwrap();
                let server = self.servers[number - 1].take().unwrap();
                assert!(server.stop().success(), "{}: {asked}", self.name);
            }
            ["curl", ..] => self.ask(asked, &words[1..], expected),
            ["cargo", "run", "--release", "--", "demo"] => {
                self.run(asked, command(&["demo", "--once"]), expected)
            }
            ["divisor", ref arguments @ ..] => self.run(asked, command(arguments), expected),
            ["chmod" | "cp" | "mkdir", ref arguments @ ..] => {
                let mut command = Command::new(words[0]);
                command.args(arguments);
                self.run(asked, command, expected);
            }
            _ => panic!("{}: nobody knows how to run {asked}", self.name),
        }
    }

    fn run(&self, asked: &str, mut command: Command, expected: &[&str]) {
        let said = self.said(command.current_dir(self.site.folder()));
        assert!(fits(expected, &said), "{}: {asked} says\n{}", self.name, said.join("\n"));
    }

    fn ask(&self, asked: &str, arguments: &[&str], expected: &[&str]) {
        let (follow, url) = match arguments {
            ["--location", url] => (true, *url),
            [url] => (false, *url),
            _ => panic!("{}: nobody knows how to run {asked}", self.name),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = Instant::now();
        loop {
            let said = runtime.block_on(get(&self.with_free_ports(url), follow));
            if fits(expected, &said.lines().map(str::to_owned).collect::<Vec<_>>()) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{}: {asked} says\n{said}", self.name);
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// What a command writes, standard output first, with the ports of the page.
    fn said(&self, command: &mut Command) -> Vec<String> {
        let output = command.output().unwrap();
        let mut text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        for (port, free) in PORTS.iter().zip(&self.ports) {
            let (free, port) = (format!(":{}", free.number()), format!(":{port}"));
            let lost = " ".repeat(free.len() - port.len());
            text = text.replace(&format!("{free}  "), &format!("{port}  {lost}")).replace(&free, &port); // columns stay
        }
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    fn with_free_ports(&self, text: &str) -> String {
        PORTS.iter().zip(&self.ports).fold(text.to_owned(), |text, (port, free)| {
            text.replace(&format!("127.0.0.1:{port}"), &format!("127.0.0.1:{}", free.number()))
        })
    }
}

/// The words of a command, as a shell takes them: blanks between single quotes are part of a word.
fn words(line: &str) -> Vec<&str> {
    let pieces = line.split('\'').enumerate();
    pieces
        .flat_map(|(number, piece)| match number % 2 {
            0 => piece.split(' ').filter(|word| !word.is_empty()).collect(),
            _ => vec![piece],
        })
        .collect()
}

/// What a plain `http` address answers.
async fn get(url: &str, follow: bool) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, path) = rest.split_at(rest.find('/').unwrap());
    let mut client = Client::connect(address.parse().unwrap()).await;
    let first = client.get(path).await;
    let answer = match first.header("location") {
        Some(location) if follow => client.get(location).await,
        _ => first,
    };
    answer.text().to_owned()
}

/// Whether lines are as expected, where `…` stands for anything.
fn fits(expected: &[&str], said: &[String]) -> bool {
    match (expected, said) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=said.len()).any(|skipped| fits(rest, &said[skipped..])),
        ([expected, rest @ ..], [line, lines @ ..]) => fits_line(expected, line) && fits(rest, lines),
        _ => false,
    }
}

fn fits_line(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        open = part.is_empty();
    }
    open || rest.is_empty()
}

#[test]
fn an_ellipsis_stands_for_anything() {
    let said = ["a 12 b".to_owned(), "c".to_owned(), "d".to_owned()];
    assert!(fits(&["a … b", "c", "d"], &said) && fits(&["…", "d"], &said) && fits(&["a …", "…"], &said));
    assert!(!fits(&["a … c", "c", "d"], &said) && !fits(&["…", "c"], &said) && !fits(&[], &said));
}
