//! One worker's view of the plan that is live.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use divisor_schema::plan::{PoolId, Roots};

use crate::counters::Counters;
use crate::plan::{Live, Published};
use crate::pool::{Backend, Pool};
use crate::upstream::Upstream;

use super::mirror::Copies;

/// The live plan and this worker's own connections to its backends. A request takes one view and keeps it to its
/// end, so no request ever sees two plans.
pub(crate) struct View {
    /// Everything a request needs.
    pub(crate) live: Arc<Live>,
    upstreams: Vec<Vec<Rc<Upstream>>>,
    copies: Copies,
}

impl View {
    /// Connections of `previous` are kept where the backend is the same and is spoken to in the same way.
    fn new(live: Arc<Live>, counters: &Arc<Counters>, previous: Option<&View>) -> Rc<Self> {
        let upstreams = live.pools.iter().map(|pool| {
            let old = previous.and_then(|view| {
                let at = view.live.pools.iter().position(|old| old.name() == pool.name())?;
                Some((&view.live.pools[at], &view.upstreams[at]))
            });
            let kept = |backend: &Backend| {
                let (pool, upstreams) = old?;
                let at = pool.backends().iter().position(|old| old.is_same_connection(backend))?;
                Some(Rc::clone(&upstreams[at]))
            };
            let upstreams = pool.backends().iter();
            upstreams
                .map(|backend| {
                    kept(backend).unwrap_or_else(|| {
                        let tls = backend.settings().tls.and_then(|id| live.plan.client_tls.get(id.index()));
                        let unverified = tls.is_some_and(|tls| tls.roots == Roots::Unverified);
                        Upstream::new(&backend.settings().connections, Arc::clone(counters), unverified)
                    })
                })
                .collect()
        });
        let upstreams = upstreams.collect();
        let copies = previous.map(|view| view.copies.clone()).unwrap_or_default();
        Rc::new(Self { live, upstreams, copies })
    }

    /// This worker's connections to one backend of a pool.
    pub(crate) fn upstream(&self, pool: PoolId, backend: usize) -> &Rc<Upstream> {
        &self.upstreams[pool.index()][backend]
    }

    /// The same for a pool that may be of another plan; `None` when it is.
    pub(super) fn upstream_of(&self, pool: &Arc<Pool>, backend: usize) -> Option<&Rc<Upstream>> {
        let at = self.live.pools.iter().position(|known| Arc::ptr_eq(known, pool))?;
        self.upstreams.get(at)?.get(backend)
    }

    /// The copies of requests that this worker has under way, whatever plan they began with.
    pub(super) fn copies(&self) -> &Copies {
        &self.copies
    }

    /// Closes connections that have waited for too long.
    pub(crate) fn sweep(&self) {
        self.upstreams.iter().flatten().for_each(|upstream| upstream.sweep());
    }
}

/// Gives the current view of one worker.
pub(crate) struct Views {
    current: RefCell<Rc<View>>,
    published: Arc<Published>,
    counters: Arc<Counters>,
}

impl Views {
    /// Views of what is `published`, of a worker that counts in `counters`.
    pub(crate) fn new(published: Arc<Published>, counters: Arc<Counters>) -> Rc<Self> {
        let current = RefCell::new(View::new(published.load_full(), &counters, None));
        Rc::new(Self { current, published, counters })
    }

    /// What this worker counts.
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// The view of the plan that is live now. One atomic load, unless the plan has changed since.
    pub(crate) fn current(&self) -> Rc<View> {
        let live = self.published.load();
        if !Arc::ptr_eq(&live, &self.current.borrow().live) {
            let view = View::new(Arc::clone(&live), &self.counters, Some(&self.current.borrow()));
            self.current.replace(view);
        }
        Rc::clone(&self.current.borrow())
    }
}
