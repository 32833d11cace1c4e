//! The docket of compelled productions.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use clear_record::RecordId;
use clear_respond::{Demand, Determination, Determine, Docket, Production, ReleaseProduction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// The docket.
#[derive(Serialize, ToSchema)]
pub(crate) struct DocketList {
    /// Its entries, newest first.
    productions: Vec<Production>,
}

/// Counsel's word on an entry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeterminationWish {
    /// What counsel says.
    pub(crate) determination: Determination,
    /// Why, for the file.
    pub(crate) reasons: String,
    /// The court's decision, where an instrument that no judge signed is complied with.
    pub(crate) court_decision: Option<String>,
    /// The records to be produced; absent: those of the entry.
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) records: Option<BTreeSet<RecordId>>,
}

/// The docket of compelled productions of the own agency. Whoever demands records has no access by it: custodian and
/// counsel produce them, off this system.
#[utoipa::path(
    get, path = "/api/v1/productions", tag = "Productions", operation_id = "productions",
    responses((status = 200, description = "Every entry.", body = DocketList), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn list(State(app): State<Arc<App>>, asker: Asker) -> Result<Response, Fault> {
    let (productions, headers) = look(&app, &asker, None).await?;
    Ok((headers, Json(DocketList { productions })).into_response())
}

/// One entry of the docket; of what was produced, the manifest.
#[utoipa::path(
    get, path = "/api/v1/productions/{number}", tag = "Productions", operation_id = "production",
    params(("number" = String, Path, description = "The entry's number.")),
    responses((status = 200, description = "The entry.", body = Production), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asker: Asker,
) -> Result<Response, Fault> {
    let (found, headers) = look(&app, &asker, Some(number)).await?;
    let production = found.into_iter().next().ok_or_else(Fault::not_found)?;
    Ok((headers, Json(production)).into_response())
}

/// Dockets a demand. A subpoena or warrant that an agency signed itself begins as *awaiting court*.
#[utoipa::path(
    post, path = "/api/v1/productions", tag = "Productions", operation_id = "docket",
    request_body(content = Demand, example = json!({"instrument": "administrative_subpoena", "judge_signed": false, "reference": "AS-2291", "demanded_by": "Federal Removal Service", "agency": "frs", "service": "by courier, to the records division", "received": "2026-07-14", "deadline": "2026-07-28", "legal_basis": "8 U.S.C. 1225(d)", "scope": "Arrest records of one person, 2024 to 2026"})),
    responses((status = 201, description = "Docketed.", body = Production), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn docket(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let (production, headers) = enter(&app, &asker, input.json()?).await?;
    let place = format!("/api/v1/productions/{}", production.number);
    Ok((StatusCode::CREATED, headers, [("location", place)], Json(production)).into_response())
}

/// Notes counsel's determination: comply, object, awaiting court, holds nothing.
#[utoipa::path(
    post, path = "/api/v1/productions/{number}/determination", tag = "Productions", operation_id = "determine",
    params(("number" = String, Path, description = "The entry's number.")),
    request_body(content = DeterminationWish, example = json!({"determination": "object", "reasons": "No court has ordered it."})),
    responses((status = 200, description = "The entry afterwards.", body = Production), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn determine(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asker: Asker,
    input: Input,
) -> Result<Response, Fault> {
    let (production, headers) = decide(&app, &asker, number, input.json()?).await?;
    Ok((headers, Json(production)).into_response())
}

/// Gives one of the two releases: custodian or counsel, by different persons. With the second one the manifest is in the
/// answer: ids and salted digests, to lie with what is delivered.
#[utoipa::path(
    post, path = "/api/v1/productions/{number}/release", tag = "Productions", operation_id = "release_production",
    params(("number" = String, Path, description = "The entry's number.")),
    responses((status = 200, description = "The entry afterwards.", body = Production), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn release(
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
    asker: Asker,
) -> Result<Response, Fault> {
    let (production, headers) = let_go(&app, &asker, number).await?;
    Ok((headers, Json(production)).into_response())
}

/// The docket, or one entry of it.
pub(crate) async fn look(
    app: &App,
    asker: &Asker,
    number: Option<String>,
) -> Result<(Vec<Production>, HeaderMap), Fault> {
    let (request, id) = asker.deed(app, Docket { number }).await?;
    let done = app.desk.productions(request).await;
    let (found, receipt) = done.map_err(|refusal| Fault::refused(app, refusal, &id))?;
    Ok((found, numbers(&receipt.to_header(), &id)))
}

pub(crate) async fn enter(app: &App, asker: &Asker, demand: Demand) -> Result<(Production, HeaderMap), Fault> {
    let (request, id) = asker.deed(app, demand).await?;
    let done = app.desk.docket(request).await;
    let (production, receipt) = done.map_err(|refusal| Fault::refused(app, refusal, &id))?;
    Ok((production, numbers(&receipt.to_header(), &id)))
}

pub(crate) async fn decide(
    app: &App,
    asker: &Asker,
    number: String,
    wish: DeterminationWish,
) -> Result<(Production, HeaderMap), Fault> {
    let DeterminationWish { determination, reasons, court_decision, records } = wish;
    let (request, id) = asker.deed(app, Determine { number, determination, reasons, court_decision, records }).await?;
    let done = app.desk.determine(request).await;
    let (production, receipt) = done.map_err(|refusal| Fault::refused(app, refusal, &id))?;
    Ok((production, numbers(&receipt.to_header(), &id)))
}

pub(crate) async fn let_go(app: &App, asker: &Asker, number: String) -> Result<(Production, HeaderMap), Fault> {
    let (request, id) = asker.deed(app, ReleaseProduction { number }).await?;
    let done = app.desk.release_production(request).await;
    let (production, receipt) = done.map_err(|refusal| Fault::refused(app, refusal, &id))?;
    Ok((production, numbers(&receipt.to_header(), &id)))
}
