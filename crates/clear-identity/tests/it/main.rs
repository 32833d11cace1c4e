//! Accounts, sessions and tokens on a real SQLite store, under a clock that the test sets.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::Path;

use clear_identity::{
    Cost, Credential, Ended, Enrolled, Error, HoldingKind, Identity, Machine, NewAccount, Refused, SignIn, SignedIn,
    Timers, Unproven, one_time_code,
};
use clear_record::{AccountId, Role, Standing};
use clear_store::Store;
use jiff::{SignedDuration, Timestamp};

const PASSWORD: &str = "four quiet brown words";
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1, lanes: 1, at_once: 4 };

/// A fresh installation with the officer `baker` of agency `city`, at minute 0.
struct Office {
    identity: Identity,
    store: Store,
    factor: String,
    folder: tempfile::TempDir,
}

impl Office {
    async fn open() -> Office {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::folder(folder.path()).await.unwrap();
        let identity = Identity::with(store.cards.clone(), Timers::default(), CHEAP);
        let factor = factor(identity.enrol(person("baker", "city")).await.unwrap());
        Office { identity, store, factor, folder }
    }

    fn code(&self, now: Timestamp) -> String {
        one_time_code(&self.factor, now).unwrap().reveal().to_owned()
    }

    async fn sign_in(&self, now: Timestamp) -> Result<SignedIn, Refused> {
        self.sign_in_on(Machine::Program, now).await
    }

    async fn sign_in_on(&self, machine: Machine<'_>, now: Timestamp) -> Result<SignedIn, Refused> {
        let code = self.code(now);
        let given = SignIn { account: "baker", password: PASSWORD, code: &code, machine };
        self.identity.sign_in(given, now, open).await
    }

    /// `signed in`, or the words of the refusal.
    async fn tried(&self, account: &str, password: &str, code: &str, now: Timestamp) -> String {
        match self.identity.sign_in(typed(account, password, code), now, open).await {
            Ok(signed) => format!("signed in as {}", signed.standing.account.as_ref().unwrap()),
            Err(refused) => refused.to_string(),
        }
    }

    async fn session(&self, secret: &str, now: Timestamp) -> String {
        self.session_on(None, secret, now).await
    }

    async fn session_on(&self, device: Option<&str>, secret: &str, now: Timestamp) -> String {
        words(self.identity.prove(Credential::Session { secret, device }, now).await)
    }

    async fn token(&self, secret: &str, now: Timestamp) -> String {
        words(self.identity.prove(Credential::Token(secret), now).await)
    }
}

/// No order closes anything.
fn open(_: &Standing) -> Option<String> {
    None
}

fn typed<'a>(account: &'a str, password: &'a str, code: &'a str) -> SignIn<'a> {
    SignIn { account, password, code, machine: Machine::Program }
}

fn session(secret: &str) -> Credential<'_> {
    Credential::Session { secret, device: None }
}

fn words(proof: Result<clear_identity::Proven<Standing>, Unproven>) -> String {
    match proof {
        Ok(proven) if proven.ended_by.is_some() => format!("ended by {}", proven.ended_by.as_ref().unwrap()),
        Ok(proven) => format!("{} of {}", proven.account.as_ref().unwrap(), proven.agency.as_ref().unwrap()),
        Err(Unproven::OtherDevice { account, .. }) => format!("another device of {account}"),
        Err(Unproven::Expired { at }) => format!("expired at minute {}", minute_of(at)),
        Err(unproven) => format!("{unproven:?}"),
    }
}

fn person(id: &str, agency: &str) -> NewAccount {
    NewAccount {
        id: id.parse().unwrap(),
        name: "A Name".to_owned(),
        agency: agency.parse().unwrap(),
        roles: BTreeSet::from([Role::Officer]),
        password: Some(PASSWORD.to_owned()),
        now: minute(0),
    }
}

fn factor(enrolled: Enrolled) -> String {
    enrolled.second_factor.unwrap().secret_base32.reveal().to_owned()
}

fn id(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn minute(minute: i64) -> Timestamp {
    second(minute * 60)
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn minute_of(at: Timestamp) -> i64 {
    (at.as_second() - 1_800_000_000) / 60
}

const NOT_RIGHT: &str = "The account, password or code is not right.";

#[tokio::test]
async fn gr51_only_account_password_and_code_together_sign_in() {
    let office = Office::open().await;
    office.identity.enrol(NewAccount { password: None, ..person("importer", "city") }).await.unwrap();
    let long = "x".repeat(5000);
    for (at, account, password, shift, outcome) in [
        (1, "baker", PASSWORD, 0, "signed in as baker"),
        (2, " Baker ", PASSWORD, 0, "signed in as baker"),
        (3, "baker", "four quiet brown word", 0, NOT_RIGHT),
        (4, "baker", PASSWORD, 10, NOT_RIGHT),
        (5, "baker", "", 0, NOT_RIGHT),
        (6, "baker", &long, 0, NOT_RIGHT),
        (7, "nobody", PASSWORD, 0, NOT_RIGHT),
        (8, "importer", "", 0, NOT_RIGHT),
        (9, "", PASSWORD, 0, NOT_RIGHT),
        (10, "' or 1=1 --", PASSWORD, 0, NOT_RIGHT),
        (11, "baker", PASSWORD, 0, "signed in as baker"),
    ] {
        let code = office.code(minute(at + shift));
        assert_eq!(
            office.tried(account, password, &code, minute(at)).await,
            outcome,
            "{account} {password:.20} at {at}"
        );
    }
    assert_eq!(office.tried("baker", PASSWORD, "", minute(12)).await, NOT_RIGHT);
}

#[tokio::test]
async fn gr51_a_code_works_once_and_an_older_one_no_more() {
    let office = Office::open().await;
    let [older, now, next] = [second(600), second(630), second(660)].map(|at| office.code(at));
    for (code, at, right) in [
        (&now, 630, true),
        (&now, 631, false),
        (&older, 632, false),
        (&next, 633, true), // the telephone's clock is one step ahead
        (&next, 665, false),
    ] {
        let outcome = office.tried("baker", PASSWORD, code, second(at)).await;
        assert_eq!(outcome, if right { "signed in as baker" } else { NOT_RIGHT }, "at second {at}");
    }
}

#[tokio::test]
async fn gr51_of_two_at_the_same_moment_with_one_code_one_is_let_in() {
    let office = Office::open().await;
    let (one, other, third) =
        tokio::join!(office.sign_in(minute(1)), office.sign_in(minute(1)), office.sign_in(minute(1)));
    let let_in = [one, other, third].iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(let_in, 1);
}

#[tokio::test]
async fn a_clock_may_be_a_step_off() {
    for (off, outcome) in [(-60, NOT_RIGHT), (-30, "signed in as baker"), (30, "signed in as baker"), (60, NOT_RIGHT)] {
        let office = Office::open().await;
        assert_eq!(
            office.tried("baker", PASSWORD, &office.code(second(600 + off)), second(600)).await,
            outcome,
            "{off} s"
        );
    }
}

#[tokio::test]
async fn gr50_five_failures_lock_whether_there_is_such_an_account_or_not() {
    let office = Office::open().await;
    for account in ["baker", "nobody"] {
        for failure in 0..5 {
            assert_eq!(office.tried(account, "wrong password", "000000", minute(failure)).await, NOT_RIGHT);
        }
        let locked = office.tried(account, PASSWORD, &office.code(minute(18)), minute(18)).await;
        assert_eq!(
            locked,
            format!(
                "Too many attempts: sign-in to this account is locked until {}. If these were not yours, tell your agency's steward.",
                minute(19)
            ),
            "{account}: not even what is right opens it"
        );
    }
    assert_eq!(office.tried("baker", PASSWORD, &office.code(minute(19)), minute(19)).await, "signed in as baker");
    // Success ends the count.
    for failure in 20..24 {
        assert_eq!(office.tried("baker", "wrong password", "000000", minute(failure)).await, NOT_RIGHT);
    }
    assert_eq!(office.tried("baker", PASSWORD, &office.code(minute(24)), minute(24)).await, "signed in as baker");
}

#[tokio::test]
async fn gr50_guesses_at_the_same_moment_are_counted_before_they_are_judged() {
    let office = Office::open().await;
    let code = office.code(minute(1));
    let guess = || office.identity.sign_in(typed("baker", "wrong password", &code), minute(1), open);
    let guesses = tokio::join!(guess(), guess(), guess(), guess(), guess(), guess(), guess(), guess());
    let guesses: [_; 8] = guesses.into();
    let judged = guesses.iter().filter(|guess| matches!(guess, Err(Refused::NotRight))).count();
    let locked = guesses.iter().filter(|guess| matches!(guess, Err(Refused::Locked { .. }))).count();
    assert_eq!((judged, locked), (5, 3));
}

#[tokio::test]
async fn traces_of_attempts_and_of_ended_sessions_do_not_pile_up() {
    let office = Office::open().await;
    for stranger in 0..10 {
        office.tried(&format!("stranger-{stranger}"), "", "", minute(0)).await;
    }
    office.sign_in(minute(1)).await.unwrap();
    for day in 2..12 {
        office.tried("baker", "", "", minute(day * 1440)).await;
    }
    let left = async |kind| office.store.cards.list(kind, None).await.unwrap().len();
    assert_eq!((left("attempt").await, left("session").await), (1, 0));
}

#[tokio::test]
async fn gr50_a_session_ends_by_rest_by_age_and_by_sign_out() {
    let office = Office::open().await;
    let signed = office.sign_in(minute(0)).await.unwrap();
    assert_eq!(signed.expires_at, minute(12 * 60));
    let secret = signed.secret.reveal();
    let baker = "baker of city";
    for (at, outcome) in [(0, baker), (29, baker), (58, baker), (87, baker), (117, "Idle"), (118, "Idle")] {
        assert_eq!(office.session(secret, minute(at)).await, outcome, "at minute {at}");
    }
    let signed = office.sign_in(minute(200)).await.unwrap();
    for at in (200..920).step_by(20) {
        assert_eq!(office.session(signed.secret.reveal(), minute(at)).await, baker, "at minute {at}");
    }
    assert_eq!(office.session(signed.secret.reveal(), minute(920)).await, "expired at minute 920");
    let signed = office.sign_in(minute(1000)).await.unwrap();
    assert_eq!(office.session(signed.secret.reveal(), minute(1000)).await, baker);
    assert!(office.identity.sign_out(signed.secret.reveal()).await.unwrap());
    assert_eq!(office.session(signed.secret.reveal(), minute(1000)).await, "Unknown", "at once, in the same second");
    assert!(!office.identity.sign_out(signed.secret.reveal()).await.unwrap());
}

#[tokio::test]
async fn a_clock_that_is_set_back_ends_no_session() {
    let office = Office::open().await;
    let signed = office.sign_in(minute(60)).await.unwrap();
    for at in [60, 0, 59, 89] {
        assert_eq!(office.session(signed.secret.reveal(), minute(at)).await, "baker of city", "at minute {at}");
    }
    assert_eq!(office.session(signed.secret.reveal(), minute(130)).await, "Idle");
}

#[tokio::test]
async fn a_token_ends_by_age_by_disuse_and_by_revoking() {
    let office = Office::open().await;
    office
        .identity
        .enrol(NewAccount { password: None, roles: BTreeSet::from([Role::Service]), ..person("importer", "county") })
        .await
        .unwrap();
    let day = |day: i64| minute(day * 1440);
    let importer = id("importer");
    let issued = office.identity.issue_token(&importer, "nightly load", day(0), day(300)).await.unwrap();
    let secret = issued.secret.reveal();
    assert!(secret.starts_with("oct_"));
    for (at, outcome) in
        [(0, "importer of county"), (89, "importer of county"), (178, "importer of county"), (268, "Unused")]
    {
        assert_eq!(office.token(secret, day(at)).await, outcome, "on day {at}");
    }
    assert_eq!(office.session(secret, day(1)).await, "Unknown", "a token is no session");
    let short = office.identity.issue_token(&importer, "once", day(0), minute(5)).await.unwrap();
    assert_eq!(office.token(short.secret.reveal(), minute(4)).await, "importer of county");
    assert_eq!(office.token(short.secret.reveal(), minute(5)).await, "expired at minute 5");

    let held = office.identity.holdings(&importer).await.unwrap();
    assert_eq!(held.len(), 2);
    assert!(held.iter().all(|held| held.kind == HoldingKind::Token));
    let other = office.identity.issue_token(&importer, "other", day(0), day(1)).await.unwrap();
    assert_eq!(office.token(other.secret.reveal(), minute(1)).await, "importer of county");
    office.identity.revoke(&importer, &other.number).await.unwrap();
    assert_eq!(office.token(other.secret.reveal(), minute(1)).await, "Unknown", "at once, in the same second");
    assert!(matches!(office.identity.revoke(&importer, &other.number).await, Err(Error::NoSuchNumber { .. })));
    assert!(
        matches!(office.identity.revoke(&id("baker"), &issued.number).await, Err(Error::NoSuchNumber { .. })),
        "another's"
    );
}

#[tokio::test]
async fn wrong_secrets_prove_nothing_and_residents_need_none() {
    let office = Office::open().await;
    for secret in ["", "oct_", "ocs_AAAA", "ünïcode", &"x".repeat(100_000)] {
        assert_eq!(office.session(secret, minute(0)).await, "Unknown");
        assert_eq!(office.token(secret, minute(0)).await, "Unknown");
    }
    let resident = office.identity.prove(Credential::Anonymous, minute(0)).await.unwrap();
    assert_eq!((&*resident, resident.session()), (&Standing::resident(), None));
}

#[tokio::test]
async fn disabling_holds_at_once_and_enrolling_again_is_the_way_back() {
    let mut office = Office::open().await;
    let baker = id("baker");
    let signed = office.sign_in(minute(1)).await.unwrap();
    let token = office.identity.issue_token(&baker, "script", minute(1), minute(5000)).await.unwrap();
    assert_eq!(office.session(signed.secret.reveal(), minute(1)).await, "baker of city");
    assert_eq!(office.token(token.secret.reveal(), minute(1)).await, "baker of city");
    office.identity.disable(&baker).await.unwrap();
    assert_eq!(office.session(signed.secret.reveal(), minute(1)).await, "Disabled");
    assert_eq!(office.token(token.secret.reveal(), minute(1)).await, "Disabled");
    assert!(matches!(office.sign_in(minute(2)).await, Err(Refused::Disabled)));
    assert_eq!(
        office.tried("baker", "wrong password", &office.code(minute(3)), minute(3)).await,
        NOT_RIGHT,
        "only its holder is told"
    );
    assert!(office.identity.accounts().await.unwrap()[0].disabled);

    let enrolled =
        office.identity.re_enrol(&baker, Some("other quiet brown words".to_owned()), minute(4)).await.unwrap();
    assert_eq!(office.session(signed.secret.reveal(), minute(4)).await, "Unknown", "what was held before is gone");
    assert_eq!(office.token(token.secret.reveal(), minute(4)).await, "Unknown");
    assert!(matches!(office.sign_in(minute(5)).await, Err(Refused::NotRight)), "the old password and factor");
    office.factor = factor(enrolled);
    assert!(matches!(office.sign_in(minute(6)).await, Err(Refused::NotRight)), "the old password");
    assert_eq!(
        office.tried("baker", "other quiet brown words", &office.code(minute(7)), minute(7)).await,
        "signed in as baker"
    );
}

#[tokio::test]
async fn gr50_an_account_unused_for_ninety_days_is_closed() {
    let office = Office::open().await;
    let day = |day: i64| minute(day * 1440);
    office.sign_in(day(90)).await.unwrap();
    office.sign_in(day(180)).await.unwrap();
    assert!(matches!(office.sign_in(day(271)).await, Err(Refused::Unused)));
}

/// Somebody of another agency, with what makes its codes.
async fn agent(office: &Office, account: &str, agency: &str) -> String {
    factor(office.identity.enrol(person(account, agency)).await.unwrap())
}

async fn sign_in_as(office: &Office, account: &str, factor: &str, now: Timestamp) -> SignedIn {
    let code = one_time_code(factor, now).unwrap();
    office.identity.sign_in(typed(account, PASSWORD, code.reveal()), now, open).await.unwrap()
}

fn set<T: std::str::FromStr<Err: std::fmt::Debug> + Ord>(names: &[&str]) -> BTreeSet<T> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[tokio::test]
async fn gr02_an_order_ends_what_its_agencies_hold_for_ever_and_nothing_else() {
    let office = Office::open().await;
    let (federal, deputy) = (agent(&office, "agent", "federal").await, agent(&office, "deputy", "county").await);
    let agents = sign_in_as(&office, "agent", &federal, minute(1)).await;
    let deputys = sign_in_as(&office, "deputy", &deputy, minute(1)).await;
    let token = office.identity.issue_token(&id("agent"), "script", minute(1), minute(500_000)).await.unwrap();
    let bakers = office.sign_in(minute(1)).await.unwrap();
    let [agents, deputys, bakers] = [&agents, &deputys, &bakers].map(|signed| signed.secret.reveal());
    for secret in [agents, deputys, bakers] {
        office.identity.prove(session(secret), minute(1)).await.unwrap();
    }
    let end = async |agencies: &[&str], accounts: &[&str], order: &str, now| {
        office.identity.end_by_order(&set(agencies), &set(accounts), order).await.unwrap();
        office.identity.ended_by(order, now).await.unwrap()
    };
    // The deputy also belongs to the federal agency; the register says so.
    let ended = end(&["federal", "sister"], &["deputy"], "2026-1", minute(1)).await;
    assert_eq!(ended, Ended { sessions: 2, tokens: 1 });
    for (what, said) in [
        ("session", office.session(agents, minute(1)).await),
        ("token", office.token(token.secret.reveal(), minute(1)).await),
        ("affiliation", office.session(deputys, minute(1)).await),
        ("later", office.session(agents, minute(29)).await),
        ("after it would have expired", office.session(agents, minute(100_000)).await),
        ("a clock set back", office.session(agents, minute(0)).await),
    ] {
        assert_eq!(said, "ended by 2026-1", "{what}, and at once");
    }
    assert_eq!(office.session(bakers, minute(1)).await, "baker of city");

    // The same again, a closure that has grown, and another order: the first one stays.
    assert_eq!(end(&["federal", "sister"], &[], "2026-1", minute(2)).await, Ended { sessions: 2, tokens: 1 });
    assert_eq!(end(&["federal"], &[], "2026-2", minute(2)).await, Ended::default());
    assert_eq!(end(&["federal", "sister", "cousin"], &[], "2026-1", minute(3)).await.sessions, 2);
    assert_eq!(office.session(agents, minute(4)).await, "ended by 2026-1");
    // The order ends, by the founding quorum; what it ended does not come back, and what is made afterwards is new.
    let later = sign_in_as(&office, "agent", &federal, minute(10)).await;
    assert_eq!(office.session(later.secret.reveal(), minute(10)).await, "agent of federal");
    assert_eq!(office.session(agents, minute(10)).await, "ended by 2026-1");
    let holdings = office.identity.holdings(&id("agent")).await.unwrap();
    let ended: Vec<_> = holdings.iter().map(|held| (held.kind, held.ended_by.as_deref())).collect();
    assert_eq!(ended.iter().filter(|(_, by)| *by == Some("2026-1")).count(), 2, "{ended:?}");
    assert_eq!(ended.iter().filter(|(_, by)| by.is_none()).count(), 1, "{ended:?}");
}

#[tokio::test]
async fn gr02_an_end_outlives_the_process_and_a_disabled_account_gets_the_order_too() {
    let Office { identity, store, folder, factor } = Office::open().await;
    let code = one_time_code(&factor, minute(1)).unwrap();
    let signed = identity.sign_in(typed("baker", PASSWORD, code.reveal()), minute(1), open).await.unwrap();
    identity.end_by_order(&set(&["city"]), &BTreeSet::new(), "2026-1").await.unwrap();
    identity.disable(&id("baker")).await.unwrap();
    drop((identity, store));
    let store = reopened(folder.path()).await;
    let identity = Identity::with(store.cards.clone(), Timers::default(), CHEAP);
    assert_eq!(words(identity.prove(session(signed.secret.reveal()), minute(2)).await), "ended by 2026-1");
}

#[tokio::test]
async fn gr02_who_is_cut_off_is_told_at_sign_in_and_only_after_proving_everything() {
    let office = Office::open().await;
    let closed = |standing: &Standing| {
        assert_eq!(standing.agency, Some("city".parse().unwrap()));
        Some("2026-1".to_owned())
    };
    for (at, password, shift, said) in [
        (1, "four quiet brown word", 0, NOT_RIGHT),
        (2, PASSWORD, 10, NOT_RIGHT),
        (3, PASSWORD, 0, "Access of this account was ended by order 2026-1."),
        (4, "four quiet brown word", 0, NOT_RIGHT),
    ] {
        let code = office.code(minute(at + shift));
        let refused = office.identity.sign_in(typed("baker", password, &code), minute(at), closed).await.unwrap_err();
        assert_eq!(refused.to_string(), said, "at minute {at}");
    }
    let left = async |kind| office.store.cards.list(kind, None).await.unwrap().len();
    assert_eq!((left("session").await, left("device").await, left("machine").await), (0, 0, 0), "nothing was opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gr02_a_session_that_is_opened_while_an_order_comes_is_ended_by_it() {
    let office = Office::open().await;
    let code = office.code(minute(1));
    // The order comes between the question whether one closes the account and the session's card.
    let meanwhile = |_: &Standing| {
        let (city, nobody) = (set(&["city"]), BTreeSet::new());
        let end = office.identity.end_by_order(&city, &nobody, "2026-1");
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(end)).unwrap();
        None
    };
    let signed = office.identity.sign_in(typed("baker", PASSWORD, &code), minute(1), meanwhile).await.unwrap();
    assert_eq!(office.session(signed.secret.reveal(), minute(1)).await, "ended by 2026-1");
}

#[tokio::test]
async fn gr11_a_session_is_used_on_the_device_that_it_was_opened_on() {
    let office = Office::open().await;
    let on = |secret| Machine::Browser { secret, name: "Firefox, car 12\u{7}" };
    let car = office.sign_in_on(on(None), minute(1)).await.unwrap();
    let desk = office.sign_in_on(on(None), minute(2)).await.unwrap();
    let handheld = office.sign_in_on(on(Some("ocd_of-nobody")), minute(3)).await.unwrap();
    // A car, a handheld and a desk at once are normal; each was given a secret of its own.
    let secrets = [&car, &desk, &handheld].map(|signed| signed.device.as_ref().unwrap().reveal());
    let sessions = [&car, &desk, &handheld].map(|signed| signed.secret.reveal());
    let mut ids = BTreeSet::new();
    for (place, device) in secrets.iter().enumerate() {
        assert!(device.starts_with("ocd_") && device.len() == 47);
        for (of, secret) in sessions.iter().enumerate() {
            let said = office.session_on(Some(device), secret, minute(4)).await;
            assert_eq!(said, if place == of { "baker of city" } else { "another device of baker" });
        }
        assert_eq!(office.session(sessions[place], minute(4)).await, "another device of baker", "no device at all");
        let credential = Credential::Session { secret: sessions[place], device: Some(device) };
        ids.extend(office.identity.prove(credential, minute(4)).await.unwrap().device.clone());
    }
    assert_eq!(ids.len(), 3);
    // The next sign-in on the same machine is on the same device, and is given no new secret.
    let again = office.sign_in_on(on(Some(secrets[0])), minute(5)).await.unwrap();
    assert_eq!((again.device, &again.standing.device), (None, &car.standing.device));
    let devices = office.identity.devices(&id("baker"), minute(6)).await.unwrap();
    let open: Vec<usize> = devices.iter().map(|device| device.open).collect();
    assert_eq!(open, [2, 1, 1]);
    assert!(devices.iter().all(|device| !device.program && device.name == "Firefox, car 12"), "{devices:?}");
}

#[tokio::test]
async fn gr11_several_people_share_a_machine_and_each_ends_the_own_part_of_it() {
    let office = Office::open().await;
    let baker = office.sign_in_on(Machine::Browser { secret: None, name: "car 12" }, minute(1)).await.unwrap();
    let machine = baker.device.as_ref().unwrap().reveal();
    let adams = agent(&office, "adams", "city").await;
    let code = one_time_code(&adams, minute(2)).unwrap();
    let given = SignIn {
        machine: Machine::Browser { secret: Some(machine), name: "car 12" },
        ..typed("adams", PASSWORD, code.reveal())
    };
    let adams = office.identity.sign_in(given, minute(2), open).await.unwrap();
    let device = baker.standing.device.clone().unwrap();
    assert_eq!(adams.standing.device.as_ref(), Some(&device));
    let at = async |signed: &SignedIn| office.session_on(Some(machine), signed.secret.reveal(), minute(3)).await;
    assert_eq!((at(&baker).await.as_str(), at(&adams).await.as_str()), ("baker of city", "adams of city"));
    assert_eq!(office.identity.end_device(&id("baker"), &device).await.unwrap(), 1);
    assert_eq!((at(&baker).await.as_str(), at(&adams).await.as_str()), ("Unknown", "adams of city"), "at once");
    assert!(office.identity.devices(&id("baker"), minute(3)).await.unwrap().is_empty());
    assert!(matches!(office.identity.end_device(&id("baker"), &device).await, Err(Error::NoSuchDevice { .. })));
    assert!(matches!(office.identity.end_device(&id("nobody"), &device).await, Err(Error::NoSuchDevice { .. })));
}

#[tokio::test]
async fn gr11_a_token_and_a_programs_session_are_devices_by_themselves() {
    let office = Office::open().await;
    let baker = id("baker");
    let one = office.identity.issue_token(&baker, "nightly load", minute(1), minute(500)).await.unwrap();
    let two = office.identity.issue_token(&baker, "map", minute(2), minute(500)).await.unwrap();
    let program = office.sign_in(minute(3)).await.unwrap();
    assert_eq!(program.device, None);
    let prove = async |credential| office.identity.prove(credential, minute(4)).await.unwrap().device.clone().unwrap();
    let ids = [
        prove(Credential::Token(one.secret.reveal())).await,
        prove(Credential::Token(two.secret.reveal())).await,
        prove(session(program.secret.reveal())).await,
    ];
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3);
    let devices = office.identity.devices(&baker, minute(4)).await.unwrap();
    let listed: Vec<_> = devices.iter().map(|device| (device.id.clone(), device.name.as_str(), device.open)).collect();
    assert_eq!(listed, [(ids[0].clone(), "nightly load", 1), (ids[1].clone(), "map", 1), (ids[2].clone(), "", 1)]);
    assert_eq!(office.identity.end_device(&baker, &ids[0]).await.unwrap(), 1);
    assert_eq!(office.token(one.secret.reveal(), minute(4)).await, "Unknown");
    assert_eq!(office.token(two.secret.reveal(), minute(4)).await, "baker of city");
}

#[tokio::test]
async fn gr02_an_order_writes_no_card_of_a_session() {
    let office = Office::open().await;
    for number in 0..10 {
        let account = format!("agent-{number}");
        office.identity.enrol(NewAccount { password: None, ..person(&account, "federal") }).await.unwrap();
    }
    let mut last = None;
    for number in 0..1_000 {
        let account = id(&format!("agent-{}", number % 10));
        last = Some(office.identity.issue_token(&account, "script", minute(1), minute(500)).await.unwrap());
    }
    let before = office.store.cards.list("token", None).await.unwrap();
    office.identity.end_by_order(&set(&["federal"]), &BTreeSet::new(), "2026-1").await.unwrap();
    let ended = office.identity.ended_by("2026-1", minute(1)).await.unwrap();
    assert_eq!(ended, Ended { sessions: 0, tokens: 1_000 });
    assert_eq!(office.token(last.unwrap().secret.reveal(), minute(1)).await, "ended by 2026-1");
    // Not one of their cards was written.
    let after = office.store.cards.list("token", None).await.unwrap();
    let revisions = |cards: &[clear_store::Card]| cards.iter().map(|card| card.revision).collect::<Vec<_>>();
    assert_eq!(revisions(&before), revisions(&after));
}

#[tokio::test]
async fn a_proof_names_the_session_and_not_its_secret() {
    let office = Office::open().await;
    let signed = office.sign_in(minute(1)).await.unwrap();
    let proven = office.identity.prove(session(signed.secret.reveal()), minute(1)).await.unwrap();
    assert_eq!(proven, signed.standing);
    assert_eq!(proven.session(), Some(signed.number.as_str()));
    assert_eq!(proven.roles, BTreeSet::from([Role::Officer]));
    for shown in [
        format!("{signed:?}{proven:?}"),
        format!("{:?}", session(signed.secret.reveal())),
        format!("{:?}{:?}", office.identity, person("baker", "city")),
        format!("{:?}", office.store.cards.list("account", None).await.unwrap()),
        format!("{:?}", office.identity.accounts().await.unwrap()),
    ] {
        for secret in [signed.secret.reveal(), PASSWORD, &office.factor, "A Name", "argon2id"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn no_secret_and_no_password_lies_in_the_folder() {
    let office = Office::open().await;
    let signed = office.sign_in(minute(1)).await.unwrap();
    let token =
        office.identity.issue_token(&id("baker"), "a label to be found", minute(1), minute(5000)).await.unwrap();
    let bytes = everything_in(office.folder.path());
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("a label to be found"), "the cards are where this test looks");
    for secret in [
        token.secret.reveal(),
        &token.secret.reveal()[4..],
        signed.secret.reveal(),
        &signed.secret.reveal()[4..],
        PASSWORD,
    ] {
        assert!(!holds(secret));
    }
}

fn everything_in(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(everything_in(&path));
        } else {
            bytes.extend(std::fs::read(&path).unwrap());
        }
    }
    bytes
}

#[tokio::test]
async fn accounts_outlive_the_process() {
    let Office { identity, store, folder, factor } = Office::open().await;
    let code = one_time_code(&factor, minute(1)).unwrap();
    let signed = identity.sign_in(typed("baker", PASSWORD, code.reveal()), minute(1), open).await.unwrap();
    drop((identity, store));
    let store = reopened(folder.path()).await;
    let identity =
        Identity::with(store.cards.clone(), Timers { idle: SignedDuration::from_mins(5), ..Timers::default() }, CHEAP);
    assert_eq!(words(identity.prove(session(signed.secret.reveal()), minute(2)).await), "baker of city");
    assert!(
        matches!(
            identity.sign_in(typed("baker", PASSWORD, code.reveal()), minute(1), open).await,
            Err(Refused::NotRight)
        ),
        "a code works once"
    );
    assert!(matches!(identity.prove(session(signed.secret.reveal()), minute(7)).await, Err(Unproven::Idle)));
}

/// The store again, as soon as the one before has let go of the folder.
async fn reopened(folder: &Path) -> Store {
    for _ in 0..1000 {
        match Store::folder(folder).await {
            Err(clear_store::Error::InUse { .. }) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
    panic!("the folder stays in use");
}

#[tokio::test]
async fn wrong_enrolments_are_refused_by_name() {
    let office = Office::open().await;
    let chain = |error: Error| match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    let enrol = async |new| office.identity.enrol(new).await.unwrap_err();
    let password = |text: &str| NewAccount { password: Some(text.to_owned()), ..person("sergeant-adams", "city") };
    for (new, words) in [
        (person("baker", "city"), "there is an account `baker` already: choose another id, or enrol that one again"),
        (
            password("short"),
            "cannot set the password of `sergeant-adams`: the password has fewer than 12 characters: choose a longer one, such as four words",
        ),
        (
            password("Sergeant-Adams"),
            "cannot set the password of `sergeant-adams`: the password is the account's id or name: choose one that nobody can read off the account",
        ),
    ] {
        assert_eq!(chain(enrol(new).await), words);
    }
    let baker = id("baker");
    let cases = [
        office.identity.re_enrol(&baker, None, minute(0)).await.map(|_| ()),
        office.identity.re_enrol(&id("nobody"), None, minute(0)).await.map(|_| ()),
        office.identity.disable(&id("nobody")).await,
        office.identity.issue_token(&id("nobody"), "", minute(0), minute(1)).await.map(|_| ()),
        office.identity.issue_token(&baker, "", minute(1), minute(1)).await.map(|_| ()),
    ];
    let kinds = cases.map(|case| match case.unwrap_err() {
        Error::Kind { .. } => "kind",
        Error::NoSuchAccount { .. } => "no such account",
        Error::Ended { .. } => "ended",
        other => panic!("{other}"),
    });
    assert_eq!(kinds, ["kind", "no such account", "no such account", "no such account", "ended"]);
    assert_eq!(office.identity.accounts().await.unwrap().len(), 1, "nothing half enrolled");
}
