//! `openclear code`: the one-time code of a demonstration's persona, for signing in to the pages.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::End;
use crate::client::personas;

/// Print the one-time code of a demonstration's persona.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear code officer --dir demo\n\nReal accounts use an authenticator; only a demonstration keeps its secrets in a file."
)]
pub(crate) struct Args {
    /// The persona: officer, partner, cut_off, steward, oversight, clerk …
    persona: String,
    /// The demonstration's folder.
    #[arg(long, value_name = "DIR", default_value = "demo")]
    dir: PathBuf,
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    let file = args.dir.join("personas.json");
    let personas = personas(&file)?;
    let persona = personas
        .iter()
        .find(|known| known["persona"] == args.persona.as_str() || known["account"] == args.persona.as_str());
    let secret = persona.and_then(|persona| persona["totp_secret"].as_str());
    let secret =
        secret.with_context(|| format!("{} has no persona `{}` that signs in", file.display(), args.persona))?;
    let code = clear_identity::one_time_code(secret, jiff::Timestamp::now()).context("the secret does not read")?;
    println!("{}", code.reveal());
    Ok(End::Done)
}
