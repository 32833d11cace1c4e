//! What is remembered is what deciding anew says; and where there is any doubt, nothing is open.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use clear_policy::{
    Agreement, Decision, Deed, Denial, Entry, Grant, Register, RuleFault, Rules, Scope, Sights, Slice, Verdict, decide,
};
use clear_record::{
    Caveat, FieldClass, Handling, Inquiry, Kind, Label, LabelId, Purpose, Relation, Request, Role, Standing,
};
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, RngSeed};

use crate::world::{RULES, agencies, agency, agreement, ask, at, city, draft, labels, signed, signer};

/// Rules that can be swapped: they open everything, nothing, or cannot say.
#[derive(Default)]
struct Toy {
    name: &'static str,
    open: bool,
    broken: AtomicBool,
    asked: AtomicUsize,
}

impl Rules for Toy {
    fn judge(&self, _: &Slice, _: &Label) -> Result<Verdict, RuleFault> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.broken.load(Ordering::Relaxed) {
            return Err(RuleFault("no".into()));
        }
        let classes = FieldClass::ALL.iter().copied().filter(|_| self.open).collect();
        Ok(Verdict { pointer: false, classes })
    }

    fn permits(&self, _: &Slice, _: Deed) -> Result<bool, RuleFault> {
        Ok(self.open)
    }

    fn digest(&self) -> &str {
        self.name
    }
}

fn officer() -> Request<()> {
    ask("u", "pd", "officer", "pd", "2026-01-01")
}

#[track_caller]
fn granted(decision: Decision) -> Grant {
    match decision {
        Decision::Permit(grant) => grant,
        Decision::Deny(denial) => panic!("denied: {denial}"),
    }
}

#[track_caller]
fn refused(decision: Decision) -> Denial {
    match decision {
        Decision::Deny(denial) => denial,
        Decision::Permit(grant) => panic!("permitted: {grant:?}"),
    }
}

#[test]
fn the_same_question_is_judged_once_and_rules_that_were_swapped_are_asked_anew() {
    let (register, sights, labels) = (city(), Sights::new(), labels());
    let open = Toy { name: "open", open: true, ..Toy::default() };
    let decide = |rules: &Toy| decide(&register, rules, &labels, &sights, &officer());
    granted(decide(&open));
    let asked = open.asked.load(Ordering::Relaxed);
    granted(decide(&open));
    assert_eq!(open.asked.load(Ordering::Relaxed), asked);
    // Swapped while running: what the others opened is not what these open.
    let shut = Toy { name: "shut", ..Toy::default() };
    assert_eq!(refused(decide(&shut)).code(), "nothing_open");
    granted(decide(&open));
    assert_eq!(open.asked.load(Ordering::Relaxed), asked);
}

#[test]
fn gr05_rules_that_cannot_be_evaluated_open_nothing_and_the_doubt_is_not_remembered() {
    let (register, sights, labels) = (city(), Sights::new(), labels());
    let rules = Toy { name: "toy", open: true, broken: true.into(), ..Toy::default() };
    let decide = || decide(&register, &rules, &labels, &sights, &officer());
    assert_eq!(refused(decide()).code(), "closed");
    assert_eq!(refused(decide()).code(), "closed");
    rules.broken.store(false, Ordering::Relaxed);
    granted(decide());
}

#[test]
fn gr05_a_label_that_the_sight_does_not_know_is_hidden() {
    let (register, sights, mut labels) = (city(), Sights::new(), labels());
    let grant = granted(decide(&register, &*RULES, &labels, &sights, &officer()));
    let next = LabelId(labels.len() as u32);
    for unknown in [next, LabelId(63), LabelId(64), LabelId(u32::MAX)] {
        assert!(Relation::ALL.iter().all(|relation| !grant.reach(*relation).shows(unknown)), "{unknown:?}");
    }
    // Once it is in use, it is judged; the older grant still does not know it.
    labels.push(Label::of(agency("pd"), Kind::Arrest));
    let newer = granted(decide(&register, &*RULES, &labels, &sights, &officer()));
    assert!(newer.reach(Relation::Any).shows(next) && !grant.reach(Relation::Any).shows(next));
}

#[test]
fn gr01_a_sight_is_not_used_past_the_date_on_which_it_ends() {
    // The agreement of `state` with `pd` ends with the year 2029.
    let (register, sights, labels) = (city(), Sights::new(), labels());
    let on = |day| decide(&register, &*RULES, &labels, &sights, &ask("u", "state", "officer", "state", day));
    granted(on("2029-12-31"));
    assert_eq!(refused(on("2030-01-01")), Denial::NothingOpen);
    granted(on("2029-12-31"));
    assert_eq!(refused(on("2019-12-31")), Denial::NothingOpen);
}

#[test]
fn gr05_a_record_that_nobody_owns_and_a_path_that_nobody_shares_with_are_closed() {
    let (register, sights) = (city(), Sights::new());
    let nobodys = [Label { owners: BTreeSet::new(), ..Label::of(agency("pd"), Kind::Incident) }];
    for roles in ["officer", "clerk officer analyst", "oversight"] {
        let request = ask("u", "pd", roles, "pd", "2026-01-01");
        assert_eq!(refused(decide(&register, &*RULES, &nobodys, &sights, &request)), Denial::NothingOpen, "{roles}");
    }
    // A sharing group without anybody in it: an agreement that names no purpose, no use code, no kind, no class.
    let mut register = city();
    let empty = Agreement {
        kinds: BTreeSet::new(),
        classes: BTreeSet::new(),
        purposes: BTreeSet::new(),
        use_codes: BTreeSet::new(),
        ..agreement("90", "so", "tf", &[])
    };
    register.apply(&Entry::Agreement(empty)).unwrap();
    let so = [Label::of(agency("so"), Kind::Incident)];
    let request = ask("u", "tf", "officer partner", "tf", "2026-01-01");
    assert_eq!(refused(decide(&register, &*RULES, &so, &sights, &request)), Denial::NothingOpen);
}

#[test]
fn gr06_an_unknown_purpose_is_refused_by_name() {
    let (register, sights) = (city(), Sights::new());
    for purpose in ["cases", "Case", "case "] {
        let request =
            Request { inquiry: Inquiry { purpose: Some(Purpose(purpose.into())), ..officer().inquiry }, ..officer() };
        let denial = refused(decide(&register, &*RULES, &labels(), &sights, &request));
        assert_eq!(denial, Denial::Unknown { part: "purpose", said: purpose.into() });
    }
}

/// Everything that a grant opens, judged plainly: label by label, without any memory.
fn plainly(register: &Register, labels: &[Label], request: &Request<()>) -> Vec<[Verdict; Relation::ALL.len()]> {
    let (standing, inquiry, now) = (&request.standing, &request.inquiry, request.asked_at);
    let path = register.path(standing, inquiry, now);
    let parts = register.parts(standing, inquiry, now);
    let owners_closed = register.owners_closed_to(&path, now);
    let judge = |label: &Label, relation| {
        if label.owners.iter().any(|owner| owners_closed.contains_key(owner)) {
            return Verdict::default();
        }
        let (purpose, use_code) = (inquiry.purpose.as_ref().unwrap(), inquiry.use_code.as_ref().unwrap());
        let slice = Slice {
            agency: standing.agency.clone(),
            agency_kind: standing.agency.as_ref().and_then(|id| register.agency(id)).map(|it| it.kind.word()),
            roles: standing.roles.clone(),
            closed: register.closed_among(&path, &label.owners, now),
            agreed: register.agreed(&path, &label.owners, label.kind, purpose, use_code, now),
            path: path.clone(),
            affiliations: parts.affiliations.clone(),
            task_force: parts.task_force.clone(),
            beneficiaries: parts.beneficiaries.clone(),
            relays: parts.relays.clone(),
            recipients: parts.recipients.clone(),
            purpose: Some(purpose.clone()),
            purpose_denied: false,
            use_code: Some(use_code.clone()),
            emergency: inquiry.emergency.is_some(),
            relation,
        };
        RULES.judge_plainly(&slice, label).unwrap()
    };
    let verdicts = labels.iter().map(|label| std::array::from_fn(|at| judge(label, Relation::ALL[at])));
    verdicts.collect()
}

fn some<T: Clone + std::fmt::Debug + Ord + 'static>(all: &[T]) -> impl Strategy<Value = BTreeSet<T>> + use<T> {
    subsequence(all.to_vec(), 0..=all.len()).prop_map(|some| some.into_iter().collect())
}

fn any_label() -> impl Strategy<Value = Label> {
    let owners = prop::sample::select(vec!["pd", "so", "pd so", ""]);
    let kind = prop::sample::select(vec![Kind::Incident, Kind::Person, Kind::Vehicle]);
    let caveats = prop_oneof![3 => Just(BTreeSet::new()), 1 => some(Caveat::ALL)];
    (owners, kind, prop::sample::select(Handling::ALL.to_vec()), caveats).prop_map(
        |(owners, kind, handling, caveats)| Label {
            owners: agencies(owners),
            handling,
            caveats,
            ..Label::of(agency("pd"), kind)
        },
    )
}

/// Who asks for whom, and on which day.
fn any_request() -> impl Strategy<Value = Request<()>> {
    let home = prop::sample::select(vec!["pd", "so", "state", "tf", "board", "frs"]);
    let other = prop::sample::select(vec!["", "state", "so", "tf"]);
    let roles = some(&[Role::Officer, Role::Clerk, Role::Analyst, Role::Partner, Role::Oversight]);
    let day = prop::sample::select(vec!["2021-06-01", "2026-02-01", "2029-12-31", "2031-01-01"]);
    (home, other, other_part(), roles, day, any::<bool>()).prop_map(|(home, other, part, roles, day, danger)| {
        let mut request = ask("u", home, "", &format!("{home} {}", if part == 0 { other } else { "" }), day);
        request.standing = Standing { roles, ..request.standing };
        request.inquiry.emergency = danger.then(|| "A life is in danger.".to_owned());
        match part {
            1 => request.inquiry.relays = agencies(other),
            2 => request.inquiry.recipients = agencies(other),
            _ => {}
        }
        request
    })
}

fn other_part() -> impl Strategy<Value = u8> {
    0u8..4
}

/// What happens to the register between questions.
#[expect(clippy::large_enum_variant, reason = "a test's steps are few")]
#[derive(Debug, Clone)]
enum Step {
    Agree(u8, bool, &'static str, BTreeSet<FieldClass>, &'static str),
    CutOff(bool, &'static str),
    Label(Label),
    Ask(Request<()>),
}

fn step() -> impl Strategy<Value = Step> {
    let with = || prop::sample::select(vec!["state", "tf", "frs", "so", "pd"]);
    let from = prop::sample::select(vec!["2020-01-01", "2026-01-15", "2030-01-01"]);
    prop_oneof![
        2 => (20u8..24, any::<bool>(), with(), some(FieldClass::ALL), from)
            .prop_map(|(number, pd, with, classes, from)| Step::Agree(number, pd, with, classes, from)),
        1 => (any::<bool>(), with()).prop_map(|(pd, over)| Step::CutOff(pd, over)),
        4 => any_label().prop_map(Step::Label),
        8 => any_request().prop_map(Step::Ask),
    ]
}

#[test]
fn what_a_sight_remembers_is_what_deciding_anew_says() {
    let config = Config { cases: 30, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..Config::default() };
    let compared = std::cell::Cell::new(0);
    proptest!(config, |(steps in prop::collection::vec(step(), 20..50))| {
        // One memory for all of it: whatever the register becomes, and whatever labels there are.
        let (mut register, mut labels, sights) = (city(), labels(), Sights::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Agree(of, pd, with, classes, from) => {
                    let classes: Vec<FieldClass> = classes.into_iter().collect();
                    let made = agreement(&of.to_string(), if pd { "pd" } else { "so" }, with, &classes);
                    let _refused = register.apply(&Entry::Agreement(Agreement { from: at(from), until: None, ..made }));
                }
                Step::CutOff(pd, over) => {
                    let (owner, keys) = if pd { ("pd", ["ann", "bob"]) } else { ("so", ["sam", "sue"]) };
                    let order = draft(
                        &register,
                        &format!("CO-{number}"),
                        over,
                        clear_policy::Covers::Under,
                        Scope::Owner(agency(owner)),
                    );
                    let _refused = register.apply(&signed(&order, &keys.map(signer)));
                }
                Step::Label(label) if labels.contains(&label) => {}
                Step::Label(label) => labels.push(label),
                Step::Ask(request) => {
                    let expected = plainly(&register, &labels, &request);
                    match decide(&register, &*RULES, &labels, &sights, &request) {
                        Decision::Permit(grant) => {
                            compared.set(compared.get() + 1);
                            for (label, verdicts) in (0..).map(LabelId).zip(&expected) {
                                for (relation, verdict) in Relation::ALL.iter().zip(verdicts) {
                                    let reach = grant.reach(*relation);
                                    let classes: BTreeSet<FieldClass> =
                                        FieldClass::ALL.iter().copied().filter(|it| reach.opens(*it, label)).collect();
                                    prop_assert_eq!(&classes, &verdict.classes, "{:?} {:?}", label, relation);
                                    prop_assert_eq!(reach.pointer.contains(label), verdict.pointer);
                                }
                            }
                        }
                        Decision::Deny(Denial::NothingOpen | Denial::Ordered(_)) => {
                            let nothing = Verdict::default();
                            let empty = expected.iter().flatten().all(|verdict| *verdict == nothing);
                            prop_assert!(empty, "{:?}", request);
                        }
                        Decision::Deny(_) => {}
                    }
                }
            }
        }
    });
    assert!(compared.get() > 100, "only {} questions were open", compared.get());
}
