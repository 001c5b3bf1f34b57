//! A model without errors as a plan: ids in place of names, tables in place of patterns, defaults written out.
//!
//! Lowering cannot fail, because what could fail was a diagnostic. It is deterministic, and depends neither on the
//! order of declarations nor on the folder nor on how the config is spelled: things are sorted by what they are.

mod headers;
mod hosts;
mod listeners;
mod policies;
mod pools;
#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
mod tls;

use std::collections::{BTreeMap, BTreeSet};

use divisor_schema::config::EDITION;
use divisor_schema::plan::{Admin, Meta, Plan, Runtime, Undecided};

use crate::facts::{Facts, plan_path};
use crate::model;

/// The plan of a model in which no rule found an error.
pub(crate) fn lower(facts: &Facts<'_>) -> Plan {
    let (pools, pool_ids, client_tls) = pools::lower(facts);
    let mut hosts = hosts::Hosts::new(facts, pool_ids);
    let listeners = listeners::lower(facts, &mut hosts);
    let hosts::Lowered { hosts, routes, policies, rate_limits, tables } = hosts.finish();
    let edition = facts.model.edition.as_ref().map_or(EDITION, |edition| &edition.value).to_owned();
    Plan {
        meta: Meta { compiler: env!("CARGO_PKG_VERSION").to_owned(), edition },
        runtime: Runtime {
            workers: facts.model.runtime.workers.as_ref().map(|workers| workers.value),
            dns: facts.model.runtime.dns.iter().map(|address| address.value).collect(),
            drain: facts.model.runtime.drain.value,
            max_files: facts.model.runtime.max_files.as_ref().map(|files| files.value),
        },
        admin: facts.model.admin.as_ref().map(admin),
        listeners,
        pools,
        client_tls,
        rate_limits,
        policies,
        hosts,
        routes,
        undecided: undecided(facts),
        tables,
    }
}

fn admin(admin: &model::Admin) -> Admin {
    let mut binds: Vec<_> = admin.binds.iter().map(|bind| bind.value).collect();
    binds.sort_unstable();
    binds.dedup();
    let mut allow: Vec<_> = admin.allow.iter().map(|network| network.value).collect();
    allow.sort_unstable();
    allow.dedup();
    Admin { binds, allow }
}

/// The checks of files that are only where the plan runs.
fn undecided(facts: &Facts<'_>) -> Vec<Undecided> {
    let mut by_file: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (file, slot) in facts.undecided() {
        by_file.entry(plan_path(facts.sources, file)).or_default().extend(slot.checks());
    }
    let undecided = by_file
        .into_iter()
        .map(|(file, codes)| Undecided { file, codes: codes.into_iter().map(str::to_owned).collect() });
    undecided.collect()
}
