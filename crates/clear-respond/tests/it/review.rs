//! Asked back, held, flagged, reviewed: what a second person decides, and what nobody decides for oneself.

use clear_audit::{Opened, What};
use clear_policy::Denial;
use clear_record::{AgencyId, HoldId, Inquiry, ReviewId};
use clear_respond::{Find, HeldQuestion, HoldState, Queue, Refusal, Review};

use jiff::SignedDuration;

use crate::bed::{Bed, PLATE, code};

async fn queue(bed: &Bed, who: &str) -> Result<Queue, String> {
    let request = bed.request(who, ()).await;
    bed.desk.queue(request).await.map_err(|refusal| code(&refusal))
}

async fn decide(bed: &Bed, who: &str, hold: &HoldId, release: bool) -> Result<HeldQuestion, String> {
    let request = bed.request(who, hold.clone()).await;
    bed.desk.decide_hold(request, release).await.map_err(|refusal| code(&refusal))
}

async fn review(bed: &Bed, who: &str, number: &ReviewId, in_order: bool) -> Result<Review, String> {
    let request = bed.request(who, number.clone()).await;
    bed.desk.review(request, in_order, "listened to the call").await.map_err(|refusal| code(&refusal))
}

/// The marshal's inquiry on behalf of the sheriff too.
async fn for_both(bed: &Bed) -> Inquiry {
    let both: [AgencyId; 2] = ["marshals".parse().unwrap(), "county-sheriff".parse().unwrap()];
    Inquiry { on_behalf_of: Some(both.into()), ..bed.inquiry("partner", "fugitive seen at the harbor").await }
}

async fn held(bed: &Bed, who: &str, inquiry: &Inquiry, plate: &str) -> HoldId {
    let find = Find { plate: Some(plate.to_owned()), ..Find::default() };
    match bed.ask(who, inquiry, find).await.unwrap_err() {
        Refusal::Denied { denial, .. } => match *denial {
            Denial::Held(held) => {
                assert_eq!(held.contact, "Records Section, +1 555-0101");
                let hold = held.hold.expect("written down");
                assert_eq!(hold.due.duration_since(bed.now()), SignedDuration::from_mins(30));
                hold.number
            }
            other => panic!("{other}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn gr08_a_partners_question_for_another_agency_is_answered_once_after_a_second_person_released_it() {
    let bed = Bed::open().await;
    let inquiry = for_both(&bed).await;
    let number = held(&bed, "partner", &inquiry, PLATE).await;
    assert_eq!(held(&bed, "partner", &inquiry, PLATE).await, number, "one hold however often it is asked");
    assert_eq!(bed.desk.urgent(), 1);
    let released = Inquiry { released: Some(number.clone()), ..inquiry.clone() };
    assert_eq!(held(&bed, "partner", &released, PLATE).await, number, "nobody has released it yet");

    // Not the asker, not somebody who is no reviewer, not oversight: it is the owner's.
    for (who, why) in [("partner", "not_permitted"), ("officer", "not_permitted"), ("oversight", "not_permitted")] {
        assert_eq!(decide(&bed, who, &number, true).await.unwrap_err(), why, "{who}");
    }
    let waiting = queue(&bed, "clerk").await.unwrap().holds;
    assert_eq!(waiting.iter().map(|hold| &hold.number).collect::<Vec<_>>(), [&number]);
    assert_eq!(waiting[0].inquiry.case.as_deref(), Some("JC-104233"));
    decide(&bed, "clerk", &number, true).await.unwrap();
    assert_eq!(bed.desk.urgent(), 0);
    assert!(decide(&bed, "steward", &number, false).await.unwrap_err().contains("decided already"));

    // Another question, another reason, another asker: the release is for none of them.
    held(&bed, "partner", &released, "PM 90499").await;
    let reason = Some("a colleague called".to_owned());
    held(&bed, "partner", &Inquiry { reason, ..released.clone() }, PLATE).await;
    held(&bed, "sheriff", &released, PLATE).await;
    // Named, it is answered once.
    assert_eq!(bed.check("partner", &inquiry).await, Err("held".into()), "not named");
    assert_eq!(bed.check("partner", &released).await, Ok(1));
    assert_ne!(held(&bed, "partner", &released, PLATE).await, number);
}

#[tokio::test]
async fn a_release_lapses_and_two_questions_cannot_both_have_it() {
    let bed = Bed::open().await;
    let inquiry = for_both(&bed).await;
    let number = held(&bed, "partner", &inquiry, PLATE).await;
    decide(&bed, "steward", &number, true).await.unwrap();
    let released = Inquiry { released: Some(number), ..inquiry.clone() };
    let (one, two) = tokio::join!(bed.check("partner", &released), bed.check("partner", &released));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");

    let number = held(&bed, "partner", &inquiry, PLATE).await;
    decide(&bed, "steward", &number, true).await.unwrap();
    bed.later(31);
    let lapsed = Inquiry { released: Some(number), ..inquiry };
    assert_eq!(bed.check("partner", &lapsed).await, Err("held".into()));
}

#[tokio::test]
async fn a_refused_hold_is_shown_to_its_asker_and_to_nobody_else_and_an_order_comes_before_any_release() {
    let bed = Bed::open().await;
    let inquiry = for_both(&bed).await;
    let number = held(&bed, "partner", &inquiry, PLATE).await;
    let refused = decide(&bed, "clerk", &number, false).await.unwrap();
    assert!(matches!(refused.state, HoldState::Refused { .. }));
    let (partner, sheriff) = (bed.asker("partner").await, bed.asker("sheriff").await);
    assert_eq!(bed.desk.my_hold(&partner, &number).await.unwrap().unwrap().state, refused.state);
    assert_eq!(bed.desk.my_hold(&sheriff, &number).await.unwrap(), None);

    let number = held(&bed, "partner", &inquiry, PLATE).await;
    decide(&bed, "clerk", &number, true).await.unwrap();
    bed.cut_off("county-sheriff", "CO-1").await;
    let released = Inquiry { released: Some(number), ..inquiry };
    assert_eq!(bed.check("partner", &released).await, Err("cut_off".into()));
}

#[tokio::test]
async fn s02_a_safety_notice_is_never_held_from_the_owners_own_officers() {
    let bed = Bed::open().await;
    bed.cut_off("frs", "CO-1").await;
    // An officer's question is asked back at most; with the answer it is answered, and looked at afterwards.
    let both: [AgencyId; 2] = ["pmpd".parse().unwrap(), "county-sheriff".parse().unwrap()];
    let inquiry = bed.inquiry("officer", "FRS car, armed driver").await;
    assert_eq!(bed.check("officer", &inquiry).await, Err("ask_back".into()));
    let inquiry = Inquiry { for_them: Some(false), on_behalf_of: Some(both.into()), ..inquiry };
    assert_eq!(bed.check("officer", &inquiry).await, Ok(1));
    assert!(queue(&bed, "clerk").await.unwrap().holds.is_empty());
}

#[tokio::test]
async fn s02_an_officer_who_asks_for_a_closure_is_asked_back_refused_and_reviewed() {
    let bed = Bed::open().await;
    bed.cut_off("border-department", "CO-1").await;
    let inquiry = bed.inquiry("officer", "lookup for the FRS, hit and run").await;
    assert_eq!(bed.check("officer", &inquiry).await, Err("ask_back".into()));
    let yes = Inquiry { for_them: Some(true), ..inquiry.clone() };
    assert_eq!(bed.check("officer", &yes).await, Err("cut_off".into()));
    let no = Inquiry { for_them: Some(false), ..inquiry };
    bed.later(1);
    assert_eq!(bed.check("officer", &no).await, Ok(1));
    assert_eq!(bed.check("officer", &no).await, Ok(1));
    let waiting = queue(&bed, "clerk").await.unwrap().reviews;
    // The one who owned up was refused, and is looked at as well.
    let [owned_up, flagged] = waiting.as_slice() else { panic!("{} reviews", waiting.len()) };
    assert_eq!((owned_up.for_them, flagged.for_them), (Some(true), Some(false)));
    review(&bed, "clerk", &owned_up.number, false).await.unwrap();
    assert_eq!(flagged.flags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["words of terms T-1"]);
    assert!(!flagged.urgent);
    review(&bed, "clerk", &flagged.number, false).await.unwrap();
    let precision = bed.desk.term_precision().await.unwrap();
    let t1 = precision.iter().find(|term| term.number == "T-1").unwrap();
    assert_eq!((t1.flagged, t1.reviewed, t1.confirmed), (2, 2, 2));
    // Another day, another reviewer's finding: precision is a number.
    bed.later(24 * 60);
    assert_eq!(bed.check("officer", &no).await, Ok(1));
    let waiting = queue(&bed, "steward").await.unwrap().reviews;
    review(&bed, "steward", &waiting[0].number, true).await.unwrap();
    let precision = bed.desk.term_precision().await.unwrap();
    let t1 = precision.iter().find(|term| term.number == "T-1").unwrap();
    assert_eq!((t1.flagged, t1.reviewed, t1.confirmed), (3, 3, 2));
}

#[tokio::test]
async fn gr25_vague_reasons_are_in_the_queue_once_a_day_and_nobody_reviews_oneself() {
    let bed = Bed::open().await;
    let vague = bed.inquiry("sergeant", "police business").await;
    for _ in 0..3 {
        assert_eq!(bed.check("sergeant", &vague).await, Ok(1));
    }
    let told = bed.inquiry("sergeant", "stolen car, hit and run").await;
    assert_eq!(bed.check("sergeant", &told).await, Ok(1));
    let waiting = queue(&bed, "sergeant").await.unwrap().reviews;
    assert_eq!(waiting.len(), 1);
    assert_eq!(review(&bed, "sergeant", &waiting[0].number, true).await.unwrap_err(), "second_person");
    assert_eq!(review(&bed, "officer", &waiting[0].number, true).await.unwrap_err(), "not_permitted");
    assert_eq!(queue(&bed, "officer").await.unwrap_err(), "not_permitted");
    assert_eq!(queue(&bed, "partner").await.unwrap_err(), "not_permitted");
    review(&bed, "oversight", &waiting[0].number, true).await.unwrap();
    assert!(review(&bed, "clerk", &waiting[0].number, true).await.unwrap_err().contains("decided already"));
    assert!(queue(&bed, "clerk").await.unwrap().reviews.is_empty());
}

#[tokio::test]
async fn gr17_an_emergency_is_answered_at_once_and_a_supervisor_is_told_and_reviews_it_within_a_day() {
    let bed = Bed::open().await;
    let danger = |sentence: &str, inquiry: Inquiry| Inquiry {
        case: None,
        reason: None,
        emergency: Some(sentence.to_owned()),
        ..inquiry
    };
    let inquiry = bed.inquiry("sergeant", "").await;
    let emergency = danger("A child was taken in this car ten minutes ago", inquiry);
    assert_eq!(bed.check("sergeant", &emergency).await, Ok(1));
    assert_eq!(bed.desk.urgent(), 1);
    let waiting = queue(&bed, "clerk").await.unwrap().reviews;
    assert!(waiting[0].urgent && !waiting[0].overdue);
    assert_eq!(waiting[0].due.duration_since(bed.now()), SignedDuration::from_hours(24));
    assert_eq!(review(&bed, "sergeant", &waiting[0].number, true).await.unwrap_err(), "second_person");
    // A day later nobody has looked: marked, and first. A restart forgets nothing.
    let bed = bed.restart().await;
    assert_eq!(bed.desk.urgent(), 1);
    bed.later(24 * 60);
    let vague = bed.inquiry("officer", "check").await;
    assert_eq!(bed.check("officer", &vague).await, Ok(1));
    let waiting = queue(&bed, "clerk").await.unwrap().reviews;
    assert_eq!(waiting.iter().map(|it| (it.urgent, it.overdue)).collect::<Vec<_>>(), [(true, true), (false, false)]);
    review(&bed, "clerk", &waiting[0].number, true).await.unwrap();
    assert_eq!(bed.desk.urgent(), 0);

    // Told to the supervisor: an event of its own, before the answer.
    let log = bed.desk.public_log();
    let events: Vec<_> = log
        .openings(0..log.synced_size())
        .unwrap()
        .filter_map(|opened| match opened.unwrap() {
            (_, Opened::Event(event)) => Some(event),
            _ => None,
        })
        .collect();
    let alerted = events.iter().position(|event| event.what == What::Alerted).expect("told");
    let answered = events.iter().position(|event| event.what == What::Answered).expect("answered");
    assert!(alerted < answered);
}

#[tokio::test]
async fn gr17_never_to_a_closure() {
    let bed = Bed::open().await;
    bed.cut_off("border-department", "CO-1").await;
    let emergency = Some("A child was taken".to_owned());
    for (who, whom) in [("cut_off", "frs"), ("sister", "frontier-service"), ("officer", "frs"), ("partner", "frs")] {
        let inquiry = bed.inquiry(who, "child taken from the school").await;
        let on_behalf_of = Some([whom.parse().unwrap()].into());
        let inquiry = Inquiry { on_behalf_of, emergency: emergency.clone(), ..inquiry };
        assert_eq!(bed.check(who, &inquiry).await, Err("cut_off".into()), "{who} for {whom}");
    }
    assert_eq!(bed.desk.urgent(), 0, "nothing was answered, so nothing waits");
}
