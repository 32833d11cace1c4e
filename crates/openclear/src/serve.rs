//! `openclear serve`: serve an installation.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clear_audit::Watch;
use clear_jobs::Keeper;
use clear_record::Inquiry;
use clear_respond::{Credential, Desk};
use clear_web::{Config, Halted, Listener, Tls};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::End;
use crate::books::{self, Releases};
use crate::guards::{Given, Guards, Watching};
use crate::open::{Behind, Opened, Pace, Place};

/// Connections at once, where the operator allows as many open files.
const CONNECTIONS_MAX: usize = 16_384;

/// Serve an installation.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear serve --dir records --port 8080\n  openclear serve --dir records --postgres postgres://clear@db/clear --listen 0.0.0.0 --port 443 --tls-cert chain.pem --tls-key key.pem\n  openclear serve --dir records --anchor /mnt/other/records.anchor --witness https://witness.example=witness.vkey"
)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    guards: Given,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    rates: crate::rates::HowOften,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// The port to listen on.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
    /// Serve HTTPS with this certificate and its chain (PEM). Without it this port speaks plain HTTP.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM, without a passphrase).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// The API token of the account that the nightly jobs ask as (it needs the roles `clerk` and `service`); absent: no
    /// jobs run here.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "OPENCLEAR_KEEPER",
        requires = "keeper_purpose",
        requires = "keeper_use_code"
    )]
    keeper: Option<String>,
    /// The purpose that the jobs state.
    #[arg(long, value_name = "PURPOSE", env = "OPENCLEAR_KEEPER_PURPOSE")]
    keeper_purpose: Option<String>,
    /// The use code that the jobs state.
    #[arg(long, value_name = "CODE", env = "OPENCLEAR_KEEPER_USE_CODE")]
    keeper_use_code: Option<String>,
    #[command(flatten)]
    releases: Releases,
    /// Whom to call when nothing can be logged, and so nothing is answered; the screen says it. Without it, the register's
    /// legal contact.
    #[arg(long, value_name = "WHOM", env = "OPENCLEAR_CONTACT")]
    contact: Option<String>,
}

pub(crate) async fn run(mut args: Args) -> anyhow::Result<End> {
    args.place.public = Some(args.pace.public());
    // First, because it is the cheapest thing to have wrong.
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(Tls::load(certificate, key)?),
        _ => None,
    };
    let listener = clear_web::listen(SocketAddr::new(args.listen, args.port)).await?;
    let rules = crate::rules::load(&args.place).await?;
    let guards = Guards::given(&args.place.dir, &args.guards)?;
    let desk = match args.place.open_guarded(rules.clone(), guards.clone()).await? {
        Opened::Desk(desk) => desk,
        Opened::Behind(behind) => return halted(&behind.or_call(args.contact), listener, tls).await,
    };
    if desk.public_register().version == 0 {
        anyhow::bail!(
            "there is no installation in {}; found one with `openclear init --dir {} --register FILE`",
            args.place.dir.display(),
            args.place.dir.display()
        );
    }
    let settings = settings(&args, &desk);
    desk.configured(&settings, "start").await.context("cannot log the configuration")?;
    let watching = guards.watch(&args.place.dir, &desk).await?;
    // Caught from here on: whoever reads the next line may press Ctrl-C at once.
    let signals = Signals::catch()?;
    tokio::spawn(crate::rules::reload_on_hangup(desk.clone(), args.place.clone(), rules, settings)?);
    let scheme = if tls.is_some() { "https" } else { "http" };
    println!("Serving {} on {scheme}://{}", desk.public_register().installation, listener.local_addr()?);
    let keeper = match (&args.keeper, &args.keeper_purpose, &args.keeper_use_code) {
        (Some(token), Some(purpose), Some(code)) => Some(keeper(&desk, token, purpose, code).await?),
        _ => None,
    };
    let address = listener.local_addr()?;
    let config = Config { contact: args.contact.clone(), rates: args.rates.rates(), ..config(tls.clone()) };
    let end =
        until_asked_to_stop(desk.clone(), listener, config, keeper, args.releases, signals, Some(&watching)).await?;
    match watching.watch.contradiction() {
        None => Ok(end),
        // A witness that could not be asked at the start knows more.
        Some(found) => {
            let behind = Behind::of(&desk, &args.place.dir, found).or_call(args.contact);
            halted(&behind, clear_web::listen(address).await?, tls).await
        }
    }
}

/// The settings in force, for the log: what an operator can change, and no secret.
fn settings(args: &Args, desk: &Desk) -> BTreeMap<String, String> {
    let place = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
    // Of the database's address neither account nor password.
    let database = args.place.postgres.as_deref().map(|url| url.rsplit('@').next().unwrap_or_default().to_owned());
    let plan = args.releases.plan();
    [
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("folder", args.place.dir.display().to_string()),
        ("database", database.unwrap_or_default()),
        ("rules_folder", place(&args.place.rules)),
        ("rules_key", place(&args.place.rules_key)),
        ("rules", desk.rules_digest()),
        ("listen", args.listen.to_string()),
        ("port", args.port.to_string()),
        ("tls_certificate", place(&args.tls_cert)),
        ("keeper", args.keeper.is_some().to_string()),
        ("keeper_purpose", args.keeper_purpose.clone().unwrap_or_default()),
        ("keeper_use_code", args.keeper_use_code.clone().unwrap_or_default()),
        ("spool", place(&args.place.spool)),
        ("analysis_memory", args.place.analysis_memory.map(|bytes| bytes.to_string()).unwrap_or_default()),
        ("analysis_place", args.place.analysis_place.clone().unwrap_or_default()),
        ("contact", args.contact.clone().unwrap_or_default()),
        ("public_every", format!("{:?}", args.pace.public_every)),
        ("public_bucket", args.pace.public_bucket.to_string()),
        ("open_data_rate", args.rates.open_data_rate.to_string()),
        ("open_data_token_rate", args.rates.open_data_token_rate.to_string()),
        ("open_data_burst", args.rates.open_data_burst.to_string()),
        ("releases", plan.every.to_string()),
        ("small_counts", plan.threshold.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Says that nothing is served, and why, until Ctrl-C or SIGTERM.
async fn halted(behind: &Behind, listener: Listener, tls: Option<Tls>) -> anyhow::Result<End> {
    let mut signals = Signals::catch()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::error!("{behind}");
    println!("NOT serving; {scheme}://{} says so to everybody.", listener.local_addr()?);
    let halted = Halted { installation: behind.installation.clone(), contact: behind.contact.clone() };
    clear_web::serve_halted(halted, listener, tls, async move { signals.asked().await }).await;
    Ok(End::Flawed)
}

/// The jobs' asker, proven once at start so that a wrong token is said at once.
pub(crate) async fn keeper(desk: &Desk, token: &str, purpose: &str, use_code: &str) -> anyhow::Result<Keeper> {
    let standing = desk.prove(Credential::Token(token)).await.context("the jobs' token")?;
    let inquiry = Inquiry {
        purpose: Some(purpose.into()),
        use_code: Some(use_code.into()),
        case: Some("nightly".into()),
        reason: Some("validation dates that have passed (GR55)".into()),
        on_behalf_of: standing.agency.clone().map(|agency| [agency].into()),
        ..Inquiry::default()
    };
    Ok(Keeper { token: token.to_owned(), inquiry })
}

/// What an operator ends a server with.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Catches Ctrl-C and SIGTERM from now on.
    pub(crate) fn catch() -> anyhow::Result<Signals> {
        Ok(Signals { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one of them.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// As many connections as there can be open files, with some left for the ledger and the log.
pub(crate) fn config(tls: Option<Tls>) -> Config {
    const OTHERS: u64 = 256;
    let files = clear_web::raise_open_files().saturating_sub(OTHERS);
    let connections_max = usize::try_from(files).unwrap_or(usize::MAX).clamp(64, CONNECTIONS_MAX);
    Config { tls, connections_max, ..Config::default() }
}

/// Serves until Ctrl-C or SIGTERM, then ends cleanly.
pub(crate) async fn until_asked_to_stop(
    desk: Arc<Desk>,
    listener: Listener,
    config: Config,
    keeper: Option<Keeper>,
    releases: Releases,
    mut signals: Signals,
    watching: Option<&Watching>,
) -> anyhow::Result<End> {
    let jobs = keeper.map(|keeper| tokio::spawn(clear_jobs::run(desk.clone(), keeper)));
    let books = tokio::spawn(books::keep(desk.clone(), releases.plan()));
    let kept = tokio::spawn(books::keep_projections(desk.clone()));
    let watch = watching.map(|watching| watching.watch.clone()).unwrap_or_default();
    let watched = watch.clone();
    let stop = async move {
        tokio::select! {
            () = signals.asked() => eprintln!("\nStopping: answers under way end first."),
            () = contradicted(&watched) => tracing::error!("a witness knows otherwise: this server ends now"),
        }
    };
    let config = Config { watch, ..config };
    clear_web::serve(desk.clone(), listener, config, stop).await.context("the server ended")?;
    books.abort();
    kept.abort();
    if let Some(jobs) = jobs {
        jobs.abort();
    }
    desk.close().await.context("cannot close the log")?;
    if let Some(watching) = watching {
        watching.finish();
    }
    eprintln!("Stopped cleanly.");
    Ok(End::Done)
}

/// Waits until somebody knows more of the log, or another one.
async fn contradicted(watch: &Watch) {
    while watch.contradiction().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}
