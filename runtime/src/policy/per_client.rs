//! How many connections each client has open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::rate_limit::subscriber;

/// Counts the open connections of each client, over all workers. Knows only who has one, so it is no larger than they
/// are many.
#[derive(Debug, Default)]
pub(crate) struct PerClient(Mutex<HashMap<IpAddr, u32>>);

impl PerClient {
    /// A place for one more connection of this client, if it has fewer than `most`.
    pub(crate) fn enter(self: &Arc<Self>, client: IpAddr, most: u32) -> Option<Place> {
        let client = subscriber(client);
        self.with(|open| {
            let count = open.get(&client).copied().unwrap_or(0);
            (count < most).then(|| {
                open.insert(client, count + 1);
                Place { client, counts: Arc::clone(self) }
            })
        })
    }

    fn leave(&self, client: IpAddr) {
        self.with(|open| match open.get_mut(&client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&client)),
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<IpAddr, u32>) -> T) -> T {
        // A poisoned lock guards nothing that could be half done.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An open connection of a client; dropping it frees the place.
#[derive(Debug)]
pub(crate) struct Place {
    client: IpAddr,
    counts: Arc<PerClient>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.counts.leave(self.client);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_its_own_places_and_who_has_none_is_forgotten() {
        let counts = Arc::<PerClient>::default();
        let enter = |client: &str| counts.enter(client.parse().unwrap(), 2);
        let (first, second) = (enter("10.0.0.1"), enter("::ffff:10.0.0.1"));
        assert!(first.is_some() && second.is_some() && enter("10.0.0.1").is_none());
        let (six, same) = (enter("2001:db8::1"), enter("2001:db8::2"));
        assert!(six.is_some() && same.is_some() && enter("2001:db8::3").is_none());
        assert!(enter("2001:db8:0:1::1").is_some() && enter("10.0.0.2").is_some());
        drop(first);
        assert!(enter("10.0.0.1").is_some());
        drop((second, six, same));
        assert!(counts.0.lock().unwrap().is_empty());
    }
}
