//! Where backends with a name are: names are asked for as often as their records say.

mod names;
mod service;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::Address;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::pool::Pool;

pub(crate) use self::names::Names;
use self::names::{Answer, SOON};
use self::service::Service;

/// How long a start waits for names.
const PATIENCE: Duration = Duration::from_secs(2);

/// Resolves the names of all backends that have no address yet, once and for two seconds at most, so that a new plan
/// need not start with backends that are down. A name that does not resolve leaves its backend down.
pub(crate) async fn resolve(pools: &[Arc<Pool>], names: &Arc<Names>) {
    let mut lookups = JoinSet::new();
    for pool in pools {
        for (index, backend) in pool.backends().iter().enumerate() {
            if let (Address::Name(name, port), true) =
                (&backend.settings().address, backend.place().addresses.is_empty())
            {
                let (pool, names, name, port) = (Arc::clone(pool), Arc::clone(names), name.clone(), *port);
                lookups.spawn(async move {
                    if let Answer::At(addresses, _) = names.lookup(&name, port).await {
                        pool.set_addresses(index, addresses);
                    }
                });
            }
        }
        for service in Service::all(pool).into_iter().filter(Service::is_unknown) {
            lookups.spawn(service.resolve(Arc::clone(names)));
        }
    }
    let done = async { while lookups.join_next().await.is_some() {} };
    _ = timeout(PATIENCE, done).await; // what is still missing is left to the watch
}

/// Finds the targets of all services of a pool for ever.
pub(super) fn watch_services(tasks: &mut JoinSet<()>, pool: &Arc<Pool>, names: &Arc<Names>) {
    for service in Service::all(pool) {
        tasks.spawn(service.watch(Arc::clone(names)));
    }
}

/// Resolves the name of one backend for ever.
pub(super) async fn watch(pool: Arc<Pool>, index: usize, names: Arc<Names>, name: String, port: u16) {
    let Some(backend) = pool.backends().get(index) else { return };
    let mut known = Known { addresses: backend.place().addresses.clone(), state: State::Resolves };
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
    fn learn(&mut self, answer: Answer<SocketAddr>) -> Option<Change> {
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

    fn at(ports: &[u16]) -> Answer<SocketAddr> {
        Answer::At(ports.iter().map(|&port| SocketAddr::from(([10, 0, 0, 1], port))).collect(), SOON)
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
