//! Boards, trends and hours over HTTP.

use clear_audit::{Event, Opened, What};
use serde_json::{Value, json};

use crate::city::City;
use crate::pages::is_a_page;

/// Robberies of some days of beat 0411, and one theft of another beat.
fn city() -> City {
    let city = City::open();
    let file = |day: &str, code: &str, kind: &str, beat: &str, more: Value| {
        let mut incident = json!({
            "occurred_from": format!("{day}T22:30:00"), "beat": beat, "district": "004",
            "offences": [{"iucr": "0320", "primary_type": kind, "fbi_code": code}]
        });
        incident.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        city.file("incident", &incident);
    };
    for day in ["2019-07-14", "2019-07-15", "2019-07-16", "2019-07-08", "2019-07-09", "2018-07-12", "2018-01-02"] {
        file(day, "03", "ROBBERY", "0411", json!({"arrest": day.ends_with('6'), "status": "open"}));
    }
    file("2019-07-10", "06", "THEFT", "0412", json!({"arrest": true, "status": "cleared_by_arrest"}));
    file("2019-07-10", "06", "THEFT", "0412", json!({"status": "unfounded"}));
    city
}

fn ask(city: &City, question: &Value) -> Value {
    let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Weekly board of the district", "on_behalf_of": ["pmpd"]});
    let body = json!({"inquiry": inquiry, "question": question});
    let answer = city.ask_as("officer", "POST /api/v1/measures", body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_board_says_what_is_no_evidence_of_change() {
    let city = city();
    let found = ask(&city, &json!({"measures": ["robbery", "index", "clearance"], "by": "beat"}));
    assert_eq!((&found["data_from"], &found["data_to"]), (&json!("2018-01-02"), &json!("2019-07-16")));
    let board = &found["board"];
    assert_eq!(
        (&board["on"], &board["by"], board["rows"].as_array().unwrap().len()),
        (&json!("2019-07-16"), &json!("beat"), 9)
    );
    let row = &board["rows"][0];
    assert_eq!((&row["measure"], &row["all"]), (&json!("robbery"), &json!(true)));
    let week = &row["cells"][0];
    assert_eq!(
        (&week["now"]["count"], &week["previous"]["then"]["count"], &week["previous"]["says"]),
        (&json!(3), &json!(2), &json!("no evidence of change"))
    );
    assert_eq!((&week["last_year"]["then"]["count"], &row["cells"][2]["now"]["count"]), (&json!(1), &json!(5)));
    let clearance = &board["rows"][6]["cells"][0]["now"];
    assert_eq!((&clearance["count"], &clearance["of"]), (&json!(1), &json!(4)));

    let of_beat = ask(&city, &json!({"measures": ["incidents"], "beat": "412", "residents": {"": 50_000}}));
    let now = &of_beat["board"]["rows"][0]["cells"][0]["now"];
    assert_eq!((&now["count"], &now["rate"]["value"]), (&json!(1), &json!(2.0)), "what was unfounded counts nowhere");
}

#[test]
fn trends_and_hours_are_of_the_same_incidents() {
    let city = city();
    let trend = ask(&city, &json!({"view": "trend", "measures": ["robbery"], "from": "2019-01-01"}));
    let months = trend["trend"]["series"][0]["months"].as_array().unwrap();
    assert_eq!(
        (months.len(), &months[0]["month"], &months[6]["figure"]["count"], &months[6]["partial"]),
        (7, &json!("2019-01"), &json!(5), &json!(true))
    );
    let hours =
        ask(&city, &json!({"view": "hours", "measures": ["robbery"], "from": "2018-01-01", "where": "beat = '0411'"}));
    assert_eq!((&hours["hours"]["all"]["count"], &hours["hours"]["by_hour"][22]["count"]), (&json!(7), &json!(7)));
    // 2019-07-14 was a Sunday.
    assert_eq!(hours["hours"]["weekdays"][0][22]["count"], 1);
}

#[test]
fn one_address_is_a_page_and_a_question_of_the_api() {
    let city = city();
    let inquiry = kept_inquiry();
    let bearer = format!("Bearer {}", city.token("officer"));
    let get = |path: &str| {
        city.ask(&format!("GET {path}"), &[("authorization", bearer.as_str()), ("cookie", inquiry.as_str())], b"")
    };
    for (path, words) in [
        ("/analysis", "no evidence of change"),
        ("/analysis?view=board&by=beat&measures=robbery&district=004", "<td>0411</td>"),
        ("/analysis?view=trend&from=2018-01-01", "2019-07"),
        ("/analysis?view=hours&measures=robbery&from=2018-01-01", "Sunday"),
        ("/analysis?as_of=2019-01-01T00:00:00Z", "/changes?since=2019-01-01T00"),
        ("/changes", "Since (a moment"),
        ("/changes?since=0", "ROBBERY"),
    ] {
        let page = get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        is_a_page(path, &page);
        assert!(page.text().contains(words), "{path}: {}", page.text());
    }
    let query = "view=board&by=beat&measures=robbery&district=004";
    let by_query = city.ask_as("officer", &format!("GET /api/v1/measures?{query}"), b"");
    let posted = ask(&city, &json!({"view": "board", "by": "beat", "measures": ["robbery"], "district": "004"}));
    assert_eq!((by_query.status, by_query.json()), (200, posted));
    for (path, status) in
        [("/analysis?measures=fear", 400), ("/analysis?where=beat+%3D", 400), ("/analysis?ward=two", 400)]
    {
        let page = get(path);
        assert_eq!(page.status, status, "{path}");
        is_a_page(path, &page);
        assert!(page.text().contains("role=\"alert\""), "{path}");
    }
}

#[test]
fn figures_stand_as_they_were_known_and_what_changed_since_is_listed() {
    let city = city();
    let frozen = jiff::Timestamp::now().to_string();
    // One is found to have been a theft, one is filed late, and one gets a narrative word that no figure counts.
    let robbery = |day: &str| {
        json!({"occurred_from": format!("{day}T22:30:00"), "beat": "0411", "district": "004", "status": "open",
            "offences": [{"iucr": "0320", "primary_type": "ROBBERY", "fbi_code": "03"}]})
    };
    let late = city.file("incident", &robbery("2019-07-13"));
    let newest = ask_changes(&city, &json!({"since": "1", "limit": 1}));
    let corrected = newest["changed"][0]["record"]["id"].as_str().unwrap().to_owned();
    let mut theft = robbery("2019-07-16");
    theft["offences"] = json!([{"iucr": "0820", "primary_type": "THEFT", "fbi_code": "06"}]);
    let filed =
        city.ask_as("officer", &format!("POST /api/v1/records/incident?id={corrected}"), theft.to_string().as_bytes());
    assert_eq!(filed.status, 201, "{}", filed.text());

    let week = |as_of: Option<&str>| {
        let found = ask(&city, &json!({"measures": ["robbery", "theft"], "on": "2019-07-16", "as_of": as_of}));
        let count = |row: usize| found["board"]["rows"][row]["cells"][0]["now"]["count"].as_u64().unwrap();
        (count(0), count(1))
    };
    assert_eq!((week(None), week(Some(&frozen)), week(Some("0"))), ((3, 2), (3, 1), (0, 0)));
    let changes = ask_changes(&city, &json!({"since": frozen}));
    let line = |it: &Value| {
        format!(
            "{} {} {} {}",
            it["record"]["id"].as_str().unwrap(),
            it["what"].as_str().unwrap(),
            it["old_type"],
            it["new_type"]
        )
    };
    let listed: Vec<String> = changes["changed"].as_array().unwrap().iter().map(line).collect();
    assert_eq!(
        listed,
        [format!(r#"{corrected} corrected "ROBBERY" "THEFT""#), format!(r#"{late} filed null "ROBBERY""#)]
    );
    assert_eq!(changes["changed"][0]["fields"][0]["field"], "offences");
    for (question, what) in [
        (json!({"since": "yesterday"}), "since is a moment like"),
        (json!({"since": "99999999"}), "not in the log"),
        (json!({"since": "0", "limit": 501}), "limit is at most 500"),
    ] {
        let answer = asked_changes(&city, &question);
        assert_eq!(answer.status, 400, "{question}");
        assert!(answer.text().contains(what), "{question}: {}", answer.text());
    }
}

#[test]
fn everybody_gets_the_figures_of_the_public_extract() {
    let city = city();
    let get = |path: &str| city.ask(&format!("GET {path}"), &[], b"");
    let trend = get("/api/v1/figures?view=trend&measures=robbery,theft&from=2019-01-01");
    assert_eq!(trend.status, 200, "{}", trend.text());
    let july = |row: usize| {
        trend.json()["trend"]["series"][row]["months"].as_array().unwrap().last().unwrap()["figure"]["count"].clone()
    };
    // The public extract does not say that a report was unfounded.
    assert_eq!((july(0), july(1)), (json!(5), json!(2)));
    for (path, words) in [
        ("/figures", "no evidence of change"),
        ("/figures?view=trend&by=&from=2018-01-01", "2019-07"),
        ("/figures?view=hours", "Sunday"),
        ("/figures?by=district&measures=robbery&on=2019-07-16", "<td>004</td>"),
    ] {
        let page = get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.text());
        is_a_page(path, &page);
        assert!(page.text().contains(words), "{path}: {}", page.text());
    }
    for path in ["/figures?where=beat+%3D", "/api/v1/figures?where=status+%3D+%27open%27", "/api/v1/figures?as_of=0"] {
        assert_eq!(get(path).status, 400, "{path}: {}", get(path).text());
    }
    // With an account it is a set like the other, under the same measures.
    let found = ask(&city, &json!({"set": "crimes", "view": "hours", "measures": ["robbery"], "from": "2018-01-01"}));
    assert_eq!(found["hours"]["all"]["count"], 7);
}

#[test]
fn a_query_in_sql_reads_what_may_be_seen_and_does_nothing_else() {
    let city = city();
    let asked = |sql: &str| {
        let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]});
        let body = json!({"inquiry": inquiry, "question": {"sql": sql, "limit": 3}});
        city.ask_as("officer", "POST /api/v1/sql", body.to_string().as_bytes())
    };
    for (sql, expected) in [
        (
            "select primary_type, count(*) as n from incidents group by primary_type order by n desc",
            json!([["ROBBERY", 7], ["THEFT", 2]]),
        ),
        (
            "select beat, arrest, occurred_from from incidents where arrest order by occurred_from",
            json!([["0412", true, "2019-07-10T22:30:00"], ["0411", true, "2019-07-16T22:30:00"]]),
        ),
        (
            "with a as (select year, count(*) n from incidents group by year) select year, n, n - lag(n) over (order by year) as more from a order by year",
            json!([[2018, 2, null], [2019, 7, 5]]),
        ),
        ("select 1 / 0.0 as x, null as y", json!([[null, null]])),
    ] {
        let answer = asked(sql);
        assert_eq!(answer.status, 200, "{sql}: {}", answer.text());
        if !sql.contains("0.0") {
            // Numbers are decimal ones in a set, and whole ones where they are counted.
            let same = |one: &Value, other: &Value| {
                one == other || one.as_f64().zip(other.as_f64()).is_some_and(|(one, other)| one == other)
            };
            let rows = answer.json()["rows"].clone();
            let (rows, wanted) = (rows.as_array().unwrap(), expected.as_array().unwrap());
            let flat =
                |rows: &Vec<Value>| rows.iter().flat_map(|row| row.as_array().unwrap().clone()).collect::<Vec<_>>();
            let (flat_rows, flat_wanted) = (flat(rows), flat(wanted));
            assert!(
                flat_rows.len() == flat_wanted.len() && flat_rows.iter().zip(&flat_wanted).all(|(a, b)| same(a, b)),
                "{sql}: {}",
                answer.text()
            );
        }
    }
    let more = asked("select case_number from incidents");
    assert_eq!((more.json()["rows"].as_array().unwrap().len(), more.json()["more"].clone()), (3, json!(true)));
    let deep = format!("select {}", vec!["1"; 1_500].join("+"));
    let nested = format!("select {}1{}", "(".repeat(3_000), ")".repeat(3_000));
    for sql in [
        "",
        "select",
        "drop table incidents",
        "create table x as select 1",
        "create external table x stored as csv location '/etc/passwd'",
        "copy incidents to '/tmp/x.csv'",
        "explain select 1",
        "explain analyze select * from incidents",
        "show tables",
        "select * from information_schema.tables",
        "select * from persons",
        "select name from incidents",
        "set datafusion.execution.batch_size = 1",
        "insert into incidents values (1)",
        "select random()",
        "select now()",
        "select * from read_csv('/etc/passwd')",
        "describe incidents",
        "select 1; select 2",
        "select 'x",
        &nested,
        "select cast('x' as int) from incidents",
        "prepare p as select 1",
        "begin",
    ] {
        let answer = asked(sql);
        assert_eq!(answer.status, 400, "{}: {}", sql.chars().take(80).collect::<String>(), answer.text());
    }
    let answer = asked(&deep);
    assert!(matches!(answer.status, 200 | 400), "{}", answer.text());
}

/// Everything that the log has of a request.
fn events(city: &City, request: &str) -> Vec<Event> {
    let log = city.desk.public_log();
    let opened = log.openings(0..log.synced_size()).unwrap().map(|opened| opened.unwrap().1);
    let of_it = |event: &Event| event.request.as_ref().is_some_and(|id| id.as_str() == request);
    opened
        .filter_map(|opened| match opened {
            Opened::Event(event) if of_it(&event) => Some(event),
            _ => None,
        })
        .collect()
}

/// GR26: who saw which record, by a query of one's own as well. A row is somebody's; a figure of many is nobody's.
#[test]
fn gr26_a_query_in_sql_leaves_the_records_that_its_rows_are_made_of_in_the_log() {
    let city = city();
    let asked = |sql: &str| {
        let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]});
        let body = json!({"inquiry": inquiry, "question": {"sql": sql}});
        city.ask_as("officer", "POST /api/v1/sql", body.to_string().as_bytes())
    };
    for (sql, rows, told) in [
        ("select beat from incidents", 9, 9),
        ("select beat from incidents where arrest", 2, 2),
        ("select beat from incidents order by occurred_from desc limit 2", 2, 2),
        ("select beat from incidents limit 4 offset 3", 4, 4),
        ("with a as (select * from incidents where ward is null) select status, beat from a", 9, 9),
        ("select beat from incidents where arrest union all select beat from incidents where beat = '0412'", 4, 3),
        (
            "select a.beat from incidents a join incidents b on a.occurred_from = b.occurred_from and a.status < b.status",
            1,
            2,
        ),
        (
            "select a.beat from incidents a where exists (select 1 from incidents b where b.beat = a.beat and b.arrest)",
            9,
            9,
        ),
        (
            "select lag(beat) over (order by occurred_from) as l from incidents order by occurred_from desc limit 1",
            1,
            2,
        ),
        ("select row_number() over (order by occurred_from) as n from incidents order by n limit 1", 1, 1),
        // Figures.
        ("select count(*) from incidents", 1, 0),
        ("select primary_type, count(*) from incidents group by primary_type", 2, 0),
        ("select max(occurred_from), avg(hour) from incidents", 1, 0),
        ("select distinct beat from incidents", 2, 0),
        ("select (select max(occurred_from) from incidents) as x", 1, 0),
        ("select count(*) from incidents where occurred_from > (select min(occurred_from) from incidents)", 1, 0),
        // A group of one record is that record, however it is said.
        ("select occurred_from, count(*) from incidents group by occurred_from", 8, 7),
        ("select distinct occurred_from from incidents", 8, 7),
        ("select day, max(beat) from incidents where arrest group by day", 2, 2),
        ("select n from (select beat, arrest, count(*) as n from incidents group by beat, arrest) where n = 1", 3, 3),
        // So is the one whose text is shown for many.
        ("select min(status) from incidents", 1, 1),
        ("select year, first_value(beat order by occurred_from) from incidents group by year", 2, 2),
    ] {
        let answer = asked(sql);
        assert_eq!(answer.status, 200, "{sql}: {}", answer.text());
        let shown = answer.json();
        assert_eq!(shown["rows"].as_array().unwrap().len(), rows, "{sql}: {shown}");
        assert_eq!(shown["columns"].as_array().unwrap().len(), shown["rows"][0].as_array().unwrap().len(), "{sql}");
        let events = events(&city, answer.header("x-clear-request"));
        let ended = events.iter().find(|event| event.what == What::Answered).unwrap();
        assert_eq!((ended.records.len(), ended.count), (told, Some(told as u64)), "{sql}");
    }
    // What puts rows into one value hides whose they are.
    for (sql, what) in [
        ("select array_agg(beat) from incidents", "ask for the rows"),
        ("select string_agg(beat, ',') from incidents", "ask for the rows"),
        ("select string_agg(beat, ',') over () from incidents", "ask for the rows"),
        ("select (select beat from incidents limit 1) as x", "join it"),
        ("select max(beat) over (order by occurred_from) from incidents", "order by it"),
        ("select beat as \"\u{1}row9\" from incidents", "no form"),
    ] {
        let answer = asked(sql);
        assert!(answer.status == 400 && answer.text().contains(what), "{sql}: {}", answer.text());
    }
}

#[test]
fn the_answer_of_a_query_in_sql_is_a_table_lines_a_sheet_or_a_parquet_file() {
    let city = city();
    let sql =
        "select beat, count(*) as n, max(day) as last, max(arrest) as some from incidents group by beat order by beat";
    let asked = |path: &str, accept: &str, question: Value| {
        let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Pattern on the beat", "on_behalf_of": ["pmpd"]});
        let body = json!({"inquiry": inquiry, "question": question}).to_string();
        let bearer = format!("Bearer {}", city.token("officer"));
        let headers = [("authorization", bearer.as_str()), ("accept", accept), ("content-type", "application/json")];
        city.ask(&format!("POST {path}"), &headers, body.as_bytes())
    };
    let sheet = "beat,n,last,some\r\n0411,7,2019-07-16T00:00:00,true\r\n0412,2,2019-07-10T00:00:00,true\r\n";
    for (path, accept, question, media, text) in [
        ("/api/v1/sql?format=csv", "*/*", json!({"sql": sql}), "text/csv; charset=utf-8; header=present", sheet),
        ("/api/v1/sql", "text/csv, */*;q=0.1", json!({"sql": sql}), "text/csv; charset=utf-8; header=present", sheet),
        ("/api/v1/sql", "*/*", json!({"sql": sql, "form": "csv"}), "text/csv; charset=utf-8; header=present", sheet),
        (
            "/api/v1/sql?format=ndjson",
            "",
            json!({"sql": sql, "limit": 1}),
            "application/x-ndjson",
            "{\"beat\":\"0411\",\"n\":7,\"last\":\"2019-07-16T00:00:00\",\"some\":true}\n",
        ),
    ] {
        let answer = asked(path, accept, question);
        assert_eq!((answer.status, answer.header("content-type")), (200, media), "{path}: {}", answer.text());
        assert_eq!(answer.text(), text, "{path} {accept}");
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"answer."), "{path}");
        // The receipt is of these bytes.
        clear_audit::Receipt::parse(answer.header("x-clear-receipt"))
            .unwrap()
            .check(city.desk.public_log().vkey())
            .unwrap();
    }
    let more = asked("/api/v1/sql?format=csv", "*/*", json!({"sql": sql, "limit": 1}));
    assert_eq!((more.header("x-clear-more"), more.text().lines().count()), ("true", 2));
    let typed = "select beat, count(*) as n, max(occurred_from) - min(occurred_from) as span, latitude from incidents group by beat, latitude order by beat";
    let file = asked("/api/v1/sql?format=parquet", "*/*", json!({"sql": typed}));
    assert_eq!((file.status, file.header("content-type")), (200, "application/vnd.apache.parquet"), "{}", file.text());
    assert!(file.body.starts_with(b"PAR1") && file.body.ends_with(b"PAR1"));
    let wrong = asked("/api/v1/sql?format=xml", "*/*", json!({"sql": sql}));
    assert!(wrong.status == 400 && wrong.text().contains("`format` should be"), "{}", wrong.text());

    // The page gives the same files.
    let bearer = format!("Bearer {}", city.token("officer"));
    let kept = kept_inquiry();
    let query: String = url::form_urlencoded::byte_serialize(sql.as_bytes()).collect();
    let get = |path: &str| {
        city.ask(&format!("GET {path}"), &[("authorization", bearer.as_str()), ("cookie", kept.as_str())], b"")
    };
    let page = get(&format!("/sql?sql={query}"));
    is_a_page("/sql", &page);
    assert!(page.text().contains(&format!("/sql?sql={query}&amp;format=parquet")), "{}", page.text());
    assert_eq!(get(&format!("/sql?sql={query}&format=csv")).text(), sheet);
    let rows = get("/sql?sql=select+beat+from+incidents");
    assert!(rows.text().contains("the 9 records that these rows are made of"), "{}", rows.text());
}

/// The cookie in which a browser keeps the inquiry.
fn kept_inquiry() -> String {
    use base64::Engine as _;
    let json = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Weekly board"});
    format!("inquiry={}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string()))
}

fn asked_changes(city: &City, question: &Value) -> crate::city::Answer {
    let inquiry = json!({"purpose": "criminal_investigation", "use_code": "C", "case": "JC-1", "reason": "Figures of last week", "on_behalf_of": ["pmpd"]});
    city.ask_as(
        "officer",
        "POST /api/v1/changes",
        json!({"inquiry": inquiry, "question": question}).to_string().as_bytes(),
    )
}

fn ask_changes(city: &City, question: &Value) -> Value {
    let answer = asked_changes(city, question);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}
