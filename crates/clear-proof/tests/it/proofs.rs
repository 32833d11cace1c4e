//! What is proved of the rules that come with the program.

use clear_proof::{Proof, prove, prove_of, stated};
use clear_record::FieldClass;
use clear_rules::CedarRules;

use crate::{CARELESS, rules, schema};

/// The statements that are not proved, with what is said of them.
fn open(proof: &Proof) -> Vec<String> {
    let said = |it: &clear_proof::Statement| it.counterexample.clone().or_else(|| it.doubt.clone()).unwrap_or_default();
    proof.open().map(|(number, it)| format!("{number}. {}: {}: {}", it.action, it.statement, said(it))).collect()
}

#[test]
fn s09_every_statement_about_the_rules_is_proved() {
    let rules = CedarRules::embedded().unwrap();
    let proof = prove(&rules).unwrap();
    assert_eq!(open(&proof), [""; 0]);
    assert!(proof.holds() && proof.solver.contains("cvc5"), "{}", proof.solver);
    assert_eq!(proof.rules, rules.texts().digest());
    let proved: Vec<_> = proof.statements.iter().map(|it| (it.action.clone(), it.statement.clone())).collect();
    assert_eq!(proved, stated(&rules), "every statement is there, once, in order");
}

#[test]
fn every_action_has_its_statements() {
    let stated = stated(&CedarRules::embedded().unwrap());
    let about =
        |action: &str, words: &str| stated.iter().filter(|(of, says)| of == action && says.contains(words)).count();
    let deeds = ["file", "govern", "handle", "inquire", "operate", "produce", "review"];
    let reads: Vec<String> = FieldClass::ALL.iter().map(|class| format!("read_{class}")).collect();
    let actions: Vec<&str> = deeds.into_iter().chain(["point"]).chain(reads.iter().map(String::as_str)).collect();
    for action in &actions {
        assert_eq!(about(action, "meets a closure"), 7, "{action}: the path, and each of its six parts");
        for words in ["denied to everybody", "without an agency", "no rule can err"] {
            assert_eq!(about(action, words), 1, "{action}: {words}");
        }
    }
    for action in deeds {
        assert_eq!(about(action, "nobody does this but"), 1, "{action}");
    }
    for action in actions.iter().filter(|action| !deeds.contains(action)) {
        for words in ["black", "sealed", "juvenile", "an emergency opens no closure", "nobody owns"] {
            assert_eq!(about(action, words), 1, "{action}: {words}");
        }
    }
    for action in &reads {
        assert_eq!(about(action, "handed on to another agency only where"), 1, "{action}");
        assert_eq!(about(action, "where no agreement opens anything"), 1, "{action}");
    }
    let known: std::collections::BTreeSet<&str> = stated.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(known.len(), actions.len() + 1, "an action of the schema is not in this test: {known:?}");
}

#[test]
fn s13_an_attribute_that_holds_agencies_and_is_in_no_statement_about_the_path_is_found() {
    let proof = |from: &str, to: &str| prove_of(&schema(from, to), &|action, _| action == clear_rules::SCHEMA).unwrap();
    assert!(proof("x", "x").holds());
    // By name, in a set, in a record, behind a common type, behind an entity, in a context.
    let asker = |attribute: &str| {
        ("  agency_kind?: AgencyKind,".to_owned(), format!("  agency_kind?: AgencyKind,\n  {attribute},"))
    };
    let cases = [
        (asker("desk?: Agency"), "desk"),
        (asker("sponsors?: Set<Agency>"), "sponsors"),
        (asker("visit?: { host: Agency, days: Long }"), "visit"),
        (("entity Register;".to_owned(), "entity Register;\nentity Unit = { of: Agency };".to_owned()), ""),
        (("  emergency: Bool,".to_owned(), "  emergency: Bool,\n  guests?: Set<Agency>,".to_owned()), "context"),
    ];
    for ((from, to), named) in cases {
        let proof = proof(&from, &to);
        match named {
            "" => assert!(proof.holds(), "nobody has a `Unit`"),
            named => {
                let said = proof.statements[0].counterexample.as_ref().expect(&to);
                assert!(said.contains(&format!("`{named}`")), "{said}");
            }
        }
    }
    let unit = clear_rules::CedarRules::of(
        clear_rules::Texts::embedded()
            .iter()
            .map(|(file, text)| {
                let text = text
                    .replace("entity Register;", "entity Register;\nentity Unit = { of: Agency };")
                    .replace("  agency_kind?: AgencyKind,", "  agency_kind?: AgencyKind,\n  unit?: Unit,");
                (file.to_owned(), text)
            })
            .collect(),
    );
    let proof = prove_of(&unit.unwrap(), &|action, _| action == clear_rules::SCHEMA).unwrap();
    assert!(proof.statements[0].counterexample.as_ref().is_some_and(|said| said.contains("`unit`")));
}

#[test]
fn a_rule_that_can_err_is_found() {
    let sum = "@id(\"sum\") @why(\"A sum.\") forbid (principal, action == Action::\"operate\", resource)\n\
               when { context has purpose && context.purpose == \"x\" && 9223372036854775807 + 1 > 0 };\n";
    let rules = rules(&[("sum.cedar", sum)], None);
    let proof =
        prove_of(&rules, &|action, says| ["operate", "review"].contains(&action) && says.contains("err")).unwrap();
    let failed: Vec<_> = proof.statements.iter().filter(|statement| !statement.proved).collect();
    assert_eq!((proof.statements.len(), failed.len()), (2, 1), "{failed:#?}");
    assert_eq!(failed[0].action, "operate");
    assert!(failed[0].counterexample.as_ref().unwrap().contains("`sum` (sum.cedar:1) errs"), "{failed:#?}");
}

#[test]
fn s09_a_permit_for_everybody_breaks_no_statement_but_those_about_who_needs_a_permit() {
    // What must stay shut is held shut by forbids, so that no permit, present or future, can open it.
    let careless = rules(&[CARELESS], None);
    let proof = prove_of(&careless, &|action, _| ["operate", "point", "read_protected"].contains(&action)).unwrap();
    let open: Vec<String> = open(&proof).into_iter().map(|line| line.chars().take(90).collect()).collect();
    let said = |words: &str| open.iter().filter(|line| line.contains(words)).count();
    assert_eq!(open.len(), 3, "{open:#?}");
    assert_eq!(said("operate: nobody does this but"), 1, "{open:#?}");
    assert_eq!(said("point: who is no officer, analyst"), 1, "{open:#?}");
    assert_eq!(said("point: a pointer is given only where"), 1, "{open:#?}");
}
