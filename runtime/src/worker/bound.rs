//! Addresses that are bound: a socket for each worker, and for Unix sockets the file.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;

use divisor_schema::plan::Bind;
use rustix::fs::{Mode, OFlags};
use rustix::process::geteuid;
use socket2::{Domain, SockAddr, Socket, Type};

use super::socket::{self, BACKLOG, Listening};

/// Binds an address for so many workers. `mode` holds for Unix sockets.
///
/// # Errors
/// The system's: the address is in use by somebody else, not of this machine, or not ours to take.
pub(crate) fn bind(
    bind: &Bind,
    mode: u32,
    workers: usize,
) -> io::Result<(Vec<Listening>, Option<SocketFile>)> {
    match bind {
        Bind::Tcp(address) => {
            let sockets = (0..workers).map(|_| socket::listen(*address).map(Listening::Tcp));
            Ok((sockets.collect::<io::Result<_>>()?, None))
        }
        Bind::Unix(path) => {
            let (first, file) = unix(path, mode)?;
            // There is no second socket at one path: all workers accept from the one.
            let sockets =
                (0..workers).map(|_| first.try_clone().map(|socket| Listening::Unix(socket.into())));
            Ok((sockets.collect::<io::Result<_>>()?, Some(file)))
        }
    }
}

/// A listening Unix socket. Who may connect is settled before anybody can.
fn unix(path: &str, mode: u32) -> io::Result<(Socket, SocketFile)> {
    let address = SockAddr::unix(path)?;
    let open = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        io::Result::Ok(socket)
    };
    let socket = open()?;
    match socket.bind(&address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse && is_left_over(path, &open()?, &address) => {
            fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    let file = SocketFile::at(path)?;
    file.set_mode(mode)?;
    socket.listen(BACKLOG)?;
    Ok((socket, file))
}

/// Whether the file is a socket that nobody accepts on: its process is gone.
fn is_left_over(path: &str, probe: &Socket, address: &SockAddr) -> bool {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    is_socket && probe.connect(address).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

/// The file of a Unix socket. It goes with the value, unless another has taken its place.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Leads to the socket itself, wherever it is moved and whatever takes its place.
    held: File,
}

impl SocketFile {
    /// The socket at `path`, which this process has just bound.
    fn at(path: &str) -> io::Result<Self> {
        let held = File::from(rustix::fs::open(
            path,
            OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
            Mode::empty(),
        )?);
        let found = held.metadata()?;
        if !found.file_type().is_socket() || found.uid() != geteuid().as_raw() {
            return Err(io::Error::other("another file has taken the place of the socket"));
        }
        Ok(Self { path: path.into(), held })
    }

    /// Says who may connect. A file that has taken the place of the socket, a link for one, keeps its permissions.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        // The way to a file that is only held, and not open for anything.
        let held = format!("/proc/self/fd/{}", self.held.as_raw_fd());
        fs::set_permissions(held, Permissions::from_mode(mode))
    }

    /// Whether the path still leads to the socket itself.
    fn is_there(&self) -> bool {
        let identity = |file: io::Result<Metadata>| file.map(|file| (file.dev(), file.ino())).ok();
        let held = identity(self.held.metadata());
        held.is_some() && held == identity(fs::symlink_metadata(&self.path))
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.is_there() {
            let _ = fs::remove_file(&self.path); // what cannot be removed is replaced by the next process
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::fs::{CWD, RenameFlags, renameat_with};

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("divisor-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn what_a_dead_process_left_is_replaced_and_what_lives_is_not() {
        let folder = folder("bound");
        let path = folder.join("a.sock").to_str().unwrap().to_owned();
        let at = Bind::Unix(path.clone());
        drop(UnixListener::bind(&path).unwrap());
        let (sockets, file) = bind(&at, 0o600, 3).unwrap();
        assert_eq!(sockets.len(), 3);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = |at: &Bind| bind(at, 0o600, 1).err().map(|error| error.kind());
        assert_eq!(refused(&at), Some(ErrorKind::AddrInUse));
        drop((sockets, file));
        assert!(!fs::exists(&path).unwrap());
        fs::write(&path, "no socket").unwrap();
        assert_eq!(refused(&at), Some(ErrorKind::AddrInUse));
        assert_eq!(fs::read(&path).unwrap(), b"no socket");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn permissions_are_the_sockets_however_often_a_link_takes_its_place() {
        let folder = folder("link");
        let (path, link, other) = (folder.join("a.sock"), folder.join("link"), folder.join("other"));
        let (_sockets, file) = bind(&Bind::Unix(path.to_str().unwrap().to_owned()), 0o600, 1).unwrap();
        let file = file.unwrap();
        fs::write(&other, "").unwrap();
        fs::set_permissions(&other, Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink(&other, &link).unwrap();
        let exchange = || renameat_with(CWD, &path, CWD, &link, RenameFlags::EXCHANGE).unwrap();
        let over = AtomicBool::new(false);
        std::thread::scope(|threads| {
            threads.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    exchange();
                }
            });
            (0..50_000).for_each(|_| drop(file.set_mode(0o666)));
            over.store(true, Ordering::Relaxed);
        });
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&other), 0o600, "permissions were set through the link");
        if fs::symlink_metadata(&path).unwrap().is_symlink() {
            exchange();
        }
        assert_eq!(mode(&path), 0o666);
        exchange();
        drop(file);
        assert!(fs::symlink_metadata(&path).is_ok(), "the link is not ours to remove");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_file_of_another_stays() {
        let folder = folder("another");
        let path = folder.join("a.sock").to_str().unwrap().to_owned();
        let (_sockets, file) = bind(&Bind::Unix(path.clone()), 0o600, 1).unwrap();
        fs::rename(&path, folder.join("old.sock")).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(fs::exists(&path).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
