//! Answers that are sent while they are made: rows, batch by batch.
//!
//! In:    a [`Proven`] request for [`Rows`].
//! Out:   a [`Streamed`]: [`Part`]s, each disclosed and in the log before anybody gets it, then the receipt of the end.
//! Never: makes a part that nobody has asked for; keeps more than one; sends a part under a grant that has ended.
//!
//! # How
//! Each answer is a task of its own. For every part it looks whether the grant has ended, decides anew, finds the rows
//! under the reach, reduces them, appends a *batch* event with their ids, waits until that is on the disk, and looks once
//! more. The entry in the log ends once: *answered*, *failed*, or *cut* by an order, a suspension, or an asker that went
//! away.

use std::sync::{Arc, LazyLock};

use clear_audit::{Event, Receipt, What};
use clear_identity::Proven;
use clear_policy::{Decision, Denial, Grant};
use clear_query::{Cursor, Rows};
use clear_record::{Request, RequestId, Seq};
use clear_redact::{Disclosed, Form, Writer, Written};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::desk::Desk;
use crate::entry::{Entry, Refusal};
use crate::inquiry::{self, Granted};

/// Rows of one part. A reader that does not read holds one part in memory and no more.
const PART_ROWS: usize = 128;

/// Parts are made on all cores but one: an order, or an officer's question, never queues behind a thousand exports.
pub(crate) static MAKING: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, |cores| cores.get() - 1).max(1)));

/// An answer on its way. Dropped before its end, it is *cut* in the log.
pub struct Streamed {
    number: RequestId,
    seq: Seq,
    wanted: mpsc::Sender<oneshot::Sender<Next>>,
}

/// What comes next of an answer.
pub enum Next {
    /// A part.
    Part(Box<Part>),
    /// Nothing more: the answer is whole, and this is the receipt of its *answered* event.
    End(Box<Receipt>),
}

/// The answer ended before its end; why stands in the log, under the request's number.
#[derive(Debug, thiserror::Error)]
#[error("the answer was ended before its end")]
pub struct Broken;

/// A part of an answer that may leave: disclosed, and in the log.
pub struct Part {
    disclosed: Disclosed<Written>,
    receipt: Receipt,
    /// How many tightenings there were when it was made.
    tightenings: u64,
}

/// Answers one request for rows. Beside [`answer`](crate::answer), what leaves OpenCLEAR leaves through here.
///
/// # Errors
/// A [`Refusal`]: denied, wrong, failed, or nothing can be logged. Each is in the log before it is returned, but the last.
pub async fn stream(desk: &Arc<Desk>, request: Proven<Request<Rows>>, form: Form) -> Result<Streamed, Refusal> {
    let number = request.id.clone();
    let (opened, open) = oneshot::channel();
    // One place: a part is made when it is wanted, and one is wanted at a time.
    let (wanted, wants) = mpsc::channel(1);
    tokio::spawn(run(desk.clone(), request, form, opened, wants));
    match open.await {
        Ok(Ok(seq)) => Ok(Streamed { number, seq, wanted }),
        Ok(Err(refusal)) => Err(refusal),
        // The task panicked; its entry has said so.
        Err(_) => Err(Refusal::Failed),
    }
}

impl Streamed {
    /// The request's number in the log.
    pub fn number(&self) -> &RequestId {
        &self.number
    }

    /// At which `seq` the rows are.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// Has the next part made.
    ///
    /// # Errors
    /// [`Broken`] when there is no more although this is not the end.
    pub async fn next(&mut self) -> Result<Next, Broken> {
        let (sender, next) = oneshot::channel();
        self.wanted.send(sender).await.map_err(|_| Broken)?;
        next.await.map_err(|_| Broken)
    }
}

impl Part {
    /// Puts a part and its receipt together.
    ///
    /// INVARIANT (nothing leaves without its receipt): the receipt is of the same request and the same bytes.
    fn new(request: &RequestId, disclosed: Disclosed<Written>, receipt: Receipt, tightenings: u64) -> Option<Part> {
        let same = receipt.request() == Some(request) && receipt.digest() == Some(disclosed.digest());
        same.then_some(Part { disclosed, receipt, tightenings })
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.disclosed.get().rows
    }

    /// The records that it tells of, for the gate.
    pub fn told(&self) -> &[clear_record::RecordId] {
        self.disclosed.told()
    }

    /// Whether nothing was tightened since it was made. Asked when the gate knows what it tells of: a tightening that
    /// comes later resets the connection.
    pub fn may_leave(&self, desk: &Desk) -> bool {
        desk.shelves().tightenings() == self.tightenings
    }

    /// The receipt of its *batch* event.
    pub fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The part's bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.disclosed.into_bytes()
    }
}

/// How an answer that was begun ends before its end.
enum Stop {
    /// An order or a suspension came, or the rules now say no.
    Cut(Box<Denial>),
    /// The asker went away.
    Gone,
    /// Something went wrong with us.
    Failed(Box<dyn std::error::Error + Send + Sync>),
    /// Nothing can be logged.
    LogDown,
}

#[derive(Debug, thiserror::Error)]
enum Unmade {
    #[error("cannot find the next rows")]
    Query(#[from] clear_query::Error),
    #[error("cannot write the next rows")]
    Redact(#[from] clear_redact::Error),
    #[error("making the next rows was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
    #[error("the receipt of a part is of something else")]
    Receipt,
}

async fn run(
    desk: Arc<Desk>,
    request: Proven<Request<Rows>>,
    form: Form,
    opened: oneshot::Sender<Result<Seq, Refusal>>,
    mut wants: mpsc::Receiver<oneshot::Sender<Next>>,
) {
    let Granted { entry, grant, inquiry } = match inquiry::granted(&desk, &request, Rows::NAME).await {
        Ok(granted) => granted,
        Err(refusal) => {
            let _ = opened.send(Err(refusal));
            return;
        }
    };
    // Each part is decided anew, under the inquiry as it was read at the beginning.
    let request = Request { inquiry, ..request.into_inner() };
    let (entry, cursor) = match begin(&desk, &request, &grant, entry).await {
        Ok(begun) => begun,
        Err(refusal) => {
            let _ = opened.send(Err(refusal));
            return;
        }
    };
    if opened.send(Ok(cursor.seq())).is_err() {
        // Nobody waits any more; the entry's end says so.
        return;
    }
    let mut answer = Answer { desk: &desk, request: &request, entry: &entry, grant, rows: 0 };
    let stop = answer.send(cursor, Writer::new(form), &mut wants).await;
    let Answer { grant, rows, .. } = answer;
    end(&desk, entry, &grant, rows, stop).await;
}

/// Begins; whatever is wrong with the question is said before the first byte.
async fn begin<'a>(
    desk: &'a Desk,
    request: &Request<Rows>,
    grant: &Grant,
    entry: Entry<'a>,
) -> Result<(Entry<'a>, Cursor), Refusal> {
    let visible = desk.visible();
    if request.see.is_some_and(|seq| seq > visible) {
        let what = "`see` names a version that is not in the log; use the seq of your own filing's receipt";
        return Err(entry.wrong(what.into()).await);
    }
    match Cursor::begin(desk.shelves(), grant, visible, &request.question).await {
        Ok(cursor) => Ok((entry, cursor)),
        Err(clear_query::Error::Question(what)) => Err(entry.wrong(what).await),
        Err(error) => Err(entry.failed(&error).await),
    }
}

fn decide(desk: &Desk, request: &Request<Rows>) -> Decision {
    let now = desk.now();
    clear_policy::decide(&now.register, &*desk.rules(), &now.labels, desk.sights(), request)
}

/// An answer that is being sent.
struct Answer<'a> {
    desk: &'a Arc<Desk>,
    request: &'a Request<Rows>,
    entry: &'a Entry<'a>,
    grant: Grant,
    rows: usize,
}

impl Answer<'_> {
    /// Sends part after part; gives who waits for the end when there are no more.
    async fn send(
        &mut self,
        mut cursor: Cursor,
        mut writer: Writer,
        wants: &mut mpsc::Receiver<oneshot::Sender<Next>>,
    ) -> Result<oneshot::Sender<Next>, Stop> {
        let mut first = true;
        loop {
            let Some(asker) = wants.recv().await else { return Err(self.gone()) };
            let part = loop {
                self.renew()?;
                let tightenings = self.desk.shelves().tightenings();
                let made = self.make(cursor.clone(), writer.clone()).await?;
                // A sheet without rows has a heading all the same; lines without rows have nothing.
                if !made.more && (!first || made.part.bytes().is_empty()) {
                    return Ok(asker);
                }
                let rows = made.part.get().rows;
                if let Some(part) = self.log(made.part, cursor.seq(), tightenings).await? {
                    (cursor, writer) = (made.cursor, made.writer);
                    self.rows += rows;
                    break part;
                }
            };
            first = false;
            if asker.send(Next::Part(Box::new(part))).is_err() {
                return Err(self.gone());
            }
        }
    }

    /// Looks whether the grant has ended, and decides anew at this moment: an agreement may have ended too, or a role.
    fn renew(&mut self) -> Result<(), Stop> {
        self.holds()?;
        let request = Request { asked_at: self.desk.clock(), ..self.request.clone() };
        match decide(self.desk, &request) {
            Decision::Permit(grant) => self.grant = grant,
            Decision::Deny(denial) => return Err(Stop::Cut(Box::new(denial))),
        }
        Ok(())
    }

    fn holds(&self) -> Result<(), Stop> {
        let ended = self.grant.ended_by(&self.desk.register(), self.desk.clock());
        match ended.or_else(|| self.entry.judged_by_others(&self.grant)) {
            None => Ok(()),
            Some(denial) => Err(Stop::Cut(Box::new(denial))),
        }
    }

    /// Why the asker's end is gone: an order's reset looks like an asker that hangs up.
    fn gone(&self) -> Stop {
        self.holds().err().unwrap_or(Stop::Gone)
    }

    /// Finds and reduces the next rows, away from the threads that serve connections.
    async fn make(&self, mut cursor: Cursor, mut writer: Writer) -> Result<Made, Stop> {
        let failed = |error: Unmade| Stop::Failed(Box::new(error));
        let _turn = MAKING.acquire().await;
        let (desk, grant, runtime) = (self.desk.clone(), self.grant.clone(), Handle::current());
        let made = tokio::task::spawn_blocking(move || {
            let found = runtime.block_on(cursor.next(desk.shelves(), &grant, PART_ROWS))?;
            let more = found.is_some();
            let part = writer.part(&grant, found)?;
            Ok::<_, Unmade>(Made { cursor, writer, part, more })
        });
        made.await.map_err(|error| failed(error.into()))?.map_err(failed)
    }

    /// Appends the *batch* event, waits until it is on the disk, and looks once more whether the part may leave. `None`
    /// when a record was tightened since: the part may tell of it, and is made again.
    async fn log(&self, part: Disclosed<Written>, seq: Seq, tightenings: u64) -> Result<Option<Part>, Stop> {
        let event = Event {
            path: self.grant.path().clone(),
            records: part.told().to_vec(),
            owners: crate::disclosures::owners(self.desk, part.told()),
            count: Some(part.get().rows as u64),
            register: Some(self.grant.register()),
            seq: Some(seq),
            digest: Some(part.digest().to_owned()),
            ..self.entry.event(What::Batch)
        };
        // A tightening waits until this part is either told or withheld.
        let _leaving = self.desk.leaving.pass().await;
        let receipt = self.append(&event).await?;
        let withheld = |why: String| Event {
            path: self.grant.path().clone(),
            why: Some(why),
            digest: Some(part.digest().to_owned()),
            ..self.entry.event(What::Withheld)
        };
        // The log says that this part was about to leave; it must also say that it did not.
        if let Err(stop) = self.holds() {
            self.append(&withheld("the grant has ended".into())).await?;
            return Err(stop);
        }
        if self.desk.shelves().tightenings() != tightenings {
            self.append(&withheld("a record was tightened".into())).await?;
            return Ok(None);
        }
        let part = Part::new(&self.request.id, part, receipt, tightenings);
        part.map(Some).ok_or_else(|| Stop::Failed(Box::new(Unmade::Receipt)))
    }

    async fn append(&self, event: &Event) -> Result<Receipt, Stop> {
        self.desk.log().append(event, None).wait().await.map_err(|down| {
            self.desk.log_down(&down);
            Stop::LogDown
        })
    }
}

/// A part that was made, and how far that came.
struct Made {
    cursor: Cursor,
    writer: Writer,
    part: Disclosed<Written>,
    /// Whether there were rows: without any, this is the end.
    more: bool,
}

/// The one end in the log.
async fn end(desk: &Desk, entry: Entry<'_>, grant: &Grant, rows: usize, stop: Result<oneshot::Sender<Next>, Stop>) {
    let counted = |event: Event| Event {
        path: grant.path().clone(),
        count: Some(rows as u64),
        register: Some(grant.register()),
        ..event
    };
    match stop {
        Ok(asker) => {
            let event = counted(entry.event(What::Answered));
            if let Ok(receipt) = entry.ended(event).await {
                // Whoever hangs up now has had everything.
                let _ = asker.send(Next::End(Box::new(receipt)));
            }
        }
        Err(Stop::Cut(denial)) => {
            let why = Some(format!("{}: {denial}", denial.code()));
            let event = counted(Event { why, register: Some(desk.register().version()), ..entry.event(What::Cut) });
            let _ = entry.ended(event).await;
        }
        Err(Stop::Failed(error)) => {
            let _ = entry.failed(error.as_ref()).await;
        }
        // Dropping the entry says that the asker went away; a log that is down takes nothing more.
        Err(Stop::Gone | Stop::LogDown) => drop(entry),
    }
}
