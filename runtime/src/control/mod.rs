//! The control thread: everything that is not the request path.

mod error;
mod run;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::{Bind, Digest, Plan};
use tokio::time::{Instant, sleep};
use tracing::{error, info, warn};

use crate::admin::{self, Admin};
use crate::counters::Totals;
use crate::health;
use crate::plan::{Live, Published, activate, named};
use crate::worker::{Listening, SocketFile, Worker, bind, listen};

pub use self::error::{Refused, RunError};
pub use self::run::run;

/// A running load balancer. Belongs to one thread, inside a tokio runtime of its own; dropping it stops everything at
/// once, [`Control::drain`] does so without losing a request.
pub struct Control {
    published: Arc<Published>,
    workers: Vec<Worker>,
    binds: Bound,
    admin: Admin,
    totals: Arc<Totals>,
    files: PathBuf,
    /// Probes and name resolution of the live plan, until the next one has its own.
    _health: health::Watch,
}

/// A plan that became live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swapped {
    /// Which plan.
    pub digest: Digest,
    /// The how manieth of this process, from 1.
    pub epoch: u64,
}

/// What is bound, with the file of each Unix socket.
type Bound = BTreeMap<Bind, Option<SocketFile>>;

/// Sockets that are bound but not yet handed out, one for each worker.
type Sockets = BTreeMap<Bind, (Vec<Listening>, Option<SocketFile>)>;

impl Control {
    /// Starts serving the plan in `bytes`. Files that it names by a relative path are looked for in `files`.
    ///
    /// # Errors
    /// [`Refused`] when the plan cannot serve here; nothing is left running then.
    pub async fn start(bytes: &[u8], files: &Path) -> Result<Self, Refused> {
        let live = load(bytes, files, None)?;
        let names = health::Names::new(&live.plan.runtime.dns).map_err(Refused::Names)?;
        health::resolve(&live.pools, &names).await;
        let count = match live.plan.runtime.workers {
            Some(count) => usize::from(count),
            None => std::thread::available_parallelism().map_or(1, Into::into),
        };
        let sockets = bind_all(&live, &Bound::new(), count)?;
        let management = bind_admin(live.admin_binds().iter().copied())?;
        let published = Arc::new(Published::from_pointee(live));
        let workers =
            (0..count).map(|number| Worker::start(number, Arc::clone(&published)).map_err(Refused::Worker));
        let workers = workers.collect::<Result<Vec<_>, _>>()?;
        let binds = hand_out(sockets, &workers);
        let totals = workers.iter().map(|worker| Arc::clone(worker.counters())).collect();
        let totals = Arc::new(Totals::new(totals));
        let mut admin = Admin::new(Arc::clone(&published), Arc::clone(&totals));
        let live = published.load_full();
        let _health = health::Watch::start(&live.pools, &names, random);
        admin.serve(management, live.admin_binds());
        announce(&live, "plan is live");
        Ok(Self { published, workers, binds, admin, totals, files: files.to_owned(), _health })
    }

    /// The open files that the live plan asks for.
    pub(super) fn open_files(&self) -> Option<u32> {
        self.published.load().plan.runtime.max_files
    }

    /// Which plan is live.
    pub fn digest(&self) -> Digest {
        self.published.load().digest
    }

    /// The certificates, keys, roots, revocation lists and secrets that the live plan names.
    pub fn files(&self) -> Vec<PathBuf> {
        self.published.load().files.iter().map(|(path, _)| path.clone()).collect()
    }

    /// What they held just before the live plan read them.
    pub(super) fn held(&self) -> Vec<(PathBuf, Digest)> {
        self.published.load().files.clone()
    }

    /// The files that the plan in `bytes` names; none when it is no plan.
    pub(super) fn files_of(&self, bytes: &[u8]) -> Vec<PathBuf> {
        Plan::decode(bytes).map_or_else(|_| Vec::new(), |plan| named(&plan, &self.files))
    }

    /// How many backends of each pool can be picked, by the name of the pool.
    pub fn alive(&self) -> Vec<(String, usize)> {
        self.published.load().pools.iter().map(|pool| (pool.name().to_owned(), pool.alive())).collect()
    }

    /// Replaces the live plan by the one in `bytes`, all or nothing: requests in flight end under the plan they began
    /// with, later ones see the new plan. The same bytes again read the files of the plan again.
    ///
    /// # Errors
    /// [`Refused`] says why the live plan stays.
    pub async fn swap(&mut self, bytes: &[u8]) -> Result<Swapped, Refused> {
        let swapped = self.try_swap(bytes).await;
        match &swapped {
            Ok(_) => self.totals.swaps.add(),
            Err(refused) => {
                self.totals.refused.add();
                error!(live = %self.digest(), "plan refused: {refused}");
            }
        }
        swapped
    }

    async fn try_swap(&mut self, bytes: &[u8]) -> Result<Swapped, Refused> {
        let previous = self.published.load_full();
        let live = load(bytes, &self.files, Some(&previous))?;
        let names = health::Names::new(&live.plan.runtime.dns).map_err(Refused::Names)?;
        health::resolve(&live.pools, &names).await;
        let sockets = bind_all(&live, &self.binds, self.workers.len())?;
        let managed = live.admin_binds().iter().copied();
        let management = bind_admin(managed.filter(|bind| !self.admin.accepts_at(*bind)))?;
        if live.plan.runtime.workers != previous.plan.runtime.workers {
            warn!("the number of workers changes with the next start only");
        }
        // From here on nothing can fail.
        let live = Arc::new(live);
        self.published.store(Arc::clone(&live));
        live.limit();
        self.binds.retain(|bind, file| {
            let stays = live.listener_at(bind).is_some();
            if !stays {
                drop(file.take()); // before the socket closes, so that nobody comes in between
                self.workers.iter().for_each(|worker| worker.close(bind, &previous));
            }
            stays
        });
        self.workers.iter().for_each(Worker::swapped);
        self.admit(&live);
        self.binds.extend(hand_out(sockets, &self.workers));
        self._health = health::Watch::start(&live.pools, &names, random);
        self.admin.serve(management, live.admin_binds());
        announce(&live, "plan is live: swapped");
        Ok(Swapped { digest: live.digest, epoch: live.epoch })
    }

    /// Who may connect to Unix sockets, as the plan says now.
    fn admit(&self, live: &Live) {
        for (bind, file) in &self.binds {
            if let (Some(listener), Some(file)) = (live.listener_at(bind), file)
                && let Err(error) = file.set_mode(listener.socket_mode)
            {
                warn!(address = %bind, %error, "the permissions of the socket stay as they are");
            }
        }
    }

    /// Stops: accepts nothing more, lets exchanges in flight end, for as long as the plan allows. Gives whether all
    /// of them ended by themselves.
    pub async fn drain(mut self) -> bool {
        let limit: Duration = self.published.load().plan.runtime.drain.into();
        info!(?limit, "draining");
        // A limit beyond the clock is a day: whoever stops a server does not wait longer.
        let deadline = Instant::now() + limit.min(Duration::from_secs(24 * 60 * 60));
        self.binds.clear();
        self.workers.iter().for_each(|worker| worker.drain(deadline));
        while !self.workers.iter().all(Worker::has_ended) {
            sleep(Duration::from_millis(5)).await;
        }
        let in_time = Instant::now() < deadline;
        if in_time {
            info!("drained");
        } else {
            warn!("the drain time is over: connections that were still open are cut");
        }
        in_time
    }
}

fn load(bytes: &[u8], files: &Path, previous: Option<&Live>) -> Result<Live, Refused> {
    let plan = Plan::decode(bytes).map_err(Refused::Load)?;
    activate(plan, Digest::of(bytes), files, previous).map_err(|error| Refused::Activate(error.to_string()))
}

/// Binds addresses of the management listener.
fn bind_admin(addresses: impl Iterator<Item = SocketAddr>) -> Result<admin::Sockets, Refused> {
    let bind = |address| listen(address).map(|socket| (address, socket));
    addresses.map(|address| bind(address).map_err(|error| Refused::Bind(Bind::Tcp(address), error))).collect()
}

/// Binds a socket for each worker to each address of a plan that is not bound yet.
fn bind_all(live: &Live, bound: &Bound, workers: usize) -> Result<Sockets, Refused> {
    let mut sockets = Sockets::new();
    for listener in &live.listeners {
        for address in listener.binds.iter().filter(|address| !bound.contains_key(address)) {
            let bind = bind(address, listener.socket_mode, workers);
            sockets.insert(address.clone(), bind.map_err(|error| Refused::Bind(address.clone(), error))?);
        }
    }
    Ok(sockets)
}

fn hand_out(sockets: Sockets, workers: &[Worker]) -> Bound {
    let hand_out = |(bind, (sockets, file)): (Bind, (Vec<Listening>, Option<SocketFile>))| {
        for (worker, socket) in workers.iter().zip(sockets) {
            worker.listen(&bind, socket);
        }
        (bind, file)
    };
    sockets.into_iter().map(hand_out).collect()
}

/// Spreads probes over time.
fn random() -> u64 {
    RandomState::new().hash_one(0)
}

fn announce(live: &Live, what: &str) {
    let (listeners, pools, routes) = (live.listeners.len(), live.pools.len(), live.plan.routes.len());
    info!(digest = %live.digest, epoch = live.epoch, listeners, pools, routes, "{what}");
    for address in live.binds() {
        info!(%address, "listening");
    }
    for address in live.admin_binds() {
        info!(%address, "listening for management");
    }
}
