//! What stops an answer, and does not let it start again: a change of the rules, a clock that is set, a hat that is put on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use clear_policy::{
    Affiliation, Covers, Deed, Edge, EdgeKind, Ending, EndingPower, Entry, Over, RuleFault, Rules, Scope, Slice,
    SuspensionDraft, Verdict, closure_digest, sign,
};
use clear_record::{AgencyId, Inquiry, Label};
use clear_respond::{Bearer, Bound, Desk, Filing, order_preview};
use clear_rules::CedarRules;
use clear_testkit::story;
use jiff::SignedDuration;

use crate::bed::Bed;

/// The shipped rules, which put others in force while they are asked: the narrowest moment there is.
struct Swapping {
    rules: CedarRules,
    digest: String,
    desk: OnceLock<(tokio::runtime::Handle, std::sync::Weak<Desk>)>,
}

impl Rules for Swapping {
    fn judge(&self, slice: &Slice, label: &Label) -> Result<Verdict, RuleFault> {
        let (runtime, desk) = self.desk.get().unwrap();
        let desk = desk.upgrade().unwrap();
        if desk.rules_digest() == self.digest {
            let others = Arc::new(CedarRules::embedded().unwrap());
            std::thread::scope(|scope| {
                scope.spawn(|| runtime.block_on(desk.change_rules(others, "a test".into())).unwrap());
            });
        }
        self.rules.judge(slice, label)
    }

    fn permits(&self, slice: &Slice, deed: Deed) -> Result<bool, RuleFault> {
        self.rules.permits(slice, deed)
    }

    fn digest(&self) -> &str {
        &self.digest
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gr05_an_answer_that_was_decided_by_rules_which_are_no_longer_in_force_does_not_leave() {
    let bed = Bed::open().await;
    let inquiry = bed.inquiry("officer", "suspect named by a witness").await;
    let swapping = Arc::new(Swapping {
        rules: CedarRules::embedded().unwrap(),
        digest: "those that go".into(),
        desk: OnceLock::new(),
    });
    assert!(swapping.desk.set((tokio::runtime::Handle::current(), Arc::downgrade(&bed.desk))).is_ok());
    bed.desk.change_rules(swapping, "a test".into()).await.unwrap();
    let said = bed.check("officer", &inquiry).await.unwrap_err();
    assert!(said.starts_with("Cut(") && said.contains("the rules changed while this was answered"), "{said}");
    assert_eq!(bed.check("officer", &inquiry).await, Ok(1), "asked again, it is decided by the others");
}

#[tokio::test]
async fn gr05_a_clock_that_is_set_ends_no_suspension_and_brings_no_expired_hat_back() {
    let bed = Bed::open().await;
    let inquiry = bed.inquiry("partner", "suspect named by a witness").await;
    assert_eq!(bed.check("partner", &inquiry).await, Ok(1));
    let suspension = SuspensionDraft {
        installation: "port-meridian".parse().unwrap(),
        number: "S-1".into(),
        over: Over::Agency("marshals".parse().unwrap()),
        from: bed.now(),
        until: bed.now() + SignedDuration::from_hours(2),
        reason: "A login was borrowed.".into(),
    };
    let keys = story::fixed_keys(&story::register());
    let note = sign(&suspension.to_string(), &[keys[0].private.as_str()]).unwrap();
    bed.file("steward", Filing::Register(vec![Entry::Suspension { note }])).await.unwrap();
    let refused = || async { bed.check("partner", &inquiry).await };
    assert_eq!(refused().await, Err("suspended".into()));
    bed.jump(3 * 60);
    assert_eq!(refused().await, Err("suspended".into()), "set forward");
    bed.jump(-6 * 60);
    assert_eq!(refused().await, Err("suspended".into()), "set back");
    bed.jump(3 * 60);
    bed.later(121);
    assert_eq!(refused().await, Ok(1), "over by itself, when its time has passed");
    // Back into the time of the suspension: it is over, and stays so.
    bed.jump(-60);
    assert_eq!(refused().await, Ok(1));
}

#[tokio::test]
async fn gr03_an_ending_that_is_dated_back_shortens_no_notice() {
    let mut entries = story::entries();
    for entry in &mut entries {
        if let Entry::Installation(installation) = entry {
            installation.ends_cut_offs = Some(EndingPower { notice_days: 90, legal_basis: "Charter 4-2".into() });
        }
    }
    // The order is the entry after those.
    let version = entries.len() as u64 + 1;
    let bed = Bed::founded(entries).await;
    bed.cut_off("border-department", "CO-1").await;
    let days = |days: i64| bed.now() + SignedDuration::from_hours(24 * days);
    let ends = async |issued: i64, holds: i64| {
        let ending = Ending {
            installation: "port-meridian".parse().unwrap(),
            number: "E-1".into(),
            order: "CO-1".into(),
            issued_at: days(issued),
            holds_from: days(holds),
            register: version,
            text: "The council ends it.".into(),
        };
        let keys = story::fixed_keys(&story::register());
        let keys: Vec<&str> = keys.iter().take(2).map(|key| key.private.as_str()).collect();
        let note = sign(&ending.to_string(), &keys).unwrap();
        bed.file("steward", Filing::Register(vec![Entry::Ending { note }])).await
    };
    for (issued, holds) in [(-100, -10), (-100, 0), (-30, 60)] {
        let said = ends(issued, holds).await.unwrap_err();
        assert!(said.contains("wants 90 days"), "issued {issued}, holds {holds}: {said}");
    }
    let said = ends(1, 91).await.unwrap_err();
    assert!(said.contains("ahead of this server's clock"), "{said}");
    assert_eq!(ends(0, 90).await, Ok(()));
}

#[tokio::test]
async fn gr02_an_edge_that_is_ended_with_an_earlier_date_ends_now() {
    let bed = Bed::open().await;
    let (parent, child): (AgencyId, AgencyId) = ("border-department".parse().unwrap(), "frs".parse().unwrap());
    let drafted = || {
        let (desk, scope) = (&bed.desk, Scope::Installation);
        let (draft, shown) = order_preview(desk, "CO-1", &parent, Covers::Under, scope, None, "By order.").unwrap();
        (draft, shown.closure.into_iter().map(|(id, _)| id.parse::<AgencyId>().unwrap()).collect::<BTreeSet<_>>())
    };
    let (_, before) = drafted();
    assert!(before.contains(&child));
    let years_ago = bed.now() - SignedDuration::from_hours(5 * 365 * 24);
    let edge = Edge { kind: EdgeKind::Parent, from: parent.clone(), to: child.clone(), ended_at: Some(years_ago) };
    bed.file("steward", Filing::Register(vec![Entry::Edge(edge)])).await.unwrap();
    bed.later(60);
    let (mut draft, after) = drafted();
    assert!(!after.contains(&child), "it is no longer under it");
    // An order of this morning meets what was under it this morning, whatever the entry says.
    draft.issued_at = bed.now() - SignedDuration::from_mins(90);
    (draft.closure_count, draft.closure_digest) = (before.len(), closure_digest(&before));
    let keys = story::fixed_keys(&story::register());
    let keys: Vec<&str> = keys.iter().take(2).map(|key| key.private.as_str()).collect();
    let note = sign(&draft.to_string(), &keys).unwrap();
    bed.file("steward", Filing::Register(vec![Entry::CutOff { note }])).await.unwrap();
    let inquiry = bed.inquiry("cut_off", "suspect named by a witness").await;
    assert_eq!(bed.check("cut_off", &inquiry).await, Err("cut_off".into()));
}

#[tokio::test]
async fn s13_who_has_a_hat_of_the_closure_loses_what_is_open_at_the_order_or_at_the_hat() {
    let bed = Bed::open().await;
    let connect = async |who: &str| {
        let asker = bed.asker(who).await;
        let (ended, account) = (Arc::new(AtomicBool::new(false)), asker.account.clone().unwrap());
        let reset = ended.clone();
        let connection = bed.desk.gate().enter(Box::new(move || reset.store(true, Ordering::SeqCst)));
        let path = bed.desk.path_of(&asker, &Inquiry::default());
        let bound = bed.desk.gate().bind(&connection, Bearer { account: &account, device: None, path: &path });
        (bound, ended)
    };
    let put_on = async |who: &str| {
        let account = bed.asker(who).await.account.clone().unwrap();
        let hat = Affiliation { account, agency: "frs".parse().unwrap(), from: bed.now(), until: None };
        bed.file("steward", Filing::Register(vec![Entry::Affiliation(hat)])).await.unwrap();
    };
    // Bound before the hat was known, and the order comes last.
    let (bound, officer) = connect("officer").await;
    let (_, relief) = connect("relief").await;
    assert_eq!(bound, Bound::Yes);
    put_on("officer").await;
    assert!(!officer.load(Ordering::SeqCst), "no order closes it yet");
    bed.cut_off("border-department", "CO-1").await;
    assert!(officer.load(Ordering::SeqCst), "the order ends it, although its path was without the agency");
    assert_eq!(connect("officer").await.0, Bound::Closed);
    // Bound before the hat, and the order is there.
    assert!(!relief.load(Ordering::SeqCst));
    put_on("relief").await;
    assert!(relief.load(Ordering::SeqCst), "the hat ends it");
    assert_eq!(connect("sergeant").await.0, Bound::Yes);
}
