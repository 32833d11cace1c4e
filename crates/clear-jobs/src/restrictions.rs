//! Restrictions end when their date has come (GR15): black is for a year at most.

use std::sync::Arc;

use clear_record::{Inquiry, Standing};
use clear_respond::{Desk, Filing, Proven};

use crate::Error;
use crate::lapse::{origin, refused};

/// Ends every restriction whose date has come. Which they are, the ledger's dates say; the job has no say in it. Returns
/// how many records changed.
///
/// # Errors
/// A refusal; the next call tries again.
pub async fn end_restrictions(desk: &Arc<Desk>, asker: &Proven<Standing>) -> Result<usize, Error> {
    if !desk.has_ended_restrictions() {
        return Ok(0);
    }
    let request = desk.request(asker, Inquiry::default(), origin(), None, Filing::EndRestrictions);
    let accepted = clear_respond::accept(desk, request).await.map_err(|refusal| refused(&refusal))?;
    Ok(accepted.filed.len())
}
