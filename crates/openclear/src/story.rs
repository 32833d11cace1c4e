//! `openclear demo --story`: plays the ten minutes against a running server, over HTTP, and fails where a step fails.

#![expect(clippy::disallowed_methods, reason = "stores: measurements; flows: measurements")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use clear_audit::{Receipt, verify_folder};
use serde_json::{Value, json};

use crate::End;
use crate::client::{Said, Server};
use crate::demo::{CUT_OFF, Guide, city, persona};
use crate::founding::keys_folder;
use crate::guards::{Given, Guards};
use crate::open::Place;

/// Plays every step that exists, in a fresh folder of its own.
pub(crate) async fn run(dir: &Path, port: u16) -> anyhow::Result<End> {
    if dir.exists() && std::fs::read_dir(dir)?.next().is_some() {
        bail!("{} is not empty; the story begins in a fresh folder (say --dir)", dir.display());
    }
    let listener = clear_web::listen(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (desk, guide) = city(dir).await?;
    // What is not in the folder: a backup, and an anchor that it will be held against.
    let aside = std::env::temp_dir().join(format!("openclear-story-{}", std::process::id()));
    std::fs::create_dir_all(&aside)?;
    let anchor = |path: PathBuf| Given { anchor: Some(path), ..Given::default() };
    let watching = Guards::given(dir, &anchor(aside.join("anchor")))?.watch(dir, &desk).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(clear_web::serve(desk.clone(), listener, clear_web::Config::default(), async move {
        drop(stopped.await);
    }));
    let played = {
        let (dir, url, guide, aside) = (dir.to_owned(), url.clone(), guide.clone(), aside.clone());
        tokio::task::spawn_blocking(move || Story { dir, url, guide, aside }.play()).await?
    };
    drop(stop);
    serving.await?.context("the server ended")?;
    desk.close().await?;
    watching.finish();
    // Whoever uses the folder again has no anchor of the story's.
    Guards::given(dir, &anchor("none".into()))?;
    std::fs::remove_dir_all(&aside)?;
    played?;
    after_the_server_stopped(dir)?;
    println!("The story holds.");
    Ok(End::Done)
}

struct Story {
    dir: PathBuf,
    url: String,
    guide: Guide,
    aside: PathBuf,
}

fn say(time: &str, what: impl std::fmt::Display) {
    println!("{time}  {what}");
}

impl Story {
    fn play(&self) -> anyhow::Result<()> {
        let receipt = self.stop_at_the_roadside()?;
        self.back_up()?;
        let (before, download) = self.two_agencies_look()?;
        self.order(&before, download)?;
        self.doors()?;
        self.borrowed_login()?;
        self.restored_backup()?;
        self.rules()?;
        self.docket()?;
        self.resident()?;
        self.outsider()?;
        self.outsider_in_go(&receipt)?;
        self.certificate()
    }

    /// 0:00 Dispatch opens the stop; an officer types a plate, and nothing else.
    ///
    /// Gives the receipt of the plate's answer.
    fn stop_at_the_roadside(&self) -> anyhow::Result<String> {
        let stop = json!({"kind": "stop", "unit": "1042", "officers": ["officer-1042"], "purpose": "traffic_stop", "use_code": "C"});
        let event = taken(self.server("importer")?.post("/api/v1/events", &stop)?, 201)?;
        let mine = taken(self.server("officer")?.get("/api/v1/inquiries")?, 200)?;
        let number = mine["inquiries"][0]["number"].as_str().context("the stop opened no inquiry")?;
        say(
            "0:00",
            format_args!(
                "Dispatch opens the stop {}, and with it inquiry {number}.",
                event["event"].as_str().unwrap_or_default()
            ),
        );
        let found = self
            .server("officer")?
            .post("/api/v1/find", &json!({"inquiry": {"number": number}, "question": {"plate": self.guide.plate}}))?;
        let vehicle = first_id(&found)?;
        let opened = self.open("officer", &vehicle)?.json()?;
        let alerts: Vec<String> = opened["record"]["alerts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|alert| {
                format!(
                    "{}: {}",
                    alert["instrument"].as_str().unwrap_or_default(),
                    alert["action"].as_str().unwrap_or_default()
                )
            })
            .collect();
        ensure!(
            alerts.iter().any(|alert| alert == "judicial warrant: confirm first"),
            "the warrant is missing: {alerts:?}"
        );
        ensure!(
            alerts.iter().any(|alert| alert == "administrative instrument: no action"),
            "the administrative instrument is missing: {alerts:?}"
        );
        say("0:00", format_args!("Plate {}: {}.", self.guide.plate, alerts.join("; ")));
        let receipt = found.receipt.clone().context("the answer has no receipt")?;
        say("0:00", format_args!("Receipt {}…", receipt.chars().take(24).collect::<String>()));
        Ok(receipt)
    }

    /// Before the order, somebody backs the folder up: log first, so that the ledger is never older than it.
    fn back_up(&self) -> anyhow::Result<()> {
        let to = self.aside.join("backup");
        copy_folder(&self.dir.join("log"), &to.join("log"))?;
        copy_folder(&self.dir, &to)
    }

    /// 4:30 The backup from before the order is started.
    fn restored_backup(&self) -> anyhow::Result<()> {
        let size = |path: PathBuf| -> anyhow::Result<u64> {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(text.lines().nth(1).and_then(|size| size.parse().ok()).unwrap_or(0))
        };
        let backup = self.aside.join("backup");
        // The backup has whatever was logged before it, be it in a checkpoint or not: this is behind it.
        let newer = self.open("officer", &self.guide.person)?.receipt.context("the answer has no receipt")?;
        let newer = Receipt::parse(&newer)?.index();
        let began = Instant::now();
        while size(self.aside.join("anchor"))? <= newer {
            ensure!(began.elapsed().as_secs() < 20, "the anchor does not follow the log");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let opened = tokio::runtime::Handle::current().block_on(Place::folder(&backup).open());
        let Err(refused) = opened else { bail!("a backup from before the order would serve") };
        let refused = refused.to_string();
        ensure!(refused.contains("Nothing is served"), "the backup is refused for another reason: {refused}");
        say("4:30", "A restored backup: the anchor knows a newer log, so a newer order may exist; nothing is served.");
        Ok(())
    }

    /// 1:30 The agency that will be cut off and a partner see the same person; the agency's download streams.
    fn two_agencies_look(&self) -> anyhow::Result<(Vec<u8>, Download)> {
        let cut_off = self.open("cut_off", &self.guide.person)?;
        ensure!(cut_off.status == 200, "the agency has an agreement and is refused: {}", text(&cut_off));
        let partner = self.open("partner", &self.guide.person)?;
        ensure!(partner.status == 200, "the marshals are refused: {}", text(&partner));
        say(
            "1:30",
            "An FRS analyst and a deputy marshal each open the person's page: both see it, under their agreements.",
        );
        let ask = json!({"inquiry": self.inquiry("cut_off", None)?, "question": {"from": "2018-10-01"}});
        let download = Download::begin(&self.server("cut_off")?, &ask)?;
        say(
            "1:30",
            format_args!("The FRS analyst's download of every incident streams: {} bytes so far.", download.got),
        );
        Ok((partner.body, download))
    }

    /// 2:30 and 3:30 The order: drafted, shown, signed by two, in force.
    fn order(&self, before: &[u8], download: Download) -> anyhow::Result<()> {
        let steward = self.server("steward")?;
        let draft = json!({"agency": CUT_OFF, "number": "2026-1", "covers": "family", "scope": "installation", "text": "By order of the City Council of Port Meridian: access to any police database is cut off, permanently."});
        let preview = steward.post("/api/v1/register/cut-offs/preview", &draft)?.json()?;
        let names: Vec<&str> =
            preview["closure"].as_array().into_iter().flatten().filter_map(|agency| agency[1].as_str()).collect();
        ensure!(names.len() == 3, "the closure should hold three agencies: {names:?}");
        say(
            "2:30",
            format_args!(
                "The order's closure: {} ({} {}).",
                names.join(", "),
                preview["count"],
                preview["digest"].as_str().unwrap_or_default()
            ),
        );

        let replay = taken(steward.post("/api/v1/register/cut-offs/replay", &json!({"text": preview["text"]}))?, 200)?;
        ensure!(replay["others_changed"] == 0, "somebody else's answers would change: {replay}");
        ensure!(replay["refused"].as_u64().is_some_and(|refused| refused > 0), "the replay refuses nothing: {replay}");
        say(
            "2:30",
            format_args!(
                "Under it, of the last {} days' {} questions: {} refused, of {} users, {} joint cases; {} of others unchanged, {} changed. Open connections that it ends: {}.",
                replay["days"],
                replay["questions"],
                replay["refused"],
                replay["users"],
                replay["joint_cases"],
                replay["others_unchanged"],
                replay["others_changed"],
                replay["connections"]
            ),
        );

        let key = |holder: &str| {
            std::fs::read_to_string(keys_folder(&self.dir).join(format!("{holder}.key"))).context("a founder's key")
        };
        let order = preview["text"].as_str().context("the order's text")?;
        let one = clear_policy::sign(order, &[&key("chief")?])?;
        let refused = steward.post("/api/v1/register/cut-offs", &json!({"note": one}))?;
        ensure!(refused.status == 400, "one key was enough: {}", text(&refused));
        say("3:30", "One key: refused, the order needs two persons.");
        let two = clear_policy::sign(order, &[&key("chief")?, &key("counsel")?])?;
        let taken = steward.post("/api/v1/register/cut-offs", &json!({"note": two}))?;
        ensure!(taken.status < 300, "two keys were refused: {}", text(&taken));
        let taken = taken.json()?;
        say(
            "3:30",
            format_args!(
                "Two keys sign. Holds since {} ({} ms).",
                taken["holds_since"].as_str().unwrap_or_default(),
                taken["milliseconds"]
            ),
        );

        let got = download.ends()?;
        say(
            "3:30",
            format_args!("The FRS download stops after {got} bytes, in the middle; nobody can take it for the whole."),
        );
        let cut_off = self.open("cut_off", &self.guide.person)?;
        ensure!(
            cut_off.status == 403 && text(&cut_off).contains("2026-1"),
            "the agency did not get the order: {}",
            text(&cut_off)
        );
        say("3:30", "The FRS analyst asks again: 403, the order's number, date, text and the legal contact.");
        let after = self.open("partner", &self.guide.person)?;
        ensure!(after.body == before, "the marshals' answer changed");
        say("3:30", format_args!("The deputy marshal asks again: the same {} bytes.", before.len()));
        Ok(())
    }

    /// 4:30 Doors, a line each.
    fn doors(&self) -> anyhow::Result<()> {
        let sister = self.find("sister", json!({"plate": self.guide.plate}), None)?;
        ensure!(sister.status == 403, "the sister service was answered: {}", text(&sister));
        say("4:30", "The sister service: refused.");
        for (who, what) in [("partner", "The marshal"), ("officer", "An officer")] {
            let behalf = self.find(who, json!({"plate": self.guide.plate}), Some(CUT_OFF))?;
            ensure!(behalf.status == 403, "{what} was answered on behalf of the agency: {}", text(&behalf));
            say("4:30", format_args!("{what} on behalf of FRS: refused."));
        }
        let mut inquiry = self.inquiry("officer", None)?;
        inquiry["reason"] = json!("plate check for FRS");
        let ask = |inquiry: &Value| {
            self.server("officer")?
                .post("/api/v1/find", &json!({"inquiry": inquiry, "question": {"plate": self.guide.plate}}))
        };
        let asked_back = ask(&inquiry)?;
        ensure!(asked_back.status == 409, "“for FRS” was not asked back: {}", text(&asked_back));
        inquiry["for_them"] = json!(true);
        let yes = ask(&inquiry)?;
        ensure!(yes.status == 403, "“yes, for FRS” was answered: {}", text(&yes));
        inquiry["for_them"] = json!(false);
        let no = ask(&inquiry)?;
        ensure!(no.status == 200, "“no” was refused: {}", text(&no));
        let reviews = taken(self.server("steward")?.get("/api/v1/reviews")?, 200)?;
        ensure!(
            reviews.to_string().contains("officer-1042"),
            "the attested question is not in the review queue: {reviews}"
        );
        say("4:30", "An officer types “for FRS”: asked back; yes: refused; no: answered, and in the review queue.");
        let agreement = json!([{"entry": "agreement", "number": "A-2026-9", "owner": "pmpd", "agency": CUT_OFF, "kinds": ["person"], "classes": ["identity"],
            "purposes": ["criminal_investigation"], "use_codes": ["C"], "from": "2026-01-01T00:00:00Z", "document": "0", "signatories": ["nobody"]}]);
        let reopened = self.server("steward")?.post("/api/v1/register/entries", &agreement)?;
        ensure!(reopened.status == 400, "an agreement reopened a closure: {}", text(&reopened));
        say("4:30", "A later agreement for FRS: refused, a cut-off has no inverse.");
        Ok(())
    }

    /// 4:30, another door: a session that is shown from another machine.
    fn borrowed_login(&self) -> anyhow::Result<()> {
        let person = persona(&self.dir, "partner")?;
        let said = |name: &str| person[name].as_str().unwrap_or_default().to_owned();
        let code = clear_identity::one_time_code(&said("totp_secret"), jiff::Timestamp::now()).context("a secret")?;
        let form = [
            ("account", said("account")),
            ("password", said("password")),
            ("code", code.reveal().to_owned()),
            ("next", "/search".into()),
        ];
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let entered = agent.post(format!("{}/sign-in", self.url)).send_form(form)?;
        let cookies: Vec<String> = entered
            .headers()
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next().map(str::to_owned))
            .collect();
        ensure!(cookies.iter().any(|cookie| cookie.starts_with("session=")), "nobody was signed in: {cookies:?}");
        let page = |cookies: &str| agent.get(format!("{}/search", self.url)).header("cookie", cookies).call();
        let own = page(&cookies.join("; "))?.status();
        ensure!(own == 200, "the own machine is refused: {own}");
        let session: Vec<&str> = cookies.iter().map(String::as_str).filter(|it| it.starts_with("session=")).collect();
        let borrowed = page(&session.join("; "))?.status();
        ensure!(borrowed != 200, "a session was used on another machine");
        say("4:30", format_args!("A borrowed session, on another machine: refused ({}).", borrowed.as_u16()));
        Ok(())
    }

    /// 6:00 Somebody adds a permit.
    fn rules(&self) -> anyhow::Result<()> {
        let own = format!(
            "{}@id(\"favour\") @why(\"A favour.\")\npermit (principal, action, resource)\nwhen {{ principal has agency && principal.agency == Agency::\"{CUT_OFF}\" }};\n",
            "\n".repeat(10)
        );
        let embedded = clear_rules::Texts::embedded();
        let all = embedded.iter().chain([("favour.cedar", own.as_str())]);
        let texts: clear_rules::Texts = all.map(|(file, text)| (file.to_owned(), text.to_owned())).collect();
        let rules = clear_rules::CedarRules::of(texts)?;
        let proof = clear_proof::prove_of(&rules, &|action, _| action == "read_identity")?;
        let (number, shown) = proof.open().next().context("a permit for the agency was proved harmless")?;
        let words = shown.counterexample.as_deref().unwrap_or_default();
        ensure!(words.contains("favour.cedar:11"), "the counterexample does not name the rule's line: {words}");
        say(
            "6:00",
            format_args!("Somebody adds a permit for FRS: statement {number} is not proved, “{}”.", shown.statement),
        );
        say("6:00", format_args!("Counterexample: {words}"));
        Ok(())
    }

    /// 7:00 A subpoena, and a judge's warrant.
    fn docket(&self) -> anyhow::Result<()> {
        let (clerk, steward) = (self.server("clerk")?, self.server("steward")?);
        let demand = |instrument: &str, signed: bool, court: Option<&str>, reference: &str| {
            let mut demand = json!({"instrument": instrument, "judge_signed": signed, "reference": reference, "demanded_by": "Federal Removal Service",
                "agency": CUT_OFF, "service": "by courier", "received": "2026-07-14", "deadline": "2026-07-28", "legal_basis": "stated in the instrument",
                "scope": "One person's record", "records": [self.guide.person]});
            if let Some(court) = court {
                demand["court"] = json!(court);
            }
            taken(clerk.post("/api/v1/productions", &demand)?, 201)
        };
        let subpoena = demand("administrative_subpoena", false, None, "AS-1")?;
        ensure!(subpoena.to_string().contains("awaiting_court"), "the subpoena does not await a court: {subpoena}");
        say("7:00", "An administrative subpoena: docketed, awaiting court.");
        let warrant = demand("judicial_warrant", true, Some("District Court"), "W-1")?;
        let number = warrant["number"].as_str().context("the docket gives no number")?;
        let at = |step: &str| format!("/api/v1/productions/{number}/{step}");
        let comply =
            json!({"determination": "comply", "reasons": "A judge signed it.", "records": [self.guide.person]});
        taken(steward.post(&at("determination"), &comply)?, 200)?;
        let one = taken(clerk.post(&at("release"), &json!({}))?, 200)?;
        ensure!(one["manifest"].is_null(), "one person released it alone: {one}");
        let two = taken(self.server("second_steward")?.post(&at("release"), &json!({}))?, 200)?;
        say(
            "7:00",
            "A judge's warrant: counsel says comply, custodian and counsel both release; one record is produced, off the system.",
        );
        ensure!(two["manifest"]["records"].to_string().contains(&self.guide.person), "nothing was produced: {two}");
        Ok(())
    }

    /// 9:45 No access since the order, as a signed text that anybody with the folder runs again.
    fn certificate(&self) -> anyhow::Result<()> {
        let certified = taken(self.server("oversight")?.get(&format!("/api/v1/certificate?agency={CUT_OFF}"))?, 200)?;
        let note = certified["certificate"].as_str().context("there was access after the order")?;
        let vkey = std::fs::read_to_string(self.dir.join("log.vkey"))?;
        clear_respond::read_certificate(note, vkey.trim())?.again(&self.dir, vkey.trim(), |_| {})?;
        let first = note.lines().take(1).collect::<String>();
        say(
            "9:45",
            format_args!("{first}: no access by {CUT_OFF} since the order; run again from the log: the same bytes."),
        );
        Ok(())
    }

    /// 8:00 A resident without an account, without JavaScript.
    fn resident(&self) -> anyhow::Result<()> {
        let page = Server { url: self.url.clone(), token: None }.get("/register")?;
        let html = text(&page);
        ensure!(
            page.status == 200 && html.contains("2026-1") && html.contains("Federal Removal Service"),
            "the public page does not show the order"
        );
        say(
            "8:00",
            "A resident reads who has access, the order's text and what it does not cover; no account, no JavaScript.",
        );
        Ok(())
    }

    /// 9:00 An outsider checks the log over HTTP, with the key from the folder.
    fn outsider(&self) -> anyhow::Result<()> {
        let vkey = std::fs::read_to_string(self.dir.join("log.vkey"))?;
        let began = Instant::now();
        let verified =
            clear_audit::verify(&crate::audit::Http(Server { url: self.url.clone(), token: None }), vkey.trim())?;
        say(
            "9:00",
            format_args!(
                "An outsider verifies {} entries of the log in {} ms.",
                verified.size,
                began.elapsed().as_millis()
            ),
        );
        Ok(())
    }

    /// 9:00 The same in Go, by packages that are not ours; the source of `examples/verify-go` is in this program.
    fn outsider_in_go(&self, receipt: &str) -> anyhow::Result<()> {
        let (source, binary) = (self.aside.join("main.go"), self.aside.join("verify-go"));
        std::fs::write(&source, include_str!("../../../examples/verify-go/main.go"))?;
        let built = std::process::Command::new("go")
            .args(["build", "-o"])
            .args([&binary, &source])
            .envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", "")])
            .output();
        let built = match built {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                say(
                    "9:00",
                    "Go is not installed here; apt-get install golang-go golang-golang-x-mod-dev, and its verifier is run too.",
                );
                return Ok(());
            }
            built => built?,
        };
        ensure!(built.status.success(), "Go's verifier does not build: {}", String::from_utf8_lossy(&built.stderr));
        let began = Instant::now();
        loop {
            let said = std::process::Command::new(&binary)
                .args(["-log", &self.url, "-key"])
                .arg(self.dir.join("log.vkey"))
                .args(["-all", "-receipt", receipt])
                .output()?;
            if said.status.success() {
                for line in String::from_utf8_lossy(&said.stdout).lines() {
                    say("9:00", format_args!("Go's verifier: {line}"));
                }
                return Ok(());
            }
            // The public checkpoint moves on every few seconds here; the receipt may be newer than it.
            ensure!(began.elapsed().as_secs() < 30, "Go's verifier: {}", String::from_utf8_lossy(&said.stderr));
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
    }

    fn server(&self, who: &str) -> anyhow::Result<Server> {
        let token = persona(&self.dir, who)?["token"].as_str().map(str::to_owned);
        Ok(Server { url: self.url.clone(), token })
    }

    fn inquiry(&self, who: &str, on_behalf_of: Option<&str>) -> anyhow::Result<Value> {
        let agency = persona(&self.dir, who)?["agency"].as_str().unwrap_or_default().to_owned();
        Ok(json!({
            "purpose": "criminal_investigation", "use_code": "C", "case": self.guide.case_number,
            "reason": "stop E-1042", "on_behalf_of": [on_behalf_of.unwrap_or(&agency)],
        }))
    }

    fn find(&self, who: &str, question: Value, on_behalf_of: Option<&str>) -> anyhow::Result<Said> {
        self.server(who)?
            .post("/api/v1/find", &json!({"inquiry": self.inquiry(who, on_behalf_of)?, "question": question}))
    }

    fn open(&self, who: &str, id: &str) -> anyhow::Result<Said> {
        self.server(who)?.get_under(&format!("/api/v1/records/{id}"), &self.inquiry(who, None)?)
    }
}

/// 9:00, the other half: the operator flips a byte of the log.
fn after_the_server_stopped(dir: &Path) -> anyhow::Result<()> {
    let vkey = std::fs::read_to_string(dir.join("log.vkey"))?;
    verify_folder(dir, vkey.trim())?;
    let copy = dir.join("flipped");
    copy_folder(&dir.join("log"), &copy.join("log"))?;
    std::fs::create_dir_all(copy.join("keys"))?;
    for key in ["log.key", "log-openings.key"] {
        std::fs::copy(dir.join("keys").join(key), copy.join("keys").join(key))?;
    }
    let segment = std::fs::read_dir(copy.join("log"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .min()
        .context("the log has a segment")?;
    let mut bytes = std::fs::read(&segment)?;
    let middle = bytes.len() / 2;
    let byte = bytes.get_mut(middle).context("the segment is not empty")?;
    *byte ^= 1;
    std::fs::write(&segment, bytes)?;
    match verify_folder(&copy, vkey.trim()) {
        Ok(_) => bail!("a flipped byte was not noticed"),
        Err(flaw) => say("9:00", format_args!("The operator flips a byte of the log: {flaw}.")),
    }
    match Place::folder(&copy).log() {
        Ok(_) => bail!("a log with a flipped byte would be gone on with"),
        Err(refused) => say("9:00", format_args!("It does not start again: {:#}.", refused.root_cause())),
    }
    std::fs::remove_dir_all(&copy)?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// An answer that is still being sent, and that nobody reads on.
struct Download {
    rest: ureq::BodyReader<'static>,
    got: usize,
}

impl Download {
    fn begin(server: &Server, ask: &Value) -> anyhow::Result<Download> {
        use std::io::Read as _;
        let answer = server.post_open("/api/v1/rows", ask)?;
        ensure!(answer.status() == 200, "the download is refused: {}", answer.status());
        let mut download = Download { rest: answer.into_body().into_with_config().limit(u64::MAX).reader(), got: 0 };
        let mut some = vec![0; 16 << 10];
        download.rest.read_exact(&mut some).context("the download ended by itself")?;
        download.got = some.len();
        Ok(download)
    }

    /// Reads what is left; fails if it ends as a whole answer does.
    fn ends(mut self) -> anyhow::Result<usize> {
        use std::io::Read as _;
        let mut part = vec![0; 64 << 10];
        loop {
            match self.rest.read(&mut part) {
                Ok(0) => bail!("the download came to its end"),
                Ok(more) => self.got += more,
                Err(_) => return Ok(self.got),
            }
        }
    }
}

/// The JSON of an answer that has this status.
fn taken(said: Said, status: u16) -> anyhow::Result<Value> {
    ensure!(said.status == status, "{} and not {status}: {}", said.status, text(&said));
    said.json()
}

fn first_id(said: &Said) -> anyhow::Result<String> {
    ensure!(said.status == 200, "refused: {}", text(said));
    let id = said.json()?["hits"][0]["record"]["id"].as_str().map(str::to_owned);
    id.with_context(|| format!("nothing was found: {}", text(said)))
}

fn text(said: &Said) -> String {
    String::from_utf8_lossy(&said.body).into_owned()
}
