//! Where backends with a name are: names are asked for as often as their records say.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use divisor_schema::plan::Address;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::system_conf::read_system_conf;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::pool::Pool;

/// The shortest time that an answer is believed, whatever its records say.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_secs(300);
/// From one question to the next while there is no answer, and the longest that a name is believed to be nowhere.
const SOON: Duration = Duration::from_secs(2);
/// How long one name server is waited for.
const NAME_SERVER: Duration = Duration::from_secs(2);
/// How long a start waits for names.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks name servers. Names in `/etc/hosts` are not asked for. Each family is asked for by itself: a question that was lost
/// is then not taken for the other's answer that there is nothing.
pub(crate) struct Names {
    four: TokioResolver,
    six: TokioResolver,
}

impl Names {
    /// Asks `servers`; where there are none, those of `/etc/resolv.conf`, and one on this machine where that file cannot
    /// be read. To be called within a tokio runtime. Both files are read here.
    ///
    /// # Errors
    /// When the resolver cannot be built, in its own words.
    pub(crate) fn new(servers: &[SocketAddr]) -> Result<Arc<Self>, String> {
        let (config, options) = match servers {
            [] => read_system_conf().unwrap_or_else(|error| {
                tracing::warn!(%error, "/etc/resolv.conf cannot be read: the name server of this machine is asked");
                (config(&[(Ipv4Addr::LOCALHOST, 53).into()]), ResolverOpts::default())
            }),
            servers => (config(servers), ResolverOpts::default()),
        };
        let resolver = |strategy| {
            let provider = TokioRuntimeProvider::default();
            let mut builder = TokioResolver::builder_with_config(config.clone(), provider);
            *builder.options_mut() = options.clone();
            let options = builder.options_mut();
            options.cache_size = 0; // who asks says when
            options.ip_strategy = strategy;
            options.use_hosts_file = ResolveHosts::Always;
            options.timeout = options.timeout.min(NAME_SERVER);
            builder.build().map_err(|error| error.to_string())
        };
        let (four, six) = (resolver(LookupIpStrategy::Ipv4Only)?, resolver(LookupIpStrategy::Ipv6Only)?);
        Ok(Arc::new(Self { four, six }))
    }

    async fn lookup(&self, name: &str, port: u16) -> Answer {
        let (six, four) = tokio::join!(ask(&self.six, name, port), ask(&self.four, name, port));
        six.and(four)
    }
}

async fn ask(resolver: &TokioResolver, name: &str, port: u16) -> Answer {
    match resolver.lookup_ip(name).await {
        Ok(found) => {
            let addresses = found.iter().map(|ip: IpAddr| SocketAddr::new(ip, port)).collect();
            let lasts = found.valid_until().saturating_duration_since(Instant::now());
            Answer::At(addresses, lasts.clamp(SHORTEST, LONGEST))
        }
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            let lasts = Duration::from_secs(none.negative_ttl.unwrap_or(0).into());
            Answer::Nowhere(lasts.clamp(SHORTEST, SOON))
        }
        Err(error) => Answer::None(error.to_string()),
    }
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

/// What came of a question.
#[derive(Debug)]
enum Answer {
    /// The addresses, and how long they are believed.
    At(Vec<SocketAddr>, Duration),
    /// There is no such name, or it has no address; and how long that is believed.
    Nowhere(Duration),
    /// Nobody answered, or nobody who knows.
    None(String),
}

impl Answer {
    /// What this and the answer about the other family come to. Addresses of one are enough; that there are none at all is
    /// known only when both say so.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::At(mut addresses, lasts), Self::At(more, also)) => {
                let new: Vec<_> = more.into_iter().filter(|address| !addresses.contains(address)).collect();
                addresses.extend(new); // a name that is an address itself is the same in both
                Self::At(addresses, lasts.min(also))
            }
            (at @ Self::At(..), _) | (_, at @ Self::At(..)) => at,
            (none @ Self::None(_), _) | (_, none @ Self::None(_)) => none,
            (Self::Nowhere(lasts), Self::Nowhere(also)) => Self::Nowhere(lasts.min(also)),
        }
    }
}

/// Resolves the names of all backends that have no address yet, once and for two seconds at most, so that a new plan
/// need not start with backends that are down. A name that does not resolve leaves its backend down.
pub(crate) async fn resolve(pools: &[Arc<Pool>], names: &Arc<Names>) {
    let mut lookups = JoinSet::new();
    for pool in pools {
        for (index, backend) in pool.backends().iter().enumerate() {
            if let (Address::Name(name, port), true) =
                (&backend.settings().address, backend.addresses().is_empty())
            {
                let (pool, names, name, port) = (Arc::clone(pool), Arc::clone(names), name.clone(), *port);
                lookups.spawn(async move {
                    if let Answer::At(addresses, _) = names.lookup(&name, port).await {
                        pool.set_addresses(index, addresses);
                    }
                });
            }
        }
    }
    let done = async { while lookups.join_next().await.is_some() {} };
    _ = timeout(PATIENCE, done).await; // what is still missing is left to the watch
}

/// Resolves the name of one backend for ever.
pub(super) async fn watch(pool: Arc<Pool>, index: usize, names: Arc<Names>, name: String, port: u16) {
    let Some(backend) = pool.backends().get(index) else { return };
    let mut known = Known { addresses: backend.addresses().to_vec(), state: State::Resolves };
    loop {
        let answer = names.lookup(&name, port).await;
        let next = match &answer {
            Answer::At(_, lasts) | Answer::Nowhere(lasts) => *lasts,
            Answer::None(_) => SOON,
        };
        let (pool_name, backend) = (pool.name(), backend.url());
        match known.learn(answer) {
            Some(Change::Moved(addresses)) => {
                pool.set_addresses(index, addresses.clone());
                tracing::info!(pool = pool_name, backend, ?addresses, "backend has new addresses");
            }
            Some(Change::Gone) => {
                pool.set_addresses(index, Vec::new());
                tracing::warn!(pool = pool_name, backend, "the name of the backend has no address");
            }
            Some(Change::Lost(error)) => {
                let kept = known.addresses.len();
                tracing::warn!(pool = pool_name, backend, kept, %error, "the name of the backend does not resolve");
            }
            Some(Change::Back) => {
                tracing::info!(pool = pool_name, backend, "the name of the backend resolves again")
            }
            None => {}
        }
        sleep(next).await;
    }
}

/// The addresses that a name was last known to have. They stay when nobody answers: a name server that is down takes no
/// backend with it. They go when the answer is that there are none.
#[derive(Debug)]
struct Known {
    addresses: Vec<SocketAddr>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Resolves,
    Nowhere,
    Fails,
}

#[derive(Debug)]
enum Change {
    Moved(Vec<SocketAddr>),
    Gone,
    Lost(String),
    Back,
}

impl Known {
    /// What an answer changes. Another order of the same addresses changes nothing: name servers rotate them.
    fn learn(&mut self, answer: Answer) -> Option<Change> {
        let now = match answer {
            Answer::At(..) => State::Resolves,
            Answer::Nowhere(_) => State::Nowhere,
            Answer::None(_) => State::Fails,
        };
        let before = std::mem::replace(&mut self.state, now);
        match answer {
            Answer::At(addresses, _) if sorted(&addresses) != sorted(&self.addresses) => {
                self.addresses.clone_from(&addresses);
                Some(Change::Moved(addresses))
            }
            Answer::At(..) => (before != now).then_some(Change::Back),
            Answer::Nowhere(_) => {
                let had = !std::mem::take(&mut self.addresses).is_empty();
                (had || before != now).then_some(Change::Gone)
            }
            Answer::None(error) => (before != now).then_some(Change::Lost(error)),
        }
    }
}

fn sorted(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut sorted = addresses.to_vec();
    sorted.sort();
    sorted.dedup();
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ports: &[u16]) -> Answer {
        Answer::At(ports.iter().map(|&port| SocketAddr::from(([10, 0, 0, 1], port))).collect(), SOON)
    }

    #[test]
    fn a_lost_answer_is_not_taken_for_no_address() {
        let (lost, nowhere) = (|| Answer::None("timed out".to_owned()), || Answer::Nowhere(SOON));
        assert!(matches!(nowhere().and(lost()), Answer::None(_)));
        assert!(matches!(lost().and(nowhere()), Answer::None(_)));
        assert!(matches!(nowhere().and(nowhere()), Answer::Nowhere(_)));
        assert!(matches!(lost().and(at(&[1])), Answer::At(found, _) if found.len() == 1));
        assert!(matches!(at(&[1]).and(at(&[2, 3])), Answer::At(found, _) if found.len() == 3));
    }

    #[test]
    fn only_changes_are_told_and_silence_keeps_what_is_known() {
        let mut known = Known { addresses: vec![], state: State::Resolves };
        let lost = || Answer::None("nobody answers".to_owned());
        assert!(matches!(known.learn(lost()), Some(Change::Lost(_))));
        assert!(known.learn(lost()).is_none());
        assert!(matches!(known.learn(at(&[1, 2])), Some(Change::Moved(new)) if new.len() == 2));
        assert!(known.learn(at(&[2, 1])).is_none());
        assert!(matches!(known.learn(lost()), Some(Change::Lost(_))));
        assert_eq!(known.addresses.len(), 2);
        assert!(matches!(known.learn(at(&[1, 2])), Some(Change::Back)));
        assert!(matches!(known.learn(at(&[3])), Some(Change::Moved(_))));
    }

    #[test]
    fn an_answer_that_there_is_no_address_takes_all_of_them_away() {
        let mut known = Known { addresses: vec![], state: State::Resolves };
        assert!(matches!(known.learn(Answer::Nowhere(SOON)), Some(Change::Gone)), "said once");
        assert!(known.learn(Answer::Nowhere(SOON)).is_none());
        assert!(matches!(known.learn(at(&[1])), Some(Change::Moved(_))));
        assert!(matches!(known.learn(Answer::None(String::new())), Some(Change::Lost(_))));
        assert!(matches!(known.learn(Answer::Nowhere(SOON)), Some(Change::Gone)));
        assert!(known.addresses.is_empty());
    }
}
