//! Slots of services: what is known of a target says nothing about the next one.

use super::*;

/// A pool of a service with so many empty slots.
fn service(slots: u16) -> plan::Pool {
    let slot =
        |slot| plan::Backend { address: Address::Service("_http._tcp.api".into(), slot), ..backend(1, 1) };
    settings(Balance::WeightedRoundRobin, (1..=slots).map(slot).collect())
}

fn empty(slots: u16) -> Pool {
    Pool::new(&service(slots), &[], None).unwrap()
}

/// Puts targets of this weight into the first slots.
fn fill(pool: &Pool, names: &[&str], weight: u16) {
    let target = |name: &&str| Target { name: (*name).into(), port: 80, weight, rank: 0 };
    let at = || vec![SocketAddr::from(([10, 0, 0, 1], 80))];
    pool.fill(names.iter().enumerate().map(|(index, name)| (index, Some(target(name)), at())).collect());
}

#[test]
fn orders_about_a_target_outlive_another_weight_of_its_record() {
    let pool = empty(2);
    fill(&pool, &["a", "b"], 50);
    pool.set_draining(0, true);
    pool.set_weight(1, 7);
    let known = |index: usize| {
        let backend = &pool.backends()[index];
        (backend.weight(), backend.is_draining(), backend.written_weight())
    };
    fill(&pool, &["a", "b"], 33);
    assert_eq!([known(0), known(1)], [(0, true, 33), (7, false, 33)]);
    pool.set_draining(0, false);
    pool.set_weight(1, 33);
    fill(&pool, &["a", "b"], 25);
    assert_eq!(
        [known(0), known(1)],
        [(25, false, 25); 2],
        "orders taken back leave the weight to the records"
    );
    pool.set_draining(0, true);
    fill(&pool, &["c"], 25);
    assert_eq!(known(0), (25, false, 25), "the order was about another server");
}

#[test]
fn who_comes_into_a_slot_later_warms_up_and_nobody_at_the_start() {
    let plan = plan::Pool { slow_start: Some(Millis(3_600_000)), ..service(3) };
    let pool = Pool::new(&plan, &[], None).unwrap();
    fill(&pool, &["a", "b"], 1);
    pool.started();
    let shares = || counts((0..42).map(|_| next(&pool)));
    assert_eq!((pool.is_warming_up(Instant::now()), shares()), (false, vec![21, 21]));
    fill(&pool, &["a", "b", "c"], 1);
    assert_eq!((pool.is_warming_up(Instant::now()), shares()[2]), (true, 1), "20 and 20 and 1");
}

#[tokio::test(start_paused = true)]
async fn exchanges_with_who_was_in_the_slot_before_neither_count_nor_speak_for_who_is() {
    let eject =
        plan::Eject { consecutive_errors: 9, lasts: Millis(1000), max_lasts: Millis(1000), max_percent: 100 };
    let pool = Pool::new(&plan::Pool { eject: Some(eject), ..service(1) }, &[], None).unwrap();
    let (backend, now) = (&pool.backends()[0], Instant::now());
    fill(&pool, &["a"], 1);
    let old = [(); 2].map(|()| backend.try_enter().unwrap());
    fill(&pool, &["a"], 2);
    assert!(backend.enter().await.is_err(), "the same server has two exchanges still");
    fill(&pool, &["b"], 1);
    let new = backend.try_enter().unwrap();
    pool.went_wrong(&new);
    pool.went_wrong(&old[0]);
    pool.went_well(&old[0]);
    old[0].answered(Duration::from_secs(9), now);
    assert_eq!((backend.errors().in_a_row(), backend.response_time(now)), (1, None));
    assert_eq!((backend.failures(), backend.requests()), (2, 3), "what is counted is that of the slot");
    drop(old);
    assert_eq!(backend.in_flight(), 1);
    let _second = backend.try_enter().unwrap();
    assert!(backend.try_enter().is_none(), "its limit is as before");
    pool.went_well(&new);
    new.answered(Duration::from_secs(1), now);
    assert_eq!((backend.errors().in_a_row(), backend.response_time(now)), (0, Some(1_000_000.0)));
}
