//! Whether backends are alive, and where they are: probes, ejection and name resolution. Runs on the control thread.

mod dns;
mod eject;
mod probe;
mod streak;
mod warm_up;

use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::Address;
use tokio::task::JoinSet;

use crate::pool::Pool;

pub(crate) use self::dns::{Names, resolve};

/// Probes and resolves the backends of some pools until it is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Dropping the set ends its tasks.
    _tasks: JoinSet<()>,
}

impl Watch {
    /// Starts one task for each pool that takes backends out or warms them up, for each backend that has a probe, for
    /// each that has a name, and for each service. `random` gives uniformly random numbers; it spreads the probes over time. To be called within a tokio runtime.
    pub(crate) fn start(pools: &[Arc<Pool>], names: &Arc<Names>, random: fn() -> u64) -> Self {
        let mut tasks = JoinSet::new();
        for pool in pools {
            pool.refresh(); // the watch before this one may have learned something meanwhile
            pool.started();
            if let Some(eject) = pool.eject() {
                tasks.spawn(eject::watch(Arc::clone(pool), eject.clone()));
            }
            if let Some(step) = pool.warm_up_step() {
                tasks.spawn(warm_up::watch(Arc::clone(pool), step));
            }
            dns::watch_services(&mut tasks, pool, names);
            for (index, backend) in pool.backends().iter().enumerate() {
                let settings = backend.settings();
                if let Some(probe) = &settings.probe {
                    tasks.spawn(probe::watch(Arc::clone(pool), index, probe.clone(), random));
                }
                if let Address::Name(name, port) = &settings.address {
                    tasks.spawn(dns::watch(Arc::clone(pool), index, Arc::clone(names), name.clone(), *port));
                }
            }
        }
        Self { _tasks: tasks }
    }
}

/// `usual`, give or take up to a tenth.
fn around(usual: Duration, random: u64) -> Duration {
    usual.mul_f64(0.9 + 0.2 * fraction(random))
}

/// A random number as a fraction of its range: 0 to 1.
fn fraction(random: u64) -> f64 {
    random as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests;
