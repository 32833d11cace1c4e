//! `openclear init`: found an installation from a register file.

#![expect(clippy::disallowed_methods, reason = "stores: papers, demonstration")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clear_policy::{KeyPair, Template};
use clear_record::{AccountId, AgencyId, Role};
use clear_respond::{Desk, NewAccount};

use crate::End;
use crate::open::Place;

/// Found an installation in an empty folder or database.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear init --dir records --register examples/chicago-2019/register.json \\\n    --steward steward-1 --agency cpd\n\nThe founders' private keys are written to DIR/keys-of-founders/, one file each. Give each to its holder and delete it\nhere: whoever has a quorum of them can cut agencies off."
)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The register to begin with.
    #[arg(long, value_name = "FILE")]
    register: PathBuf,
    /// The first steward's account; its password is read from the terminal or from OPENCLEAR_PASSWORD.
    #[arg(long, value_name = "ACCOUNT", requires = "agency")]
    steward: Option<AccountId>,
    /// The first steward's agency.
    #[arg(long, value_name = "AGENCY")]
    agency: Option<AgencyId>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    let text =
        fs::read_to_string(&args.register).with_context(|| format!("cannot read {}", args.register.display()))?;
    let template = Template::parse(&text).with_context(|| format!("in {}", args.register.display()))?;
    let place = Place { origin: format!("{}/node-1", template.installation.name), ..args.place };
    let desk = place.open().await?;
    found(&desk, &place.dir, &template).await?;
    let mut said = serde_json::json!({
        "installation": template.installation.title,
        "dir": place.dir,
        "register": desk.public_register().version,
        "verifier_key": desk.public_log().vkey(),
    });
    if let (Some(id), Some(agency)) = (args.steward, args.agency) {
        let password = password()?;
        let account = NewAccount {
            id: id.clone(),
            name: "First steward".into(),
            agency,
            roles: [Role::Steward].into(),
            password: Some(password),
            now: desk.clock(),
        };
        let enrolled = desk.enrol(account).await?;
        if let Some(second) = enrolled.second_factor {
            said["steward"] = serde_json::json!({"account": id, "one_time_codes": second.otpauth_url.reveal()});
        }
    }
    desk.close().await?;
    if args.json {
        println!("{said:#}");
    } else {
        println!(
            "Founded: {} ({} register entries) in {}.",
            template.installation.title,
            said["register"],
            place.dir.display()
        );
        println!("The founders' private keys are in {}; give each to its holder.", keys_folder(&place.dir).display());
        println!(
            "The log's verifier key, to be published outside this machine:\n  {}",
            said["verifier_key"].as_str().unwrap_or_default()
        );
        if let Some(url) = said["steward"]["one_time_codes"].as_str() {
            println!("Put this into the steward's authenticator:\n  {url}");
        }
        println!("Next: openclear serve --dir {}", place.dir.display());
    }
    Ok(End::Done)
}

/// Where the founders' private keys are put until their holders take them.
pub(crate) fn keys_folder(dir: &Path) -> PathBuf {
    dir.join("keys-of-founders")
}

/// Founds an empty desk from a template, with fresh keys.
pub(crate) async fn found(desk: &Desk, dir: &Path, template: &Template) -> anyhow::Result<()> {
    let version = desk.public_register().version;
    if version > 0 {
        bail!(
            "{} holds an installation already (its register has {version} entries); choose an empty folder",
            dir.display()
        );
    }
    let mut keys = Vec::new();
    for founder in &template.installation.founders {
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).context("the operating system gives no randomness")?;
        keys.push(KeyPair::from_seed(
            &template.installation.name,
            founder.holder.clone(),
            founder.agency.clone(),
            &seed,
        ));
    }
    let entries = template.found(&keys)?;
    let folder = keys_folder(dir);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for key in &keys {
        let path = folder.join(format!("{}.key", key.holder.holder));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        writeln!(file, "{}", key.private)?;
        file.sync_all()?;
    }
    desk.found(&entries).await?;
    Ok(())
}

fn password() -> anyhow::Result<String> {
    if let Ok(password) = std::env::var("OPENCLEAR_PASSWORD") {
        return Ok(password);
    }
    eprint!("Password of the steward (12 characters or more): ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("cannot read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
