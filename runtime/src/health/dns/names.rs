//! Who is asked for names, and how an answer is understood.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::parse_resolv_conf;
use hickory_resolver::{Hosts, TokioResolver};
use rustls_pki_types::ServerName;

/// The shortest time that an answer is believed, whatever its records say.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(300);
/// From one question to the next while there is no answer, and the longest that a name is believed to be nowhere.
pub(super) const SOON: Duration = Duration::from_secs(2);
/// How long a name that stands in `/etc/hosts` is not looked up there again.
const WRITTEN: Duration = Duration::from_secs(5);
/// How long one name server is waited for.
const NAME_SERVER: Duration = Duration::from_secs(2);

/// Asks name servers. Names in `/etc/hosts` are not asked for. Each family is asked for by itself: a question that was lost
/// is then not taken for the other's answer that there is nothing.
pub(crate) struct Names {
    files: Files,
    /// What the files said, and their state then. They are read again when that changes.
    read: Mutex<(State, Arc<Resolver>)>,
}

/// The files that say whom to ask.
struct Files {
    hosts: PathBuf,
    /// `None` where the plan names the servers.
    resolv: Option<PathBuf>,
    servers: Vec<SocketAddr>,
}

/// What tells that a file has changed: its time, length and number. `None` is a file that cannot be read.
type Stamp = Option<(i64, i64, u64, u64)>;
type State = [Stamp; 2];

impl Names {
    /// Asks `servers`; where there are none, those of `/etc/resolv.conf`, and one on this machine where that file cannot
    /// be read. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When the resolver cannot be built, in its own words.
    pub(crate) fn new(servers: &[SocketAddr]) -> Result<Arc<Self>, String> {
        Self::of(servers, "/etc/hosts".as_ref(), "/etc/resolv.conf".as_ref())
    }

    fn of(servers: &[SocketAddr], hosts: &Path, resolv: &Path) -> Result<Arc<Self>, String> {
        let resolv = servers.is_empty().then(|| resolv.to_owned());
        let files = Files { hosts: hosts.to_owned(), resolv, servers: servers.to_owned() };
        let state = files.state();
        let resolver = files.read().or_else(|error| {
            tracing::warn!(%error, "/etc/resolv.conf cannot be read: the name server of this machine is asked");
            let own = (config(&[(Ipv4Addr::LOCALHOST, 53).into()]), ResolverOpts::default());
            Resolver::new(own, files.known())
        })?;
        Ok(Arc::new(Self { files, read: Mutex::new((state, Arc::new(resolver))) }))
    }

    /// Where a name is: all its addresses, with this port.
    pub(super) async fn lookup(&self, name: &str, port: u16) -> Answer<SocketAddr> {
        if let Ok(ip) = name.parse::<IpAddr>() {
            return Answer::At(vec![SocketAddr::new(ip, port)], LONGEST);
        }
        let resolver = self.resolver();
        let at = |data: &RData| data.ip_addr().map(|ip| SocketAddr::new(ip, port));
        if let Some(written) = resolver.written(name) {
            return Answer::At(written.into_iter().map(|ip| SocketAddr::new(ip, port)).collect(), WRITTEN);
        }
        resolver.search(name, (RecordType::AAAA, Some(RecordType::A)), at).await
    }

    /// The targets of a service. "." is no service at all (RFC 2782), and one that can be no host is left out.
    pub(super) async fn service(&self, name: &str) -> Answer<Record> {
        self.resolver().search(name, (RecordType::SRV, None), record).await
    }

    /// Asks as the files say now. When they can no longer be read, as before.
    fn resolver(&self) -> Arc<Resolver> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.files.state();
        // One that is empty is about to be written.
        let begun = state[0].is_some_and(|(_, _, length, _)| length == 0);
        if read.0 != state && !begun {
            match self.files.read() {
                Ok(resolver) => {
                    tracing::info!("/etc/hosts or /etc/resolv.conf has changed and is read again");
                    *read = (state, Arc::new(resolver));
                }
                Err(error) => {
                    tracing::warn!(%error, "/etc/hosts or /etc/resolv.conf has changed and cannot be read: what they said before holds");
                    read.0 = state;
                }
            }
        }
        Arc::clone(&read.1)
    }
}

impl Files {
    fn state(&self) -> State {
        [Some(&self.hosts), self.resolv.as_ref()].map(|path| stamp(path?))
    }

    fn read(&self) -> Result<Resolver, String> {
        let config = match &self.resolv {
            None => (config(&self.servers), ResolverOpts::default()),
            Some(path) => {
                let text = std::fs::read(path).map_err(|error| error.to_string())?;
                parse_resolv_conf(text).map_err(|error| error.to_string())?
            }
        };
        Resolver::new(config, self.known())
    }

    /// The names in `/etc/hosts`: none where it cannot be read.
    fn known(&self) -> Hosts {
        let mut hosts = Hosts::default();
        if let Err(error) = File::open(&self.hosts).and_then(|file| hosts.read_hosts_conf(file)) {
            tracing::debug!(%error, "/etc/hosts cannot be read");
        }
        hosts
    }
}

fn record(data: &RData) -> Option<Record> {
    let RData::SRV(srv) = data else { return None };
    let name = srv.target.to_ascii().trim_end_matches('.').to_ascii_lowercase();
    ServerName::try_from(name.as_str()).ok().filter(|_| srv.port != 0)?;
    Some(Record { priority: srv.priority, weight: srv.weight, name, port: srv.port })
}

fn stamp(path: &Path) -> Stamp {
    let file = std::fs::metadata(path).ok()?;
    Some((file.mtime(), file.mtime_nsec(), file.len(), file.ino()))
}

fn config(servers: &[SocketAddr]) -> ResolverConfig {
    let server = |address: &SocketAddr| {
        let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
            connection.port = address.port();
            connection
        });
        NameServerConfig::new(address.ip(), true, connections.into())
    };
    ResolverConfig::from_name_servers(servers.iter().map(server).collect())
}

/// What the files said when they were last read.
struct Resolver {
    servers: TokioResolver,
    hosts: Hosts,
    /// What a name may go on with, in order.
    search: Vec<Name>,
    /// Names with at least so many dots are asked for as they are first.
    dots: usize,
}

impl Resolver {
    fn new((config, options): (ResolverConfig, ResolverOpts), hosts: Hosts) -> Result<Self, String> {
        let (domain, search, _) = config.clone().into_parts();
        let search = if search.is_empty() { domain.into_iter().collect() } else { search };
        let dots = options.ndots;
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        let options = builder.options_mut();
        options.cache_size = 0; // who asks says when
        options.use_hosts_file = ResolveHosts::Never; // done before anybody is asked
        options.timeout = options.timeout.min(NAME_SERVER);
        let servers = builder.build().map_err(|error| error.to_string())?;
        Ok(Self { servers, hosts, search, dots })
    }

    /// The addresses of a name in `/etc/hosts`, if it stands there.
    fn written(&self, name: &str) -> Option<Vec<IpAddr>> {
        let name = Name::from_utf8(name).ok()?;
        let found = [RecordType::AAAA, RecordType::A].map(|kind| {
            let found = self.hosts.lookup_static_host(&Query::query(name.clone(), kind))?;
            Some(found.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>())
        });
        let found: Vec<IpAddr> = found.into_iter().flatten().flatten().collect();
        Some(found).filter(|found| !found.is_empty())
    }

    /// Asks for the records of a name, of one kind or of two, under each of its full names in turn until there are some. That
    /// there are none is known only when it is known of all of them; and when nobody answers about one, the next is not asked
    /// about, for it may be another host. Both as for the C library, which goes on after a server that fails, and after no
    /// silence.
    async fn search<T>(
        &self,
        name: &str,
        kinds: (RecordType, Option<RecordType>),
        read: impl Fn(&RData) -> Option<T> + Copy,
    ) -> Answer<T> {
        let full_names = match Name::from_utf8(name) {
            Ok(name) => full_names(&name, &self.search, self.dots),
            Err(error) => return Answer::None(error.to_string()),
        };
        let mut all = Answer::Nowhere(SOON);
        for full_name in full_names {
            match self.both(full_name, kinds, read).await {
                Ok(found @ Answer::At(..)) => return found,
                Ok(answer) => all = all.or(answer),
                Err(lost) => return Answer::None(lost),
            }
        }
        all
    }

    /// Asks for the records of a full name, of one kind or of two at a time. What is found of one is enough.
    ///
    /// # Errors
    /// When nobody answers, in the resolver's words.
    async fn both<T>(
        &self,
        full_name: Name,
        (kind, also): (RecordType, Option<RecordType>),
        read: impl Fn(&RData) -> Option<T> + Copy,
    ) -> Result<Answer<T>, String> {
        let Some(also) = also else { return self.ask(full_name, kind, read).await };
        match tokio::join!(self.ask(full_name.clone(), kind, read), self.ask(full_name, also, read)) {
            (Ok(one), Ok(other)) => Ok(one.and(other)),
            (Ok(found @ Answer::At(..)), Err(_)) | (Err(_), Ok(found @ Answer::At(..))) => Ok(found),
            (Err(lost), _) | (_, Err(lost)) => Err(lost),
        }
    }

    /// Asks for the records of a full name.
    ///
    /// # Errors
    /// When nobody answers, in the resolver's words. A server that says that it cannot tell has answered.
    async fn ask<T>(
        &self,
        full_name: Name,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<T>,
    ) -> Result<Answer<T>, String> {
        match self.servers.lookup(full_name, kind).await {
            Ok(found) => {
                let lasts = found.valid_until().saturating_duration_since(Instant::now());
                let records: Vec<T> = found.answers().iter().filter_map(|it| read(&it.data)).collect();
                Ok(match records.is_empty() {
                    true => Answer::Nowhere(lasts.clamp(SHORTEST, SOON)),
                    false => Answer::At(records, lasts.clamp(SHORTEST, LONGEST)),
                })
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                let lasts = Duration::from_secs(none.negative_ttl.unwrap_or(0).into());
                Ok(Answer::Nowhere(lasts.clamp(SHORTEST, SOON)))
            }
            Err(error @ NetError::Dns(DnsError::ResponseCode(_))) => Ok(Answer::None(error.to_string())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The full names that a name may stand for, in the order in which they are tried (resolv.conf(5), `search` and `ndots`).
fn full_names(name: &Name, search: &[Name], dots: usize) -> Vec<Name> {
    let mut itself = name.clone();
    itself.set_fqdn(true);
    if name.is_fqdn() || name.is_localhost() {
        return vec![itself];
    }
    let longer = search.iter().filter_map(|domain| name.clone().append_domain(domain).ok());
    if usize::from(name.num_labels()) > dots {
        std::iter::once(itself).chain(longer).collect()
    } else {
        longer.chain([itself]).collect()
    }
}

/// An SRV record (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) priority: u16,
    pub(super) weight: u16,
    /// The host of the target, in lower case.
    pub(super) name: String,
    pub(super) port: u16,
}

/// What came of a question.
#[derive(Debug)]
pub(super) enum Answer<T> {
    /// What was asked for, and how long it is believed.
    At(Vec<T>, Duration),
    /// There is no such name, or it has no such record; and how long that is believed.
    Nowhere(Duration),
    /// Nobody answered, or nobody who knows.
    None(String),
}

impl<T> Answer<T> {
    /// What this and the answer about the other family come to. Addresses of one are enough.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::At(mut addresses, lasts), Self::At(more, also)) => {
                addresses.extend(more);
                Self::At(addresses, lasts.min(also))
            }
            (at @ Self::At(..), _) => at,
            (one, other) => one.or(other),
        }
    }

    /// What this and a later answer come to, when this one is not [`Answer::At`]: that there is nothing at all is known only
    /// when both say so.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (_, at @ Self::At(..)) => at,
            (Self::Nowhere(lasts), Self::Nowhere(also)) => Self::Nowhere(lasts.min(also)),
            (none @ Self::None(_), _) | (_, none) => none,
        }
    }
}

#[cfg(test)]
mod tests;
