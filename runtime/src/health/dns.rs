//! Where backends with a name are.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::Address;
use tokio::net::lookup_host;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::pool::Pool;

/// From one resolution to the next.
const EVERY: Duration = Duration::from_secs(30);
/// The same, while there is no address at all.
const SOON: Duration = Duration::from_secs(2);

/// How long a start waits for names.
const PATIENCE: Duration = Duration::from_secs(2);

/// Resolves the names of all backends that have no address yet, once and for two seconds at most, so that a new plan
/// need not start with backends that are down. A name that does not resolve leaves its backend down.
pub(crate) async fn resolve(pools: &[Arc<Pool>]) {
    let mut lookups = JoinSet::new();
    for pool in pools {
        for (index, backend) in pool.backends().iter().enumerate() {
            if let (Address::Name(name, port), true) =
                (&backend.settings().address, backend.addresses().is_empty())
            {
                let (pool, name, port) = (Arc::clone(pool), name.clone(), *port);
                lookups.spawn(async move {
                    if let Ok(addresses) = lookup(&name, port).await {
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
pub(super) async fn watch(pool: Arc<Pool>, index: usize, name: String, port: u16) {
    let Some(backend) = pool.backends().get(index) else { return };
    let mut known = Known { addresses: backend.addresses().to_vec(), failing: false };
    loop {
        let found = lookup(&name, port).await;
        let (pool_name, backend) = (pool.name(), backend.url());
        match known.learn(found) {
            Some(Change::Moved(addresses)) => {
                tracing::info!(pool = pool_name, backend, ?addresses, "backend has new addresses");
                pool.set_addresses(index, addresses);
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
        sleep(if known.addresses.is_empty() { SOON } else { EVERY }).await;
    }
}

async fn lookup(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let addresses: Vec<_> = lookup_host((name, port)).await?.collect();
    if addresses.is_empty() { Err(io::Error::other("no addresses")) } else { Ok(addresses) }
}

/// The addresses that a name was last known to have. They stay when resolution fails: a name server that is down takes
/// no backend with it.
#[derive(Debug)]
struct Known {
    addresses: Vec<SocketAddr>,
    failing: bool,
}

#[derive(Debug)]
enum Change {
    Moved(Vec<SocketAddr>),
    Lost(io::Error),
    Back,
}

impl Known {
    /// What a resolution changes. Another order of the same addresses is none: name servers rotate them.
    fn learn(&mut self, found: io::Result<Vec<SocketAddr>>) -> Option<Change> {
        let failed_before = std::mem::replace(&mut self.failing, found.is_err());
        match found {
            Err(error) => (!failed_before).then_some(Change::Lost(error)),
            Ok(addresses) if sorted(&addresses) != sorted(&self.addresses) => {
                self.addresses.clone_from(&addresses);
                Some(Change::Moved(addresses))
            }
            Ok(_) => failed_before.then_some(Change::Back),
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

    fn at(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|&port| SocketAddr::from(([10, 0, 0, 1], port))).collect()
    }

    #[test]
    fn only_changes_are_told_and_failures_keep_what_is_known() {
        let mut known = Known { addresses: vec![], failing: false };
        let lost = || Err(io::Error::other("no such name"));
        assert!(matches!(known.learn(lost()), Some(Change::Lost(_))));
        assert!(known.learn(lost()).is_none());
        assert!(matches!(known.learn(Ok(at(&[1, 2]))), Some(Change::Moved(new)) if new == at(&[1, 2])));
        assert!(known.learn(Ok(at(&[2, 1]))).is_none());
        assert!(matches!(known.learn(lost()), Some(Change::Lost(_))));
        assert_eq!(known.addresses, at(&[1, 2]));
        assert!(matches!(known.learn(Ok(at(&[1, 2]))), Some(Change::Back)));
        assert!(matches!(known.learn(Ok(at(&[3]))), Some(Change::Moved(_))));
    }
}
