//! Every route by every asker, against a golden table; and what each leaves in the log.
//!
//! INVARIANT (no exemptions): the rows come from `clear_web::ROUTES`, and a route for which [`request`] has no line
//! fails the tests.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clear_audit::What;
use clear_web::{ROUTES, Route};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::bed::{ASKERS, Ask, Bed, PASSWORD, Said, Server, ids_in, percent};

/// What each table needs beside the bed.
struct Table {
    bed: Bed,
    server: Server,
    /// Orders for the two routes that take one, drafted at the register of the moment.
    notes: BTreeMap<&'static str, String>,
}

impl Table {
    /// A city in which the Removal Service and its family are cut off.
    fn set() -> Table {
        let bed = Bed::city();
        let server = bed.serve();
        bed.cut_off_frs(&server);
        Table { bed, server, notes: BTreeMap::new() }
    }

    /// What must be there before a route is asked.
    fn prepare(&mut self, route: &Route) {
        match route.name {
            "cut_off" => {
                let note = self.bed.signed_order(&self.server, "narcotics", "under", "2026-2");
                self.notes.insert("cut_off", note);
            }
            "steward_cut_off" => {
                let note = self.bed.signed_order(&self.server, "harbor-task-force", "under", "2026-3");
                self.notes.insert("steward_cut_off", note);
            }
            // A tile is published when it is full: 256 entries.
            "log_tile" => {
                for _ in 0..150 {
                    self.server.ask(&Ask::post("/api/v1/find", &json!({"question": {"name": "nobody"}})));
                }
                let tile = Ask::get("/log/tile/0/000");
                crate::bed::until("a full tile is published", std::time::Duration::from_secs(20), || {
                    self.server.ask(&tile).status == 200
                });
            }
            _ => {}
        }
    }

    /// A stop of the officer's that dispatch has told of.
    fn stop(&self, event: &str) -> String {
        let told = json!({"event": event, "kind": "stop", "officers": [self.bed.person("officer").account]});
        let said = self.server.ask(&self.bed.as_who("importer", Ask::post("/api/v1/events", &told)));
        assert!([200, 201].contains(&said.status), "{}", said.text());
        event.to_owned()
    }

    /// The route's address with an entry of the docket in it, a fresh one; `comply` is what counsel has said of it.
    fn docketed(&self, route: &Route, record: &str, comply: bool) -> String {
        let ask = |who: &str, path: &str, body: &serde_json::Value| {
            let said = self.server.ask(&self.bed.as_who(who, Ask::post(path, body)));
            assert!([200, 201].contains(&said.status), "{}", said.text());
            said.json()
        };
        let number = ask("clerk", "/api/v1/productions", &demand(record))["number"].as_str().unwrap().to_owned();
        if comply {
            let word = json!({"determination": "comply", "reasons": "Valid on its face."});
            ask("steward", &format!("/api/v1/productions/{number}/determination"), &word);
        }
        route.path.replace("{number}", &number)
    }

    /// A device of that persona's, not the one that it asks from.
    fn other_device(&self, who: &str) -> String {
        let said = self.server.ask(&self.bed.as_who(who, Ask::get("/api/v1/devices")));
        let devices = if said.status == 200 { said.json() } else { json!([]) };
        let other = devices.as_array().into_iter().flatten().find(|device| device["this"] == false);
        other.and_then(|device| device["id"].as_str()).unwrap_or("nobodys").to_owned()
    }

    /// A delay for a report about that person, on a day that is always ahead.
    fn delay_wish(&self, person: &str) -> serde_json::Value {
        let until = (Timestamp::now() + SignedDuration::from_hours(24 * 60)).strftime("%Y-%m-%d").to_string();
        json!({"person": person, "ground": "Warrant 24-SW-118", "until": until})
    }

    /// A delay that waits for a second person, asked for by somebody who is nobody of the table.
    fn delayed(&self, person: &str) -> String {
        let asked = Ask::post("/api/v1/disclosures/delays", &self.delay_wish(person));
        let said = self.server.ask(&self.bed.as_who("second_steward", asked));
        assert_eq!(said.status, 201, "{}", said.text());
        said.json()["number"].as_str().unwrap().to_owned()
    }

    /// A question of the partner's that waits for a second person, another for each asker.
    fn held(&self, route: &Route, who: &str) -> String {
        let mut inquiry = self.bed.inquiry("partner");
        inquiry["case"] = json!(format!("{} {who}", route.name));
        inquiry["on_behalf_of"] = json!(["marshals", "county-sheriff"]);
        let question = json!({"inquiry": inquiry, "question": {"name": "nobody"}});
        let said = self.server.ask(&self.bed.as_who("partner", Ask::post("/api/v1/find", &question)));
        assert_eq!(said.status, 423, "{}", said.text());
        said.json()["hold"]["number"].as_str().unwrap().to_owned()
    }

    /// A question of the officer's that waits for a review, another for each asker.
    fn flagged(&self, route: &Route, who: &str) -> String {
        let mut inquiry = self.bed.inquiry("officer");
        let case = format!("{} {who}", route.name);
        (inquiry["case"], inquiry["reason"]) = (json!(case), json!("check"));
        let question = json!({"inquiry": inquiry, "question": {"name": "nobody"}});
        let said = self.server.ask(&self.bed.as_who("officer", Ask::post("/api/v1/find", &question)));
        assert_eq!(said.status, 200, "{}", said.text());
        let reviews = self.server.ask(&self.bed.as_who("clerk", Ask::get("/api/v1/reviews"))).json();
        let mine = reviews["reviews"].as_array().unwrap().iter().find(|review| review["case"] == case.as_str());
        mine.unwrap()["number"].as_str().unwrap().to_owned()
    }

    /// The request that this asker makes of this route. It is a good one: what is refused is refused for who asks.
    fn request(&self, route: &Route, who: &str) -> Ask {
        let (bed, cast) = (&self.bed, self.bed.cast());
        let inquiry = bed.inquiry(who);
        let record = cast.person.to_string();
        let at = |record: &str| route.path.replace("{record}", record);
        let case = percent(&cast.case_number);
        let mine = |ask: Ask| bed.as_who(who, ask);
        // Pages read the inquiry that the browser keeps.
        let kept = |path: &str| {
            use base64::Engine as _;
            let cookie = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(inquiry.to_string());
            mine(Ask::get(path).with("cookie", &format!("inquiry={cookie}")))
        };
        let order = json!({"number": "2026-9", "agency": "narcotics", "covers": "under", "text": "Access ends."});
        match route.name {
            "find" => mine(Ask::post(route.path, &json!({"inquiry": inquiry, "question": {"name": cast.misspelt}}))),
            "find_by_query" => {
                mine(Ask::get(&format!("{}?plate={}", route.path, percent(&cast.plate))).under(&inquiry))
            }
            "open" => mine(Ask::get(&at(&record)).under(&inquiry)),
            "file" => {
                mine(Ask::post(&at("vehicle"), &json!({"plate": format!("{}-T1", who.len()), "plate_state": "PM"})))
            }
            // Each with a record of its own, that no other row asks for.
            "handling" => {
                let record = if who == "officer" { cast.involvement.to_string() } else { cast.stop.to_string() };
                let wish = json!({"handling": "gray", "reason": "A joint inquiry is open"});
                mine(Ask::post(&at(&record), &wish).under(&inquiry))
            }
            "handling_form" => {
                use base64::Engine as _;
                let record = if who == "officer" { cast.administrative.to_string() } else { cast.warrant.to_string() };
                let cookie = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(inquiry.to_string());
                let fields = [("handling", "gray"), ("reason", "A joint inquiry is open")];
                mine(Ask::form(&at(&record), &fields).with("cookie", &format!("inquiry={cookie}")))
            }
            "judgement_form" => {
                let fields = [
                    ("other", clear_record::RecordId::fresh(clear_record::Kind::Person).to_string()),
                    ("verdict", "same".into()),
                    ("reason", "Prints".into()),
                ];
                let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                mine(Ask::form(&at(&record), &fields))
            }
            "silent_hits" => mine(Ask::get(route.path).under(&inquiry)),
            "check" => mine(Ask::post(
                route.path,
                &json!({"inquiry": inquiry, "question": {"of": "plate", "file": cast.plate}}),
            )),
            "check_form" => {
                let said = |part: &str| inquiry[part].as_str().unwrap_or_default().to_owned();
                let own = inquiry["on_behalf_of"][0].as_str().unwrap_or_default().to_owned();
                let (purpose, use_code, stated, reason) =
                    (said("purpose"), said("use_code"), said("case"), said("reason"));
                mine(Ask::form(
                    route.path,
                    &[
                        ("of", "plate"),
                        ("file", &cast.plate),
                        ("purpose", &purpose),
                        ("use_code", &use_code),
                        ("case", &stated),
                        ("reason", &reason),
                        ("on_behalf_of", &own),
                    ],
                ))
            }
            "counts" => mine(Ask::post(route.path, &json!({"inquiry": inquiry, "question": {"by": ["primary_type"]}}))),
            "figures" => mine(Ask::get(route.path)),
            "figures_page" => mine(Ask::get(&format!("{}?view=trend", route.path))),
            "sql" => mine(Ask::post(
                route.path,
                &json!({"inquiry": inquiry, "question": {"sql": "select count(*) from incidents"}}),
            )),
            "sql_page" => kept(&format!("{}?sql=select+1", route.path)),
            "changes" => {
                mine(Ask::post(route.path, &json!({"inquiry": inquiry, "question": {"since": "2020-01-01T00:00:00Z"}})))
            }
            "changes_page" => kept(&format!("{}?since=2020-01-01T00:00:00Z", route.path)),
            "measures" => mine(Ask::post(route.path, &json!({"inquiry": inquiry, "question": {"by": "beat"}}))),
            "measures_by_query" => mine(Ask::get(&format!("{}?view=hours", route.path)).under(&inquiry)),
            "analysis_page" => kept(&format!("{}?view=trend", route.path)),
            "links" => mine(Ask::post(route.path, &json!({"inquiry": inquiry, "question": {"from": record}}))),
            "links_page" => kept(&format!("{}?from={record}", route.path)),
            "rows" => mine(Ask::post(
                route.path,
                &json!({"inquiry": inquiry, "question": {"from": "2018-10-01", "limit": 3}}),
            )),
            "enter" => mine(Ask::post(
                route.path,
                &json!([{"entry": "purpose", "code": format!("for_{who}"), "title": "A purpose of the test"}]),
            )),
            "preview_cut_off" => mine(Ask::post(route.path, &order)),
            "replay_cut_off" => {
                let draft = bed.as_who("steward", Ask::post("/api/v1/register/cut-offs/preview", &order));
                let text = self.server.ask(&draft).json()["text"].clone();
                mine(Ask::post(route.path, &json!({"text": text})))
            }
            "transparency_set" => mine(Ask::get(&route.path.replace("{set}", "cut-offs.csv"))),
            "release" | "release_page" => mine(Ask::get(&route.path.replace("{number}", "1"))),
            "compliance_report" => mine(Ask::get(&route.path.replace("{period}", "2026-Q3")).under(&inquiry)),
            "reports_page" => mine(Ask::get(&format!("{}?period=2026", route.path)).under(&inquiry)),
            "certificate" | "certificate_page" => mine(Ask::get(&format!("{}?agency=frs", route.path))),
            "cut_off" => mine(Ask::post(route.path, &json!({"note": self.notes["cut_off"]}))),
            "open_inquiry" => mine(Ask::post(route.path, &by_hand(&inquiry))),
            "close_inquiry" => {
                let opened = self.server.ask(&mine(Ask::post("/api/v1/inquiries", &by_hand(&inquiry))));
                let number = if opened.status == 201 { opened.json()["number"].clone() } else { json!("none") };
                mine(Ask::post(&route.path.replace("{number}", number.as_str().unwrap()), &json!({})))
            }
            "take_over_inquiry" => {
                let event = self.stop(&format!("T-{who}"));
                mine(Ask::post(&route.path.replace("{number}", &event), &json!({})))
            }
            "event" => mine(Ask::post(
                route.path,
                &json!({"event": format!("E-{who}"), "kind": "stop", "officers": [bed.person("officer").account]}),
            )),
            "hold" => mine(Ask::get(&route.path.replace("{number}", &self.held(route, who)))),
            "release_hold" | "refuse_hold" => {
                mine(Ask::post(&route.path.replace("{number}", &self.held(route, who)), &json!({})))
            }
            "review" => mine(Ask::post(
                &route.path.replace("{number}", &self.flagged(route, who)),
                &json!({"outcome": "in_order", "note": "Read the report."}),
            )),
            "stop_form" => mine(Ask::form(route.path, &[("do", "start")])),
            "reviews_form" => {
                let number = self.flagged(route, who);
                mine(Ask::form(route.path, &[("do", "in_order"), ("number", &number), ("note", "Read the report.")]))
            }
            "reply_form" => mine(Ask::form(route.path, &[("for_them", "no"), ("next", "/search")])),
            "my_inquiries" | "holds" | "reviews" | "reviews_page" | "stop_page" => mine(Ask::get(route.path)),
            "enrol" => mine(Ask::post(
                route.path,
                &json!({"id": format!("new-{}", who.replace('_', "-")), "name": "Somebody new", "agency": "pmpd", "roles": ["officer"], "password": "nineteen lanterns on the pier"}),
            )),
            "sign_in" => Ask::post(
                route.path,
                &match who {
                    "anonymous" => json!({"account": "nobody", "password": PASSWORD, "code": "123456"}),
                    who => json!({"account": bed.person(who).account, "password": PASSWORD, "code": bed.code(who, 0)}),
                },
            ),
            "sign_out" => match who {
                "anonymous" => Ask::post(route.path, &json!({})),
                who => {
                    let session =
                        json!({"account": bed.person(who).account, "password": PASSWORD, "code": bed.code(who, 1)});
                    let session = self.server.ask(&Ask::post("/api/v1/sign-in", &session)).json();
                    Ask::post(route.path, &json!({}))
                        .with("authorization", &format!("Bearer {}", session["token"].as_str().unwrap_or("ocs_none")))
                }
            },
            "newest_checkpoint" => mine(Ask::get(route.path)),
            "newest_tile" => mine(Ask::get(&route.path.replace("{*path}", "entries/000.p/1"))),
            "log_tile" => mine(Ask::get(&route.path.replace("{*path}", "0/000"))),
            "asset" => {
                let home = self.server.ask(&Ask::get("/")).text();
                let (_, rest) = home.split_once("/assets/").expect("the first page has a stylesheet");
                let name: String = rest.chars().take_while(|letter| *letter != '"').collect();
                mine(Ask::get(&route.path.replace("{name}", &name)))
            }
            "sign_in_form" => {
                let account = if who == "anonymous" { "nobody" } else { bed.person(who).account.as_str() };
                let code = if who == "anonymous" { "123456".to_owned() } else { bed.code(who, 2) };
                Ask::form(
                    route.path,
                    &[("account", account), ("password", PASSWORD), ("code", &code), ("next", "/search")],
                )
            }
            "sign_out_form" => mine(Ask::form(route.path, &[])),
            "search_page" => kept(&format!("{}?q={case}", route.path)),
            "search_form" => mine(Ask::form(
                route.path,
                &[
                    ("q", &cast.plate),
                    ("purpose", "criminal_investigation"),
                    ("use_code", "C"),
                    ("case", &cast.case_number),
                    ("reason", "stop"),
                ],
            )),
            "record_page" => kept(&at(&record)),
            "counts_page" => kept(&format!("{}?by=beat", route.path)),
            "steward_preview" => mine(Ask::form(
                route.path,
                &[
                    ("number", "2026-9"),
                    ("agency", "narcotics"),
                    ("covers", "under"),
                    ("scope", "installation"),
                    ("text", "Access ends."),
                ],
            )),
            "entries_form" => mine(Ask::form(
                route.path,
                &[("entry", "use_code"), ("code", &format!("for_{who}")), ("title", "A use of the test")],
            )),
            "steward_cut_off" => mine(Ask::form(route.path, &[("note", &self.notes["steward_cut_off"])])),
            "disclosures" => mine(Ask::get(&format!("{}?record={record}", route.path))),
            "disclosures_page" => mine(Ask::get(&format!("{}?about=record&value={record}", route.path))),
            "subject_report" => mine(Ask::get(&route.path.replace("{person}", &record))),
            "subject_report_page" => mine(Ask::get(&format!("{}?person={record}", route.path))),
            "delay" => mine(Ask::post(route.path, &self.delay_wish(&record))),
            "review_delay" => mine(Ask::post(
                &route.path.replace("{number}", &self.delayed(&record)),
                &json!({"granted": true, "note": "Read the warrant."}),
            )),
            "forget_pseudonym" => mine(Ask::post(&route.path.replace("{name}", "px-nobody"), &json!({}))),
            "delays" | "openings" | "was_this_you" | "was_this_you_page" => mine(Ask::get(route.path)),
            "say_was_this_you" => mine(Ask::post(route.path, &json!({"was_me": "yes"}))),
            "was_this_you_form" => mine(Ask::form(route.path, &[("was_me", "yes")])),
            "devices" | "devices_page" | "productions" | "productions_page" => mine(Ask::get(route.path)),
            "end_device" | "end_device_form" => {
                let device = self.other_device(who);
                mine(Ask::form(&route.path.replace("{device}", &device), &[]))
            }
            "docket" => mine(Ask::post(route.path, &demand(&record))),
            "docket_form" => mine(Ask::form(
                route.path,
                &[
                    ("instrument", "court_order"),
                    ("judge_signed", "yes"),
                    ("court", "Circuit Court"),
                    ("demanded_by", "A defence lawyer"),
                    ("service", "by mail"),
                    ("received", "2024-07-14"),
                    ("legal_basis", "Rule 412"),
                    ("scope", "One record"),
                    ("records", &record),
                ],
            )),
            "production" | "production_page" => mine(Ask::get(&self.docketed(route, &record, false))),
            "determine" => mine(Ask::post(
                &self.docketed(route, &record, false),
                &json!({"determination": "comply", "reasons": "Valid on its face."}),
            )),
            "determine_form" => mine(Ask::form(
                &self.docketed(route, &record, false),
                &[("determination", "comply"), ("reasons", "Valid on its face."), ("records", &record)],
            )),
            "release_production" => mine(Ask::post(&self.docketed(route, &record, true), &json!({}))),
            "release_form" => mine(Ask::form(&self.docketed(route, &record, true), &[])),
            "register" | "register_export" | "me" | "openapi" | "docs" | "log_checkpoint" | "log_vkey" | "healthz"
            | "metrics" | "home" | "sign_in_page" | "transparency_page" | "stores_page" | "register_page"
            | "log_page" | "steward_page" | "entries_page" | "check_page" => mine(Ask::get(route.path)),
            "set_rows" => mine(Ask::get("/resource/crimes.json?$limit=3")),
            "set_row" => {
                let rows = self.server.ask(&Ask::get("/resource/ijzp-q8t2.json?$limit=1")).json();
                mine(Ask::get(&format!("/resource/ijzp-q8t2/{}.json", rows[0]["id"].as_str().unwrap())))
            }
            "set_view" | "set_view_short" => mine(Ask::get(&route.path.replace("{set}", "ijzp-q8t2.json"))),
            "set_download" | "set_download_short" => {
                mine(Ask::get(&route.path.replace("{set}", "ijzp-q8t2").replace("{file}", "rows.csv")))
            }
            "set_link" | "data_set_page" => mine(Ask::get(&route.path.replace("{set}", "crimes"))),
            "set_query" => mine(Ask::post(
                "/api/v3/views/ijzp-q8t2/query.json",
                &json!({"query": "SELECT primary_type, count(*) GROUP BY primary_type"}),
            )),
            "set_query_by_address" => mine(Ask::get("/api/v3/views/ijzp-q8t2/export.csv")),
            "citizen_crimes" => mine(Ask::get(&route.path.replace("{what}", "list"))),
            "set_views"
            | "set_views_bare"
            | "set_views_short"
            | "set_catalog"
            | "set_dcat"
            | "citizen_most_wanted"
            | "citizen_calendar"
            | "data_page" => mine(Ask::get(route.path)),
            other => panic!(
                "the route `{other}` is new: say here what each asker asks of it, and look at its lines in routes.golden"
            ),
        }
    }
}

/// A demand for a record, by a warrant.
fn demand(record: &str) -> serde_json::Value {
    json!({
        "instrument": "judicial_warrant", "judge_signed": true, "court": "Circuit Court", "demanded_by": "Federal Removal Service",
        "agency": "frs", "service": "by courier", "received": "2024-07-14", "legal_basis": "725 ILCS 5/108-3",
        "scope": "One record", "records": [record]
    })
}

/// An inquiry to be opened by hand.
fn by_hand(inquiry: &serde_json::Value) -> serde_json::Value {
    json!({"purpose": inquiry["purpose"], "use_code": "C", "case": inquiry["case"], "reason": "suspect named by a witness"})
}

/// Whether a route is a question or a filing, so that each use of it stands in the log as asked and ended.
fn is_logged(route: &Route, who: &str) -> bool {
    match route.name {
        // Whoever has not signed in, or whose sign-in an order ended, gets as far as the page's door.
        "handling_form" | "entries_form" | "judgement_form" => !["anonymous", "cut_off", "sister"].contains(&who),
        "find" | "find_by_query" | "check" | "open" | "file" | "handling" | "silent_hits" | "counts" | "rows"
        | "links" | "links_page" | "sql" | "sql_page" | "changes" | "changes_page" | "measures"
        | "measures_by_query" | "analysis_page" | "enter" | "cut_off" | "enrol" | "search_page" | "check_form"
        | "record_page" | "counts_page" | "steward_cut_off" => true,
        "productions" | "docket" | "production" | "determine" | "release_production" | "productions_page"
        | "docket_form" | "production_page" | "determine_form" | "release_form" => true,
        "disclosures"
        | "subject_report"
        | "delays"
        | "delay"
        | "review_delay"
        | "forget_pseudonym"
        | "openings"
        | "disclosures_page"
        | "subject_report_page" => true,
        // One's own week is asked of the log.
        "was_this_you" | "say_was_this_you" | "was_this_you_page" | "was_this_you_form" => true,
        "compliance_report" => true,
        "reports_page" => !["anonymous", "cut_off", "sister"].contains(&who),
        "transparency_set" | "release" | "transparency_page" | "release_page" | "stores_page" => false,
        // What is public is read without a trail: it is counted in totals.
        "set_rows"
        | "set_row"
        | "set_view"
        | "set_view_short"
        | "set_download"
        | "set_download_short"
        | "set_link"
        | "data_set_page"
        | "set_query"
        | "set_query_by_address"
        | "citizen_crimes"
        | "set_views"
        | "set_views_bare"
        | "set_views_short"
        | "set_catalog"
        | "set_dcat"
        | "citizen_most_wanted"
        | "citizen_calendar"
        | "data_page"
        | "figures"
        | "figures_page" => false,
        "replay_cut_off" | "certificate" | "certificate_page" | "newest_checkpoint" => true,
        // A log that grew by being read would never be read to its end; that somebody began to read it is logged.
        "newest_tile" => !["steward", "oversight"].contains(&who),
        "open_inquiry" | "close_inquiry" | "take_over_inquiry" | "event" | "holds" | "release_hold" | "refuse_hold"
        | "reviews" | "review" | "stop_form" | "reviews_page" | "reviews_form" => true,
        // What is one's own, and what the browser keeps, is not asked of the records.
        "my_inquiries" | "hold" | "stop_page" | "reply_form" => false,
        // The replay on the page is for those who may enter orders.
        "steward_preview" => who == "steward",
        // One's own devices are no records; that one was ended is noted.
        "devices" | "devices_page" | "end_device" | "end_device_form" => false,
        // Signing in has events of its own; drafts and public pages disclose no record.
        "sign_in" | "sign_out" | "sign_in_form" | "sign_out_form" | "preview_cut_off" | "steward_page"
        | "entries_page" | "search_form" | "check_page" | "me" | "register" | "register_export" | "openapi"
        | "docs" | "log_checkpoint" | "log_tile" | "log_vkey" | "healthz" | "metrics" | "asset" | "home"
        | "sign_in_page" | "register_page" | "log_page" => false,
        other => panic!("the route `{other}` is new: say here whether it is a question or a filing"),
    }
}

/// An answer in one word for the table.
fn outcome(said: &Said) -> String {
    let after = |from: &str, to: &str| {
        let text = said.text();
        let rest = text.split_once(from).map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        rest.split(to).next().unwrap_or_default().trim().to_owned()
    };
    let why = match said.status {
        300..400 => format!("to {}", said.header("location").unwrap_or_default().split('?').next().unwrap_or_default()),
        400.. if said.is_page() => format!("page: {}", after("<h1>", "</h1>")),
        400.. => said.code(),
        _ => String::new(),
    };
    format!("{} {why}", said.status).trim_end().to_owned()
}

#[test]
fn routes_by_askers() {
    let mut table = Table::set();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/routes.golden");
    let mut text = "# Every route by every asker, after an order that cuts the Federal Removal Service and its family off.\n\
        # `stranger` has no agreement, `sister` belongs to another agency of the family. A refusal has its code, or its\n\
        # page's heading. Written by the test `routes_by_askers` (OPENCLEAR_UPDATE_GOLDEN=1); a change here is a change of\n\
        # who gets what, and is reviewed as one.\n"
        .to_owned();
    for route in ROUTES {
        table.prepare(route);
        let mut outcomes: Vec<(String, Vec<&str>)> = Vec::new();
        for who in ASKERS {
            let request = table.request(route, who);
            let said = table.server.ask(&request);
            if ["cut_off", "sister", "anonymous", "stranger"].contains(&who) {
                nothing_of_the_records(&table.bed, route, who, &request, &said);
            }
            let outcome = outcome(&said);
            match outcomes.iter_mut().find(|(known, _)| *known == outcome) {
                Some((_, askers)) => askers.push(who),
                None => outcomes.push((outcome, vec![who])),
            }
        }
        outcomes.sort();
        writeln!(text, "\n{} {}", route.method, route.path).unwrap();
        for (outcome, askers) in outcomes {
            writeln!(text, "    {outcome:44} {}", askers.join(" ")).unwrap();
        }
    }
    if std::env::var_os("OPENCLEAR_UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    let known = std::fs::read_to_string(&golden).expect("routes.golden is part of the repository");
    for (line, (is, was)) in text.lines().zip(known.lines()).enumerate() {
        assert_eq!(is, was, "routes.golden differs in line {}; OPENCLEAR_UPDATE_GOLDEN=1 writes it again", line + 1);
    }
    assert_eq!(text.lines().count(), known.lines().count(), "routes.golden has other lines at its end");
    let (status, said) = table.server.stop();
    assert!(status.success() && !said.contains("panicked"), "{said}");
}

/// No answer to somebody without access names a record or anything of the story's person.
fn nothing_of_the_records(bed: &Bed, route: &Route, who: &str, asked: &Ask, said: &Said) {
    let text = said.text();
    let cast = bed.cast();
    // A sign-in page leads back to the address that was asked for, which is the asker's own word.
    let told: Vec<_> = ids_in(&text)
        .into_iter()
        .filter(|id| bed.filed.contains_key(id) && (said.status != 401 || !asked.path.contains(&id.to_string())))
        .collect();
    assert!(told.is_empty(), "{} {} told {who} of {told:?}", route.method, route.path);
    for word in [cast.family_name.as_str(), cast.plate.as_str()] {
        assert!(!text.contains(word), "{} {} told {who} of `{word}`: {text}", route.method, route.path);
    }
}

#[test]
fn gr21_each_request_leaves_one_asked_and_one_ended_event() {
    let mut table = Table::set();
    let before = ended_and_asked(&table.server);
    let mut expected: Vec<(String, &str, Vec<What>, Option<String>)> = Vec::new();
    let mut logged = 0;
    for route in ROUTES {
        table.prepare(route);
        for who in ASKERS {
            let request = table.request(route, who);
            let (asked_before, ended_before) = ended_and_asked(&table.server);
            let said = table.server.ask(&request);
            let (asked, ended) = ended_and_asked(&table.server);
            // Who sets how a record is handled has opened it first, by the road of every question.
            let opened = matches!(route.name, "handling" | "handling_form") && asked - asked_before == 2;
            let one = u64::from(is_logged(route, who)) + u64::from(opened);
            assert_eq!(
                (asked - asked_before, ended - ended_before),
                (one, one),
                "{} {} by {who}: {}",
                route.method,
                route.path,
                outcome(&said)
            );
            if !is_logged(route, who) {
                continue;
            }
            logged += 1;
            let ends = match said.status {
                // A form that did something leads to the next page.
                200..400 => vec![What::Answered, What::Filed],
                // Nothing that one may see is an answer too.
                404 => vec![What::Answered],
                400 => vec![What::Failed],
                _ => vec![What::Denied],
            };
            let number = said.number().map(str::to_owned);
            assert!(
                number.is_some() || said.is_page() || (300..400).contains(&said.status),
                "{} {} by {who} has no number",
                route.method,
                route.path
            );
            expected.push((format!("{} {} by {who}", route.method, route.path), who, ends, number));
        }
    }
    assert!(logged >= 100, "only {logged}: the table is empty?");
    let after = ended_and_asked(&table.server);
    let (status, said) = table.server.stop();
    assert!(status.success(), "{said}");

    let events = table.bed.events();
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    let mut ended: BTreeMap<String, Vec<What>> = BTreeMap::new();
    for (_, event) in &events {
        let Some(request) = &event.request else { continue };
        match event.what {
            What::Asked => *asked.entry(request.to_string()).or_default() += 1,
            what if what.ends() => ended.entry(request.to_string()).or_default().push(what),
            _ => {}
        }
    }
    for (what, who, ends, number) in &expected {
        let Some(number) = number else { continue };
        assert_eq!(asked.get(number), Some(&1), "{what}");
        let how = ended.get(number).cloned().unwrap_or_default();
        assert!(how.len() == 1 && ends.contains(&how[0]), "{what} ended {how:?}");
        let event = events
            .iter()
            .map(|(_, event)| event)
            .find(|event| event.what == What::Asked && event.request.as_ref().is_some_and(|id| id.as_str() == number));
        let account = event.and_then(|event| event.account.as_ref()).map(ToString::to_string);
        let expected_account = (*who != "anonymous").then(|| table.bed.person(who).account.clone());
        assert_eq!(account, expected_account, "{what}");
    }
    assert!(asked.values().all(|count| *count == 1), "a request was asked twice");
    assert!(
        asked.keys().all(|request| ended.get(request).is_some_and(|ends| ends.len() == 1)),
        "a request has no end, or two"
    );
    assert_eq!(asked.len(), ended.len(), "something ended that nobody asked");
    assert!(asked.len() as u64 >= after.0 - before.0);
}

/// How many requests were asked and how many ended, as the server's metrics count them.
fn ended_and_asked(server: &Server) -> (u64, u64) {
    let metrics = server.ask(&Ask::get("/metrics")).text();
    let (mut asked, mut ended) = (0, 0);
    for line in metrics.lines().filter(|line| line.starts_with("requests_ended_total{")) {
        let count: u64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        if line.contains("how=\"asked\"") { asked += count } else { ended += count }
    }
    (asked, ended)
}
