//! For operators: whether it runs, and how much. No personal data.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clear_audit::Watcher;
use clear_respond::State as HealthState;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use serde_json::{Map, Value};

use crate::app::App;
use crate::fault::Fault;
use crate::serve::Wire;

/// The bounds of the durations' buckets, seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The metrics of one server.
pub(crate) struct Meter {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Meter {
    pub(crate) fn new() -> Result<Meter, BuildError> {
        let recorder = PrometheusBuilder::new().set_buckets(BUCKETS)?.build_recorder();
        let handle = recorder.handle();
        with_local_recorder(&recorder, || {
            describe_counter!("http_requests_total", "HTTP requests by method, route and status.");
            describe_histogram!("http_request_seconds", "Time from a request's head to its answer, by route.");
            describe_gauge!("http_connections", "Open connections, as the gate knows them.");
            describe_counter!("requests_ended_total", "Questions and filings by how they ended.");
            describe_gauge!("labels", "Labels in use; 20,000 are a tested limit.");
            describe_gauge!("disclosure_index", "0 follows the log, 1 lags far behind, 2 has stopped; answers go on.");
            describe_gauge!("log_entries", "Entries of the audit log that are on the disk.");
            describe_gauge!("log_watchers", "The log's anchor and witnesses.");
            describe_gauge!("log_watchers_alarmed", "Of these, how many are late or refuse.");
            describe_gauge!("log_state", "0 well, 1 degraded (the spool is in use), 2 down: nothing is answered.");
            describe_gauge!("log_openings_alarm", "1 where an entry of the log was met that cannot be opened.");
            describe_gauge!("log_spooled_entries", "Entries in the spool, waiting for the next start.");
        });
        Ok(Meter { recorder, handle })
    }

    /// Counts one request. `route` is a pattern of the table of routes, never a path that somebody sent.
    pub(crate) fn request(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // A method is the sender's to invent; a series for each would be the sender's to fill our memory with.
        let method = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST") => known,
            _ => "other",
        };
        with_local_recorder(&self.recorder, || {
            let status = status.as_u16().to_string();
            counter!("http_requests_total", "method" => method.to_owned(), "route" => route.to_owned(), "status" => status).increment(1);
            histogram!("http_request_seconds", "route" => route.to_owned()).record(took.as_secs_f64());
        });
    }

    /// Folds what was recorded; without it histograms grow until somebody looks.
    pub(crate) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Prometheus text, for whoever is on the machine itself. These numbers move with every question: to strangers they would
/// tell when somebody was looked up, which the public log takes care not to.
pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    Extension(wire): Extension<Arc<Wire>>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    // Behind a proxy on this machine everybody comes from here; it says for whom.
    let handed_on = ["forwarded", "x-forwarded-for", "x-real-ip"].iter().any(|name| headers.contains_key(*name));
    if !wire.peer.ip().to_canonical().is_loopback() || handed_on {
        let message = "These numbers are for the operator, on the machine itself.";
        return Err(Fault::new(StatusCode::FORBIDDEN, "operators_only", message));
    }
    with_local_recorder(&app.meter.recorder, || {
        for (name, count) in app.desk.counts() {
            counter!("requests_ended_total", "how" => name).absolute(count);
        }
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        {
            gauge!("http_connections").set(app.desk.gate().connections() as f64);
            gauge!("labels").set(app.desk.labels_in_use() as f64);
            gauge!("disclosure_index").set(f64::from(app.desk.ledger_alarm()));
            gauge!("log_entries").set(app.desk.public_log().public_size() as f64);
            let watchers = app.config.watch.watchers();
            gauge!("log_watchers").set(watchers.len() as f64);
            gauge!("log_watchers_alarmed").set(watchers.iter().filter(|watcher| watcher.alarm).count() as f64);
            let (mut state, mut spooled, mut unopened) = (HealthState::Well, 0, false);
            for part in app.desk.log_parts() {
                match part.name {
                    "log" => state = part.state,
                    "openings" => unopened = part.state != HealthState::Well,
                    _ => spooled = part.entries.unwrap_or(0),
                }
            }
            gauge!("log_state").set(f64::from(state as u8));
            gauge!("log_spooled_entries").set(spooled as f64);
            gauge!("log_openings_alarm").set(f64::from(u8::from(unopened)));
        }
    });
    let plain = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((plain, app.meter.handle.render()).into_response())
}

/// How the installation is, part by part: 200 while questions are answered, 503 while they are not.
///
/// Degraded is 200: a load balancer that took the node away would end the service that the spool keeps up. Monitors read
/// `state`.
pub(crate) async fn healthz(State(app): State<Arc<App>>) -> Response {
    let health = app.desk.health().await;
    let state = health.state();
    let mut parts = Map::new();
    for part in &health.parts {
        let said = [
            Some(("state", part.state.as_str().into())),
            Some(("says", part.says.as_str().into())),
            part.since.map(|since| ("since", since.to_string().into())),
            part.entries.map(|entries| ("entries", entries.into())),
        ];
        let body: Map<String, Value> =
            said.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect();
        parts.insert(part.name.to_owned(), body.into());
        if part.state != HealthState::Well {
            tracing::error!("{} is {}: {}", part.name, part.state.as_str(), part.says);
        }
    }
    let (status, word) = match state {
        HealthState::Well => (StatusCode::OK, "serving"),
        HealthState::Degraded => (StatusCode::OK, "degraded"),
        HealthState::Down => (StatusCode::SERVICE_UNAVAILABLE, "not serving"),
    };
    let watchers: Vec<String> = app.config.watch.watchers().iter().map(Watcher::for_everybody).collect();
    let rollback = app.config.watch.rollback();
    // Nobody is to be called while all is well.
    let call = (state != HealthState::Well).then(|| ("call".to_owned(), app.contact().into()));
    let body = [
        ("state".to_owned(), word.into()),
        ("rollback".to_owned(), rollback.into()),
        ("watchers".to_owned(), watchers.into()),
        ("parts".to_owned(), Value::Object(parts)),
    ];
    let body: Value = body.into_iter().chain(call).collect::<Map<String, Value>>().into();
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}
