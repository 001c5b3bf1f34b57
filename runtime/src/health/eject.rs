//! Passive health checks: backends that fail the requests of clients are taken out for a while.

use std::sync::Arc;
use std::time::Instant;

use divisor_schema::plan::Eject;
use tokio::time::sleep_until;

use crate::pool::{Liveness, Pool};

/// Takes backends of a pool out and back for ever.
pub(super) async fn watch(pool: Arc<Pool>, settings: Eject) {
    loop {
        match review(&pool, &settings, Instant::now()) {
            None => pool.suspects().await,
            Some(next) => tokio::select! {
                () = pool.suspects() => {}
                () = sleep_until(next.into()) => {}
            },
        }
    }
}

/// Takes back those whose time is over, and takes out those with too many errors, as long as that leaves enough of them.
/// Gives when the next one comes back.
fn review(pool: &Pool, settings: &Eject, now: Instant) -> Option<Instant> {
    let backends = pool.backends();
    let most = backends.iter().filter(|it| !it.is_empty()).count() * usize::from(settings.max_percent) / 100;
    let over = |until: Instant| until <= now;
    for (index, backend) in backends.iter().enumerate() {
        if backend.errors().out_until().is_some_and(over) {
            pool.set_out(index, None);
            tracing::info!(pool = pool.name(), backend = backend.url(), "backend is taken back");
        }
    }
    let mut out = backends.iter().filter(|backend| backend.errors().out_until().is_some()).count();
    for (index, backend) in backends.iter().enumerate() {
        let errors = backend.errors().in_a_row();
        let can_go = backend.errors().out_until().is_none() && backend.liveness() != Liveness::Dead;
        let is_in = can_go && !backend.is_empty(); // exchanges with who has left may still fail
        if is_in && errors >= settings.consecutive_errors && out < most {
            out += 1;
            let term = backend.errors().term(settings.lasts.into(), settings.max_lasts.into(), now);
            pool.set_out(index, now.checked_add(term));
            let (pool, backend, alive) = (pool.name(), backend.url(), pool.alive());
            tracing::warn!(
                pool,
                backend,
                errors,
                alive,
                ?term,
                "backend is taken out: too many errors in a row"
            );
        }
    }
    backends.iter().filter_map(|backend| backend.errors().out_until()).min()
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use divisor_schema::plan::{self, Address, Balance, Connections, Millis, Scheme};

    use super::*;
    use crate::pool::Target;

    pub(in super::super) fn plan(backends: u16, max_percent: u8) -> plan::Pool {
        let backend = |port| plan::Backend {
            scheme: Scheme::Http,
            address: Address::Ip(SocketAddr::from(([127, 0, 0, 1], port))),
            weight: 1,
            backup: false,
            tls: None,
            probe: None,
            connections: Connections {
                per_backend: 9,
                queue: 9,
                queue_timeout: Millis(9),
                connect_timeout: Millis(9),
                idle_timeout: Millis(9),
                max_age: None,
                h2: true,
                ping: Millis(360_000),
            },
            proxy_protocol: None,
        };
        let eject =
            Eject { consecutive_errors: 3, lasts: Millis(30_000), max_lasts: Millis(30_000), max_percent };
        plan::Pool {
            name: "app".into(),
            balance: Balance::RoundRobin,
            backends: (0..backends).map(backend).collect(),
            eject: Some(eject),
            fail_open: 0,
            hash: None,
            sticky: None,
            slow_start: None,
        }
    }

    fn pool(backends: u16, max_percent: u8) -> (Pool, Eject) {
        let plan = plan(backends, max_percent);
        (Pool::new(&plan, &[], None).unwrap(), plan.eject.unwrap())
    }

    fn fail(pool: &Pool, index: usize, times: usize) {
        let ticket = pool.backends()[index].try_enter().unwrap();
        (0..times).for_each(|_| pool.went_wrong(&ticket));
    }

    fn out(pool: &Pool) -> Vec<usize> {
        let backends = pool.backends().iter().enumerate();
        backends.filter(|(_, it)| it.errors().out_until().is_some()).map(|(index, _)| index).collect()
    }

    #[test]
    fn errors_in_a_row_take_a_backend_out_and_time_brings_it_back() {
        let ((pool, eject), now) = (pool(3, 50), Instant::now());
        fail(&pool, 1, 2);
        pool.went_well(&pool.backends()[1].try_enter().unwrap());
        fail(&pool, 1, 2);
        assert_eq!((review(&pool, &eject, now), pool.alive()), (None, 3));
        fail(&pool, 1, 1);
        let back = review(&pool, &eject, now).unwrap();
        assert_eq!((out(&pool), pool.alive()), (vec![1], 2));
        let wait = back.duration_since(now);
        assert!(wait.abs_diff(Duration::from_secs(30)) < Duration::from_millis(1), "{wait:?}");
        assert_eq!((review(&pool, &eject, back), pool.alive()), (None, 3));
    }

    #[test]
    fn no_more_than_the_share_is_out_and_the_next_waits_for_its_turn() {
        let ((pool, eject), now) = (pool(4, 50), Instant::now());
        (0..4).for_each(|index| fail(&pool, index, 3));
        let back = review(&pool, &eject, now).unwrap();
        assert_eq!(out(&pool), [0, 1]);
        review(&pool, &eject, back + Duration::from_millis(1));
        assert_eq!(out(&pool), [2, 3]);
    }

    #[test]
    fn the_only_backend_stays_in_and_where_all_may_be_out_all_are_tried() {
        let ((single, eject), now) = (pool(1, 50), Instant::now());
        fail(&single, 0, 9);
        review(&single, &eject, now);
        assert_eq!((out(&single), single.alive()), (vec![], 1));
        let (all, eject) = pool(2, 100);
        fail(&all, 0, 3);
        review(&all, &eject, now);
        assert_eq!(all.alive(), 1);
        fail(&all, 1, 3);
        review(&all, &eject, now);
        assert_eq!((out(&all), all.alive()), (vec![0, 1], 2), "better than nobody");
    }

    #[test]
    fn who_has_left_its_slot_is_not_out_and_its_successor_has_a_clean_slate() {
        let slots = (1..5).map(|slot| plan::Backend {
            address: Address::Service("api.internal".into(), slot),
            ..plan(1, 50).backends.remove(0)
        });
        let pool = Pool::new(&plan::Pool { backends: slots.collect(), ..plan(0, 50) }, &[], None).unwrap();
        let (lasts, max_lasts) = (Millis(30_000), Millis(120_000));
        let eject = Eject { lasts, max_lasts, ..plan(0, 50).eject.unwrap() };
        let fill = |index: usize, name: Option<&str>| {
            let target = name.map(|name| Target { name: name.into(), port: 80, weight: 1, rank: 0 });
            pool.fill(vec![(index, target, vec![SocketAddr::from(([127, 0, 0, 1], 80))])]);
        };
        ["a", "b", "c", "d"].into_iter().enumerate().for_each(|(index, name)| fill(index, Some(name)));
        let now = Instant::now();
        [0, 1].into_iter().for_each(|index| fail(&pool, index, 3));
        review(&pool, &eject, now);
        assert_eq!(out(&pool), [0, 1]);
        [0, 1].into_iter().for_each(|index| fill(index, None));
        [0, 2].into_iter().for_each(|index| fail(&pool, index, 3));
        review(&pool, &eject, now);
        assert_eq!(out(&pool), [2], "one of two, and nobody of those who have left");
        fill(2, Some("e"));
        assert!(out(&pool).is_empty());
        fail(&pool, 2, 3);
        let term = review(&pool, &eject, now).unwrap().duration_since(now);
        assert!(term < Duration::from_secs(31), "the first time for this one: {term:?}");
    }

    #[test]
    fn a_swap_keeps_who_is_out_unless_the_new_plan_takes_nobody_out() {
        let ((old, eject), now) = (pool(3, 50), Instant::now());
        fail(&old, 2, 3);
        review(&old, &eject, now);
        let new = Pool::new(&plan(3, 50), &[], Some(&old)).unwrap();
        assert_eq!((out(&new), new.alive()), (vec![2], 2));
        let without = Pool::new(&plan::Pool { eject: None, ..plan(3, 50) }, &[], Some(&old)).unwrap();
        assert_eq!(without.alive(), 3);
        fail(&without, 0, 9);
        assert_eq!(without.backends()[0].errors().in_a_row(), 0, "nobody counts");
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspect_is_looked_at_at_once() {
        let (pool, eject) = pool(2, 50);
        let pool = Arc::new(pool);
        let watching = tokio::spawn(watch(Arc::clone(&pool), eject));
        tokio::task::yield_now().await;
        fail(&pool, 0, 3);
        while pool.alive() == 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(out(&pool), [0]);
        watching.abort();
    }
}
