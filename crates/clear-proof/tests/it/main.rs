//! The solver runs for real. Where it is not installed these tests fail and say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use clear_proof::{Proof, prove};
use clear_record::FieldClass;
use clear_rules::{CedarRules, Texts};

#[tokio::test]
async fn every_statement_about_the_rules_is_proved() {
    let proof = prove(&CedarRules::embedded().unwrap()).await.unwrap();
    for statement in &proof.statements {
        assert!(statement.proved, "{statement:#?}");
    }
    let closures = proof.statements.iter().filter(|statement| statement.statement.contains("closure"));
    let actions: Vec<&str> = closures.map(|statement| statement.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "file",
            "govern",
            "operate",
            "point",
            "read_biometric",
            "read_contact",
            "read_identity",
            "read_narrative",
            "read_operational",
            "read_place",
            "read_protected",
            "read_source",
        ]
    );
    assert!(proof.holds());
    assert!(proof.solver.contains("cvc5"), "{}", proof.solver);
}

/// The rules without one forbid, and with a permit for everybody.
async fn mutant(without: &str) -> Proof {
    let careless = ("all.cedar", "@id(\"all\") @why(\"Careless.\") permit (principal, action, resource);\n");
    let out = format!("@id(\"{without}\")");
    let texts: Texts = Texts::embedded()
        .iter()
        .chain([careless])
        .map(|(file, text)| {
            (file.to_owned(), text.split_inclusive(";\n").filter(|part| !part.contains(&out)).collect())
        })
        .collect();
    prove(&CedarRules::of(texts).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_lost_forbid_is_found_with_a_question_that_shows_it() {
    // Pointers to black records are shut by a second forbid, which is why only readings show that loss.
    let mutants = [
        ("closed-path", "closure", ""),
        ("denied-purpose", "denied to everybody", ""),
        ("black-shows-nothing", "black", "read_"),
    ];
    for (lost, stated, actions) in mutants {
        let proof = mutant(lost).await;
        assert!(!proof.holds());
        let about: Vec<_> = proof
            .statements
            .iter()
            .filter(|statement| statement.statement.contains(stated) && statement.action.starts_with(actions))
            .collect();
        assert!(about.len() >= FieldClass::ALL.len(), "{about:#?}");
        for statement in about {
            assert!(!statement.proved, "{lost}: {statement:#?}");
            let words = statement.counterexample.as_ref().expect("a counterexample");
            assert!(words.contains("`all` (all.cedar:1)"), "{words}");
        }
    }
}

#[tokio::test]
async fn a_rule_that_can_err_is_found() {
    let sum = "@id(\"sum\") @why(\"A sum.\") forbid (principal, action == Action::\"operate\", resource)\n\
               when { context has purpose && context.purpose == \"x\" && 9223372036854775807 + 1 > 0 };\n";
    let texts = Texts::embedded();
    let texts = texts.iter().chain([("sum.cedar", sum)]).map(|(file, text)| (file.to_owned(), text.to_owned()));
    let proof = prove(&CedarRules::of(texts.collect()).unwrap()).await.unwrap();
    let failed: Vec<_> = proof.statements.iter().filter(|statement| !statement.proved).collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert_eq!(failed[0].action, "operate");
    assert!(failed[0].counterexample.as_ref().unwrap().contains("`sum` errs"), "{failed:#?}");
}
