//! A founded city on a desk, with a clock that the test sets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clear_policy::{Covers, Entry, Scope, sign};
use clear_record::{AccountId, AgencyId, EventKind, Inquiry, InquiryId, Kind, Origin, Role, Standing};
use clear_respond::{
    Credential, Desk, Filing, Find, NewAccount, NewEvent, OpenInquiry, OpenedEvent, Parts, Proven, Question, Redact,
    Refusal, accept, answer, ingest, order_preview,
};
use clear_rules::CedarRules;
use clear_store::{Ledger, Program, Store};
use clear_testkit::story;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

pub(crate) const PLATE: &str = "PM 90412";

/// The program that keeps projections.
pub(crate) const PROGRAM: Program = || Some([1; 32]);

/// What the machine's clock says, and how long the machine has run: the desk believes the first by the second.
#[derive(Clone)]
struct Clock {
    said: Arc<Mutex<Timestamp>>,
    ran: Arc<Mutex<SignedDuration>>,
}

pub(crate) struct Bed {
    pub(crate) desk: Arc<Desk>,
    clock: Clock,
    tokens: HashMap<String, String>,
    folder: tempfile::TempDir,
}

impl Bed {
    /// The story's accounts, and beside them `relief` (an officer), `sergeant` (an officer who also reviews) and `other`
    /// (an officer's namesake at the state police).
    pub(crate) async fn open() -> Bed {
        Bed::open_with(Vec::new()).await
    }

    /// The same, with more entries in the register.
    pub(crate) async fn open_with(more: Vec<Entry>) -> Bed {
        Bed::founded_on([story::entries(), more].concat(), |ledger| ledger).await
    }

    /// The same, with that register.
    pub(crate) async fn founded(entries: Vec<Entry>) -> Bed {
        Bed::founded_on(entries, |ledger| ledger).await
    }

    /// The same, on a ledger that the test has its hands on.
    pub(crate) async fn founded_on(entries: Vec<Entry>, held: impl FnOnce(Arc<dyn Ledger>) -> Arc<dyn Ledger>) -> Bed {
        let folder = tempfile::tempdir().unwrap();
        let began = "2026-06-01T12:00:00Z".parse::<Timestamp>().unwrap();
        let clock = Clock { said: Arc::new(Mutex::new(began)), ran: Arc::default() };
        let desk = Arc::new(try_open(folder.path(), &clock, held).await.unwrap());
        desk.found(&entries).await.unwrap();
        let mut bed = Bed { desk, clock, tokens: HashMap::new(), folder };
        for persona in story::personas() {
            let roles: Vec<Role> = persona.roles.clone();
            bed.enrol(&persona.persona, persona.account.as_str(), persona.agency.as_str(), &roles).await;
        }
        bed.enrol("relief", "officer-1043", "pmpd", &[Role::Officer]).await;
        bed.enrol("sergeant", "sergeant-7", "pmpd", &[Role::Officer, Role::Clerk]).await;
        bed.enrol("other", "trooper-1", "state-police", &[Role::Officer, Role::Partner]).await;
        bed.file_vehicle(PLATE).await.unwrap();
        bed
    }

    /// Files a vehicle as the clerk.
    pub(crate) async fn file_vehicle(&self, plate: &str) -> Result<(), String> {
        let clerk = self.asker("clerk").await;
        let vehicle = json!({"plate": plate, "plate_state": "PM", "make": "Ford"}).to_string();
        let (agency, account) = (clerk.agency.clone().unwrap(), clerk.account.clone().unwrap());
        let draft =
            ingest::forms::read(Kind::Vehicle, vehicle.as_bytes(), &agency, &account, self.now(), None).unwrap();
        self.file("clerk", Filing::Records(vec![draft])).await
    }

    pub(crate) async fn enrol(&mut self, who: &str, account: &str, agency: &str, roles: &[Role]) {
        let id: AccountId = account.parse().unwrap();
        let new = NewAccount {
            id: id.clone(),
            name: who.to_owned(),
            agency: agency.parse().unwrap(),
            roles: roles.iter().copied().collect(),
            // A person has a password; only a program has none.
            password: (!roles.contains(&Role::Service)).then(|| format!("{account} walks the long quay")),
            now: self.now(),
        };
        self.desk.enrol(new).await.unwrap();
        let end = self.now() + SignedDuration::from_hours(24 * 60);
        self.tokens.insert(who.to_owned(), self.desk.issue_token(&id, "test", end).await.unwrap());
    }

    /// Closes the desk and opens it again, as a restart does.
    pub(crate) async fn restart(self) -> Bed {
        self.restart_after(|_| ()).await
    }

    /// The same, with something done to the folder in between.
    pub(crate) async fn restart_after(self, meanwhile: impl FnOnce(&std::path::Path)) -> Bed {
        let Bed { desk, clock, tokens, folder } = self;
        desk.close().await.unwrap();
        drop(desk);
        meanwhile(folder.path());
        let desk = open(folder.path(), &clock).await;
        Bed { desk, clock, tokens, folder }
    }

    /// Closes the desk for good.
    pub(crate) async fn closed(self) -> tempfile::TempDir {
        self.desk.close().await.unwrap();
        self.folder
    }

    /// Ends the process without a word, as a kill does, and opens the desk again after something was done to the folder.
    pub(crate) async fn killed(self, meanwhile: impl FnOnce(&std::path::Path)) -> Bed {
        let Bed { desk, clock, tokens, folder } = self;
        drop(desk);
        meanwhile(folder.path());
        let desk = open(folder.path(), &clock).await;
        Bed { desk, clock, tokens, folder }
    }

    /// The events of the log, in order, each with its entry.
    pub(crate) fn events(&self) -> Vec<(u64, clear_audit::Event)> {
        let log = self.desk.public_log();
        let opened = log.openings(0..log.synced_size()).unwrap().map(Result::unwrap);
        let event = |(entry, opened)| match opened {
            clear_audit::Opened::Event(event) => Some((entry, event)),
            _ => None,
        };
        opened.filter_map(event).collect()
    }

    /// Closes the desk and opens it again after something was done to the folder; the refusal in words.
    pub(crate) async fn refused_after(self, meanwhile: impl FnOnce(&std::path::Path)) -> String {
        let Bed { desk, clock, folder, .. } = self;
        desk.close().await.unwrap();
        drop(desk);
        meanwhile(folder.path());
        try_open(folder.path(), &clock, |ledger| ledger).await.err().unwrap().to_string()
    }

    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Presents the token of somebody.
    pub(crate) async fn presents(&self, who: &str) -> Result<Proven<Standing>, String> {
        self.desk.prove(Credential::Token(&self.tokens[who])).await.map_err(|unproven| unproven.to_string())
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.clock.said.lock().unwrap()
    }

    pub(crate) fn later(&self, minutes: i64) {
        *self.clock.ran.lock().unwrap() += SignedDuration::from_mins(minutes);
        self.jump(minutes);
    }

    /// The machine's clock is set, and no time passes.
    pub(crate) fn jump(&self, minutes: i64) {
        *self.clock.said.lock().unwrap() += SignedDuration::from_mins(minutes);
    }

    pub(crate) async fn asker(&self, who: &str) -> Proven<Standing> {
        self.desk.prove(Credential::Token(&self.tokens[who])).await.unwrap()
    }

    pub(crate) async fn request<Q>(&self, who: &str, question: Q) -> Proven<clear_record::Request<Q>> {
        let asker = self.asker(who).await;
        self.desk.request(&asker, Inquiry::default(), Origin::default(), None, question)
    }

    /// A whole inquiry of somebody's, for the own agency.
    pub(crate) async fn inquiry(&self, who: &str, reason: &str) -> Inquiry {
        let agency = self.asker(who).await.agency.clone().unwrap();
        Inquiry {
            purpose: Some("criminal_investigation".into()),
            use_code: Some("C".into()),
            case: Some("JC-104233".into()),
            reason: Some(reason.to_owned()),
            on_behalf_of: Some([agency].into()),
            ..Inquiry::default()
        }
    }

    pub(crate) async fn ask<Q: Question>(
        &self,
        who: &str,
        inquiry: &Inquiry,
        question: Q,
    ) -> Result<<Q::Match as Redact>::Out, Refusal>
    where
        Q::Match: Redact,
        <Q::Match as Redact>::Out: Clone,
    {
        let asker = self.asker(who).await;
        let request = self.desk.request(&asker, inquiry.clone(), Origin::default(), None, question);
        answer(&self.desk, request).await.map(|response| response.get().clone())
    }

    /// Asks for the plate: how many hits, or the refusal's code.
    pub(crate) async fn check(&self, who: &str, inquiry: &Inquiry) -> Result<usize, String> {
        self.check_plate(who, inquiry, PLATE).await
    }

    pub(crate) async fn check_plate(&self, who: &str, inquiry: &Inquiry, plate: &str) -> Result<usize, String> {
        let find = Find { plate: Some(plate.to_owned()), ..Find::default() };
        self.ask(who, inquiry, find).await.map(|found| found.total).map_err(|refusal| code(&refusal))
    }

    pub(crate) async fn file(&self, who: &str, filing: Filing) -> Result<(), String> {
        let request = self.request(who, filing).await;
        accept(&self.desk, request).await.map(|_| ()).map_err(|refusal| code(&refusal))
    }

    /// Puts an order in force that cuts the agency and everything under it off.
    pub(crate) async fn cut_off(&self, agency: &str, number: &str) {
        self.try_cut_off(agency, number).await.unwrap();
    }

    pub(crate) async fn try_cut_off(&self, agency: &str, number: &str) -> Result<(), String> {
        let agency: AgencyId = agency.parse().unwrap();
        let (_, preview) =
            order_preview(&self.desk, number, &agency, Covers::Under, Scope::Installation, None, "Access ends.")
                .unwrap();
        let keys = story::fixed_keys(&story::register());
        let keys: Vec<&str> = keys.iter().take(2).map(|key| key.private.as_str()).collect();
        let note = sign(&preview.text, &keys).unwrap();
        self.file("steward", Filing::Register(vec![Entry::CutOff { note }])).await
    }

    pub(crate) async fn event(&self, who: &str, event: NewEvent) -> Result<OpenedEvent, String> {
        let request = self.request(who, event).await;
        self.desk.take_event(request).await.map_err(|refusal| code(&refusal))
    }

    pub(crate) async fn mine(&self, who: &str) -> Vec<OpenInquiry> {
        let asker = self.asker(who).await;
        self.desk.my_inquiries(&asker).await.unwrap()
    }
}

/// A stop with those officers.
pub(crate) fn stop(event: &str, officers: &[&str]) -> NewEvent {
    NewEvent {
        event: Some(event.to_owned()),
        kind: EventKind::Stop,
        unit: None,
        officers: officers.iter().map(|officer| officer.parse().unwrap()).collect(),
        at: None,
        purpose: None,
        use_code: None,
        reason: Some("tail lamp out on the avenue".to_owned()),
    }
}

/// An inquiry by number and nothing else.
pub(crate) fn under(number: &InquiryId) -> Inquiry {
    Inquiry { number: Some(number.clone()), ..Inquiry::default() }
}

pub(crate) fn code(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Denied { denial, .. } => denial.code().to_owned(),
        Refusal::Wrong { what, .. } => format!("wrong: {what}"),
        other => format!("{other:?}"),
    }
}

async fn open(folder: &std::path::Path, clock: &Clock) -> Arc<Desk> {
    Arc::new(try_open(folder, clock, |ledger| ledger).await.unwrap())
}

async fn try_open(
    folder: &std::path::Path,
    clock: &Clock,
    held: impl FnOnce(Arc<dyn Ledger>) -> Arc<dyn Ledger>,
) -> Result<Desk, clear_respond::Error> {
    let mut store = Store::folder(folder).await.unwrap().keeping(PROGRAM);
    store.ledger = held(store.ledger);
    let (log, recovered) = clear_audit::Log::open(log_options(folder)).unwrap();
    let rules = Arc::new(CedarRules::embedded().unwrap());
    let Clock { said, ran } = clock.clone();
    let clock = clear_respond::clock::steadied(Arc::new(move || *said.lock().unwrap()), move || {
        ran.lock().unwrap().unsigned_abs()
    });
    Desk::open(Parts { store, log, recovered, rules, clock }).await
}

/// How the log of a folder is opened.
pub(crate) fn log_options(folder: &std::path::Path) -> clear_audit::Options {
    clear_audit::Options {
        folder: folder.to_owned(),
        keys: folder.join("keys"),
        origin: "port-meridian/test".into(),
        checkpoint_every: Duration::ZERO,
        ..clear_audit::Options::default()
    }
}
