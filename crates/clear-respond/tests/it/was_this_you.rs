//! Once a week: was this you? And what a *no* does.

use clear_audit::{Opened, What};
use clear_record::ReviewId;
use clear_respond::{Queue, WasThisYou};

use crate::bed::{Bed, code};

const WEEK_MINUTES: i64 = 7 * 24 * 60;

async fn round(bed: &Bed) -> usize {
    assert!(bed.desk.are_digests_due().await.unwrap());
    let request = bed.request("clerk", ()).await;
    let due = bed.desk.make_digests(request).await.unwrap().due;
    assert!(!bed.desk.are_digests_due().await.unwrap(), "once a week");
    due
}

async fn asked(bed: &Bed, who: &str) -> Option<WasThisYou> {
    let request = bed.request(who, ()).await;
    bed.desk.was_this_you(request).await.unwrap().0
}

async fn says(bed: &Bed, who: &str, was_me: bool) -> Result<(), String> {
    let request = bed.request(who, was_me).await;
    bed.desk.say_was_this_you(request, None).await.map(|_| ()).map_err(|refusal| code(&refusal))
}

async fn waiting(bed: &Bed) -> Queue {
    let request = bed.request("clerk", ()).await;
    bed.desk.queue(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_what_was_asked_in_a_name_is_shown_once_a_week_until_somebody_answers() {
    let bed = Bed::open().await;
    let inquiry = bed.inquiry("officer", "seen near the quay").await;
    bed.check("officer", &inquiry).await.unwrap();
    bed.later(60);
    bed.check("officer", &inquiry).await.unwrap();
    bed.check("officer", &inquiry).await.unwrap();
    let account = bed.asker("officer").await.account.clone().unwrap();
    assert!(asked(&bed, "relief").await.is_none());
    assert!(round(&bed).await >= 1);
    assert!(bed.desk.is_asked_was_this_you(&account));
    let digest = asked(&bed, "officer").await.unwrap();
    assert_eq!(digest.count, 3);
    let groups: Vec<_> = digest.groups.iter().map(|it| (it.hour.to_string(), it.questions, it.cases.clone())).collect();
    let case = vec!["JC-104233".to_owned()];
    assert_eq!(groups, [("2026-06-01T13:00:00Z".into(), 2, case.clone()), ("2026-06-01T12:00:00Z".into(), 1, case)]);
    assert!(digest.groups[0].device.is_some());
    let relief = bed.asker("relief").await.account.clone().unwrap();
    // Relief has asked one thing since: whether something waits.
    assert!(bed.desk.is_asked_was_this_you(&relief));

    // Whoever does not answer is asked about both weeks, and a restart forgets nothing.
    bed.later(WEEK_MINUTES);
    let bed = bed.restart().await;
    assert!(bed.desk.is_asked_was_this_you(&account));
    bed.check("officer", &bed.inquiry("officer", "seen near the quay").await).await.unwrap();
    round(&bed).await;
    let both = asked(&bed, "officer").await.unwrap();
    assert_eq!((both.from, both.count), (digest.from, 5), "with the look at the first");
    says(&bed, "officer", true).await.unwrap();
    assert!(!bed.desk.is_asked_was_this_you(&account) && asked(&bed, "officer").await.is_none());
    assert_eq!(says(&bed, "officer", true).await.unwrap_err(), "wrong: nothing waits for your word");
    assert!(bed.check("officer", &bed.inquiry("officer", "seen near the quay").await).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_not_me_shuts_the_account_until_a_steward_has_looked() {
    let bed = Bed::open().await;
    let inquiry = bed.inquiry("officer", "curious").await;
    bed.check("officer", &inquiry).await.unwrap();
    round(&bed).await;
    let account = bed.asker("officer").await.account.clone().unwrap();
    says(&bed, "officer", false).await.unwrap();
    // Every credential has ended, the borrowed one too.
    assert!(bed.presents("officer").await.is_err());
    assert!(bed.desk.issue_token(&account, "again", bed.now() + jiff::SignedDuration::from_hours(1)).await.is_ok());
    let queue = waiting(&bed).await;
    let review = queue.reviews.iter().find(|review| review.account == account).unwrap();
    assert!(review.urgent && review.question.contains("not me"), "{}", review.question);
    assert!(bed.desk.urgent() >= 1);
    let events: Vec<What> = {
        let log = bed.desk.public_log();
        let openings = log.openings(0..u64::MAX).unwrap().map(Result::unwrap);
        openings
            .filter_map(|(_, opened)| match opened {
                Opened::Event(event) if event.account.as_ref() == Some(&account) => Some(event.what),
                _ => None,
            })
            .collect()
    };
    assert_eq!(events.iter().filter(|what| **what == What::Disputed).count(), 1);

    let decide = async |who: &str, number: &ReviewId, in_order: bool| {
        let request = bed.request(who, number.clone()).await;
        bed.desk.review(request, in_order, "spoke with the officer").await.map(|_| ()).map_err(|refusal| code(&refusal))
    };
    // A clerk reviews, and enrols nobody: so a clerk does not open the account again.
    assert_eq!(decide("clerk", &review.number, true).await.unwrap_err(), "not_permitted");
    assert!(bed.presents("officer").await.is_err());
    decide("steward", &review.number, true).await.unwrap();
    let old = bed.presents("officer").await.unwrap_err();
    assert!(!old.contains("disabled"), "the old token has ended, the account is open: {old}");
    let token = bed.desk.issue_token(&account, "new", bed.now() + jiff::SignedDuration::from_hours(1)).await.unwrap();
    assert!(bed.desk.prove(clear_respond::Credential::Token(&token)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn s03_what_a_steward_finds_wrong_stays_shut() {
    let bed = Bed::open().await;
    let inquiry = bed.inquiry("officer", "curious").await;
    bed.check("officer", &inquiry).await.unwrap();
    round(&bed).await;
    says(&bed, "officer", false).await.unwrap();
    let number = waiting(&bed).await.reviews.iter().find(|review| review.urgent).unwrap().number.clone();
    let request = bed.request("steward", number).await;
    bed.desk.review(request, false, "a colleague used the login").await.unwrap();
    let account = "officer";
    let id = clear_testkit::story::personas().into_iter().find(|it| it.persona == account).unwrap().account;
    let token = bed.desk.issue_token(&id, "new", bed.now() + jiff::SignedDuration::from_hours(1)).await.unwrap();
    let shut = bed.desk.prove(clear_respond::Credential::Token(&token)).await.unwrap_err().to_string();
    assert!(shut.contains("disabled"), "{shut}");
}
