//! A person's own report: who saw what was filed about them; and what may delay it.
//!
//! In:    a person's record, asked for by a clerk of the owner for that person, or by oversight.
//! Out:   a [`SubjectReport`]: agencies, officers under pseudonyms, purposes, days.
//! Never: leaves something out but under a delay that says its ground and its day, and that a second person has reviewed;
//!        says whether there is one.
//!
//! INVARIANT (a delay ends by itself): from its day on it delays nothing, whatever anybody does or forgets to do.

use std::collections::BTreeMap;

use clear_audit::What;
use clear_identity::Proven;
use clear_record::{AccountId, AgencyId, HoldId, RecordId, Request};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CATCH_UP, Reader, Sought, Told, Unread, pseudonym, reader};
use crate::desk::Desk;
use crate::entry::{Entry, Refusal};
use crate::inquiry::card::{self, Kept};

use clear_audit::Receipt;
use clear_policy::Denial;

const DELAY: &str = "delay";
/// Lines of one report. A longer one says how many there are.
const LINES_MAX: usize = 5000;
/// How long a delay lasts at most, days; a longer one needs another review.
const DELAY_MAX_DAYS: i32 = 366;
const GROUND_MAX_CHARS: usize = 1000;
/// What every report says, whether something is delayed or not.
const NOTICE: &str = "A disclosure is left out of this report for a time only under a ground that is stated, dated and reviewed by a second person. The oversight body lists every such delay.";

/// Who saw what was filed about somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SubjectReport {
    /// The record of the person.
    pub person: String,
    /// When this was made.
    #[schema(value_type = String)]
    pub made_at: Timestamp,
    /// By which agency.
    pub made_by: String,
    /// Up to which entry of the log it looked.
    pub upto: u64,
    /// The newest first.
    pub lines: Vec<SubjectLine>,
    /// Whether older lines are missing for their number.
    pub shortened: bool,
    /// What may be missing.
    pub notice: String,
}

/// One disclosure, as the person reads it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SubjectLine {
    /// On which day, in the city's time zone.
    #[schema(value_type = String)]
    pub day: Date,
    /// To which agency.
    pub agency: String,
    /// The agencies that it went on to.
    pub also_to: Vec<String>,
    /// Which officer, under a pseudonym that is this report's alone; the same one is the same officer.
    pub officer: Option<String>,
    /// For which purpose, in the register's words.
    pub purpose: String,
    /// `answered`, `batch` or `production`.
    #[schema(value_type = String)]
    pub what: What,
    /// How many records about the person.
    pub records: u64,
    /// The entry of the log that says so.
    pub entry: u64,
}

/// Why something of a person's report waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelay {
    /// The record of the person.
    #[schema(value_type = String)]
    pub person: RecordId,
    /// Only disclosures for this case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The ground, with its law.
    pub ground: String,
    /// The first day on which it delays nothing any more, at most a year ahead.
    #[schema(value_type = String)]
    pub until: Date,
}

/// A delay, with its review.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delay {
    /// Its number.
    #[schema(value_type = String)]
    pub number: HoldId,
    /// What was asked for.
    #[serde(flatten)]
    pub delay: NewDelay,
    /// Whose it is: of disclosures of this owner's records.
    #[schema(value_type = String)]
    pub owner: AgencyId,
    /// Who asked for it.
    #[schema(value_type = String)]
    pub by: AccountId,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// What the second person said; without it nothing is delayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<DelayReview>,
    /// Whether it delays something today.
    #[serde(default)]
    pub in_force: bool,
}

/// A second person's word about a delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DelayReview {
    /// Who.
    #[schema(value_type = String)]
    pub by: AccountId,
    /// When.
    #[schema(value_type = String)]
    pub at: Timestamp,
    /// Whether it may be.
    pub granted: bool,
    /// What was looked at.
    pub note: String,
}

/// A second person's word, as it comes in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewDelay {
    /// Whether it may be.
    pub granted: bool,
    /// What was looked at, in a sentence.
    pub note: String,
}

impl Delay {
    fn is_in_force(&self, today: Date) -> bool {
        today < self.delay.until && self.review.as_ref().is_some_and(|review| review.granted)
    }

    /// Whether it keeps this disclosure out of a report about that person.
    fn covers(&self, person: RecordId, told: &Told) -> bool {
        let case = self.delay.case.as_ref().is_none_or(|case| told.event.case.as_ref() == Some(case));
        self.delay.person == person && case && told.event.owners.contains_key(&self.owner)
    }
}

impl Desk {
    /// A person's own report, for a clerk of the owner to hand over, or for oversight.
    ///
    /// # Errors
    /// A [`Refusal`], as for [`Desk::disclosures`].
    pub async fn subject_report(
        &self,
        request: Proven<Request<RecordId>>,
    ) -> Result<(SubjectReport, Receipt), Refusal> {
        let entry = Entry::asked(self, &request, "subject_report", &request.question);
        let reader = match reader(self, &request) {
            Ok(reader) => reader,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        match self.report(&reader, request.question, request.asked_at).await {
            Ok(report) => {
                let receipt = entry.told(report.lines.len() as u64).await?;
                Ok((report, receipt))
            }
            Err(error) => Err(entry.failed(&error).await),
        }
    }

    async fn report(&self, reader: &Reader, person: RecordId, now: Timestamp) -> Result<SubjectReport, Unread> {
        let upto = self.log().synced_size();
        self.ledger_index().caught_up(upto, CATCH_UP).await;
        let upto = self.ledger_index().upto();
        let (ids, left_out) = self.records_of_person(person).await?;
        let sought = Sought::Records(ids.clone());
        let looked = self.look(reader.owner(), sought, (None, None), None, LINES_MAX).await?;
        let zone = self.time_zone();
        let today = now.to_zoned(zone.clone()).date();
        let mut delays = self.delays_of(None).await?;
        delays.retain(|delay| delay.is_in_force(today));
        let (mut lines, mut names) = (Vec::new(), BTreeMap::new());
        // A name in this report is a name in no other person's.
        let scope = format!("subject/{person}");
        for told in &looked.told {
            let late = delays.iter().any(|delay| delay.covers(person, told));
            if late || told.withheld.is_some() {
                continue;
            }
            let officer = match &told.event.account {
                Some(account) => Some(pseudonym::of(self, &scope, account, &mut names).await?),
                None => None,
            };
            lines.push(self.subject_line(told, officer, &ids, told.event.at.to_zoned(zone.clone()).date()));
        }
        Ok(SubjectReport {
            person: person.to_string(),
            made_at: now,
            made_by: self.agency_name(&reader.home).unwrap_or_else(|| reader.home.to_string()),
            upto,
            lines,
            shortened: looked.next.is_some() || left_out,
            notice: NOTICE.to_owned(),
        })
    }

    fn subject_line(&self, told: &Told, officer: Option<String>, ids: &[RecordId], day: Date) -> SubjectLine {
        let event = &told.event;
        let name = |id: &AgencyId| self.agency_name(id).unwrap_or_else(|| id.to_string());
        let register = self.register();
        let purpose = event
            .purpose
            .as_ref()
            .map(|code| register.purpose(code).map_or_else(|| code.to_string(), |declared| declared.title.clone()));
        let beneficiaries = event.on_behalf_of.iter().flatten();
        let also = beneficiaries.chain(&event.recipients).filter(|id| event.agency.as_ref() != Some(id));
        SubjectLine {
            day,
            agency: event.agency.as_ref().map_or_else(|| "–".to_owned(), name),
            also_to: also.map(name).collect(),
            officer,
            purpose: purpose.unwrap_or_else(|| match event.what {
                What::Production => "compelled production".to_owned(),
                _ => "not stated".to_owned(),
            }),
            what: event.what,
            records: event.records.iter().filter(|id| ids.contains(id)).count() as u64,
            entry: told.opening.index,
        }
    }

    /// Asks for a delay. It delays nothing before a second person has reviewed it.
    ///
    /// # Errors
    /// A [`Refusal`]: nobody who keeps records, no ground, a day that has passed or lies more than a year ahead.
    pub async fn delay(&self, request: Proven<Request<NewDelay>>) -> Result<(Delay, Receipt), Refusal> {
        let mut entry = Entry::asked(self, &request, "delay", &request.question);
        let reader = match reader(self, &request) {
            // Oversight looks at delays and asks for none.
            Ok(reader) if !reader.oversight => reader,
            Ok(_) => return Err(entry.refuse(Denial::NotPermitted(clear_policy::Deed::Review)).await),
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        let Some(by) = request.standing.account.clone() else { return Err(entry.refuse(Denial::SignIn).await) };
        let wish = &request.question;
        let today = request.asked_at.to_zoned(self.time_zone()).date();
        let latest = today.saturating_add(DELAY_MAX_DAYS.days());
        if wish.until <= today || wish.until > latest {
            return Err(entry.wrong(format!("`until` should be after {today} and not after {latest}")).await);
        }
        let ground = wish.ground.trim().to_owned();
        if ground.is_empty() || ground.chars().count() > GROUND_MAX_CHARS {
            return Err(entry
                .wrong("`ground` says in 1 to 1,000 characters on which ground, with its law".into())
                .await);
        }
        let delay = Delay {
            number: HoldId::fresh(),
            delay: NewDelay { ground, ..wish.clone() },
            owner: reader.home,
            by,
            at: request.asked_at,
            review: None,
            in_force: false,
        };
        entry.must_be_logged().await?;
        let owner = Some(delay.owner.as_str());
        if let Err(error) = card::put(self, DELAY, delay.number.as_str(), 0, owner, None, &delay).await {
            return Err(entry.failed(&error).await);
        }
        entry.also(What::Reviewed, format!("delay {} until {} is asked for", delay.number, delay.delay.until));
        let receipt = entry.done().await?;
        Ok((delay, receipt))
    }

    /// A second person's word about a delay: of the same owner, or of an oversight body; never of who asked for it.
    ///
    /// # Errors
    /// A [`Refusal`]: no such delay, reviewed already, one's own, no note.
    pub async fn review_delay(
        &self,
        request: Proven<Request<HoldId>>,
        word: &ReviewDelay,
    ) -> Result<(Delay, Receipt), Refusal> {
        let mut entry = Entry::asked(self, &request, "review_delay", &request.question);
        let reader = match reader(self, &request) {
            Ok(reader) => reader,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        let kept: Option<Kept<Delay>> = match card::get(self, DELAY, request.question.as_str()).await {
            Ok(kept) => kept,
            Err(error) => return Err(entry.failed(&error).await),
        };
        let mine = |kept: &Kept<Delay>| reader.oversight || kept.body.owner == reader.home;
        let Some(Kept { revision, body }) = kept.filter(mine) else {
            return Err(entry.wrong("there is no delay of that number".into()).await);
        };
        let Some(by) = request.standing.account.clone().filter(|by| *by != body.by) else {
            return Err(entry.refuse(Denial::SecondPerson).await);
        };
        let note = word.note.trim().to_owned();
        if note.is_empty() || note.chars().count() > GROUND_MAX_CHARS {
            return Err(entry.wrong("`note` says in 1 to 1,000 characters what was looked at".into()).await);
        }
        let taken = body.review.is_none();
        let review = DelayReview { by, at: request.asked_at, granted: word.granted, note };
        let reviewed = Delay { review: Some(review), ..body };
        entry.must_be_logged().await?;
        let owner = Some(reviewed.owner.as_str());
        let written = match taken {
            true => card::put(self, DELAY, reviewed.number.as_str(), revision, owner, None, &reviewed).await,
            false => Ok(false),
        };
        match written {
            Ok(true) => {}
            Ok(false) => return Err(entry.wrong(format!("delay {} is reviewed already", reviewed.number)).await),
            Err(error) => return Err(entry.failed(&error).await),
        }
        let how = if word.granted { "granted" } else { "refused" };
        entry.also(What::Reviewed, format!("delay {} {how}", reviewed.number));
        let receipt = entry.done().await?;
        let today = self.clock().to_zoned(self.time_zone()).date();
        Ok((Delay { in_force: reviewed.is_in_force(today), ..reviewed }, receipt))
    }

    /// Every delay of the asker's own agency, or of all for oversight; ended ones too, the newest first.
    ///
    /// # Errors
    /// A [`Refusal`], as for [`Desk::disclosures`].
    pub async fn delays(&self, request: Proven<Request<()>>) -> Result<(Vec<Delay>, Receipt), Refusal> {
        let entry = Entry::asked(self, &request, "delays", &());
        let reader = match reader(self, &request) {
            Ok(reader) => reader,
            Err(denial) => return Err(entry.refuse(*denial).await),
        };
        let today = request.asked_at.to_zoned(self.time_zone()).date();
        match self.delays_of(reader.owner().as_ref()).await {
            Ok(mut delays) => {
                delays.iter_mut().for_each(|delay| delay.in_force = delay.is_in_force(today));
                delays.sort_by(|a, b| (b.at, &b.number).cmp(&(a.at, &a.number)));
                let receipt = entry.told(delays.len() as u64).await?;
                Ok((delays, receipt))
            }
            Err(error) => Err(entry.failed(&error).await),
        }
    }

    async fn delays_of(&self, owner: Option<&AgencyId>) -> Result<Vec<Delay>, Unread> {
        let cards = self.cards().list(DELAY, owner.map(AgencyId::as_str)).await.map_err(crate::desk::Error::from)?;
        let read = |card: &clear_store::Card| {
            serde_json::from_slice(&card.body).map_err(|source| crate::desk::Error::Card { kind: DELAY, source }.into())
        };
        cards.iter().map(read).collect()
    }
}
