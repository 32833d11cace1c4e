//! What everybody may read.

use clear_policy::{Covers, Decision, Grant, Register, publish};
use clear_record::{Caveat, FieldClass, Handling, Kind, Label, LabelId, Relation};

use crate::world::{RULES, agencies, agency, at, city, cut};

fn granted(register: &Register, labels: &[Label]) -> Grant {
    match publish(register, &*RULES, labels, at("2026-02-01")) {
        Decision::Permit(grant) => grant,
        Decision::Deny(denial) => panic!("denied: {denial}"),
    }
}

#[test]
fn white_incidents_of_owners_are_public_and_of_them_what_happened() {
    let white = Label::of(agency("pd"), Kind::Incident);
    let with = |change: &dyn Fn(&mut Label)| {
        let mut label = white.clone();
        change(&mut label);
        label
    };
    let labels = [
        (white.clone(), true),
        (with(&|label| label.owners = agencies("pd so")), true),
        (with(&|label| label.handling = Handling::Gray), false),
        (with(&|label| label.handling = Handling::Black), false),
        (with(&|label| label.owners.clear()), false),
        // An agency that owns nothing here publishes nothing here, alone or together with an owner.
        (with(&|label| label.owners = agencies("state")), false),
        (with(&|label| label.owners = agencies("pd state")), false),
    ];
    let caveats = Caveat::ALL.iter().map(|caveat| (with(&|label| _ = label.caveats.insert(*caveat)), false));
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Incident);
    let kinds = kinds.map(|kind| (Label::of(agency("pd"), kind), false));
    let labels: Vec<(Label, bool)> = labels.into_iter().chain(caveats).chain(kinds).collect();
    let in_use: Vec<Label> = labels.iter().map(|(label, _)| label.clone()).collect();
    let grant = granted(&city(), &in_use);
    for ((label, public), id) in labels.iter().zip((0..).map(LabelId)) {
        for relation in Relation::ALL {
            let reach = grant.reach(*relation);
            for class in FieldClass::ALL {
                let open = *public && *class == FieldClass::Operational;
                assert_eq!(reach.opens(*class, id), open, "{label:?} {class} {relation}");
            }
            assert!(!reach.pointer.contains(id));
        }
    }
    assert!(grant.path().is_empty() && grant.standing().account.is_none());
}

/// A cut-off closes what agreements opened; what is public was opened by no agreement, and its bytes are the same for all.
#[test]
fn an_order_neither_opens_nor_closes_what_is_public() {
    let mut register = city();
    let labels = [Label::of(agency("pd"), Kind::Incident)];
    let before = granted(&register, &labels);
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    let after = granted(&register, &labels);
    assert_eq!(before.reach(Relation::Any), after.reach(Relation::Any));
    assert!(before.ended_by(&register, at("2026-02-02")).is_none());
}

#[test]
fn before_the_founding_nothing_is_public() {
    assert!(matches!(publish(&Register::new(), &*RULES, &[], at("2026-02-01")), Decision::Deny(_)));
}
