//! `openclear token`: an API token for an account, on the machine itself.

use clear_record::AccountId;

use crate::End;
use crate::open::Place;

/// Issue an API token for an account, for a program such as an importer. The server must not be running in the folder.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  openclear token --dir records --account crimes-importer --days 30\n\nThe token is printed once and kept nowhere. That it was issued stands in the log. Accounts are enrolled by a steward:\nPOST /api/v1/accounts."
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
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    let desk = args.place.open().await?;
    let expires_at = desk.clock() + jiff::SignedDuration::from_hours(i64::from(args.days) * 24);
    let token = desk.issue_token(&args.account, &args.label, expires_at).await;
    desk.close().await?;
    println!("{}", token?);
    Ok(End::Done)
}
