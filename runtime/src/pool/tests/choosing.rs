//! Who is chosen: keys, pairs, backups, homes, slow starts, queues.

use proptest::prelude::*;

use super::*;

/// Random numbers spread evenly over their range.
fn numbers(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |nth| u64::MAX / count * nth + nth)
}

fn pick_at(pool: &Pool, random: u64) -> usize {
    pool.pick(Affinity::default(), &Tried::default(), Instant::now, &mut || random).unwrap().index
}

fn by_key(pool: &Pool, key: u64, tried: &[usize]) -> Option<usize> {
    let affinity = Affinity { key, home: None };
    pool.pick(affinity, &Tried(tried.to_vec()), Instant::now, &mut || 0).map(|pick| pick.index)
}

fn roomy(weight: u16, port: u16) -> plan::Backend {
    let mut roomy = backend(port, weight);
    roomy.connections.per_backend = 10_000;
    roomy
}

#[test]
fn of_two_the_less_busy_for_its_weight_is_taken() {
    let plan = settings(Balance::PowerOfTwo, vec![roomy(1, 1), roomy(2, 2)]);
    let pool = Pool::new(&plan, &[], None).unwrap();
    let mut tickets = vec![pool.backends()[1].try_enter().unwrap()];
    for random in numbers(64) {
        assert_eq!(pick_at(&pool, random), 0, "an idle one before one at work");
    }
    tickets.push(pool.backends()[0].try_enter().unwrap());
    for random in numbers(64) {
        assert_eq!(pick_at(&pool, random), 1, "one of two before one of one");
    }
    drop(tickets);
    assert_eq!(
        counts(numbers(300).map(|random| pick_at(&pool, random))),
        [100, 200],
        "by weight among equals"
    );
}

#[test]
fn two_random_choices_leave_nobody_with_much_more() {
    let plan = settings(Balance::PowerOfTwo, (1..=10).map(|port| roomy(1, port)).collect());
    let pool = Pool::new(&plan, &[], None).unwrap();
    let mut random = 1u64;
    let tickets: Vec<_> = (0..1000)
        .map(|_| {
            random = key::mix(random.wrapping_add(0x9e37_79b9_7f4a_7c15));
            pool.backends()[pick_at(&pool, random)].try_enter().unwrap()
        })
        .collect();
    let most = pool.backends().iter().map(|backend| backend.in_flight()).max().unwrap();
    assert!(most <= 105, "{most} of 100 on average");
    drop(tickets);
}

#[test]
fn a_key_keeps_its_backend_by_weight_and_a_loss_moves_only_its_own() {
    let backends: Vec<_> = [1u16, 2, 3].map(|weight| plan::Backend { weight, ..probed(weight) }).into();
    let pool = Pool::new(&settings(Balance::ConsistentHash, backends), &[], None).unwrap();
    let homes =
        |pool: &Pool| (0..6000).map(|nth| by_key(pool, key::mix(nth), &[]).unwrap()).collect::<Vec<_>>();
    let before = homes(&pool);
    let shares = counts(before.clone());
    for (share, due) in shares.iter().zip([1000.0, 2000.0, 3000.0]) {
        assert!((*share as f64 / due - 1.0).abs() < 0.25, "{shares:?}");
    }
    pool.set_liveness(1, Liveness::Dead);
    for (now, home) in homes(&pool).into_iter().zip(&before) {
        assert!(if *home == 1 { now != 1 } else { now == *home });
    }
    pool.set_liveness(1, Liveness::Alive);
    assert_eq!(homes(&pool), before, "and they come back");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_above_the_bound_and_nobody_moves_below_it(
        weights in prop::collection::vec(1u16..5, 2..7),
        keys in prop::collection::vec(0u64..4, 1..200),
    ) {
        let backends = weights.iter().zip(1..).map(|(&weight, port)| roomy(weight, port)).collect();
        let pool = Pool::new(&settings(Balance::ConsistentHash, backends), &[], None).unwrap();
        let first: Vec<_> = (0..4).map(|key| by_key(&pool, key::mix(key), &[]).unwrap()).collect();
        let total: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
        let mut tickets = Vec::new();
        for key in keys {
            let index = by_key(&pool, key::mix(key), &[]).unwrap();
            let bound = |index: usize| {
                (125 * (tickets.len() as u64 + 1) * u64::from(weights[index])).div_ceil(100 * total)
            };
            let in_flight = |index: usize| u64::from(pool.backends()[index].in_flight());
            prop_assert!(in_flight(index) < bound(index), "above the bound");
            let home = first[key as usize];
            prop_assert!(index == home || in_flight(home) >= bound(home), "moved without need");
            tickets.push(pool.backends()[index].try_enter().unwrap());
        }
    }
}

#[test]
fn when_all_others_are_tried_a_key_goes_where_it_can_above_the_bound_too() {
    let plan = settings(Balance::ConsistentHash, vec![roomy(1, 1), roomy(1, 2)]);
    let pool = Pool::new(&plan, &[], None).unwrap();
    let _busy: Vec<_> = (0..9).map(|_| pool.backends()[1].try_enter().unwrap()).collect();
    assert_eq!(by_key(&pool, 7, &[0]), Some(1));
    assert_eq!(by_key(&pool, 7, &[0, 1]), None);
    assert_eq!(pool.key(), Some(&HashKey::ClientAddress));
}

#[test]
fn backups_share_the_work_when_no_other_is_alive_and_only_then() {
    let backup = |port| plan::Backend { backup: true, ..probed(port) };
    let plan = settings(Balance::RoundRobin, vec![probed(1), backup(2), backup(3)]);
    let pool = Pool::new(&plan, &[], None).unwrap();
    let _busy = [(); 2].map(|()| pool.backends()[0].try_enter().unwrap());
    assert_eq!(counts((0..6).map(|_| next(&pool))), [6], "busy is not dead");
    pool.set_liveness(0, Liveness::Dead);
    assert_eq!(counts((0..6).map(|_| next(&pool))), [3, 3]);
    pool.set_liveness(0, Liveness::Alive);
    assert_eq!((next(&pool), pool.alive()), (0, 1));
}

#[test]
fn backups_come_before_those_that_errors_have_taken_out() {
    let eject =
        plan::Eject { consecutive_errors: 1, lasts: Millis(1000), max_lasts: Millis(1000), max_percent: 100 };
    let backends = vec![backend(1, 1), plan::Backend { backup: true, ..backend(2, 1) }];
    let plan = plan::Pool { eject: Some(eject), ..settings(Balance::Random, backends) };
    let pool = Pool::new(&plan, &[], None).unwrap();
    pool.set_out(0, Some(Instant::now()));
    assert_eq!(next(&pool), 1);
    pool.set_out(1, Some(Instant::now()));
    assert_eq!(next(&pool), 0, "better than nobody");
}

#[test]
fn when_too_few_are_alive_all_are_used_unless_a_backup_can_stand_in_for_all() {
    let backup = plan::Backend { backup: true, ..probed(9) };
    let plan = plan::Pool { fail_open: 50, ..settings(Balance::RoundRobin, (1..5).map(probed).collect()) };
    let pool = Pool::new(&plan, &[], None).unwrap();
    let kill = |pool: &Pool, dead: std::ops::Range<usize>| {
        dead.for_each(|index| pool.set_liveness(index, Liveness::Dead));
        pool.alive()
    };
    assert_eq!(kill(&pool, 0..2), 2, "half of them are enough");
    assert_eq!(kill(&pool, 2..3), 4);
    assert_eq!(kill(&pool, 3..4), 4);
    pool.set_liveness(1, Liveness::Alive);
    pool.set_liveness(2, Liveness::Alive);
    assert_eq!(pool.alive(), 2, "enough again");
    let mut helped = plan.clone();
    helped.backends.push(backup);
    let pool = Pool::new(&helped, &[], None).unwrap();
    assert_eq!((kill(&pool, 0..3), kill(&pool, 3..4)), (4, 1));
    assert_eq!(next(&pool), 4, "the backup");
    let strict = Pool::new(&plan::Pool { fail_open: 0, ..plan }, &[], None).unwrap();
    assert_eq!(kill(&strict, 0..4), 0);
}

#[test]
fn a_backend_that_is_said_to_start_dead_waits_for_its_first_probe() {
    let waits = |port| {
        let probe = probed(port).probe.map(|probe| plan::Probe { starts_alive: false, ..probe });
        plan::Backend { probe, ..backend(port, 1) }
    };
    let plan = plan::Pool { fail_open: 100, ..settings(Balance::RoundRobin, vec![waits(1), waits(2)]) };
    let pool = Pool::new(&plan, &[], None).unwrap();
    assert_eq!(pool.alive(), 0, "whatever is done with the dead");
    pool.set_liveness(1, Liveness::Alive);
    assert_eq!((pool.alive(), next(&pool)), (1, 1));
}

#[test]
fn a_client_stays_at_home_where_nobody_new_is_taken_but_not_at_the_dead() {
    let drained = plan::Backend { weight: 0, ..probed(1) };
    let pool = Pool::new(&settings(Balance::RoundRobin, vec![drained, probed(2)]), &[], None).unwrap();
    assert_eq!(counts((0..4).map(|_| next(&pool))), [4], "weight 0 takes nobody new");
    let from_home = |tried: &[usize]| {
        let affinity = Affinity { key: 0, home: Some(0) };
        pool.pick(affinity, &Tried(tried.to_vec()), Instant::now, &mut || 0).map(|pick| pick.index)
    };
    assert_eq!(from_home(&[]), Some(0));
    assert_eq!(from_home(&[0]), Some(1));
    pool.set_liveness(0, Liveness::Dead);
    assert_eq!(from_home(&[]), Some(1));
}

#[test]
fn a_cookie_names_its_backend_over_swaps_and_restarts() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "ab".repeat(32)).unwrap();
    let sticky = plan::Sticky {
        cookie: "at".into(),
        key: plan::Secret::File("key".into()),
        max_age: None,
        secure: None,
        same_site: plan::SameSite::Lax,
        path: "/".into(),
    };
    let pool = |ports: &[u16]| {
        let backends = ports.iter().map(|&port| backend(port, 1)).collect();
        let sticky = Sticky::new(&sticky, "app", folder.path()).unwrap();
        Pool::new(&settings(Balance::Random, backends), &[], None).unwrap().with_sticky(Some(sticky))
    };
    let before = pool(&[1, 2, 3]);
    let cookie = before.keep(Affinity::default(), 2, true).unwrap();
    let value = cookie.to_str().unwrap().split(['=', ';']).nth(1).unwrap().as_bytes();
    assert_eq!(before.home(value), Some(2));
    assert_eq!(pool(&[3, 1]).home(value), Some(0));
    assert_eq!(pool(&[1, 2]).home(value), None);
    let at_home = Affinity { key: 0, home: Some(2) };
    assert_eq!(before.keep(at_home, 2, true), None, "it has one");
    assert!(before.keep(at_home, 1, true).is_some());
    assert_eq!(super::pool(Balance::Random, &[1]).keep(Affinity::default(), 0, true), None);
}

#[test]
fn who_comes_back_gets_a_growing_share_from_every_balancer_without_keys() {
    for balance in [
        Balance::RoundRobin,
        Balance::WeightedRoundRobin,
        Balance::Random,
        Balance::PowerOfTwo,
        Balance::LeastConnection,
        Balance::LeastResponseTime,
    ] {
        let plan = plan::Pool {
            slow_start: Some(Millis(3_600_000)),
            ..settings(balance, vec![probed(1), probed(2), probed(3)])
        };
        let pool = Pool::new(&plan, &[], None).unwrap();
        let shares = |pool: &Pool, picks| counts(numbers(picks).map(|random| pick_at(pool, random)));
        assert_eq!(shares(&pool, 6), [2, 2, 2], "{balance:?}: nobody is cold at the start");
        pool.set_liveness(2, Liveness::Dead);
        pool.set_liveness(2, Liveness::Alive);
        assert_eq!(shares(&pool, 41), [20, 20, 1], "{balance:?}");
        assert!(pool.is_warming_up(Instant::now()));
        assert!(!pool.is_warming_up(Instant::now() + Duration::from_secs(3_600)));
        assert_eq!(pool.warm_up_step(), Some(Duration::from_secs(180)));
    }
}

#[test]
fn who_joins_a_pool_starts_slowly_and_keys_do_not_care() {
    let plan = |balance, ports: &[u16]| plan::Pool {
        slow_start: Some(Millis(3_600_000)),
        ..settings(balance, ports.iter().map(|&port| backend(port, 1)).collect())
    };
    let old = Pool::new(&plan(Balance::RoundRobin, &[1]), &[], None).unwrap();
    let new = Pool::new(&plan(Balance::RoundRobin, &[1, 2]), &[], Some(&old)).unwrap();
    assert_eq!(counts((0..21).map(|_| next(&new))), [20, 1]);
    let hashed = Pool::new(&plan(Balance::ConsistentHash, &[1, 2]), &[], Some(&old)).unwrap();
    let shares = counts((0..1000).map(|nth| by_key(&hashed, key::mix(nth), &[]).unwrap()));
    assert!(shares.iter().all(|share| (350..650).contains(share)), "{shares:?}");
    assert!(Pool::new(&plan(Balance::Random, &[3]), &[], None).unwrap().backends()[0].takes_clients());
}

#[tokio::test(start_paused = true)]
async fn so_many_wait_for_a_full_backend_and_the_next_is_refused_at_once() {
    let pool = pool(Balance::RoundRobin, &[1]);
    let backend = &pool.backends()[0];
    let held = (backend.enter().await.unwrap(), backend.enter().await.unwrap());
    let queued = Arc::clone(backend);
    let waiting = tokio::spawn(async move { queued.enter().await.map(drop) });
    tokio::task::yield_now().await;
    assert_eq!(backend.in_flight(), 3);
    let start = tokio::time::Instant::now();
    let full = backend.enter().await.unwrap_err();
    assert_eq!((full, start.elapsed()), (Busy::Full { limit: 2, queue: 1 }, Duration::ZERO));
    assert_eq!(full.to_string(), "2 exchanges in flight, and 1 that wait");
    drop(held);
    waiting.await.unwrap().unwrap();
    assert_eq!(backend.in_flight(), 0);
}
