//! Orders that are not taken, each with its reason; and that nothing was changed.

use clear_policy::{BadEntry, BadOrder, Covers, Entry, OrderDraft, Register, Scope, closure_digest};

use crate::world::{agencies, agency, city, cut, draft, key, known, signed, signer, verifier};

fn order(register: &Register) -> OrderDraft {
    draft(register, "CO-1", "bor", Covers::Under, Scope::Installation)
}

#[track_caller]
fn refused(register: &Register, entry: &Entry) -> BadOrder {
    let mut changed = register.clone();
    let bad = match changed.apply(entry) {
        Err(BadEntry::Order(bad)) => bad,
        other => panic!("{other:?}"),
    };
    assert_eq!((changed.version(), changed.cut()), (register.version(), register.cut()), "nothing was changed");
    bad
}

/// Drafts the usual order, changes it, has it signed by two persons, and says why it is refused.
#[track_caller]
fn changed(change: impl FnOnce(&mut OrderDraft)) -> String {
    let register = city();
    let mut order = order(&register);
    change(&mut order);
    refused(&register, &signed(&order, &[signer("ann"), signer("bob")])).to_string()
}

#[test]
fn an_order_reads_back_as_it_was_written() {
    let order = order(&city());
    assert_eq!(OrderDraft::parse(&order.to_string()), Ok(order));
}

#[test]
fn two_persons_suffice_and_the_order_holds() {
    let mut register = city();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    assert_eq!(register.cut(), 1);
    assert_eq!(register.closure_of("CO-1"), Some(&agencies("bor frs sis new")));
    let signers: Vec<&str> = register.orders()[0].signers.iter().map(|who| who.as_str()).collect();
    assert_eq!(signers, ["ann", "bob"]);
}

#[test]
fn what_the_order_says_must_be_so() {
    assert!(changed(|order| order.installation = agency("other")).contains("not for this one"));
    assert!(changed(|order| order.agency = agency("nobody")).contains("does not know the agency `nobody`"));
    assert!(changed(|order| order.register -= 1).contains("draft it again"));
    assert!(changed(|order| order.closure_count += 1).contains("digest"));
    assert!(changed(|order| order.closure_digest = closure_digest(&agencies("frs"))).contains("digest"));
    assert!(changed(|order| order.agency = agency("frs")).contains("digest"));
    assert!(changed(|order| order.number = String::new()).contains("number"));
}

#[test]
fn an_owner_cannot_be_cut_off_from_its_own_installation() {
    let mut register = city();
    register.apply(&known("unit", clear_policy::AgencyKind::Local, Some("pd"), None)).unwrap();
    for (against, covers) in [("pd", Covers::Under), ("unit", Covers::Family)] {
        let order = draft(&register, "CO-1", against, covers, Scope::Installation);
        let bad = refused(&register, &signed(&order, &[signer("ann"), signer("bob")]));
        assert_eq!(bad, BadOrder::HoldsOwner(agency("pd")), "{against}");
    }
}

#[test]
fn signatures_are_by_different_persons_who_may_sign() {
    let register = city();
    let order = order(&register);
    let valid = |signers: &[&str]| {
        let signers: Vec<_> = signers.iter().map(|name| signer(name)).collect();
        match refused(&register, &signed(&order, &signers)) {
            BadOrder::Signatures { needed: 2, valid, .. } => valid,
            other => panic!("{other}"),
        }
    };
    assert_eq!(valid(&["ann"]), 1, "one person");
    assert_eq!(valid(&["sam", "sue"]), 0, "keys of one owner sign nothing for the installation");
    assert_eq!(valid(&["ann", "sam"]), 1, "a founding key and another");
    assert_eq!(valid(&["ann", "eve"]), 1, "a key that nobody knows");
}

#[test]
fn one_key_twice_is_one_signature() {
    let register = city();
    let Entry::CutOff { note } = signed(&order(&register), &[signer("ann")]) else { panic!() };
    let line = note.lines().last().unwrap().to_owned();
    let bad = refused(&register, &Entry::CutOff { note: format!("{note}{line}\n") });
    assert!(matches!(bad, BadOrder::Signatures { valid: 1, .. } | BadOrder::NotANote(_)), "{bad}");
}

#[test]
fn a_changed_text_has_no_signatures() {
    let register = city();
    let Entry::CutOff { note } = signed(&order(&register), &[signer("ann"), signer("bob")]) else { panic!() };
    let bad = refused(&register, &Entry::CutOff { note: note.replace("permanent", "temporary") });
    assert!(matches!(bad, BadOrder::Signatures { valid: 0, .. }), "{bad}");
}

#[test]
fn an_owners_order_is_signed_by_that_owners_persons() {
    let mut register = city();
    let order = draft(&register, "CO-1", "bor", Covers::Under, Scope::Owner(agency("so")));
    let bad = refused(&register, &signed(&order, &[signer("ann"), signer("bob")]));
    assert!(matches!(bad, BadOrder::Signatures { valid: 0, .. }), "{bad}");
    register.apply(&signed(&order, &[signer("sam"), signer("sue")])).unwrap();

    let order = draft(&register, "CO-2", "bor", Covers::Under, Scope::Owner(agency("state")));
    let bad = refused(&register, &signed(&order, &[signer("fay"), signer("sue")]));
    assert_eq!(bad, BadOrder::UnknownAgency(agency("state")), "only owners have data to close");
}

#[test]
fn a_person_signs_once_under_whatever_name_the_key_goes() {
    // The same key, made known again: under another account, and under another key name.
    for (holder, name, whose) in
        [("eve", "ann", "ann"), ("eve", "eve", "ann"), ("eve", "eve", "sam"), ("ann", "ann2", "zoe")]
    {
        let mut register = city();
        let mut again = key(holder, "pd");
        again.verifier = verifier(name, whose);
        let taken = register.apply(&Entry::Key(again));
        assert!(
            matches!(taken, Err(BadEntry::SecondKey(_))),
            "{holder} with the key of {whose} as `{name}`: {taken:?}"
        );
    }
}

#[test]
fn a_founding_needs_three_persons_with_keys_of_their_own() {
    let founded = |change: &dyn Fn(&mut clear_policy::Installation)| {
        let mut founding = crate::world::founding();
        change(&mut founding);
        Register::new().apply(&Entry::Installation(founding))
    };
    assert_eq!(founded(&|_| ()), Ok(()));
    assert_eq!(founded(&|founding| founding.quorum = 1), Err(BadEntry::Founding));
    assert_eq!(founded(&|founding| founding.quorum = 4), Err(BadEntry::Founding));
    assert_eq!(founded(&|founding| drop(founding.founding_keys.pop())), Err(BadEntry::Founding));
    let same_person =
        |founding: &mut clear_policy::Installation| founding.founding_keys[2].holder = "ann".parse().unwrap();
    assert_eq!(founded(&same_person), Err(BadEntry::Founding));
    let same_key =
        |founding: &mut clear_policy::Installation| founding.founding_keys[2].verifier = verifier("ann", "ann");
    assert_eq!(founded(&same_key), Err(BadEntry::Founding));
    let same_key_renamed =
        |founding: &mut clear_policy::Installation| founding.founding_keys[2].verifier = verifier("cyd", "ann");
    assert_eq!(founded(&same_key_renamed), Err(BadEntry::Founding));
}

#[test]
fn a_number_is_used_once() {
    let mut register = city();
    cut(&mut register, "CO-1", "sis", Covers::Under).unwrap();
    assert_eq!(
        cut(&mut register, "CO-1", "frs", Covers::Under),
        Err(BadEntry::Order(BadOrder::Replayed("CO-1".into())))
    );
    let replay = Entry::CutOff { note: register.orders()[0].note.clone() };
    assert_eq!(refused(&register, &replay), BadOrder::Replayed("CO-1".into()));
}

#[test]
fn what_is_no_signed_note_is_refused() {
    let register = city();
    for note in ["", "cut them off", "\n\n— ann AAAA\n"] {
        let bad = refused(&register, &Entry::CutOff { note: note.into() });
        assert!(matches!(bad, BadOrder::NotANote(_)), "{note:?}: {bad}");
    }
}
