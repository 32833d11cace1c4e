//! Who saw what, why, when: read by owners, originators and oversight from the log itself.

use std::time::Duration;

use clear_audit::{Folder, What, has_leaf};
use clear_policy::Entry;
use clear_record::{Inquiry, Kind, RecordId, Role};
use clear_respond::{
    About, DisclosureList, DisclosureWish, Filing, Find, NewDelay, OpeningLine, OpeningsWish, PAGE, ReviewDelay,
    SubjectReport, ingest,
};
use jiff::civil::{Date, date};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::bed::{Bed, PLATE, code};

const TODAY: Date = date(2026, 6, 1);

/// Two owners: the police department and the harbor police, which each have a vehicle of the same plate. The harbor's is
/// open to the department's officers.
struct City {
    bed: Bed,
    /// The harbor's vehicle.
    theirs: RecordId,
    /// The person whom the department's second vehicle belongs to.
    person: RecordId,
    car: RecordId,
}

impl City {
    async fn open() -> City {
        let entry = |json: serde_json::Value| serde_json::from_value::<Entry>(json).unwrap();
        let mut bed = Bed::open_with(vec![
            entry(json!({"entry": "agency", "id": "harbor-police", "name": "Harbor Police", "kind": "owner", "contact": "Harbor Desk, +1 555-0199"})),
            entry(json!({"entry": "agreement", "number": "A-H-01", "owner": "harbor-police", "agency": "pmpd",
                "kinds": ["vehicle"], "classes": ["operational", "identity"], "purposes": ["criminal_investigation"],
                "use_codes": ["C"], "from": "2018-01-01T00:00:00Z", "document": "00", "signatories": ["Harbor Master"]})),
        ])
        .await;
        bed.enrol("harbor", "harbor-clerk", "harbor-police", &[Role::Clerk]).await;
        bed.enrol("keeper", "keeper-1", "pmpd", &[Role::Clerk]).await;
        let [theirs, person, car] = [Kind::Vehicle, Kind::Person, Kind::Vehicle].map(RecordId::fresh);
        for (who, id, fields) in [
            ("harbor", theirs, json!({"plate": PLATE, "plate_state": "PM", "make": "Ford"})),
            ("clerk", person, json!({"family_name": "Calloway", "given_name": "Marcus"})),
            ("clerk", car, json!({"plate": "PM 11111", "plate_state": "PM", "owner": person})),
        ] {
            let asker = bed.asker(who).await;
            let (agency, account) = (asker.agency.clone().unwrap(), asker.account.clone().unwrap());
            let fields = fields.to_string();
            let draft =
                ingest::forms::read(id.kind, fields.as_bytes(), &agency, &account, bed.now(), Some(id)).unwrap();
            bed.file(who, Filing::Records(vec![draft])).await.unwrap();
        }
        City { bed, theirs, person, car }
    }

    async fn asks(&self, who: &str, plate: &str, reason: &str) -> usize {
        self.bed.later(1);
        let inquiry = self.bed.inquiry(who, reason).await;
        self.bed.check_plate(who, &inquiry, plate).await.unwrap()
    }

    async fn list(&self, who: &str, about: About) -> Result<DisclosureList, String> {
        self.page(who, about, None, None, PAGE).await
    }

    async fn page(
        &self,
        who: &str,
        about: About,
        days: Option<(Date, Date)>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<DisclosureList, String> {
        let (from, until) = days.unzip();
        let request = self.bed.request(who, DisclosureWish { about, from, until, before, limit }).await;
        let list = self.bed.desk.disclosures(request).await.map_err(|refusal| code(&refusal))?.0;
        assert_eq!(list.behind, 0);
        Ok(list)
    }

    async fn report(&self, who: &str) -> Result<SubjectReport, String> {
        let request = self.bed.request(who, self.person).await;
        self.bed.desk.subject_report(request).await.map(|(report, _)| report).map_err(|refusal| code(&refusal))
    }

    async fn openings(&self, who: &str, from: u64, wait_s: u64) -> Result<(Vec<OpeningLine>, u64), String> {
        let request = self.bed.request(who, OpeningsWish { from, wait_s }).await;
        let openings = self.bed.desk.openings(request).await.map_err(|refusal| code(&refusal))?.0;
        Ok((openings.lines, openings.next))
    }
}

/// Who saw which of the reader's records for what reason, a line each.
fn told(list: &DisclosureList) -> Vec<String> {
    let lines = list.disclosures.iter().map(|it| {
        let officer = if it.pseudonym { "a pseudonym" } else { it.officer.as_deref().unwrap_or("-") };
        let (agency, reason) = (it.agency.as_deref().unwrap_or("-"), it.reason.as_deref().unwrap_or("-"));
        format!("{agency}/{officer}: {reason}; {} own, {} others", it.records.len(), it.others)
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gr26_who_saw_what_is_found_by_record_person_agency_officer_and_case() {
    let city = City::open().await;
    assert_eq!(city.asks("officer", "PM 11111", "seen near the quay").await, 1);
    assert_eq!(city.asks("other", "PM 11111", "a stolen boat").await, 1);
    assert_eq!(city.asks("officer", PLATE, "parked on the pier").await, 2);
    let quay = "pmpd/r-quinn: seen near the quay; 1 own, 0 others".to_owned();
    let boat = "state-police/a pseudonym: a stolen boat; 1 own, 0 others".to_owned();
    let pier = "pmpd/r-quinn: parked on the pier; 1 own, 1 others".to_owned();
    let officer = city.bed.asker("officer").await.account.clone().unwrap().to_string();
    let [quay, pier] = [quay, pier].map(|line| line.replace("r-quinn", &officer));
    let state: clear_record::AgencyId = "state-police".parse().unwrap();
    for (about, lines) in [
        (About::Everything, vec![&pier, &boat, &quay]),
        (About::Record(city.car), vec![&boat, &quay]),
        (About::Person(city.person), vec![&boat, &quay]),
        (About::Record(city.theirs), vec![]),
        (About::Record(RecordId::fresh(Kind::Person)), vec![]),
        (About::Agency(state.clone()), vec![&boat]),
        (About::Agency("marshals".parse().unwrap()), vec![]),
        (About::Officer(officer.clone()), vec![&pier, &quay]),
        // Another agency's officer is not to be found by name.
        (About::Officer("trooper-1".into()), vec![]),
        (About::Officer("no such name!".into()), vec![]),
        (About::Case("JC-104233".into()), vec![&pier, &boat, &quay]),
        (About::Case("JC-000000".into()), vec![]),
    ] {
        let list = city.list("clerk", about.clone()).await.unwrap();
        assert_eq!(told(&list).iter().collect::<Vec<_>>(), lines, "{about:?}");
        assert_eq!((list.count, list.exact), (lines.len() as u64, true), "{about:?}");
    }
    let list = city.list("clerk", About::Record(city.car)).await.unwrap();
    let line = &list.disclosures[0];
    assert_eq!((line.what, line.purpose.as_deref()), (What::Answered, Some("criminal_investigation")));
    assert!(line.path.contains(&"state-police".to_owned()) && line.at > list.disclosures[1].at);

    // Pages and days.
    let first = city.page("clerk", About::Everything, None, None, 2).await.unwrap();
    let second = city.page("clerk", About::Everything, None, first.next, 2).await.unwrap();
    assert_eq!((first.disclosures.len(), second.disclosures.len(), second.next), (2, 1, None));
    assert_eq!((first.count, second.count), (3, 3));
    let day = |days| city.page("clerk", About::Everything, Some(days), None, 9);
    assert_eq!(day((TODAY, TODAY)).await.unwrap().count, 3);
    assert_eq!(day((date(2026, 5, 1), date(2026, 5, 31))).await.unwrap().count, 0);
    assert_eq!(day((date(2026, 6, 2), date(2026, 7, 1))).await.unwrap().count, 0);
    assert_eq!(day((date(2026, 6, 2), TODAY)).await.unwrap_err(), "wrong: `until` is before `from`");
    let none = city.page("clerk", About::Everything, None, None, 0).await.unwrap_err();
    assert_eq!(none, "wrong: `limit` should be from 1 to 500");

    // A restart, and an index made again, say the same.
    let before = city.list("clerk", About::Everything).await.unwrap();
    let City { bed, theirs, person, car } = city;
    let bed = bed.restart_after(|folder| std::fs::remove_dir_all(folder.join("disclosures")).unwrap()).await;
    let city = City { bed, theirs, person, car };
    assert_eq!(city.list("clerk", About::Everything).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn gr27_an_owner_reads_about_its_own_records_and_oversight_about_all() {
    let city = City::open().await;
    city.asks("officer", PLATE, "parked on the pier").await;
    city.asks("officer", "PM 11111", "seen near the quay").await;
    let theirs = city.list("harbor", About::Everything).await.unwrap();
    assert_eq!(told(&theirs), ["pmpd/a pseudonym: parked on the pier; 1 own, 1 others"]);
    assert_eq!(theirs.disclosures[0].records, [city.theirs.to_string()]);
    let all = city.list("oversight", About::Everything).await.unwrap();
    assert_eq!(all.count, 2);
    assert_eq!(all.disclosures[1].records.len(), 2);
    assert!(all.disclosures.iter().all(|line| !line.pseudonym && line.others == 0));
    // Not yours equals not there.
    let not_theirs = city.list("harbor", About::Record(city.car)).await.unwrap();
    let not_there = city.list("harbor", About::Record(RecordId::fresh(Kind::Vehicle))).await.unwrap();
    assert_eq!(serde_json::to_vec(&not_theirs).unwrap(), serde_json::to_vec(&not_there).unwrap());
    // Nobody else reads.
    for (who, why) in [("officer", "not_permitted"), ("other", "not_permitted"), ("partner", "not_permitted")] {
        assert_eq!(city.list(who, About::Everything).await.unwrap_err(), why, "{who}");
        assert_eq!(city.report(who).await.unwrap_err(), why, "{who}");
        assert_eq!(city.openings(who, 0, 0).await.unwrap_err(), why, "{who}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gr27_an_agency_that_is_cut_off_reads_nothing_any_more() {
    let city = City::open().await;
    city.asks("officer", PLATE, "parked on the pier").await;
    assert_eq!(city.list("oversight", About::Everything).await.unwrap().count, 1);
    // No order covers an owner; of those who read, an oversight body can be cut off.
    city.bed.cut_off("oversight-board", "2026-9").await;
    assert_eq!(city.list("oversight", About::Everything).await.unwrap_err(), "cut_off");
    assert_eq!(city.openings("oversight", 0, 0).await.unwrap_err(), "cut_off");
    assert_eq!(city.report("oversight").await.unwrap_err(), "cut_off");
    assert_eq!(city.list("harbor", About::Everything).await.unwrap().count, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn gr27_a_pseudonym_is_one_readers_own_finds_its_officer_and_can_be_forgotten() {
    let city = City::open().await;
    for (who, plate) in [("other", PLATE), ("officer", PLATE), ("other", "PM 11111")] {
        city.asks(who, plate, "a stolen boat").await;
    }
    let name = |list: &DisclosureList, at: usize| list.disclosures[at].officer.clone().unwrap();
    let list = city.list("clerk", About::Everything).await.unwrap();
    let trooper = name(&list, 0);
    assert!(trooper.starts_with("px-") && trooper == name(&list, 2) && trooper != name(&list, 1), "{trooper}");
    assert_eq!(city.list("clerk", About::Officer(trooper.clone())).await.unwrap().count, 2);
    // It means nothing to another owner, who has names of its own.
    assert_eq!(city.list("harbor", About::Officer(trooper.clone())).await.unwrap().count, 0);
    let harbors = city.list("harbor", About::Everything).await.unwrap();
    assert!(name(&harbors, 0).starts_with("px-"));
    let forget = async |who: &str| {
        let request = city.bed.request(who, trooper.clone()).await;
        city.bed.desk.forget_pseudonym(request).await.map(|_| ()).map_err(|refusal| code(&refusal))
    };
    assert_eq!(forget("officer").await.unwrap_err(), "not_permitted");
    assert_eq!(forget("harbor").await.unwrap_err(), "wrong: there is no such pseudonym");
    forget("clerk").await.unwrap();
    assert_eq!(forget("clerk").await.unwrap_err(), "wrong: there is no such pseudonym");
    assert_eq!(city.list("clerk", About::Officer(trooper.clone())).await.unwrap().count, 0);
    let again = name(&city.list("clerk", About::Everything).await.unwrap(), 0);
    assert!(again.starts_with("px-") && again != trooper);
}

/// What a holder of an opening does, with a hash function and no code of ours.
fn leaf_of(line: &OpeningLine) -> String {
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let body = line.body.as_deref().unwrap().as_bytes();
    let leaf = match &line.salt {
        Some(salt) => {
            let mut hash = Sha256::new();
            hash.update(b"OpenCLEAR log commitment 1\0");
            hash.update(bytes(salt));
            hash.update(body);
            [&[1u8], hash.finalize().as_slice()].concat()
        }
        None => [&[2u8], body].concat(),
    };
    // RFC 6962: a leaf's hash has a zero byte before it.
    Sha256::digest([&[0u8], leaf.as_slice()].concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn gr27_holders_work_the_leaves_out_from_the_openings_about_their_data() {
    let city = City::open().await;
    city.asks("officer", "PM 11111", "seen near the quay").await;
    city.asks("other", "PM 11111", "a stolen boat").await;
    city.asks("officer", PLATE, "parked on the pier").await;
    let (lines, next) = city.openings("clerk", 0, 0).await.unwrap();
    // Whole, where the records and the officer are one's own; a line and the leaf otherwise.
    assert_eq!(lines.iter().map(|line| line.whole).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(leaf_of(&lines[0]), lines[0].leaf);
    for line in &lines[1..] {
        assert!(line.salt.is_none() && line.body.is_none() && line.flaw.is_none());
        let text = serde_json::to_string(line).unwrap();
        assert!(!text.contains("trooper-1") && !text.contains(&city.theirs.to_string()), "{text}");
        assert!(line.disclosure.as_ref().is_some_and(|it| it.entry == line.entry && it.leaf == line.leaf));
    }
    assert_eq!(city.openings("clerk", next, 0).await.unwrap().0, []);
    let (harbors, _) = city.openings("harbor", 0, 0).await.unwrap();
    assert_eq!(harbors.iter().map(|line| (line.entry, line.whole)).collect::<Vec<_>>(), [(lines[2].entry, false)]);
    // Oversight has every entry whole, from the first on, and each is in the public tree.
    let (mut all, mut from) = (Vec::new(), 0);
    loop {
        let (lines, next) = city.openings("oversight", from, 0).await.unwrap();
        if all.len() > 20 && lines.len() < 10 {
            break;
        }
        all.extend(lines);
        from = next;
    }
    let log = city.bed.desk.public_log();
    log.publish().await.unwrap();
    let source = Folder(city.bed.folder().join("log"));
    for (index, line) in all.iter().enumerate() {
        assert_eq!((line.entry, line.whole), (index as u64, true));
        assert_eq!(leaf_of(line), line.leaf, "{line:?}");
        let leaf: Vec<u8> =
            (0..64).step_by(2).map(|at| u8::from_str_radix(&line.leaf[at..at + 2], 16).unwrap()).collect();
        has_leaf(&source, log.vkey(), line.entry, leaf.try_into().unwrap()).unwrap();
    }
    let entries: Vec<u64> = all.iter().map(|line| line.entry).collect();
    assert!(lines.iter().all(|line| entries.contains(&line.entry) && all[line.entry as usize].leaf == line.leaf));
}

#[tokio::test(flavor = "multi_thread")]
async fn gr27_openings_come_as_they_are_made_and_reading_them_is_no_news() {
    let city = City::open().await;
    for who in ["clerk", "oversight"] {
        let (_, mut next) = city.openings(who, 0, 0).await.unwrap();
        if who == "oversight" {
            // Catch up with one's own readings.
            next = city.openings(who, next, 0).await.unwrap().1;
            assert!(city.openings(who, next, 1).await.unwrap().0.iter().all(|line| line.whole), "own readings alone");
            next = city.openings(who, next, 0).await.unwrap().1;
        }
        let (found, ()) = tokio::join!(city.openings(who, next, 30), async {
            tokio::time::sleep(Duration::from_millis(150)).await;
            city.asks("officer", "PM 11111", "tail lamp out by the lock").await;
        });
        let (lines, _) = found.unwrap();
        let told = |line: &OpeningLine| match who {
            // Its own readings are lines too: this is the question that came meanwhile.
            "oversight" => line.body.as_deref().is_some_and(|body| body.contains("tail lamp out by the lock")),
            _ => line.body.as_deref().is_some_and(|body| body.contains("\"what\":\"answered\"")),
        };
        assert!(lines.iter().any(told), "{who}: {lines:?}");
    }
    assert_eq!(city.openings("clerk", 0, 31).await.unwrap_err(), "wrong: `wait` should be from 0 to 30 seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn gr26_a_report_that_does_not_look_at_every_record_says_so() {
    let city = City::open().await;
    city.asks("officer", "PM 11111", "seen near the quay").await;
    assert!(!city.report("clerk").await.unwrap().shortened);
    assert!(city.list("oversight", About::Person(city.person)).await.unwrap().exact);
    let asker = city.bed.asker("clerk").await;
    let (agency, account) = (asker.agency.clone().unwrap(), asker.account.clone().unwrap());
    let cars = (0..200).map(|number| {
        let fields = json!({"plate": format!("QX {number:05}"), "plate_state": "PM", "owner": city.person}).to_string();
        ingest::forms::read(Kind::Vehicle, fields.as_bytes(), &agency, &account, city.bed.now(), None).unwrap()
    });
    city.bed.file("clerk", Filing::Records(cars.collect())).await.unwrap();
    assert!(city.report("clerk").await.unwrap().shortened, "201 records name the person");
    assert!(!city.list("oversight", About::Person(city.person)).await.unwrap().exact);
}

#[tokio::test(flavor = "multi_thread")]
async fn s11_a_person_learns_who_was_curious_about_them() {
    let city = City::open().await;
    city.asks("officer", "PM 11111", "seen near the quay").await;
    city.asks("other", "PM 11111", "a stolen boat").await;
    city.asks("officer", PLATE, "parked on the pier").await;
    let report = city.report("clerk").await.unwrap();
    let lines: Vec<_> = report.lines.iter().map(|it| (it.day, it.agency.as_str(), it.records)).collect();
    assert_eq!(lines, [(TODAY, "State Police", 1), (TODAY, "Port Meridian Police", 1)]);
    let text = serde_json::to_string(&report).unwrap();
    for word in ["trooper-1", "stolen boat", "quay", "JC-104233"] {
        assert!(!text.contains(word), "`{word}` in {text}");
    }
    let names: Vec<&str> = report.lines.iter().filter_map(|line| line.officer.as_deref()).collect();
    assert!(names.len() == 2 && names.iter().all(|name| name.starts_with("px-")) && names[0] != names[1]);
    // The same officer has the same name in this person's next report; the entry is the one that oversight sees.
    assert_eq!(city.report("keeper").await.unwrap().lines, report.lines);
    let all = city.list("oversight", About::Person(city.person)).await.unwrap();
    assert_eq!(
        all.disclosures.iter().map(|it| it.entry).collect::<Vec<_>>(),
        report.lines.iter().map(|it| it.entry).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn gr26_a_report_is_delayed_under_a_stated_dated_reviewed_ground_and_no_longer() {
    let city = City::open().await;
    city.asks("officer", "PM 11111", "seen near the quay").await;
    let notice = city.report("clerk").await.unwrap().notice;
    let wish = |until: Date, ground: &str| NewDelay {
        person: city.person,
        case: Some("JC-104233".into()),
        ground: ground.into(),
        until,
    };
    let delay = async |who: &str, wish: NewDelay| {
        let request = city.bed.request(who, wish).await;
        city.bed.desk.delay(request).await.map(|(delay, _)| delay).map_err(|refusal| code(&refusal))
    };
    let lines = async || city.report("clerk").await.unwrap().lines.len();
    for (who, until, ground, why) in [
        ("officer", date(2026, 7, 1), "A warrant", "not_permitted"),
        ("oversight", date(2026, 7, 1), "A warrant", "not_permitted"),
        ("clerk", TODAY, "A warrant", "wrong: `until` should be after 2026-06-01 and not after 2027-06-02"),
        ("clerk", date(2027, 6, 3), "A warrant", "wrong: `until` should be after 2026-06-01 and not after 2027-06-02"),
        ("clerk", date(2026, 7, 1), " ", "wrong: `ground` says in 1 to 1,000 characters on which ground, with its law"),
    ] {
        assert_eq!(delay(who, wish(until, ground)).await.unwrap_err(), why, "{who}");
    }
    let asked = delay("clerk", wish(date(2026, 7, 1), "Warrant 24-SW-118")).await.unwrap();
    assert_eq!(lines().await, 1, "nothing is delayed before a second person has looked");
    let review = async |who: &str, granted: bool| {
        let request = city.bed.request(who, asked.number.clone()).await;
        let word = ReviewDelay { granted, note: "read the warrant".into() };
        city.bed.desk.review_delay(request, &word).await.map(|(delay, _)| delay).map_err(|refusal| code(&refusal))
    };
    assert_eq!(review("clerk", true).await.unwrap_err(), "second_person");
    assert_eq!(review("harbor", true).await.unwrap_err(), "wrong: there is no delay of that number");
    assert!(review("keeper", true).await.unwrap().in_force);
    assert!(review("keeper", false).await.is_err(), "reviewed once");
    assert_eq!(lines().await, 0);
    assert_eq!(city.report("clerk").await.unwrap().notice, notice, "a report says nothing of whether there is one");
    // The ledger hides nothing from owner and oversight, and the delay is listed.
    assert_eq!(city.list("clerk", About::Person(city.person)).await.unwrap().count, 1);
    let listed = async |who: &str| {
        let request = city.bed.request(who, ()).await;
        let (delays, _) = city.bed.desk.delays(request).await.unwrap();
        delays.iter().map(|it| (it.delay.ground.clone(), it.in_force)).collect::<Vec<_>>()
    };
    assert_eq!(listed("oversight").await, [("Warrant 24-SW-118".to_owned(), true)]);
    assert_eq!(listed("harbor").await, []);
    // Another case is not delayed; and on its day this one ends by itself.
    let inquiry = Inquiry { case: Some("JC-2".into()), ..city.bed.inquiry("officer", "asked for a colleague").await };
    let find = Find { plate: Some("PM 11111".into()), ..Find::default() };
    city.bed.ask("officer", &inquiry, find).await.unwrap();
    assert_eq!(lines().await, 1);
    city.bed.later(30 * 24 * 60);
    assert_eq!(lines().await, 2);
    assert_eq!(listed("oversight").await, [("Warrant 24-SW-118".to_owned(), false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gr26_an_index_that_is_broken_holds_no_answer_up() {
    let city = City::open().await;
    let City { bed, theirs, person, car } = city;
    let break_it = |folder: &std::path::Path| {
        std::fs::remove_dir_all(folder.join("disclosures")).unwrap();
        std::fs::write(folder.join("disclosures"), b"rubbish").unwrap();
    };
    let city = City { bed: bed.restart_after(break_it).await, theirs, person, car };
    assert_eq!(city.asks("officer", "PM 11111", "seen near the quay").await, 1, "answers go on");
    assert_eq!(city.list("clerk", About::Everything).await.unwrap_err(), "Failed");
    assert!(city.bed.desk.ledger_state().unwrap_err().contains("has stopped"));
    let City { bed, .. } = city;
    let mend = |folder: &std::path::Path| std::fs::remove_file(folder.join("disclosures")).unwrap();
    let city = City { bed: bed.restart_after(mend).await, theirs, person, car };
    assert_eq!(city.list("clerk", About::Everything).await.unwrap().count, 1, "nothing was lost");
}
