//! The connections of one client to backends that are told its address: nobody else may use them.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use super::Upstream;

/// To so many backends, or for so many addresses that a trusted proxy reports on one connection, a client keeps
/// connections; those that it used last.
const MOST: usize = 5;

/// The connections of one client. They end with it.
#[derive(Default)]
pub(crate) struct Own(RefCell<Vec<Kept>>);

struct Kept {
    /// The backend, as long as it is spoken to in this way.
    of: Weak<Upstream>,
    own: Rc<Upstream>,
}

impl Own {
    /// The connections to the backend of `upstream` that begin with `header`.
    pub(crate) fn to(&self, upstream: &Rc<Upstream>, header: Vec<u8>) -> Rc<Upstream> {
        let mut all = self.0.borrow_mut();
        let is_it =
            |kept: &Kept| std::ptr::eq(kept.of.as_ptr(), Rc::as_ptr(upstream)) && kept.own.header() == header;
        let kept = match all.iter().position(is_it) {
            Some(at) => all.remove(at),
            None => Kept { of: Rc::downgrade(upstream), own: upstream.of_client(header) },
        };
        if all.len() >= MOST {
            all.remove(0);
        }
        let own = Rc::clone(&kept.own);
        all.push(kept);
        own
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use divisor_schema::plan::{Connections, Millis};

    use super::*;

    fn upstream() -> Rc<Upstream> {
        let settings = Connections {
            per_backend: 9,
            queue: 9,
            queue_timeout: Millis(9),
            connect_timeout: Millis(9),
            idle_timeout: Millis(9),
            max_age: None,
            h2: true,
            ping: Millis(9),
        };
        Upstream::new(&settings, Arc::default(), false)
    }

    #[test]
    fn a_client_has_its_own_for_each_backend_and_address() {
        let (own, a, b) = (Own::default(), upstream(), upstream());
        let first = own.to(&a, b"one".to_vec());
        assert!(Rc::ptr_eq(&first, &own.to(&a, b"one".to_vec())));
        assert!(!Rc::ptr_eq(&first, &own.to(&a, b"two".to_vec())));
        assert!(!Rc::ptr_eq(&first, &own.to(&b, b"one".to_vec())));
        assert!(!Rc::ptr_eq(&first, &Own::default().to(&a, b"one".to_vec())), "nor anybody else's");
    }

    #[test]
    fn it_keeps_those_that_it_used_last() {
        let (own, a) = (Own::default(), upstream());
        let held: Vec<_> = (0..MOST as u8).map(|header| own.to(&a, vec![header])).collect();
        assert!(Rc::ptr_eq(&held[0], &own.to(&a, vec![0])));
        own.to(&a, vec![100]);
        assert!(Rc::ptr_eq(&held[0], &own.to(&a, vec![0])));
        assert!(!Rc::ptr_eq(&held[1], &own.to(&a, vec![1])), "the one not used for longest is given up");
    }
}
