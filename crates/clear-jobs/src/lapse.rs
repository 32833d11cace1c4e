//! Hot-file entries that nobody validated in time lapse (GR55).

use std::sync::Arc;

use clear_record::{AgencyId, Draft, Inquiry, Kind, Label, Method, Origin, Provenance, Record, RecordId, Standing};
use clear_respond::{Desk, Filing, Lapsing, Proven, Refusal};
use jiff::civil::Date;

use crate::Error;

/// Marks every entry whose day has come as lapsed, in a version of its own: a correction, which keeps what the job is not
/// shown. Returns how many there were.
///
/// # Errors
/// A refusal; what was filed before stays, and the next call goes on.
pub async fn lapse(desk: &Arc<Desk>, asker: &Proven<Standing>, inquiry: &Inquiry, today: Date) -> Result<usize, Error> {
    let mut lapsed = 0;
    loop {
        let request = desk.request(asker, inquiry.clone(), origin(), None, Lapsing { by: today });
        let found = clear_respond::answer(desk, request).await.map_err(|refusal| refused(&refusal))?;
        let mut drafts = Vec::new();
        for hit in &found.get().hits {
            let Ok(id) = hit.record.id.parse::<RecordId>() else { continue };
            let bytes = serde_json::to_vec(&hit.record.fields).unwrap_or_default();
            let Record::HotFile(mut entry) = Record::from_bytes(Kind::HotFile, &bytes)? else { continue };
            let (Some(agency), Some(author)) = (asker.agency.clone(), asker.account.clone()) else { continue };
            entry.lapsed_on = Some(today);
            drafts.push(Draft {
                id,
                label: label(&agency, &entry),
                record: Record::HotFile(entry),
                valid_from: desk.clock(),
                provenance: Provenance {
                    agency,
                    author,
                    method: Method::Filed,
                    source: "lapse".into(),
                    reference: None,
                    derived: std::collections::BTreeSet::new(),
                },
            });
        }
        if drafts.is_empty() {
            return Ok(lapsed);
        }
        lapsed += drafts.len();
        let request = desk.request(asker, Inquiry::default(), origin(), None, Filing::Records(drafts));
        clear_respond::accept(desk, request).await.map_err(|refusal| refused(&refusal))?;
    }
}

/// The least label of the entry; the write road tightens it to the one that the entry has.
fn label(agency: &AgencyId, entry: &clear_record::HotFile) -> Label {
    Label { instrument: Some(entry.instrument), ..Label::of(agency.clone(), Kind::HotFile) }
}

pub(crate) fn origin() -> Origin {
    Origin { address: "local".into(), session: None }
}

pub(crate) fn refused(refusal: &Refusal) -> Error {
    Error::Refused(match refusal {
        Refusal::Denied { denial, .. } => denial.to_string(),
        Refusal::Wrong { what, .. } => what.clone(),
        Refusal::Cut(denial) => denial.to_string(),
        Refusal::Failed | Refusal::LogDown => "the server cannot answer".into(),
    })
}
