//! Addresses that are bound: a socket for each worker, and for Unix sockets the file.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;

use divisor_schema::plan::Bind;
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
    /// Device and inode.
    identity: (u64, u64),
}

impl SocketFile {
    fn at(path: &str) -> io::Result<Self> {
        let file = fs::symlink_metadata(path)?;
        Ok(Self { path: path.into(), identity: (file.dev(), file.ino()) })
    }

    /// Says who may connect. A file that has taken the place of the socket, a link for one, keeps its permissions.
    ///
    /// # Errors
    /// The system's, or when the file is another one now.
    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        if !self.is_there() {
            return Err(io::Error::other("another file has taken the place of the socket"));
        }
        fs::set_permissions(&self.path, Permissions::from_mode(mode))
    }

    /// Whether the path still leads to the socket itself.
    fn is_there(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.identity)
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
    fn permissions_are_not_set_through_a_link() {
        let folder = folder("link");
        let (path, other) = (folder.join("a.sock"), folder.join("other"));
        let (_sockets, file) = bind(&Bind::Unix(path.to_str().unwrap().to_owned()), 0o600, 1).unwrap();
        let file = file.unwrap();
        file.set_mode(0o660).unwrap();
        fs::write(&other, "").unwrap();
        fs::set_permissions(&other, Permissions::from_mode(0o600)).unwrap();
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        assert!(file.set_mode(0o666).is_err());
        assert_eq!(fs::metadata(&other).unwrap().permissions().mode() & 0o777, 0o600);
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
