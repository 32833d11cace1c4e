//! The tree is as its own pages say: each line is one check of `cargo xtask check`.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, reason = "tests say plainly what they expect")]

use std::process::Command;

fn passes(check: &str) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["check", check]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn arrows_are_those_of_the_design_and_drawn_as_cargo_metadata_has_them() {
    passes("arrows");
}

#[test]
fn only_the_web_crate_opens_sockets() {
    passes("borders");
}

#[test]
fn every_dependency_has_its_reason_and_every_decision_its_four_parts() {
    passes("decisions");
}

#[test]
fn dictionary_and_schemas_are_those_of_the_record_declarations() {
    passes("dictionary");
}

#[test]
fn every_crate_has_a_front_page_and_says_in_out_never() {
    passes("fronts");
}

#[test]
fn the_page_about_the_query_language_is_that_of_the_list_of_functions() {
    passes("soql");
}

#[test]
fn the_islands_bundles_are_made_of_the_sources_beside_them() {
    passes("islands");
}

#[test]
fn requirements_name_the_tests_that_show_them() {
    passes("requirements");
}

#[test]
fn gr30_what_opens_a_file_or_a_socket_is_in_the_registry_of_stores_and_flows() {
    passes("stores");
}

#[test]
fn a_check_that_does_not_exist_fails() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["check", "nothing"]).output().unwrap();
    assert!(!output.status.success());
}
