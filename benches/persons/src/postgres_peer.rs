//! The peer PostgreSQL with `pg_trgm`: a private server, asked by `psql`, which says how long the server took.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use clear_testkit::asked::{Asked, Drawn};
use clear_testkit::postgres::Server;

type Fault = Box<dyn std::error::Error>;

pub struct Peer(Server);

impl Peer {
    pub fn of(persons: &[Drawn]) -> Result<Peer, Fault> {
        let peer = Peer(Server::start()?);
        let mut script = String::from(
            "CREATE EXTENSION pg_trgm;\nCREATE TABLE person (id int, name text);\nCOPY person FROM STDIN;\n",
        );
        for (at, person) in persons.iter().enumerate() {
            script.push_str(&format!("{at}\t{} {}\n", person.given, person.family));
        }
        script.push_str(
            "\\.\nSET maintenance_work_mem = '1GB';\nCREATE INDEX ON person USING gin (name gin_trgm_ops);\nVACUUM ANALYZE person;\n",
        );
        peer.run(script)?;
        Ok(peer)
    }

    fn run(&self, script: String) -> Result<String, Fault> {
        let mut psql = Command::new("psql")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", &self.0.url()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut input = psql.stdin.take().ok_or("psql has no input")?;
        let writer = std::thread::spawn(move || input.write_all(script.as_bytes()));
        let output = psql.wait_with_output()?;
        writer.join().map_err(|_| "psql was not fed")??;
        if !output.status.success() {
            return Err("psql failed".into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The first 20 of each question, with the time that `psql` measured.
    pub fn answers(&self, asked: &[Asked]) -> Result<Vec<(Vec<usize>, Duration)>, Fault> {
        let mut script = String::from("\\timing on\n");
        for asked in asked {
            let text = asked.text.replace('\'', "''");
            script.push_str(&format!(
                "SELECT id FROM person WHERE name % '{text}' ORDER BY similarity(name, '{text}') DESC, id LIMIT 20;\n"
            ));
        }
        let said = self.run(script)?;
        let (mut answers, mut hits) = (Vec::new(), Vec::new());
        for line in said.lines() {
            if let Some(time) = line.strip_prefix("Time: ") {
                let ms: f64 = time.split(' ').next().unwrap_or_default().parse()?;
                answers.push((std::mem::take(&mut hits), Duration::from_secs_f64(ms / 1_000.0)));
            } else if !line.is_empty() {
                hits.push(line.parse()?);
            }
        }
        Ok(answers)
    }
}
