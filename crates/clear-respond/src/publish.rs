//! What is public: rows of the public sets, and whatever else everybody may be told, without a trail of who asked.
//!
//! In:    a question; nobody's name. How it is to be written.
//! Out:   a [`Published`] answer, made part by part under everybody's grant; or [`Unpublished`].
//! Never: tells one more than another; logs who asked; sends a part that tells of an incident which was closed meanwhile.
//!
//! # How
//! The road is that of [`stream`](crate::stream), without an asker: [`clear_policy::publish`] gives the grant, the engines run
//! under it, `clear-redact` writes. What is left of a request in the log is one more in the hour's totals of its page
//! ([`Desk::count_public`]). There is no receipt: nothing was disclosed to anybody in particular, and everybody has the
//! same bytes.
//!
//! INVARIANT (closed is not published): a closing of an incident counts, and a part that was made before is not handed on
//! ([`Published::may_leave`]); what is in a connection's buffers is discarded with the connection
//! ([`Gate::tell_public`](crate::Gate::tell_public)).
//!
//! # Change here
//! Which sets there are, and what is in those that are made of the register and the log: `publish/given.rs`.

pub(crate) mod activity;
mod given;
pub(crate) mod kept;
pub(crate) mod key;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use clear_policy::{Decision, Grant};
use clear_query::{Question, SetAsked, SetClauses, SetFault, SetInfo, SetRows, SetSource, set_named};
use clear_record::Seq;
use clear_redact::{Disclosed, Redact, SetError, SetField, SetForm, SetLayout, SetWriter};
use jiff::Timestamp;
use jiff::civil::DateTime;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::desk::{Desk, chain};
use crate::stream::{Broken, MAKING};

/// Rows that are written at once.
const PART_ROWS: usize = 1_024;

/// Why nothing is published.
#[derive(Debug)]
pub enum Unpublished {
    /// The question is wrong.
    Wrong(SetFault),
    /// The form does not hold so many rows.
    TooManyRows(String),
    /// Something went wrong with us; the operator has the chain.
    Failed,
}

/// A public set at a moment: everything that an answer depends on beside the question.
#[derive(Debug, Clone)]
pub struct SetState {
    /// Which set.
    pub set: &'static SetInfo,
    /// A text that changes with the set's contents, and with nothing else.
    pub version: String,
    /// When it last changed.
    pub updated_at: Timestamp,
    seq: Seq,
    /// Rows dated from here on are not published yet.
    before: DateTime,
}

/// What a set's columns hold, for its view.
#[derive(Debug, Default)]
pub struct Summary {
    /// How many rows there are.
    pub rows: u64,
    columns: BTreeMap<&'static str, Value>,
}

impl Summary {
    /// What a column holds, as the original's `cachedContents` tells it.
    pub fn contents(&self, field_name: &str) -> Option<Value> {
        self.columns.get(field_name).cloned()
    }
}

/// Summaries of the sets' newest versions.
#[derive(Default)]
pub(crate) struct Summaries(Mutex<BTreeMap<&'static str, (String, Arc<Summary>)>>);

/// An answer on its way.
pub struct Published {
    making: Option<Making>,
    fields: Vec<SetField>,
    /// The first part, made before anything was sent: what is wrong with a question shows there.
    first: Option<Vec<u8>>,
    ended: bool,
    /// How many closings of incidents there were when it was begun.
    closings: u64,
}

/// What is moved to where answers are made, and back.
struct Making {
    rows: SetRows,
    writer: SetWriter,
    /// Rows of a batch that are still to be written.
    rest: Option<arrow::array::RecordBatch>,
}

/// An answer for everybody that is made at once.
pub struct PublicAnswer<T> {
    disclosed: Arc<Disclosed<T>>,
    closings: u64,
}

impl<T> PublicAnswer<T> {
    /// The answer, for a page.
    pub fn get(&self) -> &T {
        self.disclosed.get()
    }

    /// The answer's bytes: the same for everybody.
    pub fn bytes(&self) -> &[u8] {
        self.disclosed.bytes()
    }

    /// Whether no incident was closed since it was made. Asked after the gate was told that the connection tells of what
    /// is public.
    pub fn may_leave(&self, desk: &Desk) -> bool {
        desk.shelves().tightenings_of_incidents() == self.closings
    }
}

/// The set that everybody's maps and measures are made of.
const CRIMES_SET: &str = "crimes";

/// Answers a question about the crimes set as everybody may have it answered: under the grant of the public sets. One that was
/// made at the set's version is given again.
///
/// # Errors
/// [`Unpublished`].
pub async fn published<Q: Question>(
    desk: &Desk,
    question: &Q,
) -> Result<PublicAnswer<<Q::Match as Redact>::Out>, Unpublished>
where
    Q::Match: Redact,
{
    let closings = desk.shelves().tightenings_of_incidents();
    let crimes = named(CRIMES_SET).ok_or(Unpublished::Failed)?;
    let version = (desk.set_state(crimes).await?.version, closings);
    let text = serde_json::to_string(question).map_err(|error| failed(&error))?;
    let asked = (Q::NAME, text);
    if let Some(disclosed) = desk.answers.get(&version, &asked) {
        return Ok(PublicAnswer { disclosed, closings });
    }
    let grant = desk.everybodys_grant()?;
    let matches = clear_query::run(desk.shelves(), &grant, desk.visible(), question).await;
    let matches = matches.map_err(of_query)?;
    let disclosed = Arc::new(clear_redact::apply(&grant, matches).map_err(|error| failed(&error))?);
    desk.answers.keep(version, asked, disclosed.clone(), disclosed.bytes().len());
    Ok(PublicAnswer { disclosed, closings })
}

/// Answers a question about a public set with rows.
///
/// # Errors
/// [`Unpublished`]; whatever shows in the first rows is said before anything is sent.
pub async fn publish(
    desk: &Arc<Desk>,
    state: &SetState,
    asked: SetAsked,
    form: SetForm,
    layout: SetLayout,
) -> Result<Published, Unpublished> {
    for _ in 0..TURNS_MAX {
        let published = begin(desk, state, &asked, form, layout.clone()).await?;
        if published.may_leave(desk) {
            return Ok(published);
        }
    }
    // Incidents are being closed one after the other; the first part will be held back.
    begin(desk, state, &asked, form, layout).await
}

/// How often an answer is begun again because an incident was closed meanwhile.
const TURNS_MAX: usize = 3;

async fn begin(
    desk: &Arc<Desk>,
    state: &SetState,
    asked: &SetAsked,
    form: SetForm,
    layout: SetLayout,
) -> Result<Published, Unpublished> {
    let closings = desk.shelves().tightenings_of_incidents();
    let grant = desk.everybodys_grant()?;
    let given = |set: &'static SetInfo| desk.given(set);
    let rows = SetRows::begin(desk.shelves(), &grant, state.seq, state.set, asked, Some(state.before), &given).await;
    let rows = rows.map_err(of_query)?;
    let titles = |name: &str| state.set.columns.iter().find(|column| column.field_name == name);
    let field = |field: &clear_query::SetRowsField| SetField {
        name: field.name.clone(),
        title: titles(&field.name).map_or_else(|| field.name.clone(), |column| column.name.to_owned()),
        soql_type: field.soql_type,
    };
    let fields: Vec<SetField> = rows.fields().iter().map(field).collect();
    let mut writer = SetWriter::new(form, fields.clone(), layout);
    let head = writer.head().map_err(|error| failed(&error))?;
    let making = Some(Making { rows, writer, rest: None });
    let mut published = Published { making, fields, first: None, ended: false, closings };
    let mut first = head;
    first.extend(published.make().await?.unwrap_or_default());
    published.first = Some(first);
    Ok(published)
}

impl Published {
    /// The fields of its rows.
    pub fn fields(&self) -> &[SetField] {
        &self.fields
    }

    /// Whether no incident was closed since it was begun. Asked for each part, after the gate was told.
    pub fn may_leave(&self, desk: &Desk) -> bool {
        desk.shelves().tightenings_of_incidents() == self.closings
    }

    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// [`Broken`] when there is no more although this is not the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        self.make().await.map_err(|unpublished| {
            if let Unpublished::Wrong(fault) = &unpublished {
                // What has begun cannot be refused any more.
                tracing::info!("a public answer broke off: {}", fault.message);
            }
            Broken
        })
    }

    /// Makes the next part, away from the threads that serve connections.
    async fn make(&mut self) -> Result<Option<Vec<u8>>, Unpublished> {
        if self.ended {
            return Ok(None);
        }
        let Some(mut making) = self.making.take() else { return Err(Unpublished::Failed) };
        let _turn = MAKING.acquire().await;
        let runtime = Handle::current();
        let made = tokio::task::spawn_blocking(move || {
            let part = runtime.block_on(making.part());
            (making, part)
        });
        let (making, part) = made.await.map_err(|error| failed(&error))?;
        self.making = Some(making);
        let (part, ended) = part?;
        self.ended = ended;
        Ok(Some(part))
    }
}

impl Making {
    /// The next bytes, and whether they are the last.
    async fn part(&mut self) -> Result<(Vec<u8>, bool), Unpublished> {
        let mut out = Vec::new();
        // A file that is written in larger parts gives nothing for a while.
        while out.is_empty() {
            let batch = match self.rest.take() {
                Some(batch) => Some(batch),
                None => self.rows.next().await.map_err(of_query)?,
            };
            let Some(batch) = batch else {
                out.extend(self.writer.end().map_err(of_writer)?);
                return Ok((out, true));
            };
            let now = batch.num_rows().min(PART_ROWS);
            if now < batch.num_rows() {
                self.rest = Some(batch.slice(now, batch.num_rows() - now));
            }
            out.extend(self.writer.part(&batch.slice(0, now)).map_err(of_writer)?);
        }
        Ok((out, false))
    }
}

fn of_query(error: clear_query::Error) -> Unpublished {
    match error {
        clear_query::Error::Set(fault) => Unpublished::Wrong(*fault),
        clear_query::Error::Question(message) => {
            let code = "query.soql.bad-parse".to_owned();
            Unpublished::Wrong(SetFault { code, message, data: serde_json::Map::new() })
        }
        error => failed(&error),
    }
}

fn of_writer(error: SetError) -> Unpublished {
    match error {
        SetError::TooManyRows(_) => Unpublished::TooManyRows(error.to_string()),
        error => failed(&error),
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Unpublished {
    tracing::error!("cannot publish: {}", chain(error));
    Unpublished::Failed
}

impl Desk {
    /// The grant of everybody, at this moment.
    fn everybodys_grant(&self) -> Result<Grant, Unpublished> {
        let now = self.now();
        match clear_policy::publish(&now.register, &*self.rules(), &now.labels, self.clock()) {
            Decision::Permit(grant) => Ok(grant),
            Decision::Deny(denial) => {
                tracing::warn!("nothing is public: {denial}");
                Err(Unpublished::Failed)
            }
        }
    }

    /// What is known of a public set before it is asked.
    ///
    /// # Errors
    /// [`Unpublished::Failed`].
    pub async fn set_state(&self, set: &'static SetInfo) -> Result<SetState, Unpublished> {
        let seq = self.visible();
        let before = clear_query::published_before(self.clock().to_zoned(self.time_zone()).date());
        Ok(match set.source {
            SetSource::Records => {
                let grant = self.everybodys_grant()?;
                let held = self.shelves().set_held(set, &grant, seq, before).await.map_err(of_query)?;
                let updated_at = held.updated_at.unwrap_or(Timestamp::UNIX_EPOCH);
                SetState { set, version: held.version, updated_at, seq, before }
            }
            SetSource::Given => {
                let (version, updated_at) = match clear_query::covered_set(set) {
                    // It changes with the set that it counts.
                    Some(counted) => {
                        let state = Box::pin(self.set_state(counted)).await?;
                        (state.version, state.updated_at)
                    }
                    None => self.given_version(set),
                };
                SetState { set, version, updated_at, seq, before }
            }
        })
    }

    /// What the columns of a set hold, made once for each version.
    ///
    /// # Errors
    /// [`Unpublished`].
    pub async fn set_summary(
        self: &Arc<Self>,
        set: &'static SetInfo,
        state: &SetState,
    ) -> Result<Arc<Summary>, Unpublished> {
        let kept = self.summaries.0.lock().unwrap_or_else(PoisonError::into_inner).get(set.id).cloned();
        if let Some((_, summary)) = kept.filter(|(version, _)| *version == state.version) {
            return Ok(summary);
        }
        let ordered = |column: &&clear_query::SetColumn| clear_query::is_ordered(column.soql_type);
        let counts = set.columns.iter().map(|column| format!("count(`{0}`) AS n_{0}", column.field_name));
        let ends = set.columns.iter().filter(ordered).flat_map(|column| {
            [format!("min(`{0}`) AS a_{0}", column.field_name), format!("max(`{0}`) AS z_{0}", column.field_name)]
        });
        let select: Vec<String> = ["count(*) AS n".to_owned()].into_iter().chain(counts).chain(ends).collect();
        let asked = SetAsked::Clauses(SetClauses { select: Some(select.join(", ")), ..SetClauses::default() });
        let mut published = publish(self, state, asked, SetForm::Json, SetLayout::default()).await?;
        let mut body = Vec::new();
        while let Some(part) = published.next().await.map_err(|Broken| Unpublished::Failed)? {
            body.extend(part);
        }
        let row = serde_json::from_slice::<Vec<Value>>(&body).ok().and_then(|rows| rows.into_iter().next());
        let said = |name: String| row.as_ref().and_then(|row| row.get(&name)).cloned();
        let number = |name: String| said(name).and_then(|it| it.as_str()?.parse::<u64>().ok()).unwrap_or_default();
        let rows = number("n".to_owned());
        let columns = set.columns.iter().map(|column| {
            let there = number(format!("n_{}", column.field_name));
            let mut contents = json!({
                "count": rows.to_string(),
                "non_null": there.to_string(),
                "null": rows.saturating_sub(there).to_string(),
            });
            for (name, letter) in [("smallest", 'a'), ("largest", 'z')] {
                if let (Some(value), Some(object)) =
                    (said(format!("{letter}_{}", column.field_name)), contents.as_object_mut())
                {
                    object.insert(name.to_owned(), value);
                }
            }
            (column.field_name, contents)
        });
        let summary = Arc::new(Summary { rows, columns: columns.collect() });
        let mut kept = self.summaries.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(set.id, (state.version.clone(), summary.clone()));
        Ok(summary)
    }
}

/// The sets that are in the catalogue, and can be named in a question.
pub fn public_sets() -> impl Iterator<Item = &'static SetInfo> {
    clear_query::public_sets()
}

/// The set of an id or alias.
pub fn named(name: &str) -> Option<&'static SetInfo> {
    set_named(name)
}
