//! From a request to its route: host tables and the walk. What a name, a normal path and a filled template are is a
//! matter of the plan, which the compiler asks as well.
//!
//! A request takes four steps: [`host_name`] reads its `Host`, [`Hosts::find`] says whose it is, [`normalise`] brings
//! its path into the one form that routes are written in, and [`find`] walks the tables.

mod hosts;

use divisor_schema::plan::{HostId, Plan, RouteId};

pub(crate) use self::hosts::Hosts;
pub(crate) use divisor_schema::plan::{Source, fill, host_name, normalise, push_part};

/// The route of a request to `host`, one of the hosts of `plan`, for a path that is normal; `None` when there is none
/// for this path and method (404).
pub(crate) fn find(plan: &Plan, host: HostId, path: &str, method: &str) -> Option<RouteId> {
    let candidates = plan.tables.walk(plan.hosts[host.index()].root, path);
    candidates.iter().copied().find(|id| plan.routes[id.index()].methods.contains(method))
}

#[cfg(test)]
mod tests;
