//! White, gray, black: the owner's decision on one record, and its end (GR15).
//!
//! In:    a record that the author has open, and what is to be from now on.
//! Out:   the decision as a record of its own; the record and its parts under their new label.
//! Never: loosens for anybody but the two who tightened, or the date that they set.

use std::collections::HashMap;

use clear_record::{
    AccountId, AgencyId, Caution, Draft, Handling, Label, Method, Provenance, Record, RecordId, Request, Restriction,
    RestrictionId, Version,
};
use clear_redact::Opened;
use jiff::{SignedDuration, Timestamp};

use crate::accept::{BadFiling, Filing};
use crate::desk::Desk;
use crate::entry::Response;

/// The longest time for which a record is black, days.
const BLACK_DAYS_MAX: i64 = 366;
/// The shortest reason, characters.
const REASON_CHARS_MIN: usize = 10;

/// A record that somebody has open. Only an answer makes one, so that nobody can probe for records by restricting them.
#[derive(Debug, Clone, Copy)]
pub struct Seen(RecordId);

impl Seen {
    /// The record of an answer, if it opened one.
    pub fn of(opened: &Response<Opened>) -> Option<Seen> {
        opened.get().record.as_ref().and_then(|record| record.shown.id.parse().ok()).map(Seen)
    }
}

/// How a record is to be handled from now on.
#[derive(Debug, Clone)]
pub struct Restrict {
    /// Which record.
    pub record: Seen,
    /// White, gray or black.
    pub handling: Handling,
    /// Why.
    pub reason: String,
    /// The second person who stands behind it; needed for black, and to end black.
    pub second_person: Option<AccountId>,
    /// When it ends by itself; needed for black, within a year.
    pub until: Option<Timestamp>,
    /// What an asker is told who would have hit it; only for black.
    pub caution: Option<Caution>,
}

/// The drafts of a decision.
pub(crate) async fn prepare(
    desk: &Desk,
    request: &Request<Filing>,
    asked: &Restrict,
) -> Result<Result<Vec<Draft>, BadFiling>, clear_query::Error> {
    let Seen(id) = asked.record;
    desk.shelves().catch_up(desk.visible()).await?;
    let (Some(agency), Some(author)) = (&request.standing.agency, &request.standing.account) else {
        return Ok(Err(BadFiling::NoSuchRecord(id)));
    };
    let labels = desk.labels();
    let label = desk.shelves().label_of(id).and_then(|label| labels.get(label.0 as usize));
    let Some(label) = label.filter(|label| label.owners.contains(agency)) else {
        return Ok(Err(BadFiling::NoSuchRecord(id)));
    };
    let in_force = desk.shelves().restriction(id);
    let now = desk.clock();
    if let Err(what) = checked(asked, label, in_force.as_ref(), now) {
        return Ok(Err(BadFiling::Restriction(what)));
    }
    if let Err(what) = second(desk, agency, author, asked).await {
        return Ok(Err(BadFiling::Restriction(what)));
    }
    if label.handling > asked.handling
        && let Err(what) = same_two(desk, in_force.as_ref(), author, asked).await?
    {
        return Ok(Err(BadFiling::Restriction(what)));
    }
    let restriction = Restriction {
        record: id,
        handling: asked.handling,
        reason: asked.reason.trim().to_owned(),
        second_person: asked.second_person.clone(),
        until: asked.until,
        caution: asked.caution,
        ended_at: (asked.handling == Handling::White).then_some(now),
    };
    let mut drafts = handled(desk, id, asked.handling, author).await?;
    drafts.extend(ended(desk, in_force, now).await?);
    // The decision tells of the record: it is as strict as the stricter of what was and what is.
    let mut own = label.clone();
    own.kind = clear_record::Kind::Restriction;
    own.instrument = None;
    own.handling = label.handling.max(asked.handling);
    drafts.push(Draft {
        id: RestrictionId::fresh().id(),
        record: Record::Restriction(restriction),
        label: own,
        valid_from: now,
        provenance: provenance(agency, author),
    });
    Ok(Ok(drafts))
}

/// The drafts of every decision whose date has come, for a job: only the dates in the ledger say which.
pub(crate) async fn prepare_ended(desk: &Desk) -> Result<Vec<Draft>, clear_query::Error> {
    desk.shelves().catch_up(desk.visible()).await?;
    let now = desk.clock();
    let mut drafts: Vec<Draft> = Vec::new();
    for id in desk.shelves().restrictions_ended(now) {
        let Some((_, restriction)) = desk.shelves().restriction(id) else { continue };
        // A whole that ended before in this filing has taken its parts along.
        if drafts.iter().any(|draft| draft.id == id) {
            continue;
        }
        let Some(version) = desk.shelves().current(&[id], desk.visible()).await?.pop() else { continue };
        let before = before(desk, &version, restriction.handling).await?;
        let author = version.provenance.author.clone();
        drafts.extend(handled(desk, id, before, &author).await?);
        drafts.extend(ended(desk, desk.shelves().restriction(id), now).await?);
    }
    Ok(drafts)
}

/// What of a decision cannot be, in words.
fn checked(
    asked: &Restrict,
    label: &Label,
    in_force: Option<&(RecordId, Restriction)>,
    now: Timestamp,
) -> Result<(), String> {
    if asked.reason.trim().chars().count() < REASON_CHARS_MIN {
        return Err(format!("`reason` says why in at least {REASON_CHARS_MIN} characters"));
    }
    if asked.handling == label.handling && in_force.is_none_or(|(_, known)| known.handling != Handling::Black) {
        return Err(format!("the record is {} already", label.handling));
    }
    if asked.until.is_some_and(|until| until <= now) {
        return Err("`until` lies in the past".into());
    }
    match asked.handling {
        Handling::Black => {
            let Some(until) = asked.until else {
                return Err("`until` is missing: black ends within a year".into());
            };
            if until > now + SignedDuration::from_hours(24 * BLACK_DAYS_MAX) {
                return Err("`until` is too far: black ends within a year, and may be decided again".into());
            }
            if asked.second_person.is_none() {
                return Err("`second_person` is missing: black needs two".into());
            }
        }
        Handling::White | Handling::Gray => {
            if asked.caution.is_some() {
                return Err("`caution` is for black records; others are found".into());
            }
            if asked.handling == Handling::White && asked.until.is_some() {
                return Err("`until` has no place with white, which does not end".into());
            }
        }
    }
    Ok(())
}

/// The second person is another one, of the same agency, and works here.
async fn second(desk: &Desk, agency: &AgencyId, author: &AccountId, asked: &Restrict) -> Result<(), String> {
    let Some(second) = &asked.second_person else { return Ok(()) };
    if second == author {
        return Err("`second_person` is yourself: it takes somebody else".into());
    }
    match desk.identity().account(second).await {
        Ok(Some(account)) if account.agency == *agency && !account.disabled && !account.service => Ok(()),
        _ => Err(format!("`second_person`: `{second}` is nobody's account at your agency")),
    }
}

/// Loosening is for the two who tightened.
async fn same_two(
    desk: &Desk,
    in_force: Option<&(RecordId, Restriction)>,
    author: &AccountId,
    asked: &Restrict,
) -> Result<Result<(), String>, clear_query::Error> {
    let Some((id, restriction)) = in_force else {
        // It came in like this, from its source or with its whole.
        return Ok(Err("no decision of yours made it so: end the one on the record that it is a part of".into()));
    };
    let decided = desk.shelves().current(&[*id], desk.visible()).await?.pop();
    let Some(decided) = decided.map(|version| version.provenance.author) else {
        return Ok(Err("the decision that made it so is not there".into()));
    };
    let theirs = [Some(&decided), restriction.second_person.as_ref()];
    let yours = [Some(author), asked.second_person.as_ref()];
    let same = yours.contains(&theirs[0]) && (theirs[1].is_none() || yours.contains(&theirs[1]));
    Ok(if same { Ok(()) } else { Err("it is loosened by the two who tightened it, or when its date comes".into()) })
}

/// The record and its parts under another handling. What is stricter for a reason of its own stays so.
async fn handled(
    desk: &Desk,
    id: RecordId,
    handling: Handling,
    author: &AccountId,
) -> Result<Vec<Draft>, clear_query::Error> {
    let labels = desk.labels();
    let mut drafts = Vec::new();
    let mut of_whole: HashMap<RecordId, Handling> = HashMap::from([(id, handling)]);
    let mut ahead = vec![id];
    while let Some(next) = ahead.pop() {
        let Some(version) = desk.shelves().current(&[next], desk.visible()).await?.pop() else { continue };
        let Some(mut label) = labels.get(version.label.0 as usize).cloned() else { continue };
        let whole = of_whole.get(&next).copied().unwrap_or(handling);
        let own = match desk.shelves().restriction(next).filter(|_| next != id) {
            Some((_, own)) => own.handling,
            None if next == id || label.handling <= whole => whole,
            None => before(desk, &version, label.handling).await?,
        };
        let becomes = whole.max(own);
        if becomes == label.handling {
            continue;
        }
        label.handling = becomes;
        for part in desk.shelves().parts_of(next) {
            if of_whole.insert(part, becomes).is_none() {
                ahead.push(part);
            }
        }
        let Version { record: Some(record), valid_from, mut provenance, .. } = version else { continue };
        if next == id {
            provenance.author = author.clone();
        }
        drafts.push(Draft { id: next, record, label, valid_from, provenance });
    }
    Ok(drafts)
}

/// How a record was handled before it became what it is now: the newest looser handling of its past, else white.
async fn before(desk: &Desk, version: &Version, now: Handling) -> Result<Handling, clear_query::Error> {
    let labels = desk.labels();
    let history = desk.shelves().history(version.id, desk.visible()).await?;
    let handlings = history.iter().rev().filter_map(|old| labels.get(old.label.0 as usize));
    Ok(handlings.map(|label| label.handling).find(|handling| *handling < now).unwrap_or(Handling::White))
}

/// The decision in force with its end written into it.
async fn ended(
    desk: &Desk,
    in_force: Option<(RecordId, Restriction)>,
    now: Timestamp,
) -> Result<Vec<Draft>, clear_query::Error> {
    let Some((id, restriction)) = in_force else { return Ok(Vec::new()) };
    let labels = desk.labels();
    let version = desk.shelves().current(&[id], desk.visible()).await?.pop();
    Ok(version
        .and_then(|version| {
            let label = labels.get(version.label.0 as usize)?.clone();
            let record = Record::Restriction(Restriction { ended_at: Some(now), ..restriction });
            Some(Draft { id, record, label, valid_from: now, provenance: version.provenance })
        })
        .into_iter()
        .collect())
}

fn provenance(agency: &AgencyId, author: &AccountId) -> Provenance {
    Provenance {
        agency: agency.clone(),
        author: author.clone(),
        method: Method::Filed,
        source: "handling".into(),
        reference: None,
        derived: std::collections::BTreeSet::new(),
    }
}
