//! When a backend changes between alive and dead.

use divisor_schema::plan::Probe;

use crate::pool::Liveness;

/// Results of a probe in a row.
#[derive(Debug)]
pub(super) struct Streak {
    liveness: Liveness,
    /// Results in a row that speak against `liveness`.
    against: u8,
}

impl Streak {
    /// Goes on where another left off.
    pub(super) fn new(liveness: Liveness, against: u8) -> Self {
        Self { liveness, against }
    }

    /// Results in a row that speak against what it is.
    pub(super) fn against(&self) -> u8 {
        self.against
    }

    /// Adds a result; gives what it is now when it changes. The first result of all decides at once; later, as many in
    /// a row as `probe` asks for.
    pub(super) fn add(&mut self, success: bool, probe: &Probe) -> Option<Liveness> {
        let (next, needed) = match (self.liveness, success) {
            (Liveness::Unknown, true) => (Liveness::Alive, 1),
            (Liveness::Unknown, false) => (Liveness::Dead, 1),
            (Liveness::Dead, true) => (Liveness::Alive, probe.rise),
            (Liveness::Alive, false) => (Liveness::Dead, probe.fall),
            (Liveness::Alive, true) | (Liveness::Dead, false) => {
                self.against = 0;
                return None;
            }
        };
        self.against = self.against.saturating_add(1);
        if self.against < needed {
            return None;
        }
        *self = Self::new(next, 0);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use divisor_schema::plan::{Millis, ProbeKind};

    use super::*;

    fn changes(start: Liveness, results: &[bool]) -> Vec<Option<Liveness>> {
        let (kind, every, timeout) = (ProbeKind::Tcp, Millis(1), Millis(1));
        let probe = Probe { kind, port: None, every, timeout, rise: 2, fall: 3, starts_alive: true };
        let mut streak = Streak::new(start, 0);
        results.iter().map(|&success| streak.add(success, &probe)).collect()
    }

    #[test]
    fn the_first_result_decides_at_once() {
        assert_eq!(changes(Liveness::Unknown, &[true]), [Some(Liveness::Alive)]);
        assert_eq!(changes(Liveness::Unknown, &[false, true]), [Some(Liveness::Dead), None]);
    }

    #[test]
    fn a_change_takes_a_streak_and_a_break_begins_a_new_one() {
        let fall = [false, false, true, false, false, false, false];
        assert_eq!(
            changes(Liveness::Alive, &fall),
            [None, None, None, None, None, Some(Liveness::Dead), None]
        );
        let rise = [true, false, true, true, true];
        assert_eq!(changes(Liveness::Dead, &rise), [None, None, None, Some(Liveness::Alive), None]);
    }
}
