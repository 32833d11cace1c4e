//! *Not yours* equals *not there*: the same status, the same headers, the same bytes.

use clear_record::{Kind, RecordId};
use serde_json::json;

use crate::bed::{ASKERS, Ask, Bed, Said, percent};

/// Who sees the records of the story that are not for everybody; for all others they are not there.
const SEEN_BY: &[(&str, &[&str])] = &[("black", &["clerk", "oversight"]), ("sealed", &["clerk", "oversight"])];

/// An answer without what differs between any two: the numbers of its request and entry, and the clock.
fn bare(said: &Said, own: &[String]) -> (u16, Vec<(String, String)>, String) {
    let varying = ["x-clear-receipt", "x-clear-request", "date"];
    let headers = said.headers.iter().filter(|(name, _)| !varying.contains(&name.as_str())).cloned().collect();
    let mut text = said.number().map_or_else(|| said.text(), |number| said.text().replace(number, "…"));
    // What the asker itself sent comes back on pages.
    for word in own {
        text = text.replace(word, "(asked)");
    }
    (said.status, headers, text)
}

#[test]
fn s15_not_yours_equals_not_there() {
    let bed = Bed::city();
    let server = bed.serve();
    let cast = bed.cast();
    // Each with a name that nobody has, as long as the hidden one.
    let hidden = [
        ("black", cast.black.id(), "Lucan Ostreby", "Vuzli Okkebru"),
        ("sealed", cast.sealed.id(), "Maren Quillfeather", "Vuzli Okkenbrugzat"),
    ];
    let mut compared = 0;
    for who in ASKERS {
        for (what, id, name, no_name) in &hidden {
            let seen = SEEN_BY.iter().any(|(known, by)| known == what && by.contains(&who));
            let nobody = RecordId::fresh(Kind::Person);
            let open = |id: &RecordId| server.ask(&bed.open_record(who, id));
            let (there, not_there) = (open(id), open(&nobody));
            if seen {
                assert_eq!((there.status, not_there.status), (200, 404), "{who} sees the {what} record");
                continue;
            }
            let own = [id.to_string(), nobody.to_string()];
            assert_eq!(bare(&there, &[]), bare(&not_there, &[]), "{who} opens the {what} record");
            if bed.person_has_access(who) {
                assert_eq!(there.status, 404, "{who}: {}", there.text());
            }

            let page = |id: &RecordId| {
                let kept = base64::Engine::encode(
                    &base64::engine::general_purpose::URL_SAFE_NO_PAD,
                    bed.inquiry(who).to_string(),
                );
                server.ask(
                    &bed.as_who(who, Ask::get(&format!("/records/{id}")).with("cookie", &format!("inquiry={kept}"))),
                )
            };
            assert_eq!(bare(&page(id), &own), bare(&page(&nobody), &own), "{who} opens the page of the {what} record");

            // Nothing leads from it, and nothing leads to it.
            let links = |question: serde_json::Value| {
                let body = json!({"inquiry": bed.inquiry(who), "question": question});
                server.ask(&bed.as_who(who, Ask::post("/api/v1/links", &body)))
            };
            let from = |id: &RecordId| links(json!({"from": id}));
            assert_eq!(
                bare(&from(id), &[]),
                bare(&from(&nobody), &[]),
                "{who} asks what the {what} record is linked with"
            );
            let to = |id: &RecordId| links(json!({"from": cast.person, "to": id, "hops": 6}));
            assert_eq!(bare(&to(id), &[]), bare(&to(&nobody), &[]), "{who} asks for a way to the {what} record");
            let beside = |id: &RecordId| links(json!({"from": cast.person, "open": [id]}));
            assert_eq!(bare(&beside(id), &[]), bare(&beside(&nobody), &[]), "{who} opens the {what} record on a chart");

            let find = |question| server.ask(&bed.find(who, &question));
            let (by_name, by_no_name) = (find(json!({"name": name})), find(json!({"name": no_name})));
            assert_eq!(bare(&by_name, &[]), bare(&by_no_name, &[]), "{who} looks for the {what} record by name");
            let (by_id, by_no_id) = (find(json!({"id": id})), find(json!({"id": nobody})));
            assert_eq!(bare(&by_id, &[]), bare(&by_no_id, &[]), "{who} looks for the {what} record by id");
            let text =
                |text: &str| {
                    server.ask(&bed.as_who(
                        who,
                        Ask::get(&format!("/api/v1/find?text={}", percent(text))).under(&bed.inquiry(who)),
                    ))
                };
            let own = [(*name).to_owned(), (*no_name).to_owned()];
            assert_eq!(
                bare(&text(name), &own),
                bare(&text(no_name), &own),
                "{who} types the name of the {what} record"
            );
            if bed.person_has_access(who) {
                assert_eq!(by_name.status, 200, "{who}: {}", by_name.text());
                assert_eq!((&by_name.json()["total"], &by_name.json()["hits"]), (&json!(0), &json!([])), "{who}");
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 2 * ASKERS.len() - 4);

    // Nor does correcting tell: the clerk of the owner may, an agency that owns nothing may not, and learns nothing.
    for who in ["partner", "stranger"] {
        let correct = |id: RecordId| {
            server.ask(
                &bed.as_who(who, Ask::post(&format!("/api/v1/records/person?id={id}"), &json!({"family_name": "X"}))),
            )
        };
        assert_eq!(
            bare(&correct(cast.black.id()), &[]),
            bare(&correct(RecordId::fresh(Kind::Person)), &[]),
            "{who} corrects"
        );
    }

    // A gray record is whom to ask, and nothing else.
    let gray = server.ask(&bed.open_record("partner", cast.gray));
    assert_eq!((gray.status, gray.json()), (200, json!({"record": null, "pointer": {"ask": "pmpd"}})));
}

impl Bed {
    /// Whether an agreement or its own agency's records let this asker ask at all.
    fn person_has_access(&self, who: &str) -> bool {
        ["officer", "clerk", "partner"].contains(&who)
    }
}
