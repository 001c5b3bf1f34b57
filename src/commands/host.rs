//! What this system says of itself, in `/proc`. Where there is none, nothing is known.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// A socket that is listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listening {
    /// Where.
    address: SocketAddr,
    inode: u64,
    /// The program that listens, if it may be known.
    pub(super) program: Option<String>,
}

impl Listening {
    /// Whether nobody else can accept at `bind`.
    pub(super) fn conflicts(&self, bind: SocketAddr) -> bool {
        let (mine, other) = (self.address.ip(), bind.ip());
        let family = mine.is_ipv4() == other.is_ipv4();
        let overlaps = mine == other || mine.is_unspecified() || other.is_unspecified();
        self.address.port() == bind.port() && family && overlaps
    }

    /// Whether it is one of us: a plan may take over from the one that is live.
    pub(super) fn is_divisor(&self) -> bool {
        self.program.as_deref() == Some("divisor")
    }
}

/// All TCP sockets that are listened on.
pub(super) fn listening() -> Vec<Listening> {
    let tables =
        ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let mut all: Vec<Listening> = tables.iter().flat_map(|table| table.lines()).filter_map(socket).collect();
    name_programs(&mut all, Path::new("/proc"));
    all
}

/// A line of `/proc/net/tcp`, if it is of a socket that is listened on.
fn socket(line: &str) -> Option<Listening> {
    const LISTEN: &str = "0A";
    let mut words = line.split_whitespace();
    let local = words.nth(1)?;
    let state = words.nth(1)?;
    let inode = words.nth(5)?.parse().ok()?;
    (state == LISTEN).then_some(())?;
    let (ip, port) = local.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // Words of four bytes, each in the order of this machine.
    let word = |at: usize| {
        let text = ip.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(text, 16).ok()?.to_ne_bytes())
    };
    let ip: IpAddr = match ip.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let bytes = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into()
        }
        _ => return None,
    };
    Some(Listening { address: SocketAddr::new(ip, port), inode, program: None })
}

/// Finds the programs that hold the sockets, as far as their files may be seen.
fn name_programs(sockets: &mut [Listening], proc: &Path) {
    let Ok(processes) = std::fs::read_dir(proc) else { return };
    for process in processes.flatten().map(|entry| entry.path()) {
        let Ok(files) = std::fs::read_dir(process.join("fd")) else { continue };
        for file in files.flatten() {
            let Ok(target) = std::fs::read_link(file.path()) else { continue };
            let inode: Option<u64> =
                target.to_str().and_then(|it| it.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            for socket in sockets.iter_mut().filter(|socket| Some(socket.inode) == inode) {
                let name = std::fs::read_to_string(process.join("comm"));
                socket.program = name.ok().map(|name| name.trim().to_owned());
            }
        }
    }
}

/// How many files a process may open at most.
pub(super) fn open_files() -> Option<u64> {
    hard_limit(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

fn hard_limit(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_that_are_listened_on_are_read() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0";
        let known = socket(line).unwrap();
        if cfg!(target_endian = "little") {
            assert_eq!(known.address, "127.0.0.1:8080".parse().unwrap());
        }
        assert_eq!((known.inode, known.program.clone()), (4711, None));
        let other = line.replace(" 0A ", " 01 ");
        assert_eq!(socket(&other), None);
        assert_eq!(socket("  sl  local_address rem_address   st"), None);
        let six = line.replace("0100007F", "00000000000000000000000001000000");
        assert!(socket(&six).unwrap().address.is_ipv6());
        assert_eq!(socket(&line.replace("0100007F", "01")), None);
    }

    #[test]
    fn only_the_same_port_and_family_conflict() {
        let at = |address: &str| Listening { address: address.parse().unwrap(), inode: 0, program: None };
        let conflicts = |a: &str, b: &str| at(a).conflicts(b.parse().unwrap());
        assert!(conflicts("0.0.0.0:80", "127.0.0.1:80") && conflicts("127.0.0.1:80", "0.0.0.0:80"));
        assert!(!conflicts("127.0.0.1:80", "127.0.0.1:81") && !conflicts("[::]:80", "0.0.0.0:80"));
        assert!(!conflicts("127.0.0.1:80", "127.0.0.2:80"));
        let ours = Listening { program: Some("divisor".into()), ..at("127.0.0.1:80") };
        assert!(ours.is_divisor() && !at("127.0.0.1:80").is_divisor());
    }

    #[test]
    fn this_system_is_known() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        if cfg!(target_os = "linux") {
            let known = listening().into_iter().find(|it| it.address == address).unwrap();
            assert!(known.conflicts(address) && known.program.is_some());
            assert!(open_files().is_some());
        }
        assert_eq!(
            hard_limit("Max open files            1024                 524288               files"),
            Some(524_288)
        );
        assert_eq!(
            hard_limit("Max open files            unlimited            unlimited            files"),
            None
        );
    }
}
