//! When the log is down, or the process is killed: nothing is changed that the log does not say.

use std::collections::BTreeSet;

use clear_audit::{Event, Log, What};
use clear_record::{Inquiry, Kind, RecordId, Role};
use clear_respond::{Find, NewAccount, NewDelay, NewInquiry, Refusal, ReviewDelay};
use jiff::civil::date;

use crate::bed::{Bed, PLATE, code, log_options, stop};

/// A deed that changes what is kept beside the ledger. Done twice it is refused, or leaves two of what it made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Enrol,
    OpenInquiry,
    CloseInquiry,
    TakeOver,
    Stop,
    DecideHold,
    Review,
    Delay,
    ReviewDelay,
    Digests,
    NotMe,
    ForgetPseudonym,
    HeldQuestion,
}

/// What the deeds are done to.
struct Things {
    inquiry: clear_record::InquiryId,
    hold: clear_record::HoldId,
    review: clear_record::ReviewId,
    delay: clear_record::HoldId,
    pseudonym: String,
    partners: Inquiry,
}

fn new_delay() -> NewDelay {
    let person = RecordId::fresh(Kind::Person);
    NewDelay { person, case: None, ground: "Warrant 24-SW-118".into(), until: date(2026, 7, 1) }
}

async fn prepared() -> (Bed, Things) {
    let bed = Bed::open().await;
    let officer = bed.inquiry("officer", "seen near the quay").await;
    bed.check("officer", &officer).await.unwrap();
    let round = bed.request("clerk", ()).await;
    bed.desk.make_digests(round).await.unwrap();
    bed.later(8 * 24 * 60);
    let inquiry = bed.event("officer", stop("E-1", &["r-quinn"])).await;
    let inquiry = match inquiry {
        Ok(opened) => opened.inquiries[0].number.clone(),
        Err(_) => {
            let own = bed.asker("officer").await.account.clone().unwrap();
            bed.event("officer", stop("E-1", &[own.as_str()])).await.unwrap().inquiries[0].number.clone()
        }
    };
    // A partner who asks for somebody else too waits for a second person.
    let both: BTreeSet<_> = ["marshals", "county-sheriff"].into_iter().map(|it| it.parse().unwrap()).collect();
    let partners = Inquiry { on_behalf_of: Some(both), ..bed.inquiry("partner", "fugitive seen at the harbor").await };
    let _ = bed.check("partner", &partners).await;
    let emergency = Inquiry { emergency: Some("a child is missing".into()), ..officer.clone() };
    bed.check("officer", &emergency).await.unwrap();
    let request = bed.request("clerk", ()).await;
    let queue = bed.desk.queue(request).await.unwrap();
    let request = bed.request("clerk", new_delay()).await;
    let delay = bed.desk.delay(request).await.unwrap().0.number;
    let other = bed.inquiry("other", "a stolen boat").await;
    bed.check("other", &other).await.unwrap();
    let wish = clear_respond::DisclosureWish {
        about: clear_respond::About::Everything,
        from: None,
        until: None,
        before: None,
        limit: 100,
    };
    let request = bed.request("clerk", wish).await;
    let list = bed.desk.disclosures(request).await.unwrap().0;
    let pseudonym = list.disclosures.iter().find(|it| it.pseudonym).unwrap().officer.clone().unwrap();
    let (hold, review) = (queue.holds[0].number.clone(), queue.reviews[0].number.clone());
    (bed, Things { inquiry, hold, review, delay, pseudonym, partners })
}

async fn tried(bed: &Bed, things: &Things, deed: Deed) -> Result<(), String> {
    let desk = &bed.desk;
    let done: Result<(), Refusal> = match deed {
        Deed::Enrol => {
            let new = NewAccount {
                id: "recruit-1".parse().unwrap(),
                name: "recruit".into(),
                agency: "pmpd".parse().unwrap(),
                roles: [Role::Officer].into(),
                password: Some("the recruit walks the long quay".into()),
                now: bed.now(),
            };
            let request = bed.request("steward", new).await;
            desk.enrol_for(request).await.map(|_| ())
        }
        Deed::OpenInquiry => {
            let stated = bed.inquiry("relief", "a bicycle was taken").await;
            let new = NewInquiry {
                purpose: stated.purpose,
                use_code: stated.use_code,
                case: stated.case,
                reason: stated.reason,
                ..NewInquiry::default()
            };
            let request = bed.request("relief", new).await;
            let opened = desk.open_inquiry(request).await;
            // As if it had not been tried: there is one, not two.
            if opened.is_ok() {
                assert_eq!(bed.mine("relief").await.len(), 1, "{deed:?}");
            }
            opened.map(|_| ())
        }
        Deed::CloseInquiry => {
            let request = bed.request("officer", things.inquiry.clone()).await;
            desk.close_inquiry(request).await.map(|_| ())
        }
        Deed::TakeOver => {
            let request = bed.request("relief", things.inquiry.to_string()).await;
            desk.take_over(request).await.map(|_| ())
        }
        Deed::Stop => {
            let own = bed.asker("relief").await.account.clone().unwrap();
            let request = bed.request("relief", stop("E-77", &[own.as_str()])).await;
            let opened = desk.take_event(request).await;
            assert!(opened.as_ref().is_ok_and(|event| event.new) || opened.is_err(), "{deed:?}: it was told before");
            opened.map(|_| ())
        }
        Deed::DecideHold => {
            let request = bed.request("clerk", things.hold.clone()).await;
            desk.decide_hold(request, true).await.map(|_| ())
        }
        Deed::Review => {
            let request = bed.request("clerk", things.review.clone()).await;
            desk.review(request, true, "listened to the call").await.map(|_| ())
        }
        Deed::Delay => {
            let request = bed.request("clerk", new_delay()).await;
            let delay = desk.delay(request).await.map(|_| ());
            if delay.is_ok() {
                let request = bed.request("clerk", ()).await;
                assert_eq!(desk.delays(request).await.unwrap().0.len(), 2, "{deed:?}: the one before and this one");
            }
            delay
        }
        Deed::ReviewDelay => {
            let request = bed.request("steward", things.delay.clone()).await;
            let word = ReviewDelay { granted: true, note: "read the warrant".into() };
            desk.review_delay(request, &word).await.map(|_| ())
        }
        Deed::Digests => {
            assert!(desk.are_digests_due().await.unwrap(), "{deed:?}");
            let request = bed.request("clerk", ()).await;
            desk.make_digests(request).await.map(|_| ())
        }
        Deed::NotMe => {
            let request = bed.request("officer", false).await;
            desk.say_was_this_you(request, None).await.map(|_| ())
        }
        Deed::ForgetPseudonym => {
            let request = bed.request("clerk", things.pseudonym.clone()).await;
            desk.forget_pseudonym(request).await.map(|_| ())
        }
        Deed::HeldQuestion => {
            let find = Find { plate: Some("PM 55555".into()), ..Find::default() };
            let asked = bed.ask("partner", &things.partners, find).await;
            if matches!(asked, Err(Refusal::Denied { .. })) {
                let request = bed.request("clerk", ()).await;
                let holds = desk.queue(request).await.unwrap().holds;
                let waiting = holds.iter().find(|hold| hold.question.contains("PM 55555")).unwrap();
                // The hold is of a request that the log has.
                let asked =
                    |event: &Event| event.request.as_ref() == Some(&waiting.request) && event.what == What::Asked;
                assert!(bed.events().iter().any(|(_, event)| asked(event)), "{deed:?}");
                return Ok(());
            }
            asked.map(|_| ())
        }
    };
    done.map_err(|refusal| code(&refusal))
}

#[tokio::test(flavor = "multi_thread")]
async fn gr24_a_deed_that_cannot_be_logged_is_not_done() {
    use Deed::{
        CloseInquiry, DecideHold, Delay, Digests, Enrol, ForgetPseudonym, HeldQuestion, NotMe, OpenInquiry, Review,
        ReviewDelay, Stop, TakeOver,
    };
    // In this order each leaves what the next ones need.
    let deeds = [
        Enrol,
        OpenInquiry,
        Stop,
        DecideHold,
        Review,
        Delay,
        ReviewDelay,
        Digests,
        ForgetPseudonym,
        HeldQuestion,
        TakeOver,
        CloseInquiry,
        NotMe,
    ];
    let (bed, things) = prepared().await;
    bed.desk.public_log().close().unwrap();
    for deed in deeds {
        assert_eq!(tried(&bed, &things, deed).await, Err("LogDown".to_owned()), "{deed:?}");
    }
    // Each is then done as if it had never been tried.
    let bed = bed.killed(|_| ()).await;
    for deed in deeds {
        let done = tried(&bed, &things, deed).await;
        // The relief officer has the inquiry by now, and whoever had it before cannot end it.
        let expected = if deed == CloseInquiry { Err("no_inquiry".to_owned()) } else { Ok(()) };
        assert_eq!(done, expected, "{deed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gr24_what_is_counted_of_public_pages_waits_for_a_log_that_takes_it() {
    let bed = Bed::open().await;
    let plan = clear_respond::Plan::default();
    bed.desk.keep_books(plan).await.unwrap();
    for page in ["counts", "counts", "register"] {
        bed.desk.count_public(page);
    }
    bed.later(61);
    bed.desk.public_log().close().unwrap();
    assert!(bed.desk.keep_books(plan).await.is_err());
    bed.desk.count_public("counts");
    assert_eq!(bed.desk.public_untold(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn gr22_a_destroyed_end_is_no_crash() {
    for killed in [false, true] {
        let bed = Bed::open().await;
        let inquiry = bed.inquiry("officer", "seen near the quay").await;
        bed.check("officer", &inquiry).await.unwrap();
        let (entry, answered) = bed.events().into_iter().rev().find(|(_, event)| event.what == What::Answered).unwrap();
        let destroy = move |folder: &std::path::Path| {
            let (log, _) = Log::open(log_options(folder)).unwrap();
            let basis = Event { why: Some("court order 26-1".into()), at: answered.at, ..Event::default() };
            log.destroy(entry, &basis).unwrap();
            log.close().unwrap();
        };
        let bed = if killed { bed.killed(destroy).await } else { bed.restart_after(destroy).await };
        let crashed = bed.events().into_iter().filter(|(_, event)| event.what == What::Crashed).count();
        assert_eq!((crashed, bed.check("officer", &inquiry).await), (0, Ok(1)), "killed: {killed}, {PLATE}");
    }
}
