//! Cut-off orders: drafted and shown, then signed elsewhere, then put in force.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use clear_record::AgencyId;
use clear_respond::policy::{Covers, Entry, Scope};
use clear_respond::{Filing, OrderPreview, order_preview};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::register::EnteredOrder;
use crate::app::{App, Received};
use crate::asker::{Asker, numbers};
use crate::fault::Fault;
use crate::input::Input;
use crate::openapi::Refusals;

/// An order to be drafted.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderWish {
    /// The order's number.
    pub(crate) number: String,
    /// The agency that it names.
    pub(crate) agency: String,
    /// `under`: the agency and everything under it; `family`: every agency connected to it.
    #[serde(default = "under")]
    pub(crate) covers: String,
    /// `installation`, or `owner` and the id of an agency whose records it closes.
    #[serde(default = "installation")]
    pub(crate) scope: String,
    /// The public text, one paragraph.
    pub(crate) text: String,
    /// Whom the agency may write to; the installation's legal contact unless said.
    pub(crate) contact: Option<String>,
}

fn under() -> String {
    Covers::Under.word().to_owned()
}

fn installation() -> String {
    "installation".to_owned()
}

/// Drafts an order against the register as it is: the text to sign, and its closure by name.
#[utoipa::path(
    post, path = "/api/v1/register/cut-offs/preview", tag = "Register", operation_id = "preview_cut_off",
    request_body(content = OrderWish, example = json!({"number": "2019-07-16/1", "agency": "removal-office", "covers": "under", "scope": "installation", "text": "Access of the agency to every police database of the city ends."})),
    responses((status = 200, description = "The text to sign and every agency that it covers.", body = OrderPreview), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn preview(State(app): State<Arc<App>>, asker: Asker, input: Input) -> Result<Response, Fault> {
    asker.signed_in(&app)?;
    Ok(Json(draft(&app, &input.json()?)?).into_response())
}

/// The preview of a wish.
pub(crate) fn draft(app: &App, wish: &OrderWish) -> Result<OrderPreview, Fault> {
    let wrong = |field: &str, what: String| {
        Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{field}: {what}.")).at_field(Some(field.to_owned()))
    };
    let id = |field: &str, text: &str| text.parse::<AgencyId>().map_err(|bad| wrong(field, bad.to_string()));
    let agency = id("agency", wish.agency.trim())?;
    let covers = match wish.covers.as_str() {
        word if word == Covers::Under.word() => Covers::Under,
        word if word == Covers::Family.word() => Covers::Family,
        _ => return Err(wrong("covers", "should be `under` or `family`".into())),
    };
    let scope = match wish.scope.trim().split_once(' ') {
        None if wish.scope.trim() == "installation" => Scope::Installation,
        Some(("owner", owner)) => Scope::Owner(id("scope", owner.trim())?),
        _ => return Err(wrong("scope", "should be `installation`, or `owner` and an agency's id".into())),
    };
    for (field, text) in [("number", &wish.number), ("text", &wish.text)] {
        if text.trim().is_empty() {
            return Err(wrong(field, "is empty".into()));
        }
    }
    let contact = wish.contact.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let (_, preview) = order_preview(&app.desk, wish.number.trim(), &agency, covers, scope, contact, wish.text.trim())
        .map_err(|bad| Fault::new(StatusCode::BAD_REQUEST, "wrong", format!("{bad}.")))?;
    Ok(preview)
}

/// A signed order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedOrder {
    /// The signed note (C2SP signed-note), with its line ends.
    note: String,
}

/// The acknowledgement of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    /// The order.
    #[serde(flatten)]
    pub(crate) order: EnteredOrder,
    /// From the order's receipt to this acknowledgement, milliseconds.
    pub(crate) milliseconds: f64,
    /// The register's version afterwards.
    pub(crate) register: u64,
}

/// Puts a signed order in force. When this answers, the gate holds.
#[utoipa::path(
    post, path = "/api/v1/register/cut-offs", tag = "Register", operation_id = "cut_off",
    params(crate::openapi::InquiryHeaders),
    request_body(content((SignedOrder = "application/json", example = json!({"note": "OpenCLEAR cut-off order, version 1\ninstallation: …\n\n— a-founder …\n— another-founder …\n"})), (String = "text/plain"))),
    responses((status = 201, description = "Durable, in the log, and the gate holds.", body = Acknowledged), Refusals),
    security(("token" = []), ("session" = []))
)]
pub(crate) async fn enter(
    State(app): State<Arc<App>>,
    Extension(received): Extension<Received>,
    asker: Asker,
    input: Input,
) -> Result<Response, Fault> {
    let note = match input.text() {
        Some(text) => text?,
        None => input.json::<SignedOrder>()?.note,
    };
    let (acknowledged, headers) = put_in_force(&app, &asker, received, note).await?;
    Ok((StatusCode::CREATED, headers, Json(acknowledged)).into_response())
}

/// Enters a signed order; the gate holds when this returns.
pub(crate) async fn put_in_force(
    app: &App,
    asker: &Asker,
    received: Received,
    note: String,
) -> Result<(Acknowledged, axum::http::HeaderMap), Fault> {
    let (accepted, number) =
        asker.file(app, asker.inquiry.clone(), Filing::Register(vec![Entry::CutOff { note }])).await?;
    let Some(order) = accepted.orders.first() else { return Err(Fault::crashed().numbered(&number)) };
    let acknowledged = Acknowledged {
        order: EnteredOrder::of(app, order),
        milliseconds: (received.0.elapsed().as_secs_f64() * 1e5).round() / 100.0,
        register: accepted.register,
    };
    Ok((acknowledged, numbers(&accepted.receipt.to_header(), &number)))
}
