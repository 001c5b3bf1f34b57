//! Interim responses, on their way from a backend to a client.

use std::cell::RefCell;
use std::rc::Rc;

use http::Response;

/// The way back for interim responses (RFC 9110, section 15.2): filled by the side of the backend, emptied by that of
/// the client whenever it looks. Both are in one task.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interim(Rc<RefCell<Vec<Response<()>>>>);

impl Interim {
    /// A backend that sends more than this before its response sends nonsense.
    pub(crate) const MAX: usize = 16;

    /// Puts one on its way. Says whether there was room.
    pub(crate) fn put(&self, response: Response<()>) -> bool {
        let mut waiting = self.0.borrow_mut();
        let room = waiting.len() < Self::MAX;
        if room {
            waiting.push(response);
        }
        room
    }

    /// Takes what waits.
    pub(crate) fn take(&self) -> Vec<Response<()>> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}
