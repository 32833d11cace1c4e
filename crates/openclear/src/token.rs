//! `openclear token`: the API tokens and sessions of an account, on the machine itself.

use clear_record::AccountId;
use clear_respond::{Desk, Holding, HoldingKind};

use crate::End;
use crate::open::Place;

/// Issue an API token for an account, for a program such as an importer; list what the account holds; end one. The server
/// must not be running in the folder.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear token --dir records --account crimes-importer --days 30\n  openclear token --dir records --account crimes-importer --list\n  openclear token --dir records --account crimes-importer --end 5d0f3c1a9be27764\n\nThe token is printed once and kept nowhere. That it was issued, or ended, stands in the log. Accounts are enrolled by a\nsteward: POST /api/v1/accounts."
)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The account.
    #[arg(long)]
    account: AccountId,
    /// For how many days.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    /// What it is for, for the list of tokens.
    #[arg(long, default_value = "command line")]
    label: String,
    /// List the account's tokens and sessions instead, by their public numbers.
    #[arg(long, conflicts_with_all = ["days", "label", "end"])]
    list: bool,
    /// With --list: print JSON.
    #[arg(long, requires = "list")]
    json: bool,
    /// End the token or session of this number instead.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["days", "label"])]
    end: Option<String>,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    let desk = args.place.open().await?;
    let said = say(&desk, &args).await;
    desk.close().await?;
    said
}

async fn say(desk: &Desk, args: &Args) -> anyhow::Result<End> {
    if let Some(number) = &args.end {
        desk.end_holding(&args.account, number).await?;
        println!("Ended.");
    } else if args.list {
        return Ok(list(&desk.holdings(&args.account).await?, args.json));
    } else {
        let expires_at = desk.clock() + jiff::SignedDuration::from_hours(i64::from(args.days) * 24);
        println!("{}", desk.issue_token(&args.account, &args.label, expires_at).await?);
    }
    Ok(End::Done)
}

fn list(held: &[Holding], as_json: bool) -> End {
    let kind = |held: &Holding| match held.kind {
        HoldingKind::Session => "session",
        HoldingKind::Token => "token",
    };
    if as_json {
        let all: Vec<serde_json::Value> = held
            .iter()
            .map(|held| {
                serde_json::json!({"kind": kind(held), "number": held.number, "label": held.label, "device": held.device,
                    "created_at": held.created_at, "expires_at": held.expires_at, "last_seen": held.last_seen, "ended_by": held.ended_by})
            })
            .collect();
        println!("{:#}", serde_json::Value::from(all));
    } else {
        for held in held {
            let ended = held.ended_by.as_ref().map(|order| format!("  ended by order {order}")).unwrap_or_default();
            println!("{}  {:7}  until {}  {}{ended}", held.number, kind(held), held.expires_at, held.label);
        }
    }
    if held.is_empty() { End::Nothing } else { End::Done }
}
