//! Opened inquiries: whose they are, how long, what a question under one says, and who takes one over.

use clear_record::{EventKind, Inquiry, InquiryId};
use clear_respond::{Counts, InquiryKind, NewEvent, NewInquiry, Open, OpenInquiry};
use clear_testkit::dispatch;
use jiff::SignedDuration;

use crate::bed::{Bed, PLATE, code, stop, under};

async fn by_hand(bed: &Bed, who: &str, change: impl Fn(&mut NewInquiry)) -> Result<OpenInquiry, String> {
    let mut new = NewInquiry {
        purpose: Some("criminal_investigation".into()),
        use_code: Some("C".into()),
        case: Some("JC-104233".into()),
        reason: Some("suspect named by a witness".into()),
        ..NewInquiry::default()
    };
    change(&mut new);
    let request = bed.request(who, new).await;
    bed.desk.open_inquiry(request).await.map_err(|refusal| code(&refusal))
}

async fn take_over(bed: &Bed, who: &str, named: &str) -> Result<OpenInquiry, String> {
    let request = bed.request(who, named.to_owned()).await;
    bed.desk.take_over(request).await.map_err(|refusal| code(&refusal))
}

async fn close(bed: &Bed, who: &str, number: &InquiryId) -> Result<OpenInquiry, String> {
    let request = bed.request(who, number.clone()).await;
    bed.desk.close_inquiry(request).await.map_err(|refusal| code(&refusal))
}

#[tokio::test]
async fn gr07_a_question_under_an_opened_inquiry_has_all_its_parts() {
    let bed = Bed::open().await;
    let opened = by_hand(&bed, "officer", |_| {}).await.unwrap();
    assert_eq!(opened.on_behalf_of.iter().map(|it| it.as_str()).collect::<Vec<_>>(), ["pmpd"]);
    assert_eq!(bed.check("officer", &under(&opened.number)).await, Ok(1));
    // Without it, each part is missing by name.
    assert_eq!(bed.check("officer", &Inquiry::default()).await, Err("inquiry_incomplete".into()));
    // What a question says differently is no question under that inquiry.
    for (part, inquiry) in [
        ("purpose", Inquiry { purpose: Some("missing_person".into()), ..under(&opened.number) }),
        ("use_code", Inquiry { use_code: Some("D".into()), ..under(&opened.number) }),
        ("case", Inquiry { case: Some("JC-9".into()), ..under(&opened.number) }),
    ] {
        let said = bed.check("officer", &inquiry).await.unwrap_err();
        assert!(said.contains(&format!("states another `{part}`")), "{said}");
    }
    // A beneficiary that is added is judged as well.
    bed.cut_off("border-department", "CO-1").await;
    let added = Inquiry { on_behalf_of: Some(["frs".parse().unwrap()].into()), ..under(&opened.number) };
    assert_eq!(bed.check("officer", &added).await, Err("cut_off".into()));
    assert_eq!(bed.check("officer", &under(&opened.number)).await, Ok(1));
}

#[tokio::test]
async fn an_inquiry_that_is_not_ones_own_open_one_is_no_inquiry() {
    let bed = Bed::open().await;
    let opened = by_hand(&bed, "officer", |_| {}).await.unwrap();
    let refused = async |who: &str, number: &InquiryId| bed.check(who, &under(number)).await.unwrap_err();
    for who in ["relief", "analyst", "partner"] {
        assert_eq!(refused(who, &opened.number).await, "no_inquiry", "{who}");
    }
    assert_eq!(refused("officer", &InquiryId::fresh()).await, "no_inquiry");
    // Somebody else cannot end it, and is told the same as of one that is not there.
    assert_eq!(close(&bed, "relief", &opened.number).await, Err("no_inquiry".into()));
    assert_eq!(close(&bed, "relief", &InquiryId::fresh()).await, Err("no_inquiry".into()));
    assert_eq!(bed.mine("officer").await.len(), 1);
    close(&bed, "officer", &opened.number).await.unwrap();
    assert_eq!(refused("officer", &opened.number).await, "no_inquiry");
    assert_eq!(close(&bed, "officer", &opened.number).await, Err("no_inquiry".into()));
    assert!(bed.mine("officer").await.is_empty());
    // A shift later it has ended by itself.
    let opened = by_hand(&bed, "officer", |_| {}).await.unwrap();
    bed.later(12 * 60 - 1);
    assert_eq!(bed.check("officer", &under(&opened.number)).await, Ok(1));
    bed.later(1);
    assert_eq!(refused("officer", &opened.number).await, "no_inquiry");
    assert!(bed.mine("officer").await.is_empty());
    // Whom an order bars gets the order, and not a word about inquiries.
    bed.cut_off("frs", "CO-1").await;
    assert_eq!(refused("cut_off", &opened.number).await, "cut_off");
}

#[tokio::test]
async fn opening_is_judged_as_a_question_under_it_would_be() {
    let bed = Bed::open().await;
    bed.cut_off("frs", "CO-1").await;
    let denied = async |who: &str, change: &dyn Fn(&mut NewInquiry)| by_hand(&bed, who, change).await.unwrap_err();
    assert_eq!(denied("officer", &|it| it.case = None).await, "inquiry_incomplete");
    assert_eq!(denied("officer", &|it| it.purpose = Some("curiosity".into())).await, "inquiry_unknown");
    let denied_purpose = denied("officer", &|it| it.purpose = Some("civil_immigration_enforcement".into())).await;
    assert_eq!(denied_purpose, "purpose_denied");
    assert_eq!(denied("cut_off", &|_| {}).await, "cut_off");
    assert_eq!(denied("partner", &|it| it.on_behalf_of = Some(["frs".parse().unwrap()].into())).await, "cut_off");
    assert_eq!(denied("officer", &|it| it.reason = Some("for the FRS".into())).await, "ask_back");
    // Answered at its opening, it is answered for what is asked under it.
    let answered = by_hand(&bed, "officer", |it| {
        (it.reason, it.for_them) = (Some("FRS letter found in a stolen car".into()), Some(false))
    });
    let opened = answered.await.unwrap();
    assert_eq!(bed.check("officer", &under(&opened.number)).await, Ok(1));
    // But not for other words.
    let other = Inquiry { reason: Some("FRS telephoned".into()), ..under(&opened.number) };
    assert_eq!(bed.check("officer", &other).await, Err("ask_back".into()));
    assert!(denied("officer", &|it| it.until = Some("2026-06-03T00:00:00Z".parse().unwrap())).await.contains("until"));
    assert!(denied("officer", &|it| it.kind = InquiryKind::Event).await.contains("/api/v1/events"));
    assert!(denied("officer", &|it| it.kind = InquiryKind::Service).await.contains("service"));
}

#[tokio::test]
async fn s10_a_stop_opens_the_inquiry_of_each_officer_once_however_often_it_is_told() {
    let bed = Bed::open().await;
    let told = bed.event("importer", stop("E-1042", &["officer-1042"])).await.unwrap();
    assert!(told.new);
    let [first] = told.inquiries.as_slice() else { panic!("one officer") };
    assert_eq!((first.case.as_str(), first.purpose.as_str(), first.use_code.as_str()), ("E-1042", "traffic_stop", "C"));
    assert_eq!(bed.check("officer", &under(&first.number)).await, Ok(1));
    assert_eq!(bed.check("relief", &under(&first.number)).await, Err("no_inquiry".into()));

    let again = bed.event("importer", stop("e-1042", &["officer-1042"])).await.unwrap();
    assert_eq!((again.new, again.inquiries.len()), (false, 1));
    assert_eq!(again.inquiries[0].number, first.number);
    let second = bed.event("importer", stop("E-1042", &["officer-1042", "officer-1043"])).await.unwrap();
    assert_eq!((second.new, second.inquiries.len()), (false, 2));
    assert_eq!(bed.mine("officer").await.len(), 1);
    assert_eq!(bed.check("relief", &under(&bed.mine("relief").await[0].number)).await, Ok(1));
    // An officer who has ended the inquiry does not get it back because the line stutters.
    close(&bed, "officer", &first.number).await.unwrap();
    bed.event("importer", stop("E-1042", &["officer-1042"])).await.unwrap();
    assert!(bed.mine("officer").await.is_empty());
    let other = NewEvent { kind: EventKind::Dispatch, ..stop("E-1042", &["officer-1042"]) };
    assert!(bed.event("importer", other).await.unwrap_err().contains("another `kind`"));
}

#[tokio::test]
async fn an_event_is_dispatchs_or_the_officers_own() {
    let bed = Bed::open().await;
    let own = NewEvent { event: None, reason: None, ..stop("", &["officer-1042"]) };
    let minted = bed.event("officer", own).await.unwrap();
    assert!(minted.event.starts_with("S-20260601-"), "{}", minted.event);
    assert_eq!(bed.check("officer", &under(&minted.inquiries[0].number)).await, Ok(1));
    assert_eq!(bed.event("officer", stop("E-7", &["officer-1043"])).await, Err("not_permitted".into()));
    assert_eq!(bed.event("oversight", stop("E-7", &["board-analyst"])).await, Err("not_permitted".into()));
    bed.cut_off("frs", "CO-1").await;
    assert_eq!(bed.event("cut_off", stop("E-7", &["frs-analyst"])).await, Err("cut_off".into()));
    let wrong = async |event: NewEvent| bed.event("importer", event).await.unwrap_err();
    assert!(wrong(stop(&"7".repeat(61), &["officer-1042"])).await.contains("`event` is longer"));
    assert!(wrong(stop("E-8", &[])).await.contains("`officers`"));
    assert!(wrong(stop("E-8", &["deputy-marshal"])).await.contains("no officer of your agency"));
    assert!(wrong(stop("E-8", &["nobody"])).await.contains("no officer of your agency"));
    let early = NewEvent { at: Some(bed.now() - SignedDuration::from_hours(13)), ..stop("E-8", &["officer-1042"]) };
    assert!(wrong(early).await.contains("`at`"));
    let purpose = NewEvent { purpose: Some("curiosity".into()), ..stop("E-8", &["officer-1042"]) };
    assert_eq!(wrong(purpose).await, "inquiry_unknown");
    assert!(bed.mine("officer").await.iter().all(|open| open.case == minted.event), "nothing was changed");
}

#[tokio::test]
async fn the_relief_officer_takes_over_and_the_old_one_ends() {
    let bed = Bed::open().await;
    let told = bed.event("importer", stop("E-1042", &["officer-1042"])).await.unwrap();
    let old = told.inquiries[0].number.clone();
    // Not one's own, not another agency's, not one that is not there: the same words.
    for (who, named) in [("officer", "E-1042"), ("other", "E-1042"), ("other", old.as_str()), ("relief", "E-1")] {
        assert_eq!(take_over(&bed, who, named).await, Err("no_inquiry".into()), "{who} {named}");
    }
    let taken = take_over(&bed, "relief", "E-1042").await.unwrap();
    assert_eq!(taken.taken_from.as_ref(), Some(&old));
    assert_eq!((taken.case.as_str(), taken.holder.as_ref().unwrap().as_str()), ("E-1042", "officer-1043"));
    assert_eq!(bed.check("officer", &under(&old)).await, Err("no_inquiry".into()));
    assert_eq!(bed.check("officer", &under(&taken.number)).await, Err("no_inquiry".into()));
    assert_eq!(bed.check("relief", &under(&taken.number)).await, Ok(1));
    assert_eq!(take_over(&bed, "sergeant", old.as_str()).await, Err("no_inquiry".into()));

    // A unit's event waits for whoever drives the unit.
    let unit = NewEvent { unit: Some("1203".into()), ..stop("E-1043", &[]) };
    let told = bed.event("importer", unit).await.unwrap();
    assert_eq!(told.inquiries[0].holder, None);
    assert_eq!(bed.check("officer", &under(&told.inquiries[0].number)).await, Err("no_inquiry".into()));
    let taken = take_over(&bed, "officer", "E-1043").await.unwrap();
    assert_eq!((taken.unit.as_deref(), bed.check("officer", &under(&taken.number)).await), (Some("1203"), Ok(1)));
}

#[tokio::test]
async fn a_standing_analytic_inquiry_counts_and_names_nobody() {
    let bed = Bed::open().await;
    let project = |it: &mut NewInquiry| {
        (it.kind, it.case) = (InquiryKind::Analytic, Some("Burglary by beat".into()));
        (it.reason, it.approver) = (Some("quarterly review of beats".into()), Some("clerk-1".parse().unwrap()));
    };
    for (what, approver) in [("nobody", None), ("oneself", Some("analyst-1")), ("another's", Some("deputy-marshal"))] {
        let new = |it: &mut NewInquiry| {
            project(it);
            it.approver = approver.map(|approver| approver.parse().unwrap());
        };
        let refused = by_hand(&bed, "analyst", new).await.unwrap_err();
        assert!(refused.contains("approver"), "{what}: {refused}");
    }
    let opened = by_hand(&bed, "analyst", project).await.unwrap();
    assert_eq!(opened.until.duration_since(opened.opened_at), SignedDuration::from_hours(365 * 24));
    let counts = Counts { by: vec!["beat".into()], condition: None, limit: None };
    bed.ask("analyst", &under(&opened.number), counts).await.unwrap();
    assert_eq!(bed.check("analyst", &under(&opened.number)).await, Err("analytic_only".into()));
    let id = clear_record::RecordId::fresh(clear_record::Kind::Vehicle);
    let refused = bed.ask("analyst", &under(&opened.number), Open { id }).await.unwrap_err();
    assert_eq!(code(&refused), "analytic_only");
    // With a case, the analyst asks as everybody.
    let inquiry = bed.inquiry("analyst", "suspect named by a witness").await;
    assert_eq!(bed.check("analyst", &inquiry).await, Ok(1));
}

#[tokio::test]
async fn a_program_asks_under_an_inquiry_of_its_own() {
    let bed = Bed::open().await;
    let job = |it: &mut NewInquiry| {
        (it.kind, it.purpose) = (InquiryKind::Service, Some("records_service".into()));
        (it.case, it.reason) = (Some("nightly lapse".into()), Some("hot-file entries that lapse tonight".into()));
    };
    let opened = by_hand(&bed, "keeper", job).await.unwrap();
    assert_eq!(bed.check("keeper", &under(&opened.number)).await, Ok(1));
    assert_eq!(bed.check("importer", &under(&opened.number)).await, Err("no_inquiry".into()));
}

#[tokio::test]
async fn a_shift_of_the_dispatch_system_opens_what_it_should() {
    let bed = Bed::open().await;
    let unit = |number: &str, officers: &[&str]| dispatch::Unit {
        number: number.into(),
        officers: officers.iter().map(|officer| officer.parse().unwrap()).collect(),
    };
    let shift = dispatch::Shift {
        units: vec![unit("1203", &["officer-1042"]), unit("1204", &["officer-1043", "sergeant-7"])],
        from: bed.now(),
        lasts: SignedDuration::from_hours(2),
    };
    let events = dispatch::events(11, &shift);
    assert!(events.len() > 5);
    bed.later(120);
    let mut expected = std::collections::BTreeSet::new();
    for event in &events {
        let body: NewEvent = serde_json::from_value(event.body()).unwrap();
        bed.event("importer", body).await.unwrap();
        expected.extend(event.officers.iter().map(|officer| (officer.to_string(), event.event.clone())));
    }
    let mut open = std::collections::BTreeSet::new();
    for who in ["officer", "relief", "sergeant"] {
        let mine = bed.mine(who).await;
        open.extend(mine.iter().map(|it| (it.holder.as_ref().unwrap().to_string(), it.case.clone())));
        assert!(mine.windows(2).all(|pair| pair[0].opened_at >= pair[1].opened_at), "the newest first");
        assert_eq!(bed.check_plate(who, &under(&mine[0].number), PLATE).await, Ok(1), "{who}");
    }
    assert_eq!(open, expected);
}
