//! One worker's view of the plan that is live.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use divisor_schema::plan::{Bind, PoolId, Roots};

use crate::counters::Counters;
use crate::plan::{Live, Published};
use crate::pool::{Backend, Pool};
use crate::upstream::Upstream;

use super::door::Door;
use super::mirror::Copies;

/// The live plan and this worker's own connections to its backends. A request takes one view and keeps it to its
/// end, so no request ever sees two plans.
pub(crate) struct View {
    /// Everything a request needs.
    pub(crate) live: Arc<Live>,
    upstreams: Vec<Vec<Home>>,
    copies: Copies,
}

/// The connections to one backend, and to which server in its slot they are: those to another are no use.
#[derive(Clone)]
struct Home {
    era: Cell<u32>,
    upstream: RefCell<Rc<Upstream>>,
}

impl Home {
    fn new(era: u32, upstream: Rc<Upstream>) -> Self {
        Self { era: Cell::new(era), upstream: RefCell::new(upstream) }
    }

    /// The connections to who stands there now; the others are closed, those in use after their exchange.
    fn upstream(&self, backend: &Backend) -> Rc<Upstream> {
        let era = backend.era();
        if self.era.replace(era) != era {
            let fresh = self.upstream.borrow().to_another();
            self.upstream.replace(fresh).retire();
        }
        Rc::clone(&self.upstream.borrow())
    }
}

impl View {
    /// Connections of `previous` are kept where the backend is the same and is spoken to in the same way; the others are
    /// closed, those in use after their exchange.
    fn new(live: Arc<Live>, counters: &Arc<Counters>, previous: Option<&View>) -> Rc<Self> {
        let mut old = Left::of(previous);
        let mut upstream = |pool: &Pool, backend: &Backend| {
            old.take(pool.name(), backend).unwrap_or_else(|| {
                let tls = backend.settings().tls.and_then(|id| live.plan.client_tls.get(id.index()));
                let unverified = tls.is_some_and(|tls| tls.roots == Roots::Unverified);
                let settings = &backend.settings().connections;
                Home::new(backend.era(), Upstream::new(settings, Arc::clone(counters), unverified))
            })
        };
        let upstreams = live.pools.iter().map(|pool| {
            let backends = pool.backends().iter();
            backends.map(|backend| upstream(pool, backend)).collect()
        });
        let upstreams = upstreams.collect();
        old.retire();
        let copies = previous.map(|view| view.copies.clone()).unwrap_or_default();
        Rc::new(Self { live, upstreams, copies })
    }

    /// This worker's connections to one backend of a pool.
    pub(crate) fn upstream(&self, pool: PoolId, backend: usize) -> Rc<Upstream> {
        let at = pool.index();
        self.upstreams[at][backend].upstream(&self.live.pools[at].backends()[backend])
    }

    /// The same for a pool that may be of another plan; `None` when it is.
    pub(super) fn upstream_of(&self, pool: &Arc<Pool>, backend: usize) -> Option<Rc<Upstream>> {
        let at = self.live.pools.iter().position(|known| Arc::ptr_eq(known, pool))?;
        Some(self.upstreams.get(at)?.get(backend)?.upstream(pool.backends().get(backend)?))
    }

    /// The copies of requests that this worker has under way, whatever plan they began with.
    pub(super) fn copies(&self) -> &Copies {
        &self.copies
    }

    /// Closes connections that have waited for too long, and those to who stands in its slot no more.
    pub(crate) fn sweep(&self) {
        for (pool, homes) in self.live.pools.iter().zip(&self.upstreams) {
            for (backend, home) in pool.backends().iter().zip(homes) {
                let upstream = home.upstream(backend);
                if backend.is_empty() { upstream.let_go() } else { upstream.sweep() }
            }
        }
    }
}

/// The connections of a view that no later one has taken over, by pool.
struct Left<'a>(Vec<(&'a Pool, Vec<Option<Home>>)>);

impl<'a> Left<'a> {
    fn of(view: Option<&'a View>) -> Self {
        let pools = view.into_iter().flat_map(|view| view.live.pools.iter().zip(&view.upstreams));
        Self(pools.map(|(pool, all)| (pool.as_ref(), all.iter().cloned().map(Some).collect())).collect())
    }

    /// The connections to a backend, if it is spoken to as before.
    fn take(&mut self, pool: &str, backend: &Backend) -> Option<Home> {
        let (pool, upstreams) = self.0.iter_mut().find(|(old, _)| old.name() == pool)?;
        let mut backends = pool.backends().iter().zip(upstreams);
        let (_, upstream) =
            backends.find(|(old, upstream)| upstream.is_some() && old.is_same_connection(backend))?;
        upstream.take()
    }

    /// Nobody takes the rest.
    fn retire(self) {
        self.0
            .iter()
            .flat_map(|(_, upstreams)| upstreams)
            .flatten()
            .for_each(|home| home.upstream.borrow().retire());
    }
}

/// Gives the current view of one worker.
pub(crate) struct Views {
    current: RefCell<Rc<View>>,
    doors: RefCell<Vec<Weak<Door>>>,
    published: Arc<Published>,
    counters: Arc<Counters>,
}

impl Views {
    /// Views of what is `published`, of a worker that counts in `counters`.
    pub(crate) fn new(published: Arc<Published>, counters: Arc<Counters>) -> Rc<Self> {
        let current = RefCell::new(View::new(published.load_full(), &counters, None));
        Rc::new(Self { current, doors: RefCell::default(), published, counters })
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
            let before = self.current.replace(Rc::clone(&view));
            self.doors
                .borrow_mut()
                .retain(|door| door.upgrade().inspect(|door| door.note(&before, &view)).is_some());
        }
        Rc::clone(&self.current.borrow())
    }
    /// An address at which this worker accepts from now on.
    pub(crate) fn open(&self, bind: Bind) -> Rc<Door> {
        let door = Door::new(bind);
        self.doors.borrow_mut().push(Rc::downgrade(&door));
        door
    }

    /// The plan that is live has no listener at this address any more; `live`, the one before, had.
    pub(crate) fn close(&self, door: &Door, live: Arc<Live>) {
        if self.current().live.listener_at(door.bind()).is_none() {
            door.leave(|| View::new(live, &self.counters, None));
        }
    }
}
