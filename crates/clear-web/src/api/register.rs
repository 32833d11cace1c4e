//! The register: read by everybody, written by stewards.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use clear_respond::policy::Entry;
use clear_respond::{AcceptedOrder, Filing, PublicRegister};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// Who has access, who is cut off, and what that does not cover.
#[utoipa::path(
    get, path = "/api/v1/register", tag = "Register", operation_id = "register",
    responses((status = 200, description = "The public register at this moment.", body = PublicRegister))
)]
pub(crate) async fn register(State(app): State<Arc<App>>) -> Json<PublicRegister> {
    Json(app.desk.public_register())
}

/// Entries that were taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entered {
    /// The register's version afterwards.
    register: u64,
    /// How many entries were taken.
    entries: usize,
    /// Orders that came into force with them.
    orders: Vec<EnteredOrder>,
}

/// An order in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnteredOrder {
    /// Its number.
    pub(crate) number: String,
    /// Every agency that it covers, by id and name.
    pub(crate) closure: Vec<NamedAgency>,
    /// Since when no byte of an answer goes to any of them.
    pub(crate) holds_since: String,
    /// How many connections were reset.
    pub(crate) connections: usize,
}

/// An agency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NamedAgency {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
}

impl EnteredOrder {
    pub(crate) fn of(app: &App, order: &AcceptedOrder) -> EnteredOrder {
        let named = |id| NamedAgency { name: app.desk.agency_name(id).unwrap_or_default(), id: id.to_string() };
        EnteredOrder {
            number: order.number.clone(),
            closure: order.closure.iter().map(named).collect(),
            holds_since: order.holds_since.to_string(),
            connections: order.connections,
        }
    }
}

/// Appends entries to the register, all or none.
#[utoipa::path(
    post, path = "/api/v1/register/entries", tag = "Register", operation_id = "enter",
    params(crate::openapi::InquiryHeaders),
    request_body(content = Vec<Object>, description = "Entries in order, each with its `entry` word; `openclear register form` lists them and their fields. Who enters it and when is written by the server.", example = json!([
        {"entry": "member", "task_force": "harbor-task-force", "agency": "county-sheriff", "from": "2026-01-01T00:00:00Z"}
    ])),
    responses((status = 201, description = "Durable, in the log and in force.", body = Entered), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn enter(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    let entries: Vec<Entry> = input.json()?;
    let count = entries.len();
    let (accepted, number) = asker.file(&app, asker.inquiry.clone(), Filing::Register(entries)).await?;
    let headers = numbers(&accepted.receipt.to_header(), &number);
    let orders = accepted.orders.iter().map(|order| EnteredOrder::of(&app, order)).collect();
    let entered = Entered { register: accepted.register, entries: count, orders };
    Ok((StatusCode::CREATED, headers, Json(entered)).into_response())
}
