//! `openclear serve`: serve an installation.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;

use anyhow::Context as _;
use clear_respond::Desk;

use crate::End;
use crate::open::Place;

/// Serve an installation.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  openclear serve --dir records --port 8080\n  openclear serve --dir records --postgres postgres://clear@db/clear --listen 0.0.0.0")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// The port to listen on.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<End> {
    let listener = listen(SocketAddr::new(args.listen, args.port))?;
    let desk = args.place.open().await?;
    if desk.public_register().version == 0 {
        anyhow::bail!("there is no installation in {}; found one with `openclear init --dir {} --register FILE`", args.place.dir.display(), args.place.dir.display());
    }
    println!("Serving {} on http://{}", desk.public_register().installation, listener.local_addr()?);
    until_asked_to_stop(desk, listener).await
}

/// Takes the port, before anything long begins.
pub(crate) fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).with_context(|| format!("cannot listen on {address}: is another server on this port? Choose one with --port"))
}

/// Serves until Ctrl-C or SIGTERM, then ends cleanly.
pub(crate) async fn until_asked_to_stop(desk: Arc<Desk>, listener: TcpListener) -> anyhow::Result<End> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        eprintln!("\nStopping: answers under way end first.");
    };
    clear_web::serve(desk.clone(), listener, clear_web::Config::default(), stop).await.context("the server ended")?;
    desk.close().await.context("cannot close the log")?;
    eprintln!("Stopped cleanly.");
    Ok(End::Done)
}
