//! Analysis through HTTP (P3), and residents on the map (P8): a server over as many public rows as are said.
//!
//! The files' rows are repeated with other ids, case numbers and years, filed through the whole road, and served by this
//! process. A program given by `--peers` asks this server and others the same, over the rows that this server gives out.
//! The residents are a process of their own, so that the processor's time of the two is counted apart.

#![expect(clippy::disallowed_methods, reason = "stores: measurements; flows: measurements")]

use std::io::{BufRead as _, BufReader, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use super::{Step, cpu_time, desk, heading, ms, peak_mib};
use crate::import::chicago_crimes_file;
use crate::open::Place;

/// What is measured, over how many rows.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// An empty folder, or one that this measure has filled.
    #[arg(long)]
    dir: PathBuf,
    /// How many rows; the files are repeated until there are as many.
    #[arg(long, default_value_t = 8_000_000)]
    rows: usize,
    /// Residents who look at the map at once.
    #[arg(long, default_value_t = 200)]
    citizens: usize,
    /// For how long.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// A Python program that asks this server and its peers; it is given the server's address and process, a folder, and
    /// the address of an empty PostgreSQL.
    #[arg(long, value_name = "PROGRAM")]
    peers: Option<PathBuf>,
    /// Where its Python is.
    #[arg(long, default_value = "python3")]
    python: PathBuf,
    /// Crime files, CSV or zstd.
    files: Vec<PathBuf>,
}

/// By how many years each repetition is earlier: as many as the public extract at hand has.
const YEARS: i32 = 6;

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    heading();
    if !args.dir.join("ledger.db").exists() {
        let (desk, importer, _) = desk(&args.dir).await?;
        let step = Step::begin("whole road: parse, check, decide, seal, store, log, sync");
        let (mut filed, mut turn) = (0, 0);
        let piece = args.dir.join("rows.csv");
        while filed < args.rows {
            let before = filed;
            for file in &args.files {
                if filed < args.rows {
                    repeat(file, turn, args.rows - filed, &piece)?;
                    filed +=
                        chicago_crimes_file(&desk, &importer, &piece, &mut std::io::stderr(), &mut |_| ()).await?.filed;
                }
            }
            if filed == before {
                bail!("no row of the files could be filed");
            }
            turn += 1;
        }
        std::fs::remove_file(&piece)?;
        step.end(filed, "rows");
        desk.close().await?;
    }
    crate::geography::ship(&args.dir)?;
    let step = Step::begin("start: recover, open, project");
    let desk = Place::folder(&args.dir).open().await?;
    step.end(args.rows, "rows");

    let listener = clear_web::listen("127.0.0.1:0".parse()?).await?;
    let url = format!("http://{}", listener.local_addr()?);
    // All residents have one address here.
    let rates = clear_web::Rates { without_token: 1e9, ..clear_web::Rates::default() };
    let config = clear_web::Config { rates, ..crate::serve::config(None) };
    let served = tokio::spawn(clear_web::serve(desk.clone(), listener, config, std::future::pending()));
    if let Some(program) = &args.peers {
        let peer = tokio::task::spawn_blocking(clear_testkit::postgres::Server::start).await??;
        let mut asking = tokio::process::Command::new(&args.python);
        asking.arg(program).args([&url, &std::process::id().to_string()]).arg(&args.dir).arg(peer.url());
        let asked = asking.kill_on_drop(true).status().await.context("the peers' program does not start")?;
        if !asked.success() {
            bail!("the peers' program ended with {asked}");
        }
    }
    if args.citizens > 0 {
        citizens(&args, url).await?;
    }
    served.abort();
    desk.close().await?;
    Ok(())
}

/// Writes at most `most` rows of a file, as they would be in the `turn`-th repetition.
fn repeat(file: &Path, turn: usize, most: usize, to: &Path) -> anyhow::Result<()> {
    let opened = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let read: Box<dyn Read> = match file.extension().is_some_and(|ending| ending == "zst") {
        true => Box::new(zstd::Decoder::new(opened)?),
        false => Box::new(opened),
    };
    let mut lines = BufReader::new(read).lines();
    let mut out = BufWriter::new(std::fs::File::create(to)?);
    writeln!(out, "{}", lines.next().context("an empty file")??)?;
    for line in lines.take(most) {
        writeln!(out, "{}", repeated(&line?, turn)?)?;
    }
    Ok(out.flush()?)
}

/// A row with another id and case number, some years earlier: `ID,Case Number,MM/DD/YYYY …`.
fn repeated(line: &str, turn: usize) -> anyhow::Result<String> {
    if turn == 0 {
        return Ok(line.to_owned());
    }
    let mut cells = line.splitn(4, ',');
    let (Some(id), Some(case), Some(date), Some(rest)) = (cells.next(), cells.next(), cells.next(), cells.next())
    else {
        bail!("a row of fewer than four columns: {line}")
    };
    let id: u64 = id.parse().with_context(|| format!("an id that is no number: {line}"))?;
    let (day, year) = date.split_at_checked(6).context("no date")?;
    let (year, time) = year.split_at_checked(4).context("no year")?;
    let year = year.parse::<i32>().context("no year")? - YEARS * i32::try_from(turn)?;
    let day = if day == "02/29/" { "02/28/" } else { day };
    Ok(format!("{},{turn}{case},{day}{year}{time},{rest}", id + 20_000_000 * turn as u64))
}

/// What the residents' process is told.
#[derive(Serialize, Deserialize)]
struct Task {
    url: String,
    citizens: usize,
    seconds: u64,
}

/// What it saw: each request's kind, milliseconds, status and bytes.
#[derive(Serialize, Deserialize)]
struct Asked {
    what: String,
    ms: f64,
    status: u16,
    bytes: usize,
}

async fn citizens(args: &Args, url: String) -> anyhow::Result<()> {
    let task = Task { url, citizens: args.citizens, seconds: args.seconds };
    let cpu = cpu_time();
    let exe = std::env::current_exe()?;
    let output = tokio::task::spawn_blocking(move || {
        let mut process =
            Command::new(exe).args(["bench", "citizens"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut to = process.stdin.take().context("the residents' input")?;
        to.write_all(serde_json::to_string(&task)?.as_bytes())?;
        drop(to);
        anyhow::Ok(process.wait_with_output()?)
    })
    .await??;
    let asked: Vec<Asked> = serde_json::from_slice(&output.stdout).context("the residents' process failed")?;
    let cpu = cpu_time().saturating_sub(cpu);
    println!("\n{} residents on the map for {} s:\n", args.citizens, args.seconds);
    println!(
        "| what | requests | other than 200 or 204 | p50 ms | p99 ms | longest ms | mean kB |\n|---|---|---|---|---|---|---|"
    );
    let mut kinds: Vec<&str> = asked.iter().map(|one| one.what.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut wrong = 0;
    for kind in kinds.iter().copied().chain([""]) {
        let of: Vec<&Asked> = asked.iter().filter(|one| kind.is_empty() || one.what == kind).collect();
        let mut times: Vec<f64> = of.iter().map(|one| one.ms).collect();
        times.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| times.get((times.len() as f64 * share) as usize).or(times.last()).copied().unwrap_or(0.0);
        let bad = of.iter().filter(|one| !matches!(one.status, 200 | 204)).count();
        let kb = of.iter().map(|one| one.bytes).sum::<usize>() as f64 / 1e3 / of.len().max(1) as f64;
        let name = if kind.is_empty() { "**all**" } else { kind };
        println!("| {name} | {} | {bad} | {:.1} | {:.1} | {:.1} | {kb:.1} |", of.len(), at(0.5), at(0.99), at(1.0));
        wrong = bad;
    }
    println!("\nserver: {:.1} s of processor time, {} MiB at most", cpu.as_secs_f64(), peak_mib());
    if wrong > 0 {
        bail!("{wrong} requests were not answered");
    }
    Ok(())
}

/// Where the residents look: west, south, east and north of the city.
const CITY: [f64; 4] = [-87.84, 41.65, -87.53, 42.02];

/// The residents' process: each opens the map, then moves or zooms every second or two, and now and then clicks.
pub(crate) fn residents() -> anyhow::Result<()> {
    let mut said = String::new();
    std::io::stdin().read_to_string(&mut said)?;
    let task: Task = serde_json::from_str(&said)?;
    let until = Instant::now() + Duration::from_secs(task.seconds);
    let threads: Vec<_> = (0..task.citizens)
        .map(|at| {
            let url = task.url.clone();
            std::thread::Builder::new().stack_size(256 << 10).spawn(move || resident(at as u64, &url, until))
        })
        .collect::<Result<_, _>>()?;
    let mut all = Vec::new();
    for thread in threads {
        all.extend(thread.join().map_err(|_| anyhow::anyhow!("a resident's thread ended"))?);
    }
    println!("{}", serde_json::to_string(&all)?);
    Ok(())
}

fn resident(seed: u64, url: &str, until: Instant) -> Vec<Asked> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(30)))
        .build()
        .into();
    // A number in 0..1, by a linear congruential generator (Knuth, MMIX).
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut drawn = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut asked = Vec::new();
    let mut ask = |what: &str, path: String| {
        let began = Instant::now();
        let (status, bytes) = match agent.get(format!("{url}{path}")).call() {
            Ok(mut response) => {
                (response.status().as_u16(), response.body_mut().read_to_vec().map_or(0, |body| body.len()))
            }
            Err(_) => (0, 0),
        };
        asked.push(Asked { what: what.into(), ms: ms(began.elapsed()), status, bytes });
    };
    // They do not all come in one instant.
    std::thread::sleep(Duration::from_secs_f64(drawn() * 3.0));
    ask("page", "/map".into());
    let [west, south, east, north] = CITY;
    while Instant::now() < until {
        let (lon, lat) = (west + drawn() * (east - west), south + drawn() * (north - south));
        let zoom = 10 + (drawn() * 5.0) as u32;
        let (x, y) = tile(lon, lat, zoom);
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            ask("tile of incidents", format!("/tiles/incidents/{zoom}/{}/{}.mvt", x + dx, y + dy));
        }
        ask("tile of beats", format!("/tiles/beats/{zoom}/{x}/{y}.mvt"));
        if drawn() < 0.2 {
            let near = format!("within_circle(location,{lat:.5},{lon:.5},400)");
            ask("rows near a point", format!("/resource/crimes.json?$where={near}&$order=date%20DESC&$limit=50"));
        }
        std::thread::sleep(Duration::from_secs_f64(1.0 + drawn()));
    }
    asked
}

/// The tile of a point: Web Mercator, as the tiles' addresses have it.
fn tile(lon: f64, lat: f64, zoom: u32) -> (u32, u32) {
    let side = f64::from(1u32 << zoom);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    (((lon + 180.0) / 360.0 * side) as u32, (y * side) as u32)
}

#[cfg(test)]
mod tests {
    use super::{repeated, tile};

    #[test]
    fn a_repeated_row_is_another_row_some_years_earlier() {
        let row = "11482392,JB483030,02/29/2016 12:00:00 PM,003XX E NORTH WATER ST,0810,\"THEFT, OVER\"";
        assert_eq!(repeated(row, 0).expect("a row"), row);
        let second = "51482392,2JB483030,02/28/2004 12:00:00 PM,003XX E NORTH WATER ST,0810,\"THEFT, OVER\"";
        assert_eq!(repeated(row, 2).expect("a row"), second);
        assert!(repeated("11482392,JB483030", 1).is_err());
    }

    #[test]
    fn a_point_lies_in_its_tile() {
        assert_eq!(tile(-87.6278, 41.8819, 14), (4203, 6089));
        assert_eq!(tile(-180.0, 85.05, 3), (0, 0));
    }
}
