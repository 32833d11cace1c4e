//! The jobs on a real desk: SQLite, the shipped rules and register, a clock that the test sets.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use clear_audit::{Event, Log, Opened, Options, What};
use clear_jobs::lapse;
use clear_policy::{Affiliation, Covers, Deed, Entry, RuleFault, Rules, Scope, Slice, Verdict, sign};
use clear_record::{
    AgencyId, Draft, HotFile, HotTopic, Inquiry, Instrument, Kind, Label, Method, Origin, PersonId, Provenance, Record,
    RecordId, Seq, Standing,
};
use clear_respond::{Credential, Desk, Filing, NewAccount, Open, Parts, Proven, answer, order_preview};
use clear_rules::CedarRules;
use clear_store::{Ledger, Store};
use clear_testkit::story;
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

const TODAY: Date = date(2026, 3, 10);

/// A founded city without records, at noon of [`TODAY`].
struct City {
    desk: Arc<Desk>,
    ledger: Arc<dyn Ledger>,
    filings: Arc<Filings>,
    _folder: tempfile::TempDir,
}

/// What is done when a filing of hot-file entries is decided, with how many were before it.
type Hook = Box<dyn FnMut(usize) + Send>;

/// The shipped rules, and a place from which something can happen in the middle of a job: where its filing is decided.
struct Filings {
    rules: CedarRules,
    hook: Mutex<(usize, Option<Hook>)>,
}

impl Rules for Filings {
    fn judge(&self, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault> {
        self.rules.judge(slice, label)
    }

    fn permits(&self, slice: &Slice, deed: Deed) -> Result<bool, RuleFault> {
        if deed == Deed::File(Kind::HotFile) {
            let (before, hook) = &mut *self.hook.lock().unwrap();
            if let Some(hook) = hook {
                hook(*before);
                *before += 1;
            }
        }
        self.rules.permits(slice, deed)
    }

    fn digest(&self) -> &str {
        self.rules.digest()
    }
}

impl City {
    async fn open() -> City {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::folder(folder.path()).await.unwrap();
        let ledger = store.ledger.clone();
        let options = Options {
            folder: folder.path().to_owned(),
            keys: folder.path().join("keys"),
            origin: "port-meridian/jobs".into(),
            checkpoint_every: Duration::ZERO,
            ..Options::default()
        };
        let (log, recovered) = Log::open(options).unwrap();
        let now = Arc::new(Mutex::new(noon(TODAY)));
        // Never the same moment twice, as a real clock.
        let clock = Arc::new(move || {
            let mut now = now.lock().unwrap();
            *now += SignedDuration::from_micros(1);
            *now
        });
        let filings = Arc::new(Filings { rules: CedarRules::embedded().unwrap(), hook: Mutex::default() });
        let desk = Desk::open(Parts { store, log, recovered, rules: filings.clone(), clock }).await.unwrap();
        desk.found(&story::entries()).await.unwrap();
        City { desk: Arc::new(desk), ledger, filings, _folder: folder }
    }

    /// Whoever plays that part.
    async fn asker(&self, persona: &str) -> Proven<Standing> {
        let played = story::personas().into_iter().find(|known| known.persona == persona).unwrap();
        let new = NewAccount {
            id: played.account.clone(),
            name: played.name,
            agency: played.agency,
            roles: played.roles.into_iter().collect(),
            password: None,
            now: self.desk.clock(),
        };
        self.desk.enrol(new).await.unwrap();
        let end = self.desk.clock() + SignedDuration::from_hours(1);
        let token = self.desk.issue_token(&played.account, "test", end).await.unwrap();
        self.desk.prove(Credential::Token(&token)).await.unwrap()
    }

    /// Somebody whom the entries are about.
    async fn wanted(&self, asker: &Proven<Standing>) -> PersonId {
        let (id, person) = (PersonId::fresh(), br#"{"family_name": "Calloway", "given_name": "Marcus"}"#);
        self.file_all(asker, vec![(id.id(), Record::from_bytes(Kind::Person, person).unwrap())]).await;
        id
    }

    async fn file(&self, asker: &Proven<Standing>, entries: Vec<(RecordId, HotFile)>) {
        self.file_all(asker, entries.into_iter().map(|(id, entry)| (id, Record::HotFile(entry))).collect()).await;
    }

    async fn file_all(&self, asker: &Proven<Standing>, records: Vec<(RecordId, Record)>) {
        let (agency, author) = (asker.agency.clone().unwrap(), asker.account.clone().unwrap());
        let instrument = |record: &Record| match record {
            Record::HotFile(entry) => Some(entry.instrument),
            _ => None,
        };
        let draft = |(id, record): (RecordId, Record)| Draft {
            id,
            label: Label { instrument: instrument(&record), ..Label::of(agency.clone(), id.kind) },
            record,
            valid_from: self.desk.clock(),
            provenance: Provenance {
                agency: agency.clone(),
                author: author.clone(),
                method: Method::Filed,
                source: "test".into(),
                reference: None,
                derived: Default::default(),
            },
        };
        let drafts = records.into_iter().map(draft).collect();
        let request = self.desk.request(asker, Inquiry::default(), Origin::default(), None, Filing::Records(drafts));
        clear_respond::accept(&self.desk, request).await.unwrap();
    }

    /// The entry's fields, as its owner's clerk reads them.
    async fn fields(&self, asker: &Proven<Standing>, id: RecordId) -> Value {
        let request = self.desk.request(asker, inquiry(), Origin::default(), None, Open { id });
        let opened: Value = serde_json::from_slice(&answer(&self.desk, request).await.unwrap().into_bytes()).unwrap();
        opened["record"]["shown"]["fields"].clone()
    }

    /// What the account filed by now, filing by filing.
    fn filed_by(&self, asker: &Proven<Standing>) -> Vec<Vec<RecordId>> {
        let log = self.desk.public_log();
        let events = log.openings(0..log.synced_size()).unwrap().filter_map(|opened| match opened.unwrap().1 {
            Opened::Event(event) => Some(event),
            _ => None,
        });
        let filed = |event: &Event| event.what == What::Filed && event.account == asker.account;
        events.filter(filed).map(|event| event.records).collect()
    }
}

fn noon(day: Date) -> Timestamp {
    day.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp()
}

fn inquiry() -> Inquiry {
    let home: AgencyId = "pmpd".parse().unwrap();
    Inquiry {
        purpose: Some("criminal_investigation".into()),
        use_code: Some("C".into()),
        case: Some("nightly".into()),
        reason: Some("validation dates that have passed".into()),
        on_behalf_of: Some([home].into()),
        ..Inquiry::default()
    }
}

fn entry(person: PersonId, lapses_on: Option<Date>) -> HotFile {
    HotFile {
        topic: HotTopic::WantedPerson,
        instrument: Instrument::JudicialWarrant,
        authority: "pmpd".parse().unwrap(),
        reference: Some("26 CR 1".into()),
        offence: Some("Burglary".into()),
        person: Some(person),
        vehicle: None,
        property: None,
        entered_on: date(2025, 1, 2),
        validated_on: Some(date(2026, 1, 2)),
        lapses_on,
        lapsed_on: None,
        caution: None,
    }
}

#[tokio::test]
async fn gr55_entries_that_nobody_validated_in_time_lapse_and_no_others() {
    let city = City::open().await;
    let (clerk, keeper) = (city.asker("clerk").await, city.asker("keeper").await);
    let person = city.wanted(&clerk).await;
    let entry = |lapses_on| entry(person, lapses_on);
    let days = |days: i64| Some(TODAY.checked_add(jiff::Span::new().days(days)).unwrap());
    let lapsed_before = HotFile { lapsed_on: Some(date(2026, 2, 1)), ..entry(days(-40)) };
    let cases = [
        ("lapses yesterday", entry(days(-1)), Some(TODAY)),
        ("lapses today", entry(days(0)), Some(TODAY)),
        ("lapsed long ago and nobody looked", entry(days(-4000)), Some(TODAY)),
        ("lapses tomorrow", entry(days(1)), None),
        ("never lapses", entry(None), None),
        ("has lapsed before", lapsed_before, Some(date(2026, 2, 1))),
        ("was to lapse yesterday and was validated since", entry(days(-1)), None),
    ];
    let cases = cases.map(|(what, entry, lapsed)| (what, RecordId::fresh(Kind::HotFile), entry, lapsed));
    city.file(&clerk, cases.iter().map(|(_, id, entry, _)| (*id, entry.clone())).collect()).await;
    let (_, validated, before, _) = &cases[6];
    let again = HotFile { validated_on: Some(TODAY), lapses_on: days(90), ..before.clone() };
    city.file(&clerk, vec![(*validated, again)]).await;

    assert_eq!(lapse(&city.desk, &keeper, &inquiry(), TODAY).await.unwrap(), 3);
    for (what, id, _, lapsed) in &cases {
        let fields = city.fields(&clerk, *id).await;
        let expected = lapsed.map_or(Value::Null, |day| Value::from(day.to_string()));
        assert_eq!(fields.get("lapsed_on").cloned().unwrap_or_default(), expected, "{what}");
        // Nothing else of it has changed.
        assert_eq!(fields["offence"], "Burglary", "{what}");
        assert_eq!(fields["person"], person.id().to_string(), "{what}");
    }
    // One filing of the job's own account, of those three and nothing else.
    let mut due: Vec<RecordId> = cases[..3].iter().map(|(_, id, ..)| *id).collect();
    let mut filed = city.filed_by(&keeper);
    assert_eq!(filed.len(), 1);
    due.sort_unstable();
    filed[0].sort_unstable();
    assert_eq!(filed[0], due);

    // Once is enough; and a day later it is the next one's turn.
    assert_eq!(lapse(&city.desk, &keeper, &inquiry(), TODAY).await.unwrap(), 0);
    let tomorrow = TODAY.tomorrow().unwrap();
    assert_eq!(lapse(&city.desk, &keeper, &inquiry(), tomorrow).await.unwrap(), 1);
    assert_eq!(city.fields(&clerk, cases[3].1).await["lapsed_on"], tomorrow.to_string());
    assert_eq!(city.fields(&clerk, cases[0].1).await["lapsed_on"], TODAY.to_string(), "the first day stays");
}

#[tokio::test]
async fn gr55_what_the_job_is_not_shown_stays_in_the_entry() {
    let city = City::open().await;
    let (clerk, keeper) = (city.asker("clerk").await, city.asker("keeper").await);
    // A person whom the job may not know of; not there and not one's own are treated alike.
    let (person, id) = (PersonId::fresh(), RecordId::fresh(Kind::HotFile));
    city.file(&clerk, vec![(id, entry(person, Some(TODAY)))]).await;
    assert_eq!(city.fields(&keeper, id).await.get("person"), None, "the job may not follow it");
    assert_eq!(lapse(&city.desk, &keeper, &inquiry(), TODAY).await.unwrap(), 1);
    let versions = city.ledger.history(id, Seq(u64::MAX)).await.unwrap();
    let entries: Vec<_> = versions.into_iter().filter_map(|version| version.record).collect();
    let [Record::HotFile(before), Record::HotFile(after)] = entries.as_slice() else { panic!("two versions") };
    assert_eq!(*after, HotFile { lapsed_on: Some(TODAY), ..before.clone() });
    assert_eq!(after.person, Some(person));
}

#[tokio::test]
async fn gr55_more_entries_than_one_answer_holds_lapse_all() {
    let city = City::open().await;
    let (clerk, keeper) = (city.asker("clerk").await, city.asker("keeper").await);
    let person = city.wanted(&clerk).await;
    let many: Vec<_> = (0..620).map(|_| (RecordId::fresh(Kind::HotFile), entry(person, Some(TODAY)))).collect();
    city.file(&clerk, many).await;
    assert_eq!(lapse(&city.desk, &keeper, &inquiry(), TODAY).await.unwrap(), 620);
    assert_eq!(city.filed_by(&keeper).iter().map(Vec::len).collect::<Vec<_>>(), [500, 120]);
    assert_eq!(lapse(&city.desk, &keeper, &inquiry(), TODAY).await.unwrap(), 0);
}

#[tokio::test]
async fn gr55_a_job_is_an_asker_like_everybody_and_is_refused_like_one() {
    let city = City::open().await;
    let clerk = city.asker("clerk").await;
    let id = RecordId::fresh(Kind::HotFile);
    city.file(&clerk, vec![(id, entry(city.wanted(&clerk).await, Some(TODAY)))]).await;
    // An account without agreement, one that files and reads nothing, and an inquiry that does not say why.
    for persona in ["stranger", "importer"] {
        let asker = city.asker(persona).await;
        let home = asker.agency.clone().unwrap();
        let inquiry = Inquiry { on_behalf_of: Some([home].into()), ..inquiry() };
        let refused = lapse(&city.desk, &asker, &inquiry, TODAY).await;
        assert!(refused.unwrap_err().to_string().starts_with("a job was refused: "), "{persona}");
    }
    let keeper = city.asker("keeper").await;
    let refused = lapse(&city.desk, &keeper, &Inquiry::default(), TODAY).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a job was refused: The inquiry does not say: purpose, use_code, case, reason, on_behalf_of."
    );
    assert_eq!(city.fields(&clerk, id).await.get("lapsed_on").cloned().unwrap_or_default(), Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn gr02_s16_a_job_whose_account_is_cut_off_in_mid_run_does_nothing_more() {
    let city = City::open().await;
    let (clerk, keeper, steward) = (city.asker("clerk").await, city.asker("keeper").await, city.asker("steward").await);
    let person = city.wanted(&clerk).await;
    let many: Vec<_> = (0..620).map(|_| (RecordId::fresh(Kind::HotFile), entry(person, Some(TODAY)))).collect();
    let ids: Vec<RecordId> = many.iter().map(|(id, _)| *id).collect();
    city.file(&clerk, many).await;

    // The job's account also belongs to an agency of which nothing is known to be wrong yet.
    let frs: AgencyId = "frs".parse().unwrap();
    let govern = {
        let desk = city.desk.clone();
        move |entry: Entry| {
            let (desk, steward) = (desk.clone(), steward.clone());
            async move {
                let filing = Filing::Register(vec![entry]);
                let request = desk.request(&steward, Inquiry::default(), Origin::default(), None, filing);
                clear_respond::accept(&desk, request).await.map(|_| ()).unwrap();
            }
        }
    };
    let account = keeper.account.clone().unwrap();
    govern(Entry::Affiliation(Affiliation { account, agency: frs.clone(), from: city.desk.clock(), until: None }))
        .await;
    // A filing is decided when it comes and again with the pen in hand. The order comes between the two of the second
    // filing: the job has asked, was let in, and the first filing was acknowledged.
    let (runtime, desk) = (tokio::runtime::Handle::current(), city.desk.clone());
    let hook: Hook = Box::new(move |before| {
        if before != 2 {
            return;
        }
        let preview =
            order_preview(&desk, "CO-1", &frs, Covers::Under, Scope::Installation, None, "By order.").unwrap().1;
        let keys = story::fixed_keys(&story::register());
        let keys: Vec<&str> = keys.iter().take(2).map(|key| key.private.as_str()).collect();
        let order = Entry::CutOff { note: sign(&preview.text, &keys).unwrap() };
        std::thread::scope(|scope| scope.spawn(|| runtime.block_on(govern(order))).join().unwrap());
    });
    *city.filings.hook.lock().unwrap() = (0, Some(hook));
    let refused = lapse(&city.desk, &keeper, &inquiry(), TODAY).await.unwrap_err().to_string();
    assert!(refused.starts_with("a job was refused: ") && refused.contains("CO-1"), "{refused}");
    city.filings.hook.lock().unwrap().1 = None;

    // What was acknowledged before the order is there; of the rest, nothing.
    assert_eq!(city.filed_by(&keeper).iter().map(Vec::len).collect::<Vec<_>>(), [500]);
    let mut lapsed = 0;
    for id in &ids {
        lapsed += usize::from(city.ledger.history(*id, Seq(u64::MAX)).await.unwrap().len() > 1);
    }
    assert_eq!(lapsed, 500);
    // Asked again it is refused at once, and its token proves nobody any more.
    let again = lapse(&city.desk, &keeper, &inquiry(), TODAY).await.unwrap_err().to_string();
    assert!(again.contains("CO-1"), "{again}");
    assert_eq!(city.filed_by(&keeper).len(), 1);
}
