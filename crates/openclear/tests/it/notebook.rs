//! The notebook of the examples, run as people run it: pandas and matplotlib read the API and draw a map.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::bed::{Ask, Bed};
use crate::soda::run;

const PACKAGES: [&str; 4] = ["pandas==3.1.1", "matplotlib==3.11.2", "nbclient==0.11.0", "ipykernel==7.4.0"];

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/notebook-python").join(name)
}

#[test]
fn the_notebook_reads_the_api_and_draws_a_map() {
    run(Command::new("python3").arg(example("make.py")).arg("--check"));
    let bed = Bed::city();
    let server = bed.serve();
    bed.file_placed(&server, "JZ000001", "ARSON");
    let venv = bed.beside("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--no-input"];
    run(Command::new(venv.join("bin/pip")).args(pip).args(PACKAGES));
    let out = bed.beside("notebook");
    std::fs::create_dir_all(&out).unwrap();
    let ran = run(Command::new(venv.join("bin/jupyter"))
        .args(["execute", "--timeout=300"])
        .arg(example("crimes.ipynb"))
        .env("OPENCLEAR_URL", &server.url)
        .env("OPENCLEAR_TOKEN", &bed.person("officer").token)
        .env("OPENCLEAR_INQUIRY", bed.inquiry("officer").to_string())
        // What Jupyter and matplotlib keep of themselves stays in the test's folder.
        .envs(["HOME", "OUT", "MPLCONFIGDIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"].map(|name| (name, &out))));
    let figures: Value =
        serde_json::from_slice(&std::fs::read(out.join("figures.json")).unwrap_or_else(|_| panic!("{ran}"))).unwrap();

    let rows = |query: &str| server.ask(&Ask::get(&format!("/resource/ijzp-q8t2.json?{query}"))).json();
    let count = |query: &str| rows(query)[0]["count"].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(figures["incidents"], count("$select=count(*)"));
    assert_eq!(figures["placed"], count("$select=count(*)&$where=latitude+is+not+null"));
    assert!(figures["placed"].as_u64() > Some(0), "{figures}");
    let blocks = rows("$select=distinct+latitude,longitude&$where=latitude+is+not+null&$limit=9999");
    assert_eq!(figures["blocks"], blocks.as_array().unwrap().len());
    for row in rows("$select=primary_type,count(*)&$group=primary_type").as_array().unwrap() {
        let kind = row["primary_type"].as_str().unwrap();
        assert_eq!(figures["by_type"][kind].to_string(), row["count"].as_str().unwrap(), "{kind}");
    }
    // Those with a grant also see what is not public yet, and no less.
    assert!(figures["own"].as_u64() >= figures["incidents"].as_u64(), "{figures}");
    let picture = std::fs::read(out.join("crimes.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 20_000, "{} bytes", picture.len());
}
