//! The addresses at which a worker accepts.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use divisor_schema::plan::Bind;

use crate::plan::Listener;

use super::{View, Views};

/// An address at which a worker accepts, or did: it lasts as long as the connections that came in by it.
pub(crate) struct Door {
    bind: Bind,
    /// What is answered by when the live plan has no listener here any more: the last view that had one. Connections end
    /// after the request under way, so it is not kept for long, but for a WebSocket: that keeps it to its end.
    last: RefCell<Option<Rc<View>>>,
}

impl Door {
    pub(super) fn new(bind: Bind) -> Rc<Self> {
        Rc::new(Self { bind, last: RefCell::default() })
    }

    /// The address.
    pub(crate) fn bind(&self) -> &Bind {
        &self.bind
    }

    /// The listener here: that of the live plan, or else the last one.
    pub(crate) fn listener(&self, views: &Views) -> Option<Arc<Listener>> {
        let at = |view: &View| view.live.listener_at(&self.bind).map(Arc::clone);
        at(&views.current()).or_else(|| at(&*self.last()?))
    }

    /// The last view that had a listener here, if the live one has none.
    pub(super) fn last(&self) -> Option<Rc<View>> {
        self.last.borrow().clone()
    }

    /// Notes that the live view is another one.
    pub(super) fn note(&self, before: &Rc<View>, now: &View) {
        if now.live.listener_at(&self.bind).is_some() {
            self.last.replace(None);
        } else if before.live.listener_at(&self.bind).is_some() {
            self.last.replace(Some(Rc::clone(before)));
        }
    }

    /// The listener here is gone, and was in `view`, if in none that this worker has seen.
    pub(super) fn leave(&self, view: impl FnOnce() -> Rc<View>) {
        self.last.borrow_mut().get_or_insert_with(view);
    }
}
