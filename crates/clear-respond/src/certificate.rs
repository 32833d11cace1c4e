//! The certificate of non-disclosure: *no access by agency X between checkpoints A and B*.
//!
//! In:    a data folder's log with its openings, an agency, two checkpoints.
//! Out:   the certificate's text, the same bytes from the same log; or the list of accesses that stand against it.
//! Never: takes the log's word for itself: every entry is counted into the tree, every sealed one held against its leaf,
//!        every path worked out again from the register that the log itself holds.
//!
//! # How
//! The log is walked twice. The first walk folds the register out of the entries, finds the two checkpoints and their
//! roots. The second looks at each request: its path is what its events say *and* what the register of then gives for
//! the asker, the inquiry and the moment; if that meets the agency or anything that an order over it covers, whatever
//! left for it is an access. Productions to any of them are listed: they are another road, and public.
//!
//! # Change here
//! What counts as leaving: [`left`]. The text: [`Found::text`].

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use clear_audit::{Event, Flaw, Folder, Leaf, NoteFlaw, Opened, Receipt, Source, Walk, What};
use clear_identity::Proven;
use clear_policy::{BadEntry, Covers, Decision, Deed, Entry as RegisterEntry, Register, may};
use clear_record::{AgencyId, Request, RequestId};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::desk::Desk;
use crate::entry::{Entry, Refusal};
use crate::replay::{Progress, said};

const HEADING: &str = "OpenCLEAR certificate of non-disclosure, version 1";
/// What every certificate says about itself.
const LIMITS: &str = "limits: this is what the log holds between the two checkpoints. It says nothing of what somebody carried\n  out by other means, of copies handed over before the first checkpoint, or of what never went through OpenCLEAR.";
/// Accesses that are listed; all are counted.
const LISTED: usize = 1000;
/// How many requests with an access wait for a word that it was withheld, which comes right behind it.
const PENDING: usize = 10_000;

/// A point of the log's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// The checkpoint over so many entries.
    Size(u64),
    /// The checkpoint over the entries before that moment.
    Moment(Timestamp),
    /// The checkpoint over the entries before that day, in the city's time zone.
    Day(Date),
    /// The checkpoint that ends with the newest order over the agency.
    Order,
    /// The newest checkpoint.
    Newest,
}

impl FromStr for Mark {
    type Err = String;

    fn from_str(text: &str) -> Result<Mark, String> {
        match text.trim() {
            "order" => Ok(Mark::Order),
            "newest" => Ok(Mark::Newest),
            text => text
                .parse()
                .map(Mark::Size)
                .or_else(|_| text.parse().map(Mark::Moment))
                .or_else(|_| text.parse().map(Mark::Day))
                .map_err(|_| {
                    format!("`{text}` should be a number of entries, a date (2026-07-01), a moment (2026-07-01T12:00:00Z), `order` or `newest`")
                }),
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mark::Size(size) => write!(f, "{size}"),
            Mark::Moment(moment) => write!(f, "{moment}"),
            Mark::Day(day) => write!(f, "{day}"),
            Mark::Order => f.write_str("order"),
            Mark::Newest => f.write_str("newest"),
        }
    }
}

/// Which certificate is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateWish {
    /// About whom.
    pub agency: AgencyId,
    /// From which checkpoint on.
    pub from: Mark,
    /// Up to which checkpoint.
    pub to: Mark,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Certified {
    /// The certificate; absent where there was access. Signed by the log's key when it comes from a server or was signed
    /// in the folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// What stands against it, the first thousand.
    pub accesses: Vec<Access>,
    /// How many there are.
    pub count: u64,
}

/// Something that left for the agency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Access {
    /// The entry that says that it left.
    pub entry: u64,
    /// When.
    pub at: String,
    /// The request's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The home agency of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// Which agencies of the question are covered.
    pub met: Vec<String>,
    /// What happened: `answered`, `batch` or `alerted`.
    pub what: String,
    /// How many records.
    pub records: u64,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        write!(
            f,
            "entry {} at {}: request {} of {} was {} ({} records; touches {})",
            self.entry,
            self.at,
            dash(&self.request),
            dash(&self.agency),
            self.what,
            self.records,
            self.met.join(", ")
        )
    }
}

/// Why there is neither a certificate nor a list.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each is")]
pub enum CertificateError {
    #[error("the log cannot be trusted")]
    Log(#[from] Flaw),
    #[error("the log's register does not know the agency `{0}`")]
    UnknownAgency(AgencyId),
    #[error("no order covers `{0}`; name a number of entries, a date or a moment instead of `order`")]
    NoOrder(AgencyId),
    #[error("the checkpoint {from} is not before {to}; the log has {size} entries under its newest checkpoint")]
    Empty { from: u64, to: u64, size: u64 },
    #[error("entry {entry} of the log is a register's entry that does not read: {what}")]
    Register { entry: u64, what: String },
    #[error(
        "the opening of entry {entry} was destroyed, so nobody can say what it was; certify the entries before it, and those after"
    )]
    Destroyed { entry: u64 },
    #[error("cannot sign")]
    Sign(#[source] clear_audit::Error),
    #[error("this is not a certificate: line {line} should be `{expected}: …`")]
    Line { line: usize, expected: &'static str },
    #[error("the certificate is not signed by this log")]
    Signature(#[from] NoteFlaw),
    #[error("the certificate is of the log `{said}`, not of `{is}`")]
    OtherLog { said: String, is: String },
    #[error("the log says something else today; line {line} of the certificate is `{said}` and comes out as `{is}`")]
    Differs { line: usize, said: String, is: String },
    #[error("the log shows {0} accesses between these checkpoints")]
    Accesses(u64),
}

/// Works out a certificate from a data folder, or a copy of one with its openings. The text is not signed yet.
///
/// # Errors
/// See [`CertificateError`].
pub fn certify(
    dir: &Path,
    vkey: &str,
    wish: &CertificateWish,
    mut progress: impl FnMut(Progress),
) -> Result<Certified, CertificateError> {
    let source = Folder(dir.join("log"));
    let head = clear_audit::published(&source, vkey)?;
    let mut step = |read: u64| {
        if read.is_multiple_of(4096) {
            progress(Progress { read, of: 2 * head.size });
        }
    };
    if let (Mark::Size(from), Mark::Size(to)) = (&wish.from, &wish.to)
        && from >= to
    {
        return Err(CertificateError::Empty { from: *from, to: *to, size: head.size });
    }
    let first = first_walk(dir, head.size, wish, &mut step)?;
    let (from, to) = (first.from.size, first.to.size);
    if from >= to || to > head.size {
        return Err(CertificateError::Empty { from, to, size: head.size });
    }
    // The frames' own tree must be the one that outsiders see, at both checkpoints and at the newest.
    for mark in [&first.from, &first.to] {
        clear_audit::begins_with(&source, vkey, mark.size, mark.root)?;
    }
    let first = Arc::new(first);
    let mut registers = Registers::new(&first.entries);
    let mut found = Found::new(head.origin, wish.agency.clone(), first.clone())?;
    for leaf in Walk::open(dir, to)? {
        let Leaf { index, opened, .. } = leaf?;
        step(head.size + index);
        let event = match opened {
            // What it said cannot be known any more; to certify that it was no access would be a guess.
            Opened::Destroyed if index >= from => return Err(CertificateError::Destroyed { entry: index }),
            Opened::Event(event) if event.what != What::Cover => event,
            _ => continue,
        };
        found.look(index, &event, &mut registers)?;
    }
    found.settle();
    progress(Progress { read: 2 * head.size, of: 2 * head.size });
    let certificate = (found.count == 0).then(|| found.text());
    found.accesses.sort_by_key(|access| access.entry);
    Ok(Certified { certificate, accesses: found.accesses, count: found.count })
}

/// What a certificate's text says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The log's origin.
    pub log: String,
    /// About whom.
    pub agency: AgencyId,
    /// The first checkpoint: size and root.
    pub from: (u64, [u8; 32]),
    /// The second.
    pub to: (u64, [u8; 32]),
    text: String,
}

/// Reads a certificate and checks its signature with the log's verifier key.
///
/// # Errors
/// It is no certificate, or not one of this log.
pub fn read_certificate(note: &str, vkey: &str) -> Result<Claims, CertificateError> {
    let text = clear_audit::open_note(note, vkey)?;
    let mut lines = text.lines().enumerate();
    if lines.next().map(|(_, line)| line) != Some(HEADING) {
        return Err(CertificateError::Line { line: 1, expected: HEADING });
    }
    let mut value = |expected: &'static str| {
        let line = lines.find(|(_, line)| line.split(": ").next() == Some(expected));
        let wrong = |line| CertificateError::Line { line, expected };
        let (at, line) = line.ok_or(wrong(0))?;
        let rest = line.strip_prefix(expected).and_then(|rest| rest.strip_prefix(": "));
        rest.map(|rest| (at + 1, rest.to_owned())).ok_or(wrong(at + 1))
    };
    let (_, log) = value("log")?;
    let (line, agency) = value("agency")?;
    let agency = agency.parse().map_err(|_| CertificateError::Line { line, expected: "agency" })?;
    let mut mark = |expected: &'static str| {
        let (line, text) = value(expected)?;
        parse_mark(&text).ok_or(CertificateError::Line { line, expected })
    };
    let (from, to) = (mark("from")?, mark("to")?);
    let name = vkey.split('+').next().unwrap_or_default();
    if log != name {
        return Err(CertificateError::OtherLog { said: log, is: name.to_owned() });
    }
    Ok(Claims { log, agency, from, to, text })
}

impl Claims {
    /// Checks that both checkpoints are in the published log. Anybody can; gives the size of its newest checkpoint.
    ///
    /// # Errors
    /// What is wrong with the log, or with the certificate's checkpoints.
    pub fn in_log(&self, source: &dyn Source, vkey: &str) -> Result<u64, CertificateError> {
        clear_audit::begins_with(source, vkey, self.from.0, self.from.1)?;
        Ok(clear_audit::begins_with(source, vkey, self.to.0, self.to.1)?)
    }

    /// Works the certificate out again from a folder with openings; the text must come out the same, byte for byte.
    ///
    /// # Errors
    /// The first line that differs, or the number of accesses.
    pub fn again(&self, dir: &Path, vkey: &str, progress: impl FnMut(Progress)) -> Result<(), CertificateError> {
        let wish =
            CertificateWish { agency: self.agency.clone(), from: Mark::Size(self.from.0), to: Mark::Size(self.to.0) };
        let again = certify(dir, vkey, &wish, progress)?;
        let text = again.certificate.ok_or(CertificateError::Accesses(again.count))?;
        if text == self.text {
            return Ok(());
        }
        let mut lines = (1..).zip(self.text.lines().map(Some).chain(std::iter::repeat(None))).zip(text.lines());
        let ((line, said), is) =
            lines.find(|((_, said), is)| *said != Some(*is)).unwrap_or(((0, Some("more lines")), "fewer"));
        Err(CertificateError::Differs { line, said: said.unwrap_or_default().to_owned(), is: is.to_owned() })
    }
}

fn parse_mark(text: &str) -> Option<(u64, [u8; 32])> {
    let (size, root) = text.split_once(' ')?;
    let bytes: Option<Vec<u8>> =
        (0..root.len()).step_by(2).map(|at| u8::from_str_radix(root.get(at..at + 2)?, 16).ok()).collect();
    Some((size.parse().ok()?, bytes?.try_into().ok()?))
}

/// A checkpoint.
#[derive(Debug, Clone, Copy)]
struct Point {
    size: u64,
    root: [u8; 32],
}

/// What the first walk found.
struct First {
    from: Point,
    to: Point,
    /// The register's entries with their places.
    entries: Vec<(u64, RegisterEntry)>,
    /// The register at the second checkpoint.
    register: Register,
    /// The place of each order's entry.
    orders: BTreeMap<String, u64>,
}

fn first_walk(
    dir: &Path,
    size: u64,
    wish: &CertificateWish,
    step: &mut impl FnMut(u64),
) -> Result<First, CertificateError> {
    let (mut register, mut entries, mut orders) = (Register::new(), Vec::new(), BTreeMap::new());
    let (mut from, mut to): (Option<Point>, Option<Point>) = (None, None);
    let mut walk = Walk::open(dir, size)?;
    // After the first order over the agency; and whether its gate's holding is in the log.
    let (mut ordered, mut held) = (None, false);
    loop {
        let here = Point { size: walk.size(), root: walk.root() };
        if wish.from == Mark::Size(here.size) {
            from = from.or(Some(here));
        }
        if wish.to == Mark::Size(here.size) {
            to = Some(here);
            break;
        }
        let Some(leaf) = walk.next() else {
            to = to.or(Some(here));
            break;
        };
        let Leaf { index, opened, outbox, .. } = leaf?;
        step(index);
        let after = Point { size: walk.size(), root: walk.root() };
        match opened {
            Opened::Event(event) => {
                let reached = |mark: &Mark| match mark {
                    Mark::Moment(moment) => event.at >= *moment,
                    Mark::Day(day) => day.to_zoned(zone(&register)).is_ok_and(|day| event.at >= day.timestamp()),
                    Mark::Size(_) | Mark::Order | Mark::Newest => false,
                };
                if from.is_none() && reached(&wish.from) {
                    from = Some(here);
                }
                if reached(&wish.to) {
                    to = Some(here);
                    break;
                }
                // Between an order's entry and this one, its gate was still closing.
                let holds = event.order.as_deref().filter(|_| event.what == What::Register);
                if holds.is_some_and(|number| covers(&register, number, &wish.agency)) && !held {
                    (ordered, held) = (Some(after), true);
                }
            }
            Opened::Destroyed => {}
            Opened::Clear(body) | Opened::Sealed(body) => {
                // What was not in the ledger is no entry of the register, whatever it looks like.
                if outbox == 0 {
                    continue;
                }
                let bad = |what: String| CertificateError::Register { entry: index, what };
                let Ok(entry) = serde_json::from_slice::<RegisterEntry>(&body) else { continue };
                let before = register.orders().len();
                register.apply(&entry).map_err(|error| bad(error.to_string()))?;
                entries.push((index, entry));
                if let Some(order) = register.orders().get(before) {
                    orders.insert(order.draft.number.clone(), index);
                    if covers(&register, &order.draft.number, &wish.agency) {
                        ordered.get_or_insert(after);
                    }
                }
            }
        }
    }
    if register.agency(&wish.agency).is_none() {
        return Err(CertificateError::UnknownAgency(wish.agency.clone()));
    }
    let from = match wish.from {
        Mark::Order => ordered.ok_or_else(|| CertificateError::NoOrder(wish.agency.clone()))?,
        Mark::Size(size) => from.unwrap_or(Point { size, root: [0; 32] }),
        _ => from.unwrap_or(Point { size, root: [0; 32] }),
    };
    let to = match (wish.to.clone(), to) {
        (Mark::Size(said), Some(point)) if point.size != said => Point { size: said, ..point },
        (_, point) => point.unwrap_or(Point { size, root: [0; 32] }),
    };
    Ok(First { from, to, entries, register, orders })
}

fn covers(register: &Register, order: &str, agency: &AgencyId) -> bool {
    register.closure_of(order).is_some_and(|closure| closure.contains(agency))
}

fn zone(register: &Register) -> TimeZone {
    let zone = register.founding().and_then(|founding| TimeZone::get(&founding.time_zone).ok());
    zone.unwrap_or(TimeZone::UTC)
}

/// The register as it was at any version: nearly always the newest one that was asked for, or the one before.
struct Registers<'a> {
    entries: &'a [(u64, RegisterEntry)],
    known: [Arc<Register>; 2],
}

impl<'a> Registers<'a> {
    fn new(entries: &'a [(u64, RegisterEntry)]) -> Registers<'a> {
        Registers { entries, known: [Arc::default(), Arc::default()] }
    }

    /// The register after so many entries, or after all that stand before this place of the log.
    ///
    /// # Errors
    /// An entry that does not apply: then nobody can say what the register was.
    fn at(&mut self, version: Option<u64>, place: u64) -> Result<Arc<Register>, CertificateError> {
        let version = version.unwrap_or_else(|| self.entries.partition_point(|(index, _)| *index < place) as u64);
        let [newer, older] = &self.known;
        if let Some(known) = [newer, older].into_iter().find(|known| known.version() == version) {
            return Ok(known.clone());
        }
        let mut register = if newer.version() < version { Register::clone(newer) } else { Register::new() };
        let from = usize::try_from(register.version()).unwrap_or(usize::MAX);
        let to = usize::try_from(version).unwrap_or(usize::MAX).min(self.entries.len());
        for (at, entry) in self.entries.get(from..to).unwrap_or_default() {
            let bad = |bad: BadEntry| CertificateError::Register { entry: *at, what: bad.to_string() };
            register.apply(entry).map_err(bad)?;
        }
        let register = Arc::new(register);
        self.known = [register.clone(), newer.clone()];
        Ok(register)
    }
}

/// What the second walk counts.
struct Found {
    origin: String,
    agency: AgencyId,
    closure: BTreeSet<AgencyId>,
    first: Arc<First>,
    moments: Option<(Timestamp, Timestamp)>,
    all: Counts,
    covered: Counts,
    productions: Vec<String>,
    /// The path of each request that has no end yet.
    open: HashMap<RequestId, Asked>,
    /// What is logged as having left, until it is certain that it was not withheld.
    pending: BTreeMap<RequestId, Vec<Access>>,
    accesses: Vec<Access>,
    count: u64,
}

/// A request without an end.
struct Asked {
    path: BTreeSet<AgencyId>,
    /// Whether parts of its answer have left already.
    batches: bool,
}

#[derive(Default)]
struct Counts {
    asked: u64,
    answered: u64,
    denied: u64,
    held: u64,
    filed: u64,
    other: u64,
    withheld: u64,
}

impl Counts {
    fn count(&mut self, what: What) {
        match what {
            What::Asked => self.asked += 1,
            What::Answered => self.answered += 1,
            What::Denied => self.denied += 1,
            What::Held => self.held += 1,
            What::Filed => self.filed += 1,
            What::Withheld => self.withheld += 1,
            what if what.ends() => self.other += 1,
            _ => {}
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { asked, answered, denied, held, filed, other, withheld } = self;
        write!(
            f,
            "{asked} asked, {answered} answered, {denied} denied, {held} held, {filed} filed, {other} ended otherwise, {withheld} withheld"
        )
    }
}

/// Whether something left by this event: an answer, a part of one, a word to somebody who did not ask.
fn left(what: What) -> bool {
    matches!(what, What::Answered | What::Batch | What::Alerted)
}

impl Found {
    fn new(origin: String, agency: AgencyId, first: Arc<First>) -> Result<Found, CertificateError> {
        let register = &first.register;
        let mut closure = BTreeSet::from([agency.clone()]);
        for order in register.orders() {
            let covered = register.closure_of(&order.draft.number);
            if let Some(covered) = covered.filter(|covered| covered.contains(&agency)) {
                // The order of a parent covers its other parts too; the certificate is about this agency's own.
                match order.draft.agency == agency {
                    true => closure.extend(covered.iter().cloned()),
                    false => closure.extend(register.closure(&agency, Covers::Under, order.draft.issued_at)),
                }
            }
        }
        Ok(Found {
            origin,
            agency,
            closure,
            first,
            moments: None,
            all: Counts::default(),
            covered: Counts::default(),
            productions: Vec::new(),
            open: HashMap::new(),
            pending: BTreeMap::new(),
            accesses: Vec::new(),
            count: 0,
        })
    }

    fn look(&mut self, index: u64, event: &Event, registers: &mut Registers<'_>) -> Result<(), CertificateError> {
        let mut path = event.path.clone();
        path.extend(event.agency.iter().cloned());
        path.extend(event.recipients.iter().cloned());
        path.extend(event.on_behalf_of.iter().flatten().cloned());
        if event.what == What::Asked {
            // What the log says is not taken at its word: the register of then says whom this question touched.
            let (standing, inquiry) = said(event);
            path.extend(registers.at(event.register, index)?.path(&standing, &inquiry, event.at));
        }
        if let Some(request) = &event.request {
            match event.what {
                What::Asked => {
                    self.open.insert(request.clone(), Asked { path: path.clone(), batches: false });
                }
                what => {
                    if let Some(asked) = self.open.get_mut(request) {
                        path.extend(asked.path.iter().cloned());
                        asked.batches |= what == What::Batch;
                    }
                }
            }
        }
        let met: Vec<String> = path.intersection(&self.closure).map(ToString::to_string).collect();
        let within = index >= self.first.from.size;
        if within {
            self.moments = Some((self.moments.map_or(event.at, |(from, _)| from), event.at));
            self.all.count(event.what);
            if !met.is_empty() {
                self.covered.count(event.what);
                self.weigh(index, event, met);
            }
        }
        if let Some(request) = event.request.as_ref().filter(|_| event.what.ends()) {
            self.open.remove(request);
        }
        Ok(())
    }

    fn weigh(&mut self, index: u64, event: &Event, met: Vec<String>) {
        if event.what == What::Production {
            let (docket, step) = (event.docket.as_deref().unwrap_or("-"), event.why.as_deref().unwrap_or("-"));
            self.productions.push(format!(
                "production: {}, entry {index}, {}, for {}: {} ({} records)",
                line(docket),
                event.at,
                met.join(", "),
                line(step),
                event.records.len()
            ));
            return;
        }
        if event.what == What::Withheld {
            // The newest of what was logged as leaving is what the order came between; earlier batches had left.
            if let Some(accesses) = event.request.as_ref().and_then(|request| self.pending.get_mut(request)) {
                accesses.pop();
            }
            return;
        }
        // The end of a streamed answer brings nothing more: each of its parts was a batch.
        let streamed = event.request.as_ref().and_then(|request| self.open.get(request)).is_some_and(|it| it.batches);
        if !left(event.what) || (streamed && event.what == What::Answered) {
            return;
        }
        let what = match event.what {
            What::Batch => "batch",
            What::Alerted => "alerted",
            _ => "answered",
        };
        let access = Access {
            entry: index,
            at: event.at.to_string(),
            request: event.request.as_ref().map(ToString::to_string),
            agency: event.agency.as_ref().map(ToString::to_string),
            met,
            what: what.to_owned(),
            records: event.count.unwrap_or(event.records.len() as u64),
        };
        match &event.request {
            Some(request) => self.pending.entry(request.clone()).or_default().push(access),
            None => self.take(access),
        }
        if self.pending.len() > PENDING {
            self.settle();
        }
    }

    fn take(&mut self, access: Access) {
        self.count += 1;
        if self.accesses.len() < LISTED {
            self.accesses.push(access);
        }
    }

    /// What was not withheld by now had left.
    fn settle(&mut self) {
        for access in std::mem::take(&mut self.pending).into_values().flatten() {
            self.take(access);
        }
    }

    /// The certificate. The same log gives the same bytes.
    fn text(&self) -> String {
        let First { from, to, register, orders, .. } = self.first.as_ref();
        let hex = |root: &[u8; 32]| root.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut lines = vec![
            HEADING.to_owned(),
            format!("log: {}", self.origin),
            format!("installation: {}", register.founding().map(|founding| line(&founding.title)).unwrap_or_default()),
            format!("agency: {}", self.agency),
            format!("from: {} {}", from.size, hex(&from.root)),
            format!("to: {} {}", to.size, hex(&to.root)),
        ];
        if let Some((first, last)) = self.moments {
            lines.push(format!("time: {first} to {last}"));
        }
        for agency in &self.closure {
            let name = register.agency(agency).map(|agency| line(&agency.name)).unwrap_or_default();
            lines.push(format!("covers: {agency}, {name}"));
        }
        for order in register.orders() {
            let number = &order.draft.number;
            if register.closure_of(number).is_some_and(|closure| closure.contains(&self.agency)) {
                let entry = orders.get(number).map(ToString::to_string).unwrap_or_default();
                let number = line(number);
                lines.push(format!("order: {number}, entry {entry}, issued {}", order.draft.issued_at));
                if let Some(ending) = register.ending_of(&order.draft.number) {
                    lines.push(format!("ended: order {number}, from {} on", ending.holds_from));
                }
            }
        }
        lines.push(format!(
            "statement: no access by {} or anything that it covers between checkpoints {} and {}",
            self.agency, from.size, to.size
        ));
        lines.push(format!("read: {} entries, each opened and held against its leaf in the tree", to.size - from.size));
        lines.push(format!("requests: {}", self.all));
        lines.push(format!("of which touch the covered: {}", self.covered));
        lines.push(format!("productions: {}", self.productions.len()));
        lines.extend(self.productions.iter().cloned());
        lines.push(LIMITS.to_owned());
        lines.join("\n") + "\n"
    }
}

/// One line, whatever somebody entered.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A certificate, and that it was asked for.
#[derive(Debug)]
pub struct CertifiedAnswer {
    /// The certificate or what stands against it.
    pub certified: Certified,
    /// That it is in the log.
    pub receipt: Receipt,
}

/// Makes a certificate for stewards and oversight. It leaves its own entry in the log.
///
/// # Errors
/// A [`Refusal`], in the log before it is returned.
pub async fn certificate(
    desk: &Arc<Desk>,
    request: Proven<Request<CertificateWish>>,
) -> Result<CertifiedAnswer, Refusal> {
    let wish = request.question.clone();
    let entry = Entry::asked(desk, &request, "certificate", &wish.agency);
    if let Decision::Deny(denial) = may(&desk.register(), &*desk.rules(), Deed::Operate, &request) {
        return Err(entry.refuse(denial).await);
    }
    let (turn, log) = (desk.reading.clone().lock_owned().await, desk.public_log().clone());
    // The newest checkpoint is the one over everything up to this question.
    if let Err(down) = log.publish().await {
        return Err(entry.failed(&down).await);
    }
    let make = move || {
        let _turn = turn;
        let dir = log.folder().parent().unwrap_or(log.folder()).to_owned();
        let mut certified = certify(&dir, log.vkey(), &wish, |_| ())?;
        certified.certificate = certified.certificate.map(|text| log.sign_note(&text)).transpose()?;
        Ok::<_, CertificateError>(certified)
    };
    match tokio::task::spawn_blocking(make).await {
        Ok(Ok(certified)) => {
            let receipt = entry.told(certified.count).await?;
            Ok(CertifiedAnswer { certified, receipt })
        }
        Ok(Err(error)) => Err(match error {
            CertificateError::UnknownAgency(_)
            | CertificateError::NoOrder(_)
            | CertificateError::Empty { .. }
            | CertificateError::Destroyed { .. } => entry.wrong(error.to_string()).await,
            error => entry.failed(&error).await,
        }),
        Err(error) => Err(entry.failed(&error).await),
    }
}

/// Makes and signs a certificate in a folder that has the log's signing key.
///
/// # Errors
/// See [`CertificateError`].
pub fn certify_and_sign(
    dir: &Path,
    vkey: &str,
    wish: &CertificateWish,
    progress: impl FnMut(Progress),
) -> Result<Certified, CertificateError> {
    let mut certified = certify(dir, vkey, wish, progress)?;
    let sign = |text: String| clear_audit::sign_note(dir, &text).map_err(CertificateError::Sign);
    certified.certificate = certified.certificate.map(sign).transpose()?;
    Ok(certified)
}
