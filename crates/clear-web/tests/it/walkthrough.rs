//! `docs/walkthroughs/inquiry.md` and `report-to-map.md`, played: every request is sent, and what the page shows is what is answered.

use std::collections::HashMap;
use std::path::Path;

use clear_record::Role;
use clear_respond::NewAccount;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::city::City;

/// One request of the page with the answer that it shows.
struct Step {
    line: usize,
    who: String,
    request: String,
    headers: Vec<(String, String)>,
    body: String,
    status: u16,
    answer: String,
}

/// The steps of the page: an `http WHO` block, then a `json STATUS` block.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let block = |lines: &mut dyn Iterator<Item = (usize, &str)>| {
            let inside = lines.take_while(|(_, line)| *line != "```");
            inside.map(|(_, line)| line.to_owned()).collect::<Vec<_>>()
        };
        if let Some(who) = line.strip_prefix("```http ") {
            let block = block(&mut lines.by_ref());
            let mut parts = block.splitn(2, String::is_empty);
            let head = parts.next().unwrap();
            let headers = head[1..].iter().map(|line| line.split_once(": ").unwrap());
            let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let body = parts.next().map(|lines| lines.join("\n")).unwrap_or_default();
            let (who, request) = (who.to_owned(), head[0].clone());
            steps.push(Step { line: at + 1, who, request, headers, body, status: 0, answer: String::new() });
        } else if let Some(status) = line.strip_prefix("```json ") {
            let step = steps.last_mut().expect("a request before its answer");
            (step.status, step.answer) = (status.parse().unwrap(), block(&mut lines.by_ref()).join("\n"));
        }
    }
    steps
}

/// Whether an answer is what the page shows of it. `…` stands for anything, `$name` for what it stood for before.
fn is_like(said: &Value, shown: &Value, known: &mut HashMap<String, String>) -> bool {
    match (said, shown) {
        (_, Value::String(any)) if any == "…" => true,
        (Value::String(said), Value::String(name)) if name.starts_with('$') => {
            known.entry(name.clone()).or_insert_with(|| said.clone()) == said
        }
        (Value::Object(said), Value::Object(shown)) => {
            shown.iter().all(|(field, shown)| said.get(field).is_some_and(|said| is_like(said, shown, known)))
        }
        (Value::Array(said), Value::Array(shown)) => {
            said.len() == shown.len() && said.iter().zip(shown).all(|(said, shown)| is_like(said, shown, known))
        }
        (said, shown) => said == shown,
    }
}

#[test]
fn the_life_of_an_inquiry() {
    let city = City::open();
    city.file("vehicle", &json!({"plate": "KES1042", "plate_state": "PM", "make": "Ford", "colour": "blue"}));
    let relief = NewAccount {
        id: "officer-1043".parse().unwrap(),
        name: "Patrol officer, relief".into(),
        agency: "pmpd".parse().unwrap(),
        roles: [Role::Officer].into(),
        password: None,
        now: Timestamp::now(),
    };
    let relief = city.runtime.block_on(async {
        let id = relief.id.clone();
        city.desk.enrol(relief).await.unwrap();
        city.desk.issue_token(&id, "test", Timestamp::now() + SignedDuration::from_hours(1)).await.unwrap()
    });
    let page = page("inquiry.md");
    let cut = page.lines().position(|line| line == "## The reason is read").unwrap();
    let mut is_cut = false;
    play(&city, "inquiry.md", HashMap::new(), |step| {
        if step.line > cut && !is_cut {
            city.cut_off("border-department", "2026-1");
            is_cut = true;
        }
        match step.who.as_str() {
            "relief" => Some(relief.clone()),
            "dispatch" => Some(city.token("importer").to_owned()),
            who => Some(city.token(who).to_owned()),
        }
    });
    assert!(is_cut);
}

#[test]
fn from_a_report_to_a_dot() {
    let city = City::open();
    let yesterday = Timestamp::now().to_zoned(city.desk.time_zone()).date().yesterday().unwrap();
    let known = HashMap::from([("$yesterday".to_owned(), format!("{yesterday}T12:00:00"))]);
    play(&city, "report-to-map.md", known, |step| match step.who.as_str() {
        "resident" => None,
        who => Some(city.token(who).to_owned()),
    });
}

fn page(name: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/walkthroughs").join(name);
    std::fs::read_to_string(page).unwrap()
}

/// Sends every request of a page; `token` gives what its asker is known by, and is called before each.
fn play(city: &City, name: &str, mut known: HashMap<String, String>, mut token: impl FnMut(&Step) -> Option<String>) {
    let steps = steps(&page(name));
    assert!(steps.len() > 10, "{} steps", steps.len());
    for step in steps {
        let filled = |text: &str, known: &HashMap<String, String>| {
            // Longer names first, so that no name is taken for the beginning of another.
            let mut names: Vec<_> = known.iter().collect();
            names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
            names.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name.as_str(), value))
        };
        let bearer = token(&step).map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
        let mut headers: Vec<(String, String)> = bearer.into_iter().collect();
        headers.extend(step.headers.iter().map(|(name, value)| (name.clone(), filled(value, &known))));
        if !step.body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let body = filled(&step.body, &known);
        let said = city.ask(&filled(&step.request, &known), &headers, body.as_bytes());
        let place = format!("{name}:{}: {} {}", step.line, step.who, step.request);
        assert_eq!(said.status, step.status, "{place}\n{}", said.text());
        let shown: Value = serde_json::from_str(&step.answer).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(is_like(&said.json(), &shown, &mut known), "{place}\nsays\n{}\nthe page shows\n{shown}", said.text());
    }
}

#[test]
fn a_page_that_shows_something_else_is_found() {
    let like = |said: Value, shown: Value| is_like(&said, &shown, &mut HashMap::new());
    assert!(like(json!({"a": 1, "b": 2}), json!({"a": 1})));
    assert!(!like(json!({"a": 1}), json!({"a": 2})) && !like(json!({"a": 1}), json!({"b": 1})));
    assert!(!like(json!([1, 2]), json!([1])) && like(json!([1]), json!(["…"])));
    assert!(like(json!({"a": "x", "b": "x"}), json!({"a": "$n", "b": "$n"})));
    assert!(!like(json!({"a": "x", "b": "y"}), json!({"a": "$n", "b": "$n"})));
}
