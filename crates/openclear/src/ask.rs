//! `openclear ask`: ask a running server.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::End;
use crate::client::{Said, Server};

/// Ask a running server.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear ask person --name 'jon smyth' --purpose criminal_investigation --use-code C \\\n    --case HX123456 --reason 'witness statement' --as demo/personas.json#officer\n\nExit codes: 3 refused (the text says why), 4 nothing found."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    question: Question,
}

#[derive(clap::Subcommand)]
enum Question {
    /// A person by name, exact or misspelt.
    Person {
        /// The name, parts in any order.
        #[arg(long)]
        name: Option<String>,
        /// Date of birth, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        date_of_birth: Option<jiff::civil::Date>,
        /// Person identity number.
        #[arg(long, value_name = "NUMBER")]
        identity_number: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// A vehicle by its plate or a part of it.
    Plate {
        /// The plate.
        plate: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Whatever is at an address or block.
    Address {
        /// The address.
        address: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// An incident by its case number.
    Case {
        /// The case number.
        number: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// Incidents by date and beat.
    Incidents {
        /// From this day, YYYY-MM-DD.
        #[arg(long, value_name = "DATE")]
        from: Option<jiff::civil::Date>,
        /// Up to and including this day.
        #[arg(long, value_name = "DATE")]
        to: Option<jiff::civil::Date>,
        /// On this beat, four digits.
        #[arg(long)]
        beat: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
    /// Anything, typed as into the search box.
    Text {
        /// What to look for.
        text: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// One record by its id, with what stands beside it.
    Record {
        /// The id: `per_…`, `inc_…`.
        id: clear_record::RecordId,
        #[command(flatten)]
        asking: Asking,
    },
    /// Records that say these words: `burglary "rear door" -garage`, `marks:dragon`.
    Words {
        /// The words.
        words: String,
        #[command(flatten)]
        asking: Asking,
    },
    /// A file of persons, plates or property numbers, line by line.
    Check {
        /// What the lines are: person, plate or property.
        #[arg(long, value_name = "KIND", value_parser = ["person", "plate", "property"])]
        of: String,
        /// The file: one on each line, CSV with its column names first, or JSON lines.
        file: std::path::PathBuf,
        #[command(flatten)]
        asking: Asking,
    },
    /// How many incidents, by columns.
    Counts {
        /// Columns to group by, separated by commas.
        #[arg(long, value_delimiter = ',')]
        by: Vec<String>,
        /// A condition in SoQL: "arrest = true AND beat = '0411'".
        #[arg(long = "where", value_name = "SOQL")]
        condition: Option<String>,
        #[command(flatten)]
        asking: Asking,
    },
}

/// Who asks, why, and how the answer is printed.
#[derive(clap::Args, Clone)]
struct Asking {
    #[command(flatten)]
    server: Server,
    /// Why: a purpose that the register declares.
    #[arg(long)]
    purpose: Option<String>,
    /// The legal use code.
    #[arg(long)]
    use_code: Option<String>,
    /// The case, incident or event number.
    #[arg(long = "case", value_name = "NUMBER")]
    case_number: Option<String>,
    /// The reason, in words.
    #[arg(long)]
    reason: Option<String>,
    /// On whose behalf, agency ids separated by commas; absent: your own agency's.
    #[arg(long, value_delimiter = ',', value_name = "AGENCY")]
    on_behalf_of: Option<Vec<String>>,
    /// The number of an opened inquiry of your own; the other parts come from it.
    #[arg(long, value_name = "NUMBER")]
    inquiry: Option<String>,
    /// The answer when the server asks back whether this is for somebody else.
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    for_them: Option<bool>,
    /// Imminent danger to somebody's life, in a sentence. Answered at once and reviewed.
    #[arg(long, value_name = "SENTENCE")]
    emergency: Option<String>,
    /// The number of the hold that a second person released for this very question.
    #[arg(long, value_name = "HOLD")]
    released: Option<String>,
    /// How many hits.
    #[arg(long)]
    limit: Option<usize>,
    /// Keep the receipt of the answer, or of the refusal, in this file; `openclear audit check` checks it.
    #[arg(long, value_name = "FILE")]
    receipt: Option<std::path::PathBuf>,
    /// Print the answer's own bytes.
    #[arg(long)]
    json: bool,
}

impl Asking {
    fn inquiry(&self) -> anyhow::Result<Value> {
        let mut inquiry = Map::new();
        let mut say = |name: &str, value: Option<Value>| value.map(|value| inquiry.insert(name.to_owned(), value));
        say("purpose", self.purpose.clone().map(Value::from));
        say("use_code", self.use_code.clone().map(Value::from));
        say("case", self.case_number.clone().map(Value::from));
        say("reason", self.reason.clone().map(Value::from));
        let beneficiaries = match &self.on_behalf_of {
            Some(agencies) => Some(agencies.clone()),
            None if self.inquiry.is_some() => None,
            None => self.own_agency()?.map(|agency| vec![agency]),
        };
        say("on_behalf_of", beneficiaries.map(Value::from));
        say("number", self.inquiry.clone().map(Value::from));
        say("for_them", self.for_them.map(Value::from));
        say("emergency", self.emergency.clone().map(Value::from));
        say("released", self.released.clone().map(Value::from));
        Ok(Value::Object(inquiry))
    }

    fn own_agency(&self) -> anyhow::Result<Option<String>> {
        let me = self.server.get("/api/v1/me")?;
        Ok(if me.status == 200 { me.json()?["agency"].as_str().map(str::to_owned) } else { None })
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("say `yes` or `no`".to_owned()),
    }
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    let (path, question, asking) = match args.question {
        Question::Person { name, date_of_birth, identity_number, asking } => (
            "/api/v1/find",
            json!({"name": name, "date_of_birth": date_of_birth, "identity_number": identity_number}),
            asking,
        ),
        Question::Plate { plate, asking } => ("/api/v1/find", json!({"plate": plate}), asking),
        Question::Address { address, asking } => ("/api/v1/find", json!({"address": address}), asking),
        Question::Case { number, asking } => ("/api/v1/find", json!({"case_number": number}), asking),
        Question::Incidents { from, to, beat, asking } => {
            ("/api/v1/find", json!({"from": from, "to": to, "beat": beat}), asking)
        }
        Question::Text { text, asking } => ("/api/v1/find", json!({"text": text}), asking),
        Question::Words { words, asking } => ("/api/v1/find", json!({"words": words}), asking),
        Question::Check { of, file, asking } => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            ("/api/v1/check", json!({"of": of, "file": text}), asking)
        }
        Question::Record { id, asking } => {
            let said = asking.server.get_under(&format!("/api/v1/records/{id}"), &asking.inquiry()?)?;
            return show(&said, &asking);
        }
        Question::Counts { by, condition, asking } => ("/api/v1/counts", json!({"by": by, "where": condition}), asking),
    };
    let mut question = question;
    if let (Value::Object(question), Some(limit)) = (&mut question, asking.limit) {
        question.insert("limit".into(), limit.into());
    }
    if let Value::Object(question) = &mut question {
        question.retain(|_, value| !value.is_null());
    }
    let said = asking.server.post(path, &json!({"inquiry": asking.inquiry()?, "question": question}))?;
    show(&said, &asking)
}

fn show(said: &Said, asking: &Asking) -> anyhow::Result<End> {
    use std::io::Write as _;
    if let (Some(file), Some(receipt)) = (&asking.receipt, &said.receipt) {
        std::fs::write(file, format!("{receipt}\n")).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if asking.json {
        std::io::stdout().write_all(&said.body)?;
        println!();
        return Ok(match said.status {
            200..300 => End::Done,
            404 => End::Nothing,
            _ => End::Refused,
        });
    }
    if said.status >= 300 {
        return said.end();
    }
    let answer = said.json()?;
    let nothing = if answer.get("hits").is_some() {
        found(&answer)
    } else if answer.get("lines").is_some() {
        checked(&answer)
    } else if answer.get("rows").is_some() {
        counted(&answer)
    } else {
        opened(&answer)
    };
    if let Some(receipt) = &said.receipt {
        println!("receipt {}…", receipt.chars().take(40).collect::<String>());
    }
    Ok(if nothing { End::Nothing } else { End::Done })
}

fn found(answer: &Value) -> bool {
    let hits = answer["hits"].as_array().map(Vec::as_slice).unwrap_or_default();
    println!("{} found, understood as {}.", answer["total"], answer["understood"].as_str().unwrap_or_default());
    for hit in hits {
        let why: Vec<&str> = hit["why"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        line(&hit["record"], &why.join("; "));
    }
    for pointer in answer["pointers"].as_array().into_iter().flatten() {
        println!("  There is more: ask {}.", pointer["ask"].as_str().unwrap_or_default());
    }
    hits.is_empty()
}

fn checked(answer: &Value) -> bool {
    let each = |name: &str| answer[name].as_array().map(Vec::as_slice).unwrap_or_default();
    for asked in each("lines") {
        println!(
            "line {}: {}: {} found",
            asked["line"],
            asked["understood"].as_str().unwrap_or_default(),
            asked["total"]
        );
        for hit in asked["hits"].as_array().into_iter().flatten() {
            let why: Vec<&str> = hit["why"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            line(&hit["record"], &why.join("; "));
        }
        for pointer in asked["pointers"].as_array().into_iter().flatten() {
            println!("  There is more: ask {}.", pointer["ask"].as_str().unwrap_or_default());
        }
    }
    for refused in each("refused") {
        println!("line {}: not asked: {}", refused["line"], refused["why"].as_str().unwrap_or_default());
    }
    each("lines").iter().all(|line| line["total"] == 0)
}

fn opened(answer: &Value) -> bool {
    if let Some(ask) = answer["pointer"]["ask"].as_str() {
        println!("There is a record that is not open to you: ask {ask}.");
        return false;
    }
    let record = &answer["record"];
    line(&record["shown"], "");
    for (name, value) in record["shown"]["fields"].as_object().into_iter().flatten() {
        println!("    {name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    for alert in record["alerts"].as_array().into_iter().flatten() {
        let text = |name: &str| alert[name].as_str().unwrap_or_default().to_owned();
        println!("  ! {}: {}", text("instrument"), text("action"));
    }
    for related in record["related"].as_array().into_iter().flatten() {
        line(&related["shown"], "");
    }
    for same in record["same_person"].as_array().into_iter().flatten() {
        line(&same["shown"], "probably the same person");
    }
    record.is_null()
}

fn counted(answer: &Value) -> bool {
    let cells = |row: &Value| -> String {
        let cells = row.as_array().map(Vec::as_slice).unwrap_or_default();
        cells.iter().map(|cell| format!("{:28}", cell.as_str().unwrap_or("-"))).collect()
    };
    println!("{}", cells(&answer["columns"]));
    let rows = answer["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().for_each(|row| println!("{}", cells(row)));
    println!("{} in all.", answer["total"]);
    rows.is_empty()
}

fn line(shown: &Value, note: &str) {
    let text = |name: &str| shown[name].as_str().unwrap_or_default();
    println!("  {:12} {:44} {} {}", text("kind"), text("title"), text("id"), note);
}
