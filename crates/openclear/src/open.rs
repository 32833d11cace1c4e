//! Opens an installation: store, log, rules, desk.

#![expect(clippy::disallowed_methods, reason = "stores: log-keys, snapshots")]

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use clear_audit::{Contradiction, Log, Options, Public, Recovered};
use clear_respond::{Desk, Parts, Room};
use clear_rules::CedarRules;
use clear_store::Store;
use sha2::{Digest as _, Sha256};

use crate::guards::Guards;

/// Where an installation lives.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Place {
    /// The data folder: ledger, keys, log.
    #[arg(long, value_name = "DIR", default_value = "openclear-data")]
    pub(crate) dir: PathBuf,
    /// Keep the ledger in this PostgreSQL database instead of the folder; keys and log stay in the folder.
    #[arg(long, value_name = "URL", env = "OPENCLEAR_POSTGRES")]
    pub(crate) postgres: Option<String>,
    /// Load the rules from this folder instead of those that are built in.
    #[arg(long, value_name = "DIR")]
    pub(crate) rules: Option<PathBuf>,
    /// A file with a verifier key whose certificates of rules count here, beside those signed with the log's key.
    #[arg(long, value_name = "FILE", requires = "rules")]
    pub(crate) rules_key: Option<PathBuf>,
    /// The log's name: `installation/node`. Only at the first start; later the log's own key says it.
    #[arg(long, value_name = "NAME", default_value = "openclear/node-1")]
    pub(crate) origin: String,
    /// A folder on another volume, where the log goes on, sealed, when its own volume fails. The next start brings it back
    /// into the log. Without it, nothing is answered then.
    #[arg(long, value_name = "DIR", env = "OPENCLEAR_SPOOL")]
    pub(crate) spool: Option<PathBuf>,
    /// Keep at most so much of the sets' columns in memory, like `2GiB`; what is used least is put aside, sealed. Without it, all of
    /// them are in memory.
    #[arg(long, value_name = "SIZE", env = "OPENCLEAR_ANALYSIS_MEMORY", value_parser = size)]
    pub(crate) analysis_memory: Option<usize>,
    /// Put aside there what has no room: a folder, or `s3://bucket/prefix`, for this process alone. Without it, in the data folder.
    #[arg(long, value_name = "PLACE", env = "OPENCLEAR_ANALYSIS_PLACE", requires = "analysis_memory")]
    pub(crate) analysis_place: Option<String>,
    /// Start once although the machine's clock is behind the log's newest entry (docs/recovery.md).
    #[arg(long)]
    pub(crate) accept_clock: bool,
    /// When the public checkpoint moves on. Only what serves says so; a command that is over in a moment leaves it.
    #[arg(skip)]
    pub(crate) public: Option<Public>,
}

/// What strangers see of the log, and when.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Pace {
    /// Move the public checkpoint on at every multiple of this, in UTC: `1h`, `15m`, `5s`. `0s` shows the log's growth as
    /// it happens: for trying things out.
    #[arg(long, value_name = "TIME", default_value = "1h", env = "OPENCLEAR_PUBLIC_EVERY", value_parser = every)]
    pub(crate) public_every: std::time::Duration,
    /// By how many entries it moves on at least; otherwise by 4, 16, 64 … times as many. Cover leaves fill it up.
    #[arg(long, value_name = "N", default_value_t = 256, env = "OPENCLEAR_PUBLIC_BUCKET",
        value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub(crate) public_bucket: u64,
}

impl Pace {
    pub(crate) fn public(&self) -> Public {
        Public { every: self.public_every, bucket: self.public_bucket }
    }
}

fn every(text: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    span.try_into().map_err(|_| "write a time that does not go back, like `1h`".to_owned())
}

/// Reads a size: `2GiB`, `512MiB`, `64KiB`, `1000000`.
pub(crate) fn size(text: &str) -> Result<usize, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let unit = units.iter().find_map(|(word, shift)| Some((text.strip_suffix(word)?, *shift)));
    let (number, shift) = unit.unwrap_or((text, 0));
    let number = number.trim().parse::<usize>().ok();
    let size = number.and_then(|number| number.checked_mul(1 << shift));
    size.ok_or_else(|| "write a size like `2GiB`, `512MiB` or a number of bytes".to_owned())
}

impl Place {
    /// A place with the defaults, in that folder.
    pub(crate) fn folder(dir: &Path) -> Place {
        Place {
            dir: dir.to_owned(),
            postgres: None,
            rules: None,
            rules_key: None,
            origin: "openclear/node-1".to_owned(),
            spool: None,
            analysis_memory: None,
            analysis_place: None,
            accept_clock: false,
            public: None,
        }
    }

    /// Loads the rules, which must be proved, and opens the store, the log and the desk, in the order of recovery.
    pub(crate) async fn open(&self) -> anyhow::Result<Arc<Desk>> {
        let rules = crate::rules::load(self).await?;
        self.open_under(rules).await
    }

    /// The same, under rules that are loaded already.
    pub(crate) async fn open_under(&self, rules: Arc<CedarRules>) -> anyhow::Result<Arc<Desk>> {
        match self.open_guarded(rules, Guards::remembered(&self.dir)?).await? {
            Opened::Desk(desk) => Ok(desk),
            Opened::Behind(behind) => anyhow::bail!("{behind}"),
        }
    }

    /// The same, unless somebody knows more of the log, or another one: then nothing is appended to it.
    pub(crate) async fn open_guarded(&self, rules: Arc<CedarRules>, guards: Guards) -> anyhow::Result<Opened> {
        let StoreAndLog { store, log, recovered } = self.parts().await?;
        let (dir, asked) = (self.dir.clone(), log.clone());
        let found = tokio::task::spawn_blocking(move || guards.contradictions(&dir, &asked)).await??;
        if !found.is_empty() {
            let register = clear_respond::founded(&store).await.context("cannot read the register")?;
            let founding = register.founding();
            // Closed, not only let go: a witness that is still waited for holds it too, and the founders need it next.
            tokio::task::spawn_blocking(move || log.close()).await??;
            return Ok(Opened::Behind(Behind {
                dir: self.dir.clone(),
                installation: founding.map(|founding| founding.title.clone()).unwrap_or_default(),
                contact: founding.map(|founding| founding.legal_contact.clone()).unwrap_or_default(),
                found,
            }));
        }
        let clock = clear_respond::clock::steady();
        let parts = Parts { store, log, recovered, rules, clock };
        let desk = Desk::open_bounded(parts, self.bound()).await.context("cannot open the desk")?;
        desk.chart(crate::geography::read(&self.dir)?);
        match self.accept_clock {
            true => desk.accept_clock().await.context("cannot open the desk")?,
            false => desk.check_clock().context("cannot open the desk")?,
        }
        Ok(Opened::Desk(Arc::new(desk)))
    }

    /// How much of the sets' columns may be in memory.
    pub(crate) fn bound(&self) -> Option<Room> {
        Some(Room { memory_bytes: self.analysis_memory?, place: self.analysis_place.clone() })
    }

    /// The store and the log, before anything is appended.
    pub(crate) async fn parts(&self) -> anyhow::Result<StoreAndLog> {
        let store = match &self.postgres {
            None => Store::folder(&self.dir).await,
            Some(url) => Store::postgres(url, &self.dir.join("keys")).await,
        };
        let store = store.with_context(|| format!("cannot open the installation in {}", self.dir.display()))?;
        let store = store.keeping(program);
        let place = self.clone();
        let (log, recovered) = tokio::task::spawn_blocking(move || place.log()).await??;
        Ok(StoreAndLog { store, log, recovered })
    }

    /// Opens the log alone; nobody else may have it open.
    pub(crate) fn log(&self) -> anyhow::Result<(Log, Recovered)> {
        let options = Options {
            folder: self.dir.clone(),
            keys: self.dir.join("keys"),
            origin: known_origin(&self.dir).unwrap_or_else(|| self.origin.clone()),
            checkpoint_every: std::time::Duration::from_secs(1),
            public: self.public,
            spool: self.spool.clone(),
            ..Options::default()
        };
        Log::open_held(options).context("cannot open the log")
    }
}

/// A digest of this program's own file: whatever changes a projection changes it. Read once, when it is first asked for.
pub(crate) fn program() -> Option<[u8; 32]> {
    static DIGEST: OnceLock<Option<[u8; 32]>> = OnceLock::new();
    *DIGEST.get_or_init(|| {
        let mut file = std::fs::File::open(std::env::current_exe().ok()?).ok()?;
        let mut hash = Sha256::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            match file.read(&mut piece).ok()? {
                0 => return Some(hash.finalize().into()),
                length => hash.update(piece.get(..length)?),
            }
        }
    })
}

/// The origin that the log's signing key names (`PRIVATE+KEY+origin+…`); `None` before the first start.
pub(crate) fn known_origin(dir: &Path) -> Option<String> {
    let key = std::fs::read_to_string(dir.join("keys/log.key")).ok()?;
    key.strip_prefix("PRIVATE+KEY+")?.split('+').next().map(str::to_owned)
}

/// What an installation is made of, before the desk.
pub(crate) struct StoreAndLog {
    pub(crate) store: Store,
    pub(crate) log: Log,
    pub(crate) recovered: Recovered,
}

/// What opening came to.
pub(crate) enum Opened {
    /// The desk.
    Desk(Arc<Desk>),
    /// The log may not be gone on with.
    Behind(Behind),
}

/// A log that is behind what is known of it elsewhere, or another one.
pub(crate) struct Behind {
    dir: PathBuf,
    pub(crate) installation: String,
    pub(crate) contact: String,
    found: Vec<Contradiction>,
}

impl Behind {
    pub(crate) fn of(desk: &Desk, dir: &Path, found: Contradiction) -> Behind {
        let register = desk.public_register();
        Behind {
            dir: dir.to_owned(),
            installation: register.installation,
            contact: register.legal_contact,
            found: vec![found],
        }
    }

    /// The same, with whom the operator has named instead of the register's contact.
    pub(crate) fn or_call(self, contact: Option<String>) -> Behind {
        let contact = contact.unwrap_or_else(|| self.contact.clone());
        Behind { contact, ..self }
    }
}

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found: Vec<String> = self.found.iter().map(ToString::to_string).collect();
        write!(
            f,
            "the log in {} is not what it is known to be: {}. Nothing is served. Restore the newest copy; or, where there is none, the founding quorum lets it go on: openclear register resume --dir {} --text WHY --key FILE --key FILE",
            self.dir.display(),
            found.join("; "),
            self.dir.display()
        )
    }
}
