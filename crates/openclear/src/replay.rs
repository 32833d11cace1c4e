//! `openclear policy replay`: what an order, or other rules, would have changed.

#![expect(clippy::disallowed_methods, reason = "stores: papers")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clear_policy::{OrderDraft, Rules};
use clear_respond::{Change, Progress, Replay};
use clear_rules::CedarRules;
use indicatif::ProgressBar;
use serde_json::json;

use crate::End;
use crate::client::Server;
use crate::import::bar;
use crate::open::Place;

/// Decide the last days' questions again under a drafted order or other rules.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear register draft --agency frs --covers family --number 2026-1 --text 'Access ends.' > order.txt\n  openclear policy replay --order order.txt --as demo/personas.json#steward\n  openclear policy replay --rules my-rules --dir demo\n\nWith --dir the installation must not be served; with a server, a steward asks. Either leaves its entry in the log.\nExit code 5 when anybody outside the order's closure would notice."
)]
pub(crate) struct Args {
    /// The drafted order: its text, signed or not.
    #[arg(long, value_name = "FILE")]
    order: Option<PathBuf>,
    /// Other rules: a folder. Needs --dir.
    #[arg(long, value_name = "DIR", requires = "dir")]
    rules: Option<PathBuf>,
    /// How many days back.
    #[arg(long, value_name = "N", default_value_t = 90, value_parser = clap::value_parser!(u16).range(1..=3660))]
    days: u16,
    /// The data folder of an installation that is not served.
    #[arg(long, alias = "data", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// With --dir: the ledger is in this PostgreSQL database.
    #[arg(long, value_name = "URL", env = "OPENCLEAR_POSTGRES")]
    postgres: Option<String>,
    /// With --dir: the rules in force, where they are not those that are built in.
    #[arg(long, value_name = "DIR", requires = "dir")]
    in_force: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

pub(crate) fn run(args: Args) -> anyhow::Result<End> {
    let order = args.order.as_deref().map(draft).transpose()?;
    if order.is_none() && args.rules.is_none() {
        bail!("say what to look at: --order FILE, or --rules DIR with --dir");
    }
    match &args.dir {
        Some(dir) => {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            let replay = runtime.block_on(local(&args, dir, order.map(|(draft, _)| draft)))?;
            let replay_json = serde_json::to_value(&replay)?;
            show(&replay, &replay_json, args.json)
        }
        None => {
            let text = order.map(|(_, text)| text).unwrap_or_default();
            let said =
                args.server.post("/api/v1/register/cut-offs/replay", &json!({"text": text, "days": args.days}))?;
            if said.status >= 300 {
                return said.end();
            }
            let replay_json = said.json()?;
            let replay: Replay = serde_json::from_value(replay_json.clone()).context("the server's answer")?;
            show(&replay, &replay_json, args.json)
        }
    }
}

fn show(replay: &Replay, as_json: &serde_json::Value, json: bool) -> anyhow::Result<End> {
    match json {
        true => println!("{as_json:#}"),
        false => print!("{replay}"),
    }
    Ok(if replay.others_changed == 0 { End::Done } else { End::Flawed })
}

/// A draft and its text, without the signatures that may stand under it.
fn draft(file: &Path) -> anyhow::Result<(OrderDraft, String)> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let text = text.split("\n\n— ").next().unwrap_or_default();
    let text = format!("{}\n", text.trim_end());
    let draft = OrderDraft::parse(&text).with_context(|| format!("{} is no order", file.display()))?;
    Ok((draft, text))
}

async fn local(args: &Args, dir: &Path, order: Option<OrderDraft>) -> anyhow::Result<Replay> {
    let place = Place { postgres: args.postgres.clone(), rules: args.in_force.clone(), ..Place::folder(dir) };
    let rules = match &args.rules {
        None => None,
        Some(folder) => {
            let rules = CedarRules::load(folder).with_context(|| format!("the rules in {}", folder.display()))?;
            Some(Arc::new(rules) as Arc<dyn Rules>)
        }
    };
    let desk = place.open().await?;
    let bar = bar(0, "deciding again");
    let replay = desk.replay_locally(Change { order, rules }, args.days, watching(&bar)).await;
    bar.finish_and_clear();
    desk.close().await?;
    Ok(replay?)
}

/// A watcher that moves a bar.
pub(crate) fn watching(bar: &ProgressBar) -> impl FnMut(Progress) + Send + 'static {
    let bar = bar.clone();
    move |Progress { read, of }| {
        bar.set_length(of);
        bar.set_position(read);
    }
}
