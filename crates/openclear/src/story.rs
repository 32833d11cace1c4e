//! `openclear demo --story`: plays the ten minutes against a running server, over HTTP, and fails where a step fails.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use clear_audit::verify_folder;
use serde_json::{Value, json};

use crate::End;
use crate::client::{Said, Server};
use crate::demo::{CUT_OFF, Guide, city, persona};
use crate::founding::keys_folder;

/// Plays every step that exists, in a fresh folder of its own.
pub(crate) async fn run(dir: &Path, port: u16) -> anyhow::Result<End> {
    if dir.exists() && std::fs::read_dir(dir)?.next().is_some() {
        bail!("{} is not empty; the story begins in a fresh folder (say --dir)", dir.display());
    }
    let listener = clear_web::listen(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let (desk, guide) = city(dir).await?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(clear_web::serve(desk.clone(), listener, clear_web::Config::default(), async move {
        drop(stopped.await);
    }));
    let played = {
        let (dir, url, guide) = (dir.to_owned(), url.clone(), guide.clone());
        tokio::task::spawn_blocking(move || Story { dir, url, guide }.play()).await?
    };
    drop(stop);
    serving.await?.context("the server ended")?;
    desk.close().await?;
    played?;
    after_the_server_stopped(dir)?;
    println!("The story holds.");
    Ok(End::Done)
}

struct Story {
    dir: PathBuf,
    url: String,
    guide: Guide,
}

fn say(time: &str, what: impl std::fmt::Display) {
    println!("{time}  {what}");
}

impl Story {
    fn play(&self) -> anyhow::Result<()> {
        self.stop_at_the_roadside()?;
        let before = self.two_agencies_look()?;
        self.order(&before)?;
        self.doors()?;
        self.resident()?;
        self.outsider()
    }

    /// 0:00 An officer types a plate.
    fn stop_at_the_roadside(&self) -> anyhow::Result<()> {
        let found = self.find("officer", json!({"plate": self.guide.plate}), None)?;
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
        say(
            "0:00",
            format_args!("Stop {}. Plate {}: {}.", self.guide.event_number, self.guide.plate, alerts.join("; ")),
        );
        say("0:00", format_args!("Receipt {}…", receipt(&found)?));
        Ok(())
    }

    /// 1:30 The agency that will be cut off and a partner see the same person.
    fn two_agencies_look(&self) -> anyhow::Result<Vec<u8>> {
        let cut_off = self.open("cut_off", &self.guide.person)?;
        ensure!(cut_off.status == 200, "the agency has an agreement and is refused: {}", text(&cut_off));
        let partner = self.open("partner", &self.guide.person)?;
        ensure!(partner.status == 200, "the marshals are refused: {}", text(&partner));
        say(
            "1:30",
            "An FRS analyst and a deputy marshal each open the person's page: both see it, under their agreements.",
        );
        Ok(partner.body)
    }

    /// 2:30 and 3:30 The order: drafted, shown, signed by two, in force.
    fn order(&self, before: &[u8]) -> anyhow::Result<()> {
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
        let agreement = json!([{"entry": "agreement", "number": "A-2026-9", "owner": "pmpd", "agency": CUT_OFF, "kinds": ["person"], "classes": ["identity"],
            "purposes": ["criminal_investigation"], "use_codes": ["C"], "from": "2026-01-01T00:00:00Z", "document": "0", "signatories": ["nobody"]}]);
        let reopened = self.server("steward")?.post("/api/v1/register/entries", &agreement)?;
        ensure!(reopened.status == 400, "an agreement reopened a closure: {}", text(&reopened));
        say("4:30", "A later agreement for FRS: refused, a cut-off has no inverse.");
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

fn first_id(said: &Said) -> anyhow::Result<String> {
    ensure!(said.status == 200, "refused: {}", text(said));
    let id = said.json()?["hits"][0]["record"]["id"].as_str().map(str::to_owned);
    id.with_context(|| format!("nothing was found: {}", text(said)))
}

fn receipt(said: &Said) -> anyhow::Result<String> {
    let receipt = said.receipt.as_deref().context("the answer has no receipt")?;
    Ok(receipt.chars().take(24).collect())
}

fn text(said: &Said) -> String {
    String::from_utf8_lossy(&said.body).into_owned()
}
