//! What happens in the demo, in order.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use divisor_compiler::{Options, compile};
use divisor_runtime::control::Control;
use tokio::time::sleep;

use super::backend::Backend;
use super::load::Load;
use crate::commands::findings;
use crate::{Outcome, Trouble, output};

/// The config that is served: the file is an example of its own.
const CONFIG: &str = include_str!("../../../examples/demo.kdl");
/// How long each chapter lasts.
const CHAPTER: Duration = Duration::from_secs(1);
/// Swaps in a row.
const SWAPS: u32 = 20;
const CLIENTS: usize = 4;

/// Tells the story; serves on afterwards unless it is told `once`.
pub(super) async fn tell(once: bool) -> Result<Outcome, Trouble> {
    let mut backends = [Backend::start("a")?, Backend::start("b")?, Backend::start("c")?];
    let address = free_address()?;
    let plan = |greeting: &str| compiled(&backends_of(&backends), address.port(), greeting);
    let (first, second) = (plan("hello")?, plan("hello again")?);
    output::print(&format!("{}\n{}\n", indented(CONFIG), heading()))?;

    // No address of the machine is resolved and no file is read: the plan names none.
    let mut control = Control::start(&first, Path::new(".")).await.map_err(Trouble::new)?;
    let mut table = Table { load: Load::start(address, CLIENTS), failed: 0 };
    sleep(CHAPTER).await;
    table.row("three backends, each in its turn")?;

    backends[1].kill();
    until_alive(&control, 2).await?;
    sleep(CHAPTER).await;
    table.row("backend b is killed; its probe takes it out")?;

    backends[1].revive()?;
    until_alive(&control, 3).await?;
    sleep(CHAPTER).await;
    table.row("backend b is back; its probe lets it in")?;

    for swap in 0..SWAPS {
        control.swap(if swap % 2 == 0 { &second } else { &first }).await.map_err(Trouble::new)?;
        sleep(CHAPTER / SWAPS).await;
    }
    table.row(&format!("{SWAPS} plans, one after the other"))?;

    let refused = control.swap(&second[..second.len() / 2]).await;
    sleep(CHAPTER).await;
    table.row(match refused {
        Err(_) => "half a plan: refused, the live one stays",
        Ok(_) => "half a plan: taken, which is a bug",
    })?;
    let failed = table.failed;
    drop(table);

    output::print(&format!("\nfailed requests: {failed}\n"))?;
    if !once {
        output::print(&format!("\nserving on http://{address}/ and http://{address}/hello until Ctrl-C\n"))?;
        tokio::signal::ctrl_c().await.map_err(Trouble::new)?;
    }
    control.drain().await;
    Ok(if failed == 0 { Outcome::Clean } else { Outcome::Findings })
}

/// The rows of the story.
struct Table {
    load: Load,
    failed: u64,
}

fn heading() -> String {
    format!("{:<46} {:>8} {:>8} {:>8} {:>8} {:>7}", "", "requests", "a", "b", "c", "failed")
}

impl Table {
    /// What the clients saw since the last row.
    fn row(&mut self, what: &str) -> Result<(), Trouble> {
        let seen = self.load.take();
        self.failed += seen.failed;
        let of = |name: &str| seen.answers.get(name).copied().unwrap_or(0);
        let all: u64 = seen.answers.values().sum::<u64>() + seen.failed;
        let (a, b, c, failed) = (of("a"), of("b"), of("c"), seen.failed);
        output::print(&format!("{what:<46} {all:>8} {a:>8} {b:>8} {c:>8} {failed:>7}\n"))?;
        match seen.failure {
            Some(failure) => output::print(&format!("  first failure: {failure}\n")),
            None => Ok(()),
        }
    }
}

fn backends_of(backends: &[Backend; 3]) -> [(&'static str, u16); 3] {
    [0, 1, 2].map(|at| (backends[at].name(), backends[at].port()))
}

/// Compiles the demo's config for the ports that were free.
fn compiled(backends: &[(&str, u16)], port: u16, greeting: &str) -> Result<Vec<u8>, Trouble> {
    let folder = Folder::new()?;
    let config = folder.0.join("demo.kdl");
    std::fs::write(&config, CONFIG).map_err(Trouble::new)?;
    let mut variables =
        BTreeMap::from([("PORT".to_owned(), port.to_string()), ("GREETING".to_owned(), greeting.to_owned())]);
    variables.extend(backends.iter().map(|(name, port)| (name.to_uppercase(), port.to_string())));
    let options = Options { variables, ..Options::default() };
    let compilation = compile(&config, &options).map_err(Trouble::new)?;
    findings::say(&compilation);
    let plan = compilation.plan.ok_or_else(|| Trouble::new("the example of the demo does not compile"))?;
    Ok(plan.encode())
}

/// A folder that is gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Trouble> {
        let path = std::env::temp_dir().join(format!("divisor-demo-{}", std::process::id()));
        std::fs::create_dir(&path).map_err(|error| {
            Trouble::new(format_args!("cannot make the folder {}: {error}", path.display()))
        })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // the system tidies up what stays
    }
}

/// An address that nobody listens on.
fn free_address() -> Result<SocketAddr, Trouble> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    free.map_err(Trouble::new)
}

/// Waits until so many backends are alive.
async fn until_alive(control: &Control, wanted: usize) -> Result<(), Trouble> {
    let start = Instant::now();
    while control.alive().iter().any(|(_, alive)| *alive != wanted) {
        if start.elapsed() > Duration::from_secs(10) {
            return Err(Trouble::new(format_args!("not {wanted} backends alive after 10 s")));
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
