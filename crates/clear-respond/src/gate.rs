//! The gate at the socket: after an order is acknowledged, no byte of an answer goes to its closure.
//!
//! A connection is registered when its first answer is about to be written, with the path of that answer. Every write
//! takes the connection's pass, asks whether it is shut, makes one non-blocking write, and gives the pass back; nobody
//! waits while holding one. An order shuts the connections of its closure one by one: taking a connection's pass waits
//! for the write that holds it, and nothing after that is written.
//!
//! INVARIANT (no byte after the acknowledgement): `close` returns when every connection that meets the closure is shut
//! and reset, and no connection that meets it can be registered any more.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clear_record::AgencyId;

/// One connection, as the gate knows it. The socket side asks for a [`pass`](Connection::pass) before each write.
pub struct Connection {
    number: u64,
    shut: Mutex<bool>,
    /// Ends the connection at once, unsent bytes discarded. Called with the pass held.
    reset: Box<dyn Fn() + Send + Sync>,
}

impl Connection {
    /// The right to make one non-blocking write; `None` once the connection is shut.
    pub fn pass(&self) -> Option<MutexGuard<'_, bool>> {
        let shut = lock(&self.shut);
        (!*shut).then_some(shut)
    }

    /// Whether an order ended this connection.
    pub fn is_shut(&self) -> bool {
        *lock(&self.shut)
    }
}

/// What came of binding a connection to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The connection carries this path's answers.
    Yes,
    /// An order closes the path: only refusals go over this connection.
    Closed,
    /// The connection carries another standing already; a second one needs another connection.
    Another,
}

/// The gate of one process.
#[derive(Default)]
pub struct Gate {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    closures: Vec<BTreeSet<AgencyId>>,
    connections: HashMap<u64, Registered>,
}

struct Registered {
    connection: Arc<Connection>,
    /// Empty until the first answer.
    path: BTreeSet<AgencyId>,
    standing: Option<String>,
}

impl Gate {
    /// An open gate without connections.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Registers an accepted connection. `reset` must end it at once, discarding what was not sent.
    pub fn enter(&self, reset: Box<dyn Fn() + Send + Sync>) -> Arc<Connection> {
        let mut inner = lock(&self.inner);
        inner.next += 1;
        let connection = Arc::new(Connection { number: inner.next, shut: Mutex::new(false), reset });
        let registered = Registered { connection: connection.clone(), path: BTreeSet::new(), standing: None };
        inner.connections.insert(connection.number, registered);
        connection
    }

    /// Forgets a connection that has ended.
    pub fn leave(&self, connection: &Connection) {
        lock(&self.inner).connections.remove(&connection.number);
    }

    /// Binds a connection to the standing and path of an answer that it is about to carry. The path only grows.
    pub fn bind(&self, connection: &Connection, standing: &str, path: &BTreeSet<AgencyId>) -> Bound {
        let mut inner = lock(&self.inner);
        if inner.closures.iter().any(|closure| !closure.is_disjoint(path)) {
            return Bound::Closed;
        }
        let Some(registered) = inner.connections.get_mut(&connection.number) else { return Bound::Closed };
        match &registered.standing {
            Some(known) if known != standing => return Bound::Another,
            Some(_) => {}
            None => registered.standing = Some(standing.to_owned()),
        }
        registered.path.extend(path.iter().cloned());
        Bound::Yes
    }

    /// Closes the gate for a closure, for ever. Returns how many connections were reset.
    pub fn close(&self, closure: &BTreeSet<AgencyId>) -> usize {
        let met: Vec<Arc<Connection>> = {
            let mut inner = lock(&self.inner);
            // From here on nothing that meets the closure is bound; what was bound before is in the list below.
            inner.closures.push(closure.clone());
            let met = inner.connections.values().filter(|registered| !registered.path.is_disjoint(closure));
            met.map(|registered| registered.connection.clone()).collect()
        };
        for connection in &met {
            let mut shut = lock(&connection.shut);
            *shut = true;
            (connection.reset)();
        }
        met.len()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        lock(&self.inner).connections.len()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn agencies(names: &[&str]) -> BTreeSet<AgencyId> {
        names.iter().map(|name| name.parse().expect("a good id")).collect()
    }

    #[test]
    fn a_closed_gate_shuts_what_meets_the_closure_and_nothing_else() {
        let gate = Gate::new();
        let resets = Arc::new(AtomicUsize::new(0));
        let enter = || {
            let resets = resets.clone();
            gate.enter(Box::new(move || {
                resets.fetch_add(1, Ordering::SeqCst);
            }))
        };
        let (cut, other, both, idle) = (enter(), enter(), enter(), enter());
        assert_eq!(gate.bind(&cut, "a", &agencies(&["frs"])), Bound::Yes);
        assert_eq!(gate.bind(&other, "b", &agencies(&["marshals"])), Bound::Yes);
        assert_eq!(gate.bind(&both, "c", &agencies(&["marshals"])), Bound::Yes);
        // A path grows with a beneficiary, and the connection with it.
        assert_eq!(gate.bind(&both, "c", &agencies(&["marshals", "frs"])), Bound::Yes);
        assert_eq!(gate.bind(&other, "z", &agencies(&["marshals"])), Bound::Another);

        assert_eq!(gate.close(&agencies(&["frs", "border"])), 2);
        assert_eq!(resets.load(Ordering::SeqCst), 2);
        assert!(cut.pass().is_none() && both.pass().is_none());
        assert!(other.pass().is_some() && idle.pass().is_some());
        assert_eq!(gate.bind(&idle, "a", &agencies(&["border"])), Bound::Closed);
        assert_eq!(gate.bind(&other, "b", &agencies(&["marshals"])), Bound::Yes);
    }

    #[test]
    fn an_order_waits_for_the_write_that_holds_a_pass() {
        let gate = Arc::new(Gate::new());
        let connection = gate.enter(Box::new(|| {}));
        gate.bind(&connection, "a", &agencies(&["frs"]));
        let pass = connection.pass().expect("open");
        let closing = std::thread::spawn({
            let gate = gate.clone();
            move || gate.close(&agencies(&["frs"]))
        });
        while lock(&gate.inner).closures.is_empty() {
            std::thread::yield_now();
        }
        assert!(!closing.is_finished(), "the order waits while a write holds the pass");
        drop(pass);
        assert_eq!(closing.join().expect("no panic"), 1);
        assert!(connection.is_shut());
    }
}
