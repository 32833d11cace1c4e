//! The gate at the socket: after an order is acknowledged, no byte of an answer goes to its closure.
//!
//! A connection is registered when it is accepted, and bound when its first answer is about to be written: to the
//! account and device that it carries, and to the path of that answer. Every write takes the connection's [`Pass`], makes
//! one non-blocking write, says how much that was, and gives the pass back; nobody waits while holding one. An order shuts
//! the connections of its closure one by one, and then resets them: taking a connection's pass waits for the write that
//! holds it, and nothing after that is written.
//!
//! Two instruments, with the same reset. [`Gate::close`] is an order of the installation: it is remembered, and nothing
//! that meets its closure is bound again until [`Gate::reopen`]. [`Gate::interrupt`] is a suspension, or an order of one
//! owner: what is open ends now, and the next question is decided under the register as it is then. Both come after the
//! register has changed; a connection is bound before its question is decided, so that no answer falls between the two.
//!
//! INVARIANT (no byte after the acknowledgement): `close` and `interrupt` return when every connection that they meet is
//! shut and reset; after `close` no connection that meets the closure can be bound any more. The [`Trace`] shows it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use clear_record::{AccountId, AgencyId, DeviceId, Kind, RecordId, Seq};

/// One connection, as the gate knows it. The socket side asks for a [`pass`](Connection::pass) before each write.
pub struct Connection {
    number: u64,
    state: Mutex<State>,
    /// Ends the connection at once, unsent bytes discarded. Called with the pass held.
    reset: Box<dyn Fn() + Send + Sync>,
    trace: Arc<OnceLock<Trace>>,
}

#[derive(Default)]
struct State {
    shut: bool,
    /// An answer is, or was, on this connection.
    bound: bool,
}

/// The right to make one non-blocking write.
pub struct Pass<'a> {
    connection: &'a Connection,
    state: MutexGuard<'a, State>,
}

impl Connection {
    /// The right to make one non-blocking write; `None` once the connection is shut.
    pub fn pass(&self) -> Option<Pass<'_>> {
        let state = lock(&self.state);
        (!state.shut).then_some(Pass { connection: self, state })
    }

    /// Whether an order ended this connection.
    pub fn is_shut(&self) -> bool {
        lock(&self.state).shut
    }

    /// Its number in the trace.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Shuts; waits for the write that holds the pass. Whether it was open.
    fn shut(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).shut, true)
    }

    fn reset(&self) {
        (self.reset)();
        self.note(Noted::Reset { connection: self.number });
    }

    fn note(&self, what: Noted) {
        if let Some(trace) = self.trace.get() {
            trace.note(what);
        }
    }
}

impl Pass<'_> {
    /// Gives the pass back after a write of so many bytes. Numbered while the pass is held: a write that comes after an
    /// acknowledgement cannot have a smaller number.
    pub fn wrote(self, bytes: usize) {
        self.connection.note(Noted::Wrote { connection: self.connection.number, bound: self.state.bound, bytes });
    }
}

/// Whose answers a connection carries.
#[derive(Debug, Clone, Copy)]
pub struct Bearer<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The machine that its credential is bound to.
    pub device: Option<&'a DeviceId>,
    /// Every agency of the question.
    pub path: &'a BTreeSet<AgencyId>,
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

/// Whose connections end now, without being remembered.
#[derive(Debug, Clone, Copy)]
pub enum Whom<'a> {
    /// Every connection whose path meets one of these.
    Agencies(&'a BTreeSet<AgencyId>),
    /// Every connection of an account.
    Account(&'a AccountId),
    /// Every connection of these accounts.
    Accounts(&'a BTreeSet<AccountId>),
    /// Every connection of a machine.
    Device(&'a DeviceId),
}

/// The gate of one process.
#[derive(Default)]
pub struct Gate {
    inner: Mutex<Inner>,
    trace: Arc<OnceLock<Trace>>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    /// By the order's number.
    closures: BTreeMap<String, BTreeSet<AgencyId>>,
    connections: HashMap<u64, Registered>,
}

struct Registered {
    connection: Arc<Connection>,
    /// Empty until the first answer.
    path: BTreeSet<AgencyId>,
    standing: Option<(AccountId, Option<DeviceId>)>,
    /// What its last answers tell of, each as the records' short forms: some of it may not be sent yet.
    told: VecDeque<Box<[u64]>>,
    /// It carries rows of the public sets, whose records are not told one by one.
    tells_public: bool,
}

/// Threads that reset connections, where there are many: the kernel's work for a reset is not waited for by the next one.
const RESETTERS: usize = 4;
/// Fewer than this are not worth a thread more.
const RESETS_EACH: usize = 64;

/// Answers and parts of answers that may still be in a connection's buffers: those of every stream that a connection may
/// have open (64 with HTTP/2), and as many again that wait in the few tens of kilobytes behind them.
const TOLD_MAX: usize = 128;

/// Two records with the same short form cost a connection that need not have ended, and nothing else.
fn short(id: &RecordId) -> u64 {
    (id.raw >> 64) as u64 ^ id.raw as u64 ^ u64::from(id.kind.code())
}

impl Registered {
    fn is_met_by(&self, whom: Whom<'_>) -> bool {
        match whom {
            Whom::Agencies(agencies) => !self.path.is_disjoint(agencies),
            Whom::Account(account) => self.standing.as_ref().is_some_and(|(known, _)| known == account),
            Whom::Accounts(accounts) => self.standing.as_ref().is_some_and(|(known, _)| accounts.contains(known)),
            Whom::Device(device) => self.standing.as_ref().is_some_and(|(_, known)| known.as_ref() == Some(device)),
        }
    }
}

impl Gate {
    /// An open gate without connections.
    pub fn new() -> Gate {
        Gate::default()
    }

    /// Closes the gate for the closure of an order; called again with more, it closes for the more as well. Returns how
    /// many connections were reset.
    pub fn close(&self, order: &str, closure: &BTreeSet<AgencyId>) -> usize {
        let met = {
            let mut inner = lock(&self.inner);
            // From here on nothing that meets the closure is bound; what was bound before is in the list below.
            inner.closures.entry(order.to_owned()).or_default().extend(closure.iter().cloned());
            inner.met(Whom::Agencies(closure))
        };
        self.end(&met, order)
    }

    /// Ends the open connections of somebody: of a suspension, or of an order of one owner. `why` is its number, for the
    /// trace. Returns how many connections were reset.
    pub fn interrupt(&self, why: &str, whom: Whom<'_>) -> usize {
        let met = lock(&self.inner).met(whom);
        self.end(&met, why)
    }

    /// The same, but for one connection: the one that brought the word for it.
    pub fn interrupt_others(&self, why: &str, whom: Whom<'_>, but: Option<&Connection>) -> usize {
        let mut met = lock(&self.inner).met(whom);
        met.retain(|connection| but.is_none_or(|but| but.number != connection.number));
        self.end(&met, why)
    }

    /// Forgets the closure of an order that the founding quorum has ended. Nothing that was reset comes back.
    pub fn reopen(&self, order: &str) {
        lock(&self.inner).closures.remove(order);
    }

    fn end(&self, met: &[Arc<Connection>], why: &str) -> usize {
        // All are shut before the first is reset: a reset costs the kernel, and what is shut does no more work meanwhile.
        let open: Vec<&Arc<Connection>> = met.iter().filter(|connection| connection.shut()).collect();
        std::thread::scope(|scope| {
            for part in open.chunks(open.len().div_ceil(RESETTERS).max(RESETS_EACH)) {
                let reset = move || part.iter().for_each(|connection| connection.reset());
                // Where there is no thread to be had, it is done here.
                if std::thread::Builder::new().spawn_scoped(scope, reset).is_err() {
                    reset();
                }
            }
        });
        let connections = open.len();
        if let Some(trace) = self.trace.get() {
            trace.note(Noted::Acknowledged { why: why.to_owned(), connections });
        }
        connections
    }

    /// How many open connections carry answers of a path that meets these agencies: what an order over them would end.
    pub fn meeting(&self, agencies: &BTreeSet<AgencyId>) -> usize {
        lock(&self.inner).met(Whom::Agencies(agencies)).len()
    }

    /// Registers an accepted connection. `reset` must end it at once, discarding what was not sent.
    pub fn enter(&self, reset: Box<dyn Fn() + Send + Sync>) -> Arc<Connection> {
        let mut inner = lock(&self.inner);
        inner.next += 1;
        let number = inner.next;
        let connection = Arc::new(Connection { number, state: Mutex::default(), reset, trace: self.trace.clone() });
        let registered = Registered {
            connection: connection.clone(),
            path: BTreeSet::new(),
            standing: None,
            told: VecDeque::new(),
            tells_public: false,
        };
        inner.connections.insert(number, registered);
        connection
    }

    /// Forgets a connection that has ended.
    pub fn leave(&self, connection: &Connection) {
        lock(&self.inner).connections.remove(&connection.number);
    }

    /// Binds a connection to the standing and path of an answer that it is about to carry, before the question is decided.
    /// The path only grows.
    pub fn bind(&self, connection: &Connection, bearer: Bearer<'_>) -> Bound {
        let mut inner = lock(&self.inner);
        if inner.closures.values().any(|closure| !closure.is_disjoint(bearer.path)) {
            return Bound::Closed;
        }
        let Some(registered) = inner.connections.get_mut(&connection.number) else { return Bound::Closed };
        match &registered.standing {
            Some((account, device)) if account != bearer.account || device.as_ref() != bearer.device => {
                return Bound::Another;
            }
            Some(_) => {}
            None => registered.standing = Some((bearer.account.clone(), bearer.device.cloned())),
        }
        if !bearer.path.is_subset(&registered.path) {
            registered.path.extend(bearer.path.iter().cloned());
            let (account, path) = (bearer.account.clone(), registered.path.clone());
            connection.note(Noted::Bound { connection: connection.number, account, path });
        }
        lock(&connection.state).bound = true;
        Bound::Yes
    }

    /// Notes which records an answer tells of that the connection is about to carry.
    pub fn tell(&self, connection: &Connection, told: &[RecordId]) {
        let mut inner = lock(&self.inner);
        let Some(registered) = inner.connections.get_mut(&connection.number) else { return };
        if !told.is_empty() {
            registered.told.push_back(told.iter().map(short).collect());
            if registered.told.len() > TOLD_MAX {
                registered.told.pop_front();
            }
        }
    }

    /// Notes that the connection is about to carry an answer about the public sets: of which incidents, is not noted, and a
    /// closing of any resets it.
    pub fn tell_public(&self, connection: &Connection) {
        if let Some(registered) = lock(&self.inner).connections.get_mut(&connection.number) {
            registered.tells_public = true;
        }
    }

    /// Resets the connections that may still send something of these records, which were closed at `seq`; whose account
    /// closed them keeps its own. Returns how many were reset.
    pub fn retract(&self, seq: Seq, ids: &[RecordId], by: Option<&AccountId>) -> usize {
        let of_public = ids.iter().any(|id| id.kind == Kind::Incident);
        let ids: HashSet<u64> = ids.iter().map(short).collect();
        let met: Vec<Arc<Connection>> = {
            let inner = lock(&self.inner);
            let tells = |registered: &&Registered| {
                let own = registered.standing.as_ref().is_some_and(|(account, _)| Some(account) == by);
                let told = || registered.told.iter().flatten().any(|id| ids.contains(id));
                !own && ((registered.tells_public && of_public) || told())
            };
            inner.connections.values().filter(tells).map(|registered| registered.connection.clone()).collect()
        };
        self.end(&met, &format!("closed at {seq}"))
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        lock(&self.inner).connections.len()
    }

    /// Switches the trace on, for the life of this gate: for tests and measurements.
    pub fn trace(&self) -> &Trace {
        self.trace.get_or_init(Trace::default)
    }
}

impl Inner {
    fn met(&self, whom: Whom<'_>) -> Vec<Arc<Connection>> {
        let met = self.connections.values().filter(|registered| registered.is_met_by(whom));
        met.map(|registered| registered.connection.clone()).collect()
    }
}

/// What the gate saw, in one order: each note's place in the list is its number.
#[derive(Default)]
pub struct Trace {
    notes: Mutex<Vec<(Instant, Noted)>>,
}

/// One note of a [`Trace`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noted {
    /// A connection was bound to an account, or its path grew to this.
    Bound {
        /// Which connection.
        connection: u64,
        /// The account.
        account: AccountId,
        /// The path from here on.
        path: BTreeSet<AgencyId>,
    },
    /// Bytes were handed to the kernel.
    Wrote {
        /// On which connection.
        connection: u64,
        /// Whether the connection was bound: whether they can be of an answer to an account.
        bound: bool,
        /// How many.
        bytes: usize,
    },
    /// A connection was shut and reset.
    Reset {
        /// Which connection.
        connection: u64,
    },
    /// Everything that an order or suspension ends has ended.
    Acknowledged {
        /// Its number.
        why: String,
        /// How many connections it reset.
        connections: usize,
    },
}

impl Trace {
    fn note(&self, what: Noted) {
        // The time is read under the lock, so that it never runs against the numbers.
        let mut notes = lock(&self.notes);
        notes.push((Instant::now(), what));
    }

    /// Everything that was noted so far.
    pub fn notes(&self) -> Vec<(Instant, Noted)> {
        lock(&self.notes).clone()
    }

    /// How many notes there are.
    pub fn len(&self) -> usize {
        lock(&self.notes).len()
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    fn account(name: &str) -> AccountId {
        name.parse().expect("a good id")
    }

    fn bind(gate: &Gate, connection: &Connection, name: &str, path: &[&str]) -> Bound {
        gate.bind(connection, Bearer { account: &account(name), device: None, path: &agencies(path) })
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
        assert_eq!(bind(&gate, &cut, "a", &["frs"]), Bound::Yes);
        assert_eq!(bind(&gate, &other, "b", &["marshals"]), Bound::Yes);
        assert_eq!(bind(&gate, &both, "c", &["marshals"]), Bound::Yes);
        // A path grows with a beneficiary, and the connection with it.
        assert_eq!(bind(&gate, &both, "c", &["marshals", "frs"]), Bound::Yes);
        assert_eq!(bind(&gate, &other, "z", &["marshals"]), Bound::Another);

        assert_eq!(gate.close("1", &agencies(&["frs", "border"])), 2);
        assert_eq!(resets.load(Ordering::SeqCst), 2);
        assert!(cut.pass().is_none() && both.pass().is_none());
        assert!(other.pass().is_some() && idle.pass().is_some());
        assert_eq!(bind(&gate, &idle, "a", &["border"]), Bound::Closed);
        assert_eq!(bind(&gate, &other, "b", &["marshals"]), Bound::Yes);

        // The same order with a longer closure, as after a merger, shuts the rest; nothing is reset twice.
        assert_eq!(gate.close("1", &agencies(&["marshals"])), 1);
        assert_eq!(resets.load(Ordering::SeqCst), 3);
        assert_eq!(bind(&gate, &idle, "a", &["border"]), Bound::Closed);
        assert_eq!(bind(&gate, &idle, "b", &["marshals"]), Bound::Closed);
    }

    #[test]
    fn an_ended_order_reopens_its_own_closure_alone() {
        let gate = Gate::new();
        let enter = || gate.enter(Box::new(|| {}));
        gate.close("1", &agencies(&["frs"]));
        gate.close("2", &agencies(&["frs", "border"]));
        gate.reopen("1");
        assert_eq!(bind(&gate, &enter(), "a", &["frs"]), Bound::Closed, "the second order still covers it");
        gate.reopen("2");
        assert_eq!(bind(&gate, &enter(), "a", &["frs"]), Bound::Yes);
        assert_eq!(bind(&gate, &enter(), "b", &["border"]), Bound::Yes);
    }

    #[test]
    fn an_interrupt_ends_what_is_open_and_is_not_remembered() {
        let gate = Gate::new();
        let enter = || gate.enter(Box::new(|| {}));
        let device = DeviceId::fresh();
        let on_device = |connection: &Connection, name: &str, path: &[&str]| {
            gate.bind(connection, Bearer { account: &account(name), device: Some(&device), path: &agencies(path) })
        };
        let (by_path, by_account, by_device, other) = (enter(), enter(), enter(), enter());
        assert_eq!(bind(&gate, &by_path, "a", &["frs"]), Bound::Yes);
        assert_eq!(bind(&gate, &by_account, "b", &["pmpd"]), Bound::Yes);
        assert_eq!(on_device(&by_device, "c", &["pmpd"]), Bound::Yes);
        assert_eq!(bind(&gate, &other, "c", &["pmpd"]), Bound::Yes);
        // The same account from another machine is another standing.
        assert_eq!(on_device(&other, "c", &["pmpd"]), Bound::Another);

        assert_eq!(gate.interrupt("s-1", Whom::Agencies(&agencies(&["frs"]))), 1);
        assert_eq!(gate.interrupt("s-2", Whom::Account(&account("b"))), 1);
        assert_eq!(gate.interrupt("s-3", Whom::Device(&device)), 1);
        assert!(by_path.is_shut() && by_account.is_shut() && by_device.is_shut() && !other.is_shut());
        assert_eq!(gate.interrupt("s-1", Whom::Agencies(&agencies(&["frs"]))), 0, "what has ended ends once");
        let again = enter();
        assert_eq!(bind(&gate, &again, "a", &["frs"]), Bound::Yes, "whether it may ask is the decision's to say");
        assert!(again.pass().is_some());
    }

    #[test]
    fn gr15_what_any_of_the_last_answers_tells_of_may_be_unsent_and_is_taken_back() {
        let told = |answers: usize| {
            let gate = Gate::new();
            let connection = gate.enter(Box::new(|| {}));
            bind(&gate, &connection, "a", &["pmpd"]);
            let ids: Vec<RecordId> = (0..answers).map(|_| RecordId::fresh(clear_record::Kind::Person)).collect();
            ids.iter().for_each(|id| gate.tell(&connection, &[*id]));
            assert_eq!(
                gate.retract(Seq(1), &[RecordId::fresh(clear_record::Kind::Person)], None),
                0,
                "nobody was told"
            );
            (gate, ids)
        };
        // Each of as many as two times the streams that a connection may have open; the first is the longest unsent.
        for at in [0, TOLD_MAX / 2, TOLD_MAX - 1] {
            let (gate, ids) = told(TOLD_MAX);
            assert_eq!(gate.retract(Seq(1), &ids[at..=at], Some(&account("a"))), 0, "who closed it keeps its own");
            assert_eq!(gate.retract(Seq(1), &ids[at..=at], Some(&account("b"))), 1, "answer {at}");
        }
        let (gate, ids) = told(TOLD_MAX + 1);
        assert_eq!(gate.retract(Seq(1), &ids[..1], None), 0, "sent long ago");
        assert_eq!(gate.retract(Seq(1), &ids[1..2], None), 1);
    }

    #[test]
    fn an_order_waits_for_the_write_that_holds_a_pass() {
        let gate = Arc::new(Gate::new());
        gate.trace();
        let connection = gate.enter(Box::new(|| {}));
        bind(&gate, &connection, "a", &["frs"]);
        let pass = connection.pass().expect("open");
        let closing = std::thread::spawn({
            let gate = gate.clone();
            move || gate.close("1", &agencies(&["frs"]))
        });
        while lock(&gate.inner).closures.is_empty() {
            std::thread::yield_now();
        }
        assert!(!closing.is_finished(), "the order waits while a write holds the pass");
        pass.wrote(7);
        assert_eq!(closing.join().expect("no panic"), 1);
        assert!(connection.is_shut());
        let notes: Vec<Noted> = gate.trace().notes().into_iter().map(|(_, noted)| noted).collect();
        let number = connection.number();
        let path = agencies(&["frs"]);
        assert_eq!(
            notes,
            [
                Noted::Bound { connection: number, account: account("a"), path },
                Noted::Wrote { connection: number, bound: true, bytes: 7 },
                Noted::Reset { connection: number },
                Noted::Acknowledged { why: "1".into(), connections: 1 },
            ]
        );
    }

    #[test]
    fn no_write_is_numbered_after_the_acknowledgement_whatever_the_threads_do() {
        let gate = Arc::new(Gate::new());
        gate.trace();
        let connections: Vec<_> = (0..64)
            .map(|at| {
                let connection = gate.enter(Box::new(|| {}));
                bind(&gate, &connection, &format!("a{at}"), if at % 2 == 0 { &["frs"] } else { &["pmpd"] });
                connection
            })
            .collect();
        let closed = std::sync::atomic::AtomicBool::new(false);
        let write = |part: &[Arc<Connection>]| {
            part.iter().filter_map(|connection| connection.pass()).for_each(|pass| pass.wrote(1));
        };
        std::thread::scope(|scope| {
            for part in connections.chunks(16) {
                let closed = &closed;
                scope.spawn(move || {
                    // However late the order comes on a busy machine, all write before it, beside it and after it.
                    while !closed.load(std::sync::atomic::Ordering::SeqCst) {
                        write(part);
                        std::thread::yield_now();
                    }
                    write(part);
                });
            }
            while gate.trace().len() < 1_000 {
                std::thread::yield_now();
            }
            assert_eq!(gate.close("1", &agencies(&["frs"])), 32);
            closed.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let notes = gate.trace().notes();
        let at = notes.iter().position(|(_, noted)| matches!(noted, Noted::Acknowledged { .. })).expect("closed");
        let of = |noted: &Noted| match noted {
            Noted::Wrote { connection, .. } => Some((connection - 1) % 2 == 0),
            _ => None,
        };
        let (before, after) = notes.split_at(at);
        assert!(before.iter().any(|(_, noted)| of(noted) == Some(true)), "the closure wrote before");
        assert!(!after.iter().any(|(_, noted)| of(noted) == Some(true)), "and not after");
        assert!(after.iter().any(|(_, noted)| of(noted) == Some(false)), "everybody else went on");
    }
}
