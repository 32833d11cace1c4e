//! What a server does beside answering: counts, releases, and the words about its own configuration.

use std::sync::Arc;
use std::time::Duration;

use clear_respond::{Desk, Every, Plan, THRESHOLD, THRESHOLD_MIN};

/// How counts are released.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Releases {
    /// How often counts are released to everybody: minute, hour, day, week, month or quarter.
    #[arg(long, value_name = "PERIOD", default_value = "quarter", env = "OPENCLEAR_RELEASES")]
    releases: Every,
    /// A released count from 1 up to below this is withheld.
    #[arg(long, value_name = "N", default_value_t = THRESHOLD, env = "OPENCLEAR_SMALL_COUNTS", value_parser = clap::value_parser!(u64).range(THRESHOLD_MIN..=1000))]
    small_counts: u64,
}

impl Releases {
    /// Releases of each minute, for a demonstration.
    pub(crate) fn demonstration() -> Releases {
        Releases { releases: Every::Minute, small_counts: THRESHOLD }
    }

    pub(crate) fn plan(self) -> Plan {
        Plan { every: self.releases, threshold: self.small_counts }
    }
}

/// Keeps the books until the server ends.
pub(crate) async fn keep(desk: Arc<Desk>, plan: Plan) {
    loop {
        let pause = match desk.keep_books(plan).await {
            // A little room for others between turns of a long log.
            Ok(kept) if kept.more => Duration::from_millis(20),
            Ok(_) if plan.every == Every::Minute => Duration::from_secs(1),
            Ok(_) => Duration::from_secs(30),
            Err(error) => {
                tracing::error!("the log is not counted: {error}");
                Duration::from_secs(60)
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Keeps the projections for the next start, now and then, until the server ends.
pub(crate) async fn keep_projections(desk: Arc<Desk>) {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let _far = desk.keep_projections(clear_respond::AHEAD_SERVING).await;
    }
}
