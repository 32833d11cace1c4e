//! A certificate is good for exactly the rules that were proved, signed by a key that counts.

use clear_policy::KeyPair;
use clear_proof::{BadCertificate, Proof, Statement, certify, check, stated};
use clear_rules::CedarRules;

use crate::{CARELESS, rules};

fn key(seed: u8) -> KeyPair {
    KeyPair::from_seed(&"city".parse().unwrap(), "ann".parse().unwrap(), "pd".parse().unwrap(), &[seed; 32])
}

/// A proof as it is when everything holds; that it does is shown elsewhere.
fn proof(rules: &CedarRules) -> Proof {
    let statement =
        |(action, statement)| Statement { action, statement, proved: true, counterexample: None, doubt: None };
    Proof {
        solver: "cvc5 version 1".into(),
        rules: rules.texts().digest(),
        statements: stated(rules).into_iter().map(statement).collect(),
    }
}

#[test]
fn a_certificate_is_good_for_these_rules_and_no_others() {
    let embedded = CedarRules::embedded().unwrap();
    let note = certify(&embedded, &proof(&embedded), &key(1).private).unwrap();
    let counts = [key(2).holder.verifier, key(1).holder.verifier];
    let good = check(&embedded, &note, &counts).unwrap();
    assert_eq!((good.solver.as_str(), good.signed_by.as_str()), ("cvc5 version 1", "city/ann"));

    let other = rules(&[CARELESS], None);
    assert!(matches!(check(&other, &note, &counts), Err(BadCertificate::OtherRules { .. })));
    assert!(matches!(check(&embedded, &note, &counts[..1]), Err(BadCertificate::Signature(_))));
    assert!(matches!(check(&embedded, &note, &[]), Err(BadCertificate::Signature(_))));
    assert!(matches!(check(&embedded, "", &counts), Err(BadCertificate::Unreadable(_))));
    // A certificate that lists less than is stated today, or another solver than was signed.
    let fewer = note.replacen("proved: file: a path", "proved: file: the path", 1);
    assert_eq!(check(&embedded, &fewer, &counts), Err(BadCertificate::OtherStatements));
    let another = note.replacen("cvc5 version 1", "cvc5 version 2", 1);
    assert!(matches!(check(&embedded, &another, &counts), Err(BadCertificate::Signature(_))));
}

#[test]
fn nothing_is_certified_that_is_not_proved() {
    let rules = CedarRules::embedded().unwrap();
    let certify = |proof: &Proof| certify(&rules, proof, &key(1).private);
    let mut doubtful = proof(&rules);
    doubtful.statements[3].proved = false;
    doubtful.statements[3].doubt = Some("timeout".into());
    assert!(matches!(certify(&doubtful), Err(BadCertificate::NotProved { number: 4, .. })));
    let mut shorter = proof(&rules);
    shorter.statements.pop();
    assert_eq!(certify(&shorter), Err(BadCertificate::OtherStatements));
    let stale = Proof { rules: "0".repeat(64), ..proof(&rules) };
    assert!(matches!(certify(&stale), Err(BadCertificate::OtherRules { .. })));
}
