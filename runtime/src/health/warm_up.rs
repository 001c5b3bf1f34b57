//! Slow start: gives backends that came back more of their share, step by step.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::pool::Pool;

/// Warms up backends of a pool for ever, a step each time.
pub(super) async fn watch(pool: Arc<Pool>, step: Duration) {
    loop {
        if !pool.is_warming_up(Instant::now()) {
            pool.returned().await;
        }
        sleep(step).await;
        pool.refresh();
    }
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::Millis;

    use super::super::eject::tests::plan;
    use super::*;
    use crate::pool::Affinity;
    use crate::pool::Tried;

    #[tokio::test]
    async fn a_backend_that_came_back_ends_with_its_whole_share() {
        let plan = divisor_schema::plan::Pool { slow_start: Some(Millis(40)), ..plan(2, 50) };
        let pool = Arc::new(Pool::new(&plan, &[], None).unwrap());
        let watching = tokio::spawn(watch(Arc::clone(&pool), pool.warm_up_step().unwrap()));
        pool.set_out(1, Some(Instant::now()));
        pool.set_out(1, None);
        let pick = |_| pool.pick(Affinity::default(), &Tried::default(), Instant::now, &mut || 0);
        let is_even = || (0..20).filter_map(pick).filter(|pick| pick.index == 1).count() == 10;
        assert!(!is_even());
        while !is_even() {
            sleep(Duration::from_millis(1)).await;
        }
        watching.abort();
    }
}
