//! The open-data API, read by programs that others wrote: sodapy and soda-js, unchanged and of a stated version.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use clear_web::{Config, Tls};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::bed::{Ask, Bed, Server};

const SODAPY: [&str; 2] = ["sodapy==2.2.0", "requests==2.32.5"];
const SODA_JS: &str = "soda-js@0.2.3";
const SET: &str = "ijzp-q8t2";

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/open-data").join(name)
}

/// Runs a program that must succeed; gives what it said.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{wrong}", output.status);
    said.into_owned()
}

/// What a program said, line by line.
fn said(text: &str) -> BTreeMap<String, Value> {
    let lines =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}")));
    lines.map(|line| (line["what"].as_str().unwrap().to_owned(), line)).collect()
}

fn rows(server: &Server, query: &str) -> Value {
    let answer = server.ask(&Ask::get(&format!("/resource/{SET}.json?{query}")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn sodapy_reads_the_crimes() {
    let bed = Bed::city();
    let server = bed.serve();
    let venv = bed.beside("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];
    run(Command::new(venv.join("bin/pip")).args(pip).args(SODAPY));
    let host = server.url.strip_prefix("http://").unwrap();
    let said = said(&run(Command::new(venv.join("bin/python")).arg(example("read.py")).args([host, "http"])));
    let of = |what: &str| said.get(what).unwrap_or_else(|| panic!("nothing of {what}: {said:?}"))["value"].clone();

    assert_eq!(of("sets"), json!(["accs-list", "c7ck-438e", "ctff-ordr", "cvrg-mnth", SET, "rlsd-actv", "rlsd-cnts"]));
    assert_eq!(of("columns").as_array().unwrap().len(), 22);
    assert_eq!(of("newest"), rows(&server, "$order=date+DESC&$limit=3"));
    assert_eq!(of("thefts"), rows(&server, "primary_type=THEFT&$select=count(*)"));
    assert_eq!(of("by_type")[0]["primary_type"].as_str().map(str::is_empty), Some(false));
    let total: u64 =
        of("by_type").as_array().unwrap().iter().map(|row| row["n"].as_str().unwrap().parse::<u64>().unwrap()).sum();
    let all: Vec<u64> = serde_json::from_value(of("all")).unwrap();
    assert_eq!(all, [total, total], "each row once");
    assert_eq!(of("csv"), json!([["id", "case_number", "date"], 2]));
    assert_eq!((of("geojson"), of("words"), of("write")), (json!("FeatureCollection"), json!(5), json!(405)));
    assert_eq!(of("system"), json!([":created_at", ":id", ":updated_at"]));
    let wrong = of("wrong");
    assert!(wrong.as_str().unwrap().contains("query.soql.no-such-column; No such column: no_such_column"), "{wrong}");
}

/// How often an address may ask is the operator's to say, and who asks more is told when to ask again.
#[test]
fn an_operator_says_how_often_an_address_may_ask() {
    let bed = Bed::bare();
    let rates =
        ["--port", "0", "--open-data-rate", "0.01", "--open-data-token-rate", "0.02", "--open-data-burst", "5m"];
    let args = [vec!["serve".to_owned()], bed.place(), rates.map(str::to_owned).to_vec()].concat();
    let server = Server::start(&args, &bed.beside("said")).unwrap_or_else(|said| panic!("no server: {said}"));
    let path = "/resource/iucr.json?$limit=1";
    let asked = |ask: &Ask| (0..8).map(|_| server.ask(ask).status).filter(|status| *status == 200).count();
    // Five minutes of rest at a hundredth and at a fiftieth of a request a second.
    assert_eq!((asked(&Ask::get(path)), asked(&Ask::get(path).with("x-app-token", "mine"))), (3, 6));
    let late = server.ask(&Ask::get(path));
    let seconds: u64 = late.header("retry-after").unwrap().parse().unwrap();
    assert!(late.status == 429 && (1..=100).contains(&seconds), "{} {seconds}", late.status);
    assert_eq!(late.json()["data"]["retryAfterSeconds"], seconds);
    assert_eq!(server.ask(&Ask::get("/register")).status, 200, "pages have no such rate");
    drop(server);
    for wrong in [["--open-data-rate", "0"], ["--open-data-token-rate", "many"], ["--open-data-burst", "0s"]] {
        let args = [vec!["serve".to_owned()], bed.place(), wrong.map(str::to_owned).to_vec()].concat();
        let said = Server::start(&args, &bed.beside("said")).err().unwrap();
        assert!(said.contains(wrong[0]) && said.contains("like `"), "{said}");
    }
}

#[test]
fn soda_js_reads_the_crimes_over_tls() {
    let bed = Bed::city();
    let modules = bed.beside("js");
    std::fs::create_dir_all(&modules).unwrap();
    let npm = ["install", "--silent", "--no-audit", "--no-fund", "--prefix"];
    run(Command::new("npm").args(npm).arg(&modules).arg(SODA_JS));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".into()]).unwrap();
    let (certificate, key) = (bed.beside("certificate.pem"), bed.beside("key.pem"));
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let config = Config { tls: Some(Tls::load(&certificate, &key).unwrap()), ..Config::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let (address, serving, desk, store) = runtime.block_on(async {
        let (desk, store) = bed.open().await;
        let listener = clear_web::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(clear_web::serve(Arc::clone(&desk), listener, config, async {
            let _ = stopped.await;
        }));
        (address, serving, desk, store)
    });
    std::fs::copy(example("read.js"), modules.join("read.js")).unwrap();
    let read = run(Command::new("node")
        .arg(modules.join("read.js"))
        .arg(format!("localhost:{}", address.port()))
        .env("NODE_EXTRA_CA_CERTS", &certificate));
    stop.send(()).unwrap();
    runtime.block_on(async {
        serving.await.unwrap().unwrap();
        desk.close().await.unwrap();
        drop(desk);
        store.close().await;
    });
    let said = said(&read);
    let of = |what: &str| said.get(what).unwrap_or_else(|| panic!("nothing of {what}: {read}"));
    // The same questions by the binary, in plain HTTP.
    let server = bed.serve();
    assert_eq!(of("newest")["value"], rows(&server, "$order=date+desc&$limit=3"));
    assert_eq!(of("thefts")["value"], rows(&server, "$select=count(*)&$where=primary_type='THEFT'"));
    assert_eq!(of("both")["value"], rows(&server, "$select=count(*)&$where=arrest=true+and+ward%3E10"));
    assert_eq!(of("soql")["value"].as_array().unwrap().len(), 2);
    assert_eq!(
        of("by_type")["value"],
        rows(&server, "$select=primary_type,count(*)+as+n&$group=primary_type&$order=n+desc,primary_type")
    );
    assert_eq!(of("wrong")["wrong"]["errorCode"], "query.soql.no-such-column", "{read}");
}
