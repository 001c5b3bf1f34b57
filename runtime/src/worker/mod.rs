//! Workers: one thread per core, each with its own listening sockets, connections and timers.

mod accept;
mod bound;
mod socket;

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use divisor_schema::plan::Bind;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::counters::Counters;
use crate::exchange::{Door, Views};
use crate::plan::{Live, Published};

use self::accept::Open;
pub(crate) use self::bound::{SocketFile, bind};
pub(crate) use self::socket::{Listening, listen};

/// How often connections that have waited for too long are closed.
const SWEEP: Duration = Duration::from_secs(1);

/// What the control thread tells a worker.
enum Command {
    /// Accept on this socket.
    Listen(Bind, Listening),
    /// Stop accepting on this address, which the live plan does not have, and the one before did. What waits there is
    /// answered, exchanges in flight end, idle connections close.
    Close(Bind, Arc<Live>),
    /// Another plan is live.
    Swapped,
    /// Stop accepting at all; end by then at the latest.
    Drain(Instant),
}

/// A running worker, seen from the control thread.
pub(crate) struct Worker {
    commands: mpsc::UnboundedSender<Command>,
    thread: JoinHandle<()>,
    counters: Arc<Counters>,
}

impl Worker {
    /// Starts a worker that accepts nothing yet.
    ///
    /// # Errors
    /// The system's, when it grants no thread or no event queue.
    pub(crate) fn start(number: usize, published: Arc<Published>) -> io::Result<Self> {
        let (commands, orders) = mpsc::unbounded_channel();
        let (ready, is_ready) = std::sync::mpsc::sync_channel(1);
        let counters = Arc::new(Counters::default());
        let counted = Arc::clone(&counters);
        let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            match runtime {
                Ok(runtime) => {
                    let _ = ready.send(Ok(())); // the control thread waits for it
                    runtime.block_on(work(published, counted, orders));
                }
                Err(error) => drop(ready.send(Err(error))),
            }
        })?;
        is_ready.recv().unwrap_or_else(|_| Err(io::Error::other("the worker ended at once")))?;
        Ok(Self { commands, thread, counters })
    }

    /// What it counts.
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Hands a socket to the worker.
    pub(crate) fn listen(&self, bind: &Bind, socket: Listening) {
        let _ = self.commands.send(Command::Listen(bind.clone(), socket)); // a worker lives as long as its sender
    }

    /// Stops accepting on an address that is not in the live plan, but was in `previous`.
    pub(crate) fn close(&self, bind: &Bind, previous: &Arc<Live>) {
        let _ = self.commands.send(Command::Close(bind.clone(), Arc::clone(previous)));
    }

    /// Lets go of what only the plan before needed. Requests meet the live plan without being told.
    pub(crate) fn swapped(&self) {
        let _ = self.commands.send(Command::Swapped);
    }

    /// Stops accepting at all; the worker ends when its last connection does, or at `deadline`.
    pub(crate) fn drain(&self, deadline: Instant) {
        let _ = self.commands.send(Command::Drain(deadline));
    }

    /// Whether the worker has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }
}

/// The life of a worker.
async fn work(
    published: Arc<Published>,
    counters: Arc<Counters>,
    mut orders: mpsc::UnboundedReceiver<Command>,
) {
    let views = Views::new(published, counters);
    let open = Open::default();
    let mut accepting: BTreeMap<Bind, (Rc<Door>, watch::Sender<bool>)> = BTreeMap::new();
    let mut sweep = interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deadline = loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Command::Listen(bind, socket)) => {
                    let (closing, closed) = watch::channel(false);
                    let door = views.open(bind.clone());
                    accepting.insert(bind, (Rc::clone(&door), closing));
                    tokio::task::spawn_local(accept::run(door, socket, Rc::clone(&views), open.clone(), closed));
                }
                Some(Command::Close(bind, previous)) => {
                    if let Some((door, closing)) = accepting.remove(&bind) {
                        views.close(&door, previous);
                        closing.send_replace(true);
                    }
                }
                Some(Command::Swapped) => drop(views.current()),
                Some(Command::Drain(deadline)) => break deadline,
                None => break Instant::now(),
            },
            _ = sweep.tick() => views.current().sweep(),
        }
    };
    for (_, closing) in accepting.values() {
        closing.send_replace(true);
    }
    tokio::select! {
        () = open.none() => {}
        () = sleep_until(deadline) => {}
    }
}
