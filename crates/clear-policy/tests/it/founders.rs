//! What only the founders do: keys that end and follow, cut-offs that end, and what an order's signatures are worth.

use clear_policy::{
    BadEntry, BadOrder, Covers, Denial, Ending, EndingPower, Entry, Installation, KeyEnd, KeyHolder, KeyPair, Register,
    Scope, Succession,
};

use crate::world::{
    account, agency, ask, at, city, cut, denied, draft, founding, key, known, note, permitted, signed, signer,
};

#[track_caller]
fn bad(register: &Register, entry: &Entry) -> BadOrder {
    let mut changed = register.clone();
    let bad = match changed.apply(entry) {
        Err(BadEntry::Order(bad)) => bad,
        other => panic!("{other:?}"),
    };
    assert_eq!(changed.version(), register.version(), "nothing was changed");
    bad
}

fn ending(register: &Register, order: &str, holds_from: &str) -> Ending {
    Ending {
        installation: agency("city"),
        number: "E-1".into(),
        order: order.into(),
        issued_at: at("2027-01-01"),
        holds_from: at(holds_from),
        register: register.version(),
        text: "The council ends it.".into(),
    }
}

fn two(draft: &impl ToString) -> String {
    note(draft, &[signer("ann"), signer("bob")])
}

/// A city whose founding document gives the quorum the power to end a cut-off.
fn city_with_power() -> Register {
    let power = EndingPower { notice_days: 90, legal_basis: "Charter 4-2".into() };
    let mut register = Register::new();
    register.apply(&Entry::Installation(Installation { ends_cut_offs: Some(power), ..founding() })).unwrap();
    for (id, kind) in [("pd", clear_policy::AgencyKind::Owner), ("frs", clear_policy::AgencyKind::Federal)] {
        register.apply(&known(id, kind, None, None)).unwrap();
    }
    cut(&mut register, "CO-1", "frs", Covers::Under).unwrap();
    register
}

#[test]
fn gr03_nobody_ends_a_cut_off_where_the_founding_document_gives_no_power() {
    let mut register = city();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    let everybody = [signer("ann"), signer("bob"), signer("cyd")];
    let entry = Entry::Ending { note: note(&ending(&register, "CO-1", "2028-01-01"), &everybody) };
    assert_eq!(bad(&register, &entry), BadOrder::NoPower);
}

#[test]
fn gr03_where_it_does_the_quorum_ends_one_after_the_notice_and_the_first_stays() {
    let mut register = city_with_power();
    let early = Entry::Ending { note: two(&ending(&register, "CO-1", "2027-03-31")) };
    assert!(matches!(bad(&register, &early), BadOrder::Notice { days: 90, .. }));
    let alone = Entry::Ending { note: note(&ending(&register, "CO-1", "2027-04-01"), &[signer("ann")]) };
    assert!(matches!(bad(&register, &alone), BadOrder::Signatures { needed: 2, valid: 1, .. }));
    let other = Entry::Ending { note: two(&ending(&register, "CO-9", "2027-04-01")) };
    assert_eq!(bad(&register, &other), BadOrder::NoOrder("CO-9".into()));

    register.apply(&Entry::Ending { note: two(&ending(&register, "CO-1", "2027-04-01")) }).unwrap();
    let denial = |day| denied(&register, &ask("u", "frs", "partner", "frs", day));
    assert!(matches!(denial("2027-03-31"), Denial::Ordered(_)));
    // No order closes it from then on; no agreement opens it either, until one is made.
    assert!(!matches!(denial("2027-04-01"), Denial::Ordered(_)));
    assert_eq!(register.orders()[0].draft.number, "CO-1");
    let again = Entry::Ending { note: two(&ending(&register, "CO-1", "2027-04-01")) };
    assert_eq!(bad(&register, &again), BadOrder::Ended("CO-1".into()));
}

#[test]
fn a_revoked_key_signs_nothing_more_and_does_not_come_back() {
    let mut register = city();
    let order = |register: &Register| draft(register, "CO-1", "frs", Covers::Under, Scope::Owner(agency("so")));
    let end = Entry::KeyEnd(KeyEnd { holder: account("sue"), reason: "stolen".into() });
    register.apply(&end).unwrap();
    let entry = signed(&order(&register), &[signer("sam"), signer("sue")]);
    let said = bad(&register, &entry).to_string();
    assert!(said.contains("needs 2 signatures") && said.contains("the key of `sue` was revoked"), "{said}");
    assert_eq!(register.apply(&end), Err(BadEntry::NoKey(account("sue"))));
    assert_eq!(register.apply(&Entry::Key(key("sue", "so"))), Err(BadEntry::OldKey(account("sue"))));
    let fresh = KeyHolder { verifier: crate::world::verifier("sue", "sue-2"), ..key("sue", "so") };
    register.apply(&Entry::Key(fresh)).unwrap();
    // A founding key ends by the founders' word alone.
    let founder = Entry::KeyEnd(KeyEnd { holder: account("ann"), reason: "lost".into() });
    assert_eq!(register.apply(&founder), Err(BadEntry::NoKey(account("ann"))));
}

#[test]
fn each_signature_that_does_not_count_is_named() {
    let register = city();
    let order = draft(&register, "CO-1", "frs", Covers::Under, Scope::Installation);
    let said = bad(&register, &signed(&order, &[signer("ann"), signer("eve")])).to_string();
    assert!(said.contains("has 1 (`eve` is no key that may sign this)"), "{said}");
    // The same key twice: its line is written again.
    let Entry::CutOff { note } = signed(&order, &[signer("ann")]) else { panic!() };
    let line = note.lines().last().unwrap().to_owned();
    let twice = Entry::CutOff { note: format!("{note}{line}\n") };
    let said = bad(&register, &twice).to_string();
    assert!(said.contains("signed twice") || said.contains("not a signed note"), "{said}");
}

#[test]
fn an_order_older_than_the_newest_is_refused() {
    let mut register = city();
    cut(&mut register, "CO-1", "bor", Covers::Under).unwrap();
    let mut order = draft(&register, "CO-2", "state", Covers::Under, Scope::Installation);
    order.issued_at = at("2025-12-31");
    assert!(matches!(bad(&register, &signed(&order, &[signer("ann"), signer("bob")])), BadOrder::Older { .. }));
}

fn succession(register: &Register, holder: &str, successor: Option<(&str, &str)>) -> Succession {
    Succession {
        installation: agency("city"),
        holder: account(holder),
        successor: successor.map(|(who, verifier)| KeyHolder {
            holder: account(who),
            agency: agency("pd"),
            verifier: crate::world::verifier(who, verifier),
        }),
        register: register.version(),
        text: "Retired.".into(),
    }
}

#[test]
fn a_founding_key_follows_another_by_the_word_of_the_other_founders() {
    let mut register = city();
    let entry = |register: &Register, holder, successor, signers: &[&str]| {
        let signers: Vec<_> = signers.iter().map(|name| signer(name)).collect();
        Entry::Succession { note: note(&succession(register, holder, successor), &signers) }
    };
    let dan = Some(("dan", "dan"));
    // The key that ends does not vote on its own successor.
    let own = bad(&register, &entry(&register, "cyd", dan, &["cyd", "ann"]));
    assert!(matches!(own, BadOrder::Signatures { needed: 2, valid: 1, .. }), "{own}");
    assert_eq!(bad(&register, &entry(&register, "cyd", None, &["ann", "bob"])), BadOrder::TooFewFounders);
    assert_eq!(bad(&register, &entry(&register, "cyd", Some(("dan", "ann")), &["ann", "bob"])), BadOrder::NewKey);
    assert_eq!(bad(&register, &entry(&register, "cyd", Some(("bob", "b2")), &["ann", "bob"])), BadOrder::NewKey);
    assert_eq!(bad(&register, &entry(&register, "sam", dan, &["ann", "bob"])), BadOrder::NoFounder(account("sam")));

    register.apply(&entry(&register, "cyd", dan, &["ann", "bob"])).unwrap();
    let order = |register: &Register| draft(register, "CO-1", "bor", Covers::Under, Scope::Installation);
    let old = bad(&register, &signed(&order(&register), &[signer("ann"), signer("cyd")])).to_string();
    assert!(old.contains("the key of `cyd` was revoked"), "{old}");
    register.apply(&signed(&order(&register), &[signer("ann"), signer("dan")])).unwrap();
    assert_eq!(register.founding().unwrap().founding_keys.len(), 3, "the founding document stays as it was");
    permitted(&register, &ask("u", "state", "partner", "state", "2026-03-01"));
}

#[test]
fn founding_keys_that_end_in_the_same_letters_are_different_keys() {
    // A `+` stands between the parts of a verifier key, and is a letter of base64 as well.
    let pair =
        |seed: u8, who: &str| KeyPair::from_seed(&agency("city"), account(who), agency("pd"), &[seed; 32]).holder;
    let alike: Vec<u8> = (0..=u8::MAX).filter(|seed| pair(*seed, "ann").verifier.ends_with('+')).take(2).collect();
    let [first, second] = alike.as_slice() else { panic!("no two keys end in it") };
    let founding_keys = vec![pair(*first, "ann"), pair(*second, "bob"), key("cyd", "pd")];
    let founded =
        |founding_keys| Register::new().apply(&Entry::Installation(Installation { founding_keys, ..founding() }));
    assert_eq!(founded(founding_keys), Ok(()));
    let twice = vec![pair(*first, "ann"), pair(*first, "bob"), key("cyd", "pd")];
    assert!(founded(twice).is_err(), "one key under two names");
}
