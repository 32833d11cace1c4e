//! Once a week everybody is asked *was this you?* (S3).

use std::sync::Arc;

use clear_record::{Inquiry, Standing};
use clear_respond::{Desk, Proven};

use crate::Error;
use crate::lapse::{origin, refused};

/// Makes the digests due where the week is over. Returns how many accounts have something to look at.
///
/// # Errors
/// A refusal; the next call tries again.
pub async fn ask_was_this_you(desk: &Arc<Desk>, asker: &Proven<Standing>) -> Result<usize, Error> {
    if !desk.are_digests_due().await.map_err(|error| Error::Refused(error.to_string()))? {
        return Ok(0);
    }
    let request = desk.request(asker, Inquiry::default(), origin(), None, ());
    let round = desk.make_digests(request).await.map_err(|refusal| refused(&refusal))?;
    Ok(round.due)
}
