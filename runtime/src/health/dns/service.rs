//! Services: names whose SRV records say which targets there are (RFC 2782). Each target stands in a slot of the pool, which
//! is a backend like any other.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use divisor_schema::plan::{Address, Scheme};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::names::{Answer, Names, Record, SOON};
use crate::pool::{Pool, Target};

/// How long targets that come are looked up together.
const AT_ONCE: Duration = Duration::from_millis(500);

/// The slots of one service in one pool.
pub(super) struct Service {
    pool: Arc<Pool>,
    name: String,
    scheme: Scheme,
    /// Where its slots are among the backends of the pool.
    slots: Vec<usize>,
}

/// Who resolves the name of the target in a slot.
#[derive(Default)]
struct Watch {
    target: Option<Target>,
    task: JoinSet<()>,
}

/// What was last heard of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Targets,
    Nothing,
    Silence,
}

impl Service {
    /// All services of a pool.
    pub(super) fn all(pool: &Arc<Pool>) -> Vec<Self> {
        let mut all: Vec<Self> = vec![];
        for (index, backend) in pool.backends().iter().enumerate() {
            let settings = backend.settings();
            let Address::Service(name, _) = &settings.address else { continue };
            match all.iter_mut().find(|it| it.name == *name && it.scheme == settings.scheme) {
                Some(service) => service.slots.push(index),
                None => all.push(Self {
                    pool: Arc::clone(pool),
                    name: name.clone(),
                    scheme: settings.scheme,
                    slots: vec![index],
                }),
            }
        }
        all
    }

    /// Whether nothing is known of it yet.
    pub(super) fn is_unknown(&self) -> bool {
        self.held().iter().all(Option::is_none)
    }

    /// Finds its targets, once.
    pub(super) async fn resolve(self, names: Arc<Names>) {
        if let Answer::At(records, _) = names.service(&self.name).await {
            self.place(records, &names).await;
        }
    }

    /// Finds its targets for ever, as often as the records say.
    pub(super) async fn watch(self, names: Arc<Names>) {
        let mut watches: Vec<Watch> = self.slots.iter().map(|_| Watch::default()).collect();
        self.follow(&mut watches, &names);
        let (mut heard, mut left_out) = (Heard::Targets, 0);
        loop {
            let answer = names.service(&self.name).await;
            let (now, next) = match &answer {
                Answer::At(_, lasts) => (Heard::Targets, *lasts),
                Answer::Nowhere(lasts) => (Heard::Nothing, *lasts),
                Answer::None(_) => (Heard::Silence, SOON),
            };
            self.report(std::mem::replace(&mut heard, now), &answer);
            let records = match answer {
                Answer::At(records, _) => Some(records),
                Answer::Nowhere(_) => Some(vec![]),
                Answer::None(_) => None, // who knows the targets is down, and not the targets
            };
            if let Some(records) = records {
                let left = self.place(records, &names).await;
                // Others fill the same slots when a plan is tried, and may not go on.
                self.pool.refresh();
                self.follow(&mut watches, &names);
                if left > 0 && left != left_out {
                    let (pool, service, slots) = (self.pool.name(), &self.name, self.slots.len());
                    tracing::warn!(pool, service, slots, left, "there are more targets than slots");
                }
                left_out = left;
            }
            sleep(next).await;
        }
    }

    fn report(&self, before: Heard, answer: &Answer<Record>) {
        let (pool, service) = (self.pool.name(), &self.name);
        match (before, answer) {
            (Heard::Targets | Heard::Silence, Answer::Nowhere(_)) => {
                tracing::warn!(pool, service, "the service has no target");
            }
            (Heard::Targets | Heard::Nothing, Answer::None(error)) => {
                let kept = self.held().iter().flatten().count();
                tracing::warn!(pool, service, kept, %error, "the service does not resolve");
            }
            (Heard::Nothing | Heard::Silence, Answer::At(..)) => {
                tracing::info!(pool, service, "the service resolves again");
            }
            _ => {}
        }
    }

    /// Who stands in its slots.
    fn held(&self) -> Vec<Option<Target>> {
        self.slots.iter().map(|&index| self.pool.backends().get(index)?.target()).collect()
    }

    /// Puts targets into slots. Those that come are looked up first, so that nobody goes before somebody else is there; but
    /// who is not found at once is not waited for. Gives how many targets have no slot.
    async fn place(&self, records: Vec<Record>, names: &Arc<Names>) -> usize {
        let held = self.held();
        let (wanted, left_out) = assign(records, &held);
        let is_new = |slot: &usize| match (&wanted[*slot], &held[*slot]) {
            (Some(new), Some(old)) => !new.is_same(old),
            (new, old) => new.is_some() != old.is_some(),
        };
        let mut lookups = JoinSet::new();
        for slot in (0..held.len()).filter(is_new) {
            let Some(target) = wanted[slot].clone() else { continue };
            let names = Arc::clone(names);
            lookups.spawn(async move { (slot, names.lookup(&full(&target.name), target.port).await) });
        }
        let mut found: BTreeMap<usize, Vec<SocketAddr>> = BTreeMap::new();
        let all = async {
            while let Some(lookup) = lookups.join_next().await {
                if let Ok((slot, Answer::At(addresses, _))) = lookup {
                    found.insert(slot, addresses);
                }
            }
        };
        _ = timeout(AT_ONCE, all).await;
        let mut fills = vec![];
        for (slot, target) in wanted.into_iter().enumerate().filter(|(slot, target)| *target != held[*slot]) {
            let (pool, service, number) = (self.pool.name(), &self.name, slot + 1);
            match &target {
                Some(Target { name, port, weight, rank }) => {
                    tracing::info!(pool, service, slot = number, %name, port, weight, rank, "target is in a slot");
                }
                None => tracing::info!(pool, service, slot = number, "slot is empty"),
            }
            fills.push((self.slots[slot], target, found.remove(&slot).unwrap_or_default()));
        }
        if !fills.is_empty() {
            self.pool.fill(fills);
        }
        left_out
    }

    /// Resolves the names of the targets that stand in the slots now, instead of those before.
    fn follow(&self, watches: &mut [Watch], names: &Arc<Names>) {
        for ((watch, &index), target) in watches.iter_mut().zip(&self.slots).zip(self.held()) {
            let is_same = match (&watch.target, &target) {
                (Some(old), Some(new)) => old.is_same(new),
                (old, new) => old.is_none() && new.is_none(),
            };
            if is_same {
                continue;
            }
            watch.task.abort_all();
            if let Some(target) = &target {
                let (pool, names) = (Arc::clone(&self.pool), Arc::clone(names));
                watch.task.spawn(super::watch(pool, index, names, full(&target.name), target.port));
            }
            watch.target = target;
        }
    }
}

/// A target is named in full: it is not searched for.
fn full(name: &str) -> String {
    format!("{name}.")
}

/// Who stands in which slot: who has one keeps it, the others take what is free. When there are too many, those of the
/// lowest priority number stay, the heavier before the lighter, whatever was before, so that all processes choose alike.
/// Gives how many have none as well.
fn assign(records: Vec<Record>, held: &[Option<Target>]) -> (Vec<Option<Target>>, usize) {
    let mut records = records;
    records.sort_by(|a, b| {
        let order = |it: &Record| (it.priority, Reverse(it.weight));
        order(a).cmp(&order(b)).then_with(|| (&a.name, a.port).cmp(&(&b.name, b.port)))
    });
    let mut targets: Vec<Target> = vec![];
    let (mut rank, mut priority) = (0, records.first().map(|it| it.priority));
    for record in records {
        if priority != Some(record.priority) {
            (rank, priority) = (rank + 1, Some(record.priority));
        }
        // Among others, one of weight 0 has a very small chance, and among its like an equal one.
        let target = Target { name: record.name, port: record.port, weight: record.weight.max(1), rank };
        if !targets.iter().any(|it| it.is_same(&target)) {
            targets.push(target);
        }
    }
    let left_out = targets.len().saturating_sub(held.len());
    targets.truncate(held.len());
    let mut slots: Vec<Option<Target>> = held
        .iter()
        .map(|held| {
            let at = targets.iter().position(|it| held.as_ref().is_some_and(|held| held.is_same(it)))?;
            Some(targets.remove(at))
        })
        .collect();
    let free = slots.iter_mut().filter(|slot| slot.is_none());
    free.zip(targets).for_each(|(slot, target)| *slot = Some(target));
    (slots, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(all: &[(u16, u16, &str)]) -> Vec<Record> {
        let one = |&(priority, weight, name): &(u16, u16, &str)| Record {
            priority,
            weight,
            name: name.into(),
            port: 80,
        };
        all.iter().map(one).collect()
    }

    fn shown(slots: &[Option<Target>]) -> String {
        let one = |slot: &Option<Target>| match slot {
            Some(it) => format!("{}:{}:{}", it.name, it.weight, it.rank),
            None => "-".to_owned(),
        };
        slots.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn who_has_a_slot_keeps_it() {
        let (first, left) = assign(records(&[(5, 1, "b"), (5, 3, "a"), (9, 0, "c")]), &[None, None, None]);
        assert_eq!((shown(&first).as_str(), left), ("a:3:0 b:1:0 c:1:1", 0));
        let (next, _) = assign(records(&[(5, 9, "c"), (5, 1, "b")]), &first);
        assert_eq!(shown(&next), "- b:1:0 c:9:0");
        let (next, _) = assign(records(&[(5, 9, "c"), (7, 1, "b"), (1, 1, "d")]), &next);
        assert_eq!(shown(&next), "d:1:0 b:1:2 c:9:1");
        assert_eq!(shown(&assign(vec![], &next).0), "- - -");
    }

    #[test]
    fn of_too_many_the_first_and_heavy_stay_whoever_was_there() {
        let all = records(&[(1, 1, "a"), (2, 1, "b"), (2, 7, "c"), (1, 1, "a")]);
        let (slots, left) = assign(all.clone(), &[None, None]);
        assert_eq!((shown(&slots).as_str(), left), ("a:1:0 c:7:1", 1));
        let (old, _) = assign(records(&[(0, 1, "b")]), &[None, None]);
        assert_eq!(shown(&assign(all, &old).0), "a:1:0 c:7:1");
    }
}
