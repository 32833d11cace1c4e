//! A private PostgreSQL server for one test: on a socket in a temporary folder, without a network port.
//!
//! In:    the server's programs, as a distribution installs them.
//! Out:   its address; it can be stopped and started again.
//! Never: touches another server, listens on the network, is skipped where PostgreSQL is missing.

#![expect(clippy::disallowed_methods, reason = "stores: measurements")]

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// PostgreSQL's programs are nowhere.
    #[error(
        "PostgreSQL's `initdb` and `postgres` are neither in /usr/lib/postgresql/*/bin nor on the PATH: install them, e.g. `apt-get install postgresql`"
    )]
    Missing,
    /// This is root, PostgreSQL refuses root, and no other account is there to run it.
    #[error(
        "PostgreSQL does not run as root, and there is neither an account `postgres` nor `nobody`: run the tests as an ordinary user"
    )]
    Account,
    /// A program of PostgreSQL's failed.
    #[error("`{program}` failed: {said}")]
    Failed {
        /// Which program.
        program: String,
        /// The end of what it said.
        said: String,
    },
    /// A file or folder of the server could not be made.
    #[error("cannot prepare `{}` for PostgreSQL", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// How long a server may take to start or stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server of its own. Ended, and its folder deleted, when dropped.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    folder: PathBuf,
    account: Option<Account>,
    process: Option<Child>,
}

/// Whom the server runs as, when we are root.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Server {
    /// Makes and starts a server.
    ///
    /// # Errors
    /// When PostgreSQL is not installed (with how to install it) or does not start (with what it said).
    pub fn start() -> Result<Server, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let programs = programs().ok_or(Error::Missing)?;
        let account = account()?;
        // Short, because the path of a socket may have at most 107 bytes.
        let folder = std::env::temp_dir().join(format!(
            "clear-pg-{}-{}",
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let fault = |source| Error::File { path: folder.clone(), source };
        fs::DirBuilder::new().mode(0o700).create(&folder).map_err(fault)?;
        if let Some(account) = account {
            chown(&folder, Some(account.user), Some(account.group)).map_err(fault)?;
        }
        let mut server = Server { programs, folder, account, process: None };
        let made = server
            .program("initdb")
            .args([
                "--username=clear",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-instructions",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(server.data())
            .output();
        match made {
            Ok(output) if output.status.success() => {}
            Ok(output) => return Err(failed("initdb", &String::from_utf8_lossy(&output.stderr))),
            Err(error) => return Err(failed("initdb", &error.to_string())),
        }
        server.resume()?;
        Ok(server)
    }

    /// Its address.
    pub fn url(&self) -> String {
        let folder = self.folder.display().to_string().replace('/', "%2F");
        format!("postgres://clear@{folder}:5432/postgres")
    }

    /// The folder with its data.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Stops it at once, as a crash would. What was committed is kept.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub fn stop(&mut self) -> Result<(), Error> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        // QUIT is the immediate shutdown: every session is cut, nothing is tidied up.
        let signalled = Command::new("kill").args(["-QUIT", &process.id().to_string()]).status();
        if !signalled.is_ok_and(|status| status.success()) {
            let _ = process.kill();
        }
        process.wait().map_err(|error| failed("postgres", &error.to_string()))?;
        Ok(())
    }

    /// Starts it again after [`stop`](Server::stop), and waits until it answers.
    ///
    /// # Errors
    /// When it does not start (with what it said).
    pub fn resume(&mut self) -> Result<(), Error> {
        let said = self.folder.join("said");
        let fault = |source| Error::File { path: said.clone(), source };
        let file = fs::File::create(&said).map_err(fault)?;
        let errors = file.try_clone().map_err(fault)?;
        let process = self
            .program("postgres")
            .arg("-D")
            .arg(self.data())
            .args(["-c", "listen_addresses="])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", self.folder.display()))
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .spawn()
            .map_err(|error| failed("postgres", &error.to_string()))?;
        self.process = Some(process);
        let until = Instant::now() + PATIENCE;
        loop {
            let ready = self
                .program("pg_isready")
                .args(["--quiet", "--username=clear", "--dbname=postgres", "--host"])
                .arg(&self.folder)
                .status();
            if ready.is_ok_and(|status| status.success()) {
                return Ok(());
            }
            let ended = self.process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None)));
            if ended || Instant::now() > until {
                return Err(failed("postgres", &fs::read_to_string(&said).unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A program of PostgreSQL's, run as an account that it accepts.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = match self.account {
            None => Command::new(path),
            Some(Account { user, group }) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .arg(format!("--regid={group}"))
                    .arg("--clear-groups")
                    .arg("--")
                    .arg(path);
                command
            }
        };
        command
            .current_dir(&self.folder)
            .env_remove("PGDATA")
            .env_remove("PGHOST")
            .env_remove("PGPORT")
            .env("LC_ALL", "C");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A server that does not end is the operating system's to end; the folder goes either way.
        let _ = self.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn failed(program: &str, said: &str) -> Error {
    let lines: Vec<&str> = said.lines().rev().take(5).collect();
    Error::Failed { program: program.to_owned(), said: lines.into_iter().rev().collect::<Vec<_>>().join("; ") }
}

/// The folder with the newest `postgres` and `initdb`.
fn programs() -> Option<PathBuf> {
    let whole = |folder: &Path| ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).is_file());
    let installed = fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let mut installed: Vec<PathBuf> = installed.map(|entry| entry.path()).collect();
    installed.sort_by_key(version);
    let installed = installed.into_iter().rev().map(|folder| folder.join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    installed.chain(std::env::split_paths(&path)).find(|folder| whole(folder))
}

/// Whom to run the server as: ourselves, or, for root, an account that is not.
fn account() -> Result<Option<Account>, Error> {
    let me = fs::metadata("/proc/self").map(|me| std::os::unix::fs::MetadataExt::uid(&me)).unwrap_or(0);
    if me != 0 {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let mut fields = accounts.lines().find(|line| line.split(':').next() == Some(name))?.split(':').skip(2);
        Some(Account { user: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
    };
    find("postgres").or_else(|| find("nobody")).map(Some).ok_or(Error::Account)
}
