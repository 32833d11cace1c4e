//! The conformance suite: one list of cases, each against both engines, and what only one engine can meet.
#![allow(clippy::disallowed_methods, reason = "tests open what they look at")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bed;
mod cards;
mod folder;
mod keys;
mod ledger;
mod server;

macro_rules! against_both {
    ($($group:ident: $($case:ident)*;)*) => {
        mod sqlite {$(mod $group {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                crate::$group::$case(crate::bed::Bed::folder()).await;
            }
        )*})*}
        mod postgres {$(mod $group {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                crate::$group::$case(crate::bed::Bed::server()).await;
            }
        )*})*}
    };
}

against_both! {
    ledger:
        seq_is_commit_order
        an_old_leader_writes_nothing
        a_commit_at_another_register_writes_nothing
        labels_are_numbered_once
        reads_are_as_of_what_was_known_and_what_was_true
        a_history_is_every_version
        followers_go_by_pages
        the_outbox_is_kept_until_the_next_commit_after_it_is_logged
        a_reopened_ledger_goes_on
        a_cancelled_commit_is_whole_or_absent
        contents_of_another_kind_are_refused
        large_batches_and_large_bodies_come_back
        a_newer_layout_is_refused;
    keys:
        nothing_on_the_disk_shows_contents
        an_expunged_record_is_gone_everywhere
        an_expunge_that_was_cut_short_is_ended_by_doing_it_again
        a_lost_key_is_an_error_and_never_an_empty_record
        orphan_keys_are_swept_and_no_others
        another_ledgers_keys_are_refused;
    cards:
        a_card_is_written_by_compare_and_swap
        a_deleted_card_never_has_a_revision_twice
        writers_that_race_lose_nothing
        a_due_card_is_claimed_by_one
        cards_are_listed_by_kind_and_owner;
}
