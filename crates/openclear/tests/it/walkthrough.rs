//! The walkthroughs of `docs/walkthroughs/`, and the transcript of `docs/open-data.md`, played: every command is run, and what the page shows is what it prints.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clear_testkit::story;
use serde_json::json;

use crate::bed::{Bed, Server};

/// One command of a page.
struct Step {
    line: usize,
    command: String,
    code: i32,
    shown: Vec<String>,
}

/// The commands of the page's `console` blocks. `# exit code N` says how a command ends that does not end well.
fn steps(page: &str) -> Vec<Step> {
    let (mut steps, mut inside) = (Vec::<Step>::new(), false);
    for (line, text) in (1..).zip(page.lines()) {
        match text {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            text => match text.strip_prefix("$ ") {
                Some(command) => {
                    let code = command.split_once("# exit code ").map_or(0, |(_, code)| code.trim().parse().unwrap());
                    steps.push(Step { line, command: command.to_owned(), code, shown: vec![] });
                }
                None => steps.last_mut().expect("a command before its output").shown.push(text.to_owned()),
            },
        }
    }
    steps
}

/// Whether a line is what the page shows of it; `…` stands for anything.
fn is_like(said: &str, shown: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = said.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        None => rest.is_empty(),
        Some(part) => part.is_empty() || rest.is_empty() || said.ends_with(part),
    }
}

/// Whether the output is what the page shows; a line that is `…` alone stands for any number of lines.
fn fits(said: &[&str], shown: &[String]) -> bool {
    match shown.split_first() {
        None => said.is_empty(),
        Some((any, rest)) if any == "…" => (0..=said.len()).any(|skipped| fits(&said[skipped..], rest)),
        Some((line, rest)) => said.first().is_some_and(|said| is_like(said, line)) && fits(&said[1..], rest),
    }
}

/// Plays a page in the bed's folder, as somebody would who has started `openclear demo` there.
fn play(page: &str, bed: &Bed, server: &Server) {
    let folder = bed.beside("terminal");
    fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(&bed.dir, folder.join("demo")).unwrap();
    let personas: Vec<_> = story::personas()
        .iter()
        .map(|persona| {
            let token = bed.person(&persona.persona).token.clone();
            json!({"persona": persona.persona, "account": persona.account, "token": token})
        })
        .collect();
    fs::write(bed.dir.join("personas.json"), json!(personas).to_string()).unwrap();
    let keys = bed.dir.join("keys-of-founders");
    fs::create_dir_all(&keys).unwrap();
    for key in story::fixed_keys(&story::register()) {
        fs::write(keys.join(format!("{}.key", key.holder.holder)), format!("{}\n", key.private)).unwrap();
    }
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/walkthroughs").join(page));
    let steps = steps(&text.unwrap());
    assert!(steps.len() > 2, "{page} has {} commands", steps.len());
    let binary = Path::new(env!("CARGO_BIN_EXE_openclear")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    for Step { line, command, code, shown } in steps {
        let output = Command::new("sh")
            .args([
                "-c",
                &format!(
                    "{{ {}\n}} 2>&1",
                    command.replace("http://127.0.0.1:8080", &server.url).replace("http://localhost:8080", &server.url)
                ),
            ])
            .current_dir(&folder)
            .env("PATH", &path)
            .env("OPENCLEAR_URL", &server.url)
            .env_remove("OPENCLEAR_TOKEN")
            .env_remove("OPENCLEAR_POSTGRES")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        // A command whose output goes into a file says on the terminal what it has to say beside.
        assert_eq!(output.status.code(), Some(code), "{page}:{line}: {command}\n{said}");
        let lines: Vec<&str> = said.lines().collect();
        assert!(fits(&lines, &shown), "{page}:{line}: {command}\nsays\n{said}\nthe page shows\n{}", shown.join("\n"));
    }
}

#[test]
fn cut_off() {
    let bed = Bed::city();
    let server = bed.serve();
    play("cut-off.md", &bed, &server);
}

/// The page is for whoever has a program that reads the city's portal.
#[test]
fn open_data() {
    let bed = Bed::city();
    let server = bed.serve();
    play("../open-data.md", &bed, &server);
}

/// A resident has the verifier in Go from the repository, and the key from a publication.
#[test]
fn gr22_check_a_cut_off() {
    let bed = Bed::city();
    let server = bed.serve_at_pace("1s", 4);
    let folder = bed.beside("terminal/verify-go");
    fs::create_dir_all(&folder).unwrap();
    let go = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/verify-go/main.go");
    fs::copy(go, folder.join("main.go")).unwrap();
    play("check-a-cut-off.md", &bed, &server);
}

#[test]
fn a_page_that_shows_something_else_is_found() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (said, page, expected) in [
        (vec!["a 1 b"], "a … b", true),
        (vec!["a 1 c"], "a … b", false),
        (vec!["a"], "a", true),
        (vec!["ab"], "a", false),
        (vec!["x", "y", "z"], "…\nz", true),
        (vec!["x", "y", "z"], "…\ny", false),
        (vec![], "…", true),
        (vec!["x"], "", false),
        (vec!["entry 7 of 9 entries"], "entry … of … entries", true),
        (vec!["entry 7 of 9 things"], "entry … of … entries", false),
    ] {
        assert_eq!(fits(&said, &shown(page)), expected, "{said:?} {page}");
    }
}
