//! Rows of a set: `/resource/…`, one row of it, and the downloads under `/views/…`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use clear_respond::{SetAsked, SetClauses, SetForm, SetInfo, SetLayout, Unpublished, set_named};

use super::fault::SodaFault;
use super::params::{self, LIMIT_DEFAULT};
use super::rows::{self, Wish};
use super::{Line, open, views};
use crate::app::App;

/// `{id}.json` and its like; without an extension, what `Accept` prefers.
pub(crate) async fn rows(
    State(app): State<Arc<App>>,
    line: Line,
    Path(name): Path<String>,
) -> Result<Response, SodaFault> {
    let (name, form) = match name.rsplit_once('.') {
        None => (name.as_str(), accepted(&line)?),
        Some((name, extension)) => (name, named(extension)?),
    };
    let set = set_named(name).ok_or_else(|| SodaFault::no_such_set(name))?;
    let read = params::read(set, &params::pairs(line.query.as_deref()), Some(LIMIT_DEFAULT))?;
    line.may_ask(&app, read.token.as_deref())?;
    let layout = SetLayout { bom: read.bom, ..SetLayout::default() };
    rows::send(&app, &line, Wish { set, asked: read.asked, form, layout, download: false }).await
}

/// `{id}/{row}.json`: one row, as an object. A row is named by `:id` or by what identifies it in the set.
pub(crate) async fn row(
    State(app): State<Arc<App>>,
    line: Line,
    Path((name, row)): Path<(String, String)>,
) -> Result<Response, SodaFault> {
    let set = set_named(&name).ok_or_else(|| SodaFault::no_such_set(&name))?;
    let key = row.strip_suffix(".json").unwrap_or(&row);
    let pairs = params::pairs(line.query.as_deref());
    let token =
        pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case("$$app_token")).map(|(_, token)| token.as_str());
    line.may_ask(&app, token)?;
    let column = match (key.starts_with("row-"), set.columns.first()) {
        (false, Some(column)) => column.field_name,
        _ => ":id",
    };
    let asked = SetAsked::Clauses(SetClauses {
        equal: vec![(column.to_owned(), key.to_owned())],
        limit: Some(1),
        ..SetClauses::default()
    });
    let state = app.desk.set_state(set).await.map_err(|_| SodaFault::ours())?;
    let published = clear_respond::publish(&app.desk, &state, asked, SetForm::Json, SetLayout::default()).await;
    let mut published = match published {
        Ok(published) => published,
        // What cannot be compared with the key is the key of no row.
        Err(Unpublished::Wrong(_)) => return Err(SodaFault::no_such_row(set.id, key)),
        Err(_) => return Err(SodaFault::ours()),
    };
    let mut body = Vec::new();
    while let Some(part) = published.next().await.map_err(|_| SodaFault::ours())? {
        body.extend_from_slice(&part);
    }
    app.desk.gate().tell_public(&line.connection());
    if !published.may_leave(&app.desk) {
        return Err(SodaFault::ours());
    }
    match serde_json::from_slice::<Vec<serde_json::Value>>(&body).ok().and_then(|rows| rows.into_iter().next()) {
        Some(row) => Ok(super::answered(&line, &row)),
        None => Err(SodaFault::no_such_row(set.id, key)),
    }
}

/// `/views/{id}/rows.csv` and its like: the whole set as a file.
pub(crate) async fn download(
    State(app): State<Arc<App>>,
    line: Line,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, SodaFault> {
    let set = set_named(&id).ok_or_else(|| SodaFault::no_such_set(&id))?;
    if matches!(file.as_str(), "columns" | "columns.json") {
        line.may_ask(&app, None)?;
        let mut view = views::view(&app, &line.site, set, false).await?;
        return Ok(super::answered(&line, &view["columns"].take()));
    }
    let Some(extension) = file.strip_prefix("rows.") else { return Err(SodaFault::no_such_set(&id)) };
    let form = match named(extension)? {
        SetForm::Csv => SetForm::Download,
        SetForm::Json => SetForm::Rows,
        form => form,
    };
    let pairs = params::pairs(line.query.as_deref());
    let (own, mut pairs): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, value)| is_of_download(name, value));
    let said =
        |name: &str| own.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
    let bom = said("bom") == Some("true");
    let download = said("accessType").is_some_and(|kind| kind.eq_ignore_ascii_case("download"));
    if let Some(most) = said("max_rows") {
        pairs.push(("$limit".to_owned(), most.to_owned()));
    }
    let read = params::read(set, &pairs, None)?;
    line.may_ask(&app, read.token.as_deref())?;
    let asked = match (form, read.asked) {
        // The older rows come with the system's columns.
        (SetForm::Rows, SetAsked::Clauses(clauses)) if clauses.select.is_none() && clauses.group.is_none() => {
            SetAsked::Clauses(SetClauses { select: Some(":id, :created_at, :updated_at, *".to_owned()), ..clauses })
        }
        (_, asked) => asked,
    };
    let view = match form {
        SetForm::Rows => Some(views::for_rows(&app, &line.site, set).await?),
        _ => None,
    };
    let layout = SetLayout { bom: bom || read.bom, view, ..SetLayout::default() };
    rows::send(&app, &line, Wish { set, asked, form, layout, download: download || is_file(form) }).await
}

/// Parameters of downloads beside those of the language; the original's own links say them.
const OF_DOWNLOADS: [&str; 10] = [
    "accessType",
    "bom",
    "format",
    "delimiter",
    "sorting",
    "api_foundry",
    "method",
    "cacheBust",
    "fourfour",
    "max_rows",
];

/// Whether a parameter is a download's own. Its links also say the day on which they were made, `date=20181015`, which is no date
/// of a row.
pub(super) fn is_of_download(name: &str, value: &str) -> bool {
    let day = name == "date" && value.len() == 8 && value.bytes().all(|digit| digit.is_ascii_digit());
    day || OF_DOWNLOADS.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// `/d/{id}`: the page of a set.
pub(crate) async fn page(Path(id): Path<String>) -> Result<Response, SodaFault> {
    let set = set_named(&id).ok_or_else(|| SodaFault::no_such_set(&id))?;
    let mut response = Redirect::to(&format!("/data/{}", set.alias)).into_response();
    open(response.headers_mut());
    Ok(response)
}

fn is_file(form: SetForm) -> bool {
    matches!(form, SetForm::Parquet | SetForm::Xlsx)
}

/// The form of an extension.
pub(super) fn named(extension: &str) -> Result<SetForm, SodaFault> {
    let forms = [SetForm::Json, SetForm::Csv, SetForm::Tsv, SetForm::GeoJson, SetForm::Parquet, SetForm::Xlsx];
    let named = forms.into_iter().find(|form| form.extension().eq_ignore_ascii_case(extension));
    named.ok_or_else(|| SodaFault::no_such_form(extension))
}

/// The form that `Accept` prefers: of those of ours that it names, the one with the most weight, the first of several (RFC 9110,
/// 12.5.1); JSON where it names nothing.
fn accepted(line: &Line) -> Result<SetForm, SodaFault> {
    let said: Vec<&str> = line.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    form_of(&said.join(","))
}

fn form_of(accept: &str) -> Result<SetForm, SodaFault> {
    if accept.trim().is_empty() {
        return Ok(SetForm::Json);
    }
    let forms = |media: &str| -> &[SetForm] {
        match media.to_ascii_lowercase().as_str() {
            "application/json" | "text/html" => &[SetForm::Json],
            "application/*" => &[SetForm::Json, SetForm::GeoJson],
            "*/*" => &[SetForm::Json, SetForm::Csv],
            "text/csv" => &[SetForm::Csv],
            "text/*" => &[SetForm::Csv, SetForm::Tsv],
            "text/tab-separated-values" => &[SetForm::Tsv],
            "application/vnd.geo+json" | "application/geo+json" => &[SetForm::GeoJson],
            "application/vnd.apache.parquet" => &[SetForm::Parquet],
            media if media == SetForm::Xlsx.content_type() => &[SetForm::Xlsx],
            _ => &[],
        }
    };
    let mut wishes: Vec<(f32, &str)> = accept.split(',').filter_map(weighed).collect();
    // What is named with no weight is not wanted, whatever else would take it.
    let unwanted: Vec<SetForm> =
        wishes.iter().filter(|(weight, _)| *weight <= 0.0).flat_map(|(_, media)| forms(media)).copied().collect();
    wishes.retain(|(weight, _)| *weight > 0.0);
    wishes.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let mut wanted = wishes.iter().flat_map(|(_, media)| forms(media)).filter(|form| !unwanted.contains(form));
    wanted.next().copied().ok_or_else(|| SodaFault::no_such_form(accept))
}

/// A media type with its weight, 1 unless said.
fn weighed(part: &str) -> Option<(f32, &str)> {
    let mut words = part.split(';').map(str::trim);
    let media = words.next().filter(|media| !media.is_empty())?;
    let weight = words.find_map(|word| word.strip_prefix("q=").or_else(|| word.strip_prefix("Q=")));
    Some((weight.and_then(|weight| weight.trim().parse().ok()).unwrap_or(1.0), media))
}

/// The set and form of `{id}` and a file's extension.
pub(super) fn set_and_form(id: &str, extension: &str) -> Result<(&'static SetInfo, SetForm), SodaFault> {
    Ok((set_named(id).ok_or_else(|| SodaFault::no_such_set(id))?, named(extension)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_what_is_accepted() {
        for (accept, form) in [
            ("", Some(SetForm::Json)),
            ("*/*", Some(SetForm::Json)),
            ("text/csv", Some(SetForm::Csv)),
            ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", Some(SetForm::Json)),
            ("application/vnd.geo+json", Some(SetForm::GeoJson)),
            ("Text/Tab-Separated-Values;q=0.5", Some(SetForm::Tsv)),
            ("text/csv;q=0.1, application/json;q=0.9", Some(SetForm::Json)),
            ("application/json;q=0.1, text/csv; q=0.9", Some(SetForm::Csv)),
            ("text/csv;q=0, */*", Some(SetForm::Json)),
            ("application/json;q=0, */*;q=0.1", Some(SetForm::Csv)),
            ("text/csv;header=present", Some(SetForm::Csv)),
            ("text/csv;q=much", Some(SetForm::Csv)),
            ("application/json;q=0", None),
            ("image/png", None),
        ] {
            assert_eq!(form_of(accept).ok(), form, "{accept}");
        }
    }
}
