//! A witness's server: `add-checkpoint` for logs, a page for people.
//!
//! In:    a [`Witness`], a listener.
//! Out:   cosignatures (<https://c2sp.org/tlog-witness>); which logs it watches, how far they are, and its evidence.
//! Never: knows an installation, an asker or a record.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use clear_audit::{Added, Watched, Witness};
use jiff::Timestamp;
use tokio::net::TcpListener;

use crate::plain;
use crate::tls::Tls;

/// The longest submission, bytes: 63 lines of proof and a checkpoint with many signatures.
const BODY_MAX: usize = 64 << 10;

/// The clock, as an argument.
pub type WitnessClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

struct Served {
    witness: Witness,
    clock: WitnessClock,
}

/// Serves a witness until `shutdown` is ready.
pub async fn serve_witness(
    witness: Witness,
    clock: WitnessClock,
    listener: TcpListener,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()>,
) {
    let router = Router::new()
        .route("/add-checkpoint", post(add))
        .route("/checkpoint/{*origin}", get(newest))
        .route("/evidence/{name}", get(evidence))
        .route("/witness.vkey", get(vkey))
        .route("/healthz", get(async || plain::text(StatusCode::OK, "witnessing\n")))
        .route("/", get(page))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(Arc::new(Served { witness, clock }));
    plain::serve(router, listener, tls, shutdown).await;
}

async fn add(State(served): State<Arc<Served>>, body: Bytes) -> Response {
    // It waits for the disk, which is no work for a runtime's thread.
    let added = tokio::task::spawn_blocking(move || {
        let now = (served.clock)();
        served.witness.add(&body, now)
    });
    match added.await {
        Ok(Added::Cosigned(line)) => plain::text(StatusCode::OK, line),
        Ok(Added::Malformed(bad)) => plain::text(StatusCode::BAD_REQUEST, format!("{bad}\n")),
        Ok(Added::Backwards) => plain::text(StatusCode::BAD_REQUEST, "the old size is larger than the checkpoint's\n"),
        Ok(Added::Unsigned) => plain::text(
            StatusCode::FORBIDDEN,
            "the checkpoint is not signed by the key that this witness was given for the log\n",
        ),
        Ok(Added::Unknown) => {
            plain::text(StatusCode::NOT_FOUND, "this witness was not asked to watch the log of that name\n")
        }
        Ok(Added::Conflict { size }) => {
            (StatusCode::CONFLICT, [(CONTENT_TYPE, "text/x.tlog.size")], format!("{size}\n")).into_response()
        }
        Ok(Added::Unproved) => plain::text(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the proof does not lead from what this witness cosigned to the checkpoint\n",
        ),
        Ok(Added::Failed(error)) => {
            tracing::error!("cannot remember a checkpoint, so it is not signed: {error}");
            plain::text(StatusCode::SERVICE_UNAVAILABLE, "this witness cannot write down what it would sign\n")
        }
        Err(error) => {
            tracing::error!("a submission crashed: {error}");
            plain::text(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong with this witness\n")
        }
    }
}

/// The newest checkpoint that was cosigned: a log that was rolled back asks for it.
async fn newest(State(served): State<Arc<Served>>, Path(origin): Path<String>) -> Response {
    match served.witness.newest(&origin) {
        Some(note) => plain::text(StatusCode::OK, note),
        None => plain::text(StatusCode::NOT_FOUND, "nothing was cosigned for a log of that name\n"),
    }
}

async fn evidence(State(served): State<Arc<Served>>, Path(name): Path<String>) -> Response {
    match served.witness.evidence_text(&name) {
        Some(text) => plain::text(StatusCode::OK, text),
        None => plain::text(StatusCode::NOT_FOUND, "there is no evidence of that name\n"),
    }
}

async fn vkey(State(served): State<Arc<Served>>) -> Response {
    plain::text(StatusCode::OK, format!("{}\n", served.witness.vkey()))
}

#[derive(Template)]
#[template(path = "witness.html")]
struct Page {
    name: String,
    vkey: String,
    watched: Vec<Watched>,
    evidence: Vec<String>,
}

async fn page(State(served): State<Arc<Served>>) -> Response {
    let witness = &served.witness;
    plain::page(
        StatusCode::OK,
        &Page {
            name: witness.name().to_owned(),
            vkey: witness.vkey(),
            watched: witness.watched(),
            evidence: witness.evidence(),
        },
    )
}
