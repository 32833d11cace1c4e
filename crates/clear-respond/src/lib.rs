//! The two roads: [`answer`] lets out, [`accept`] lets in.
//!
//! In:    a [`Proven`] request: a [`Question`], or a [`Filing`].
//! Out:   a [`Response`] or an [`Accepted`], each with its receipt; or a [`Refusal`].
//! Never: knows HTTP; lets anything out that is not decided, redacted and logged.
//!
//! # How
//! Every request leaves one *asked* event and exactly one event that ends it; every way out of a road goes through
//! [`entry`]. What was committed and is not yet in the log is not visible. An order is acknowledged when its [`Gate`]
//! holds.
//!
//! # Change here
//! What a filing checks: `accept.rs`. What happens at start: `desk.rs`. What the public sees: `public.rs`.

mod accept;
mod caveats;
mod certificate;
pub mod clock;
mod configured;
mod desk;
mod disclosures;
mod entry;
mod export;
mod gate;
mod govern;
mod health;
mod inquiry;
mod newest;
mod production;
mod projections;
mod public;
mod publish;
mod release;
mod replay;
mod report;
mod restrict;
mod resume;
mod sign_in;
mod silent;
mod stream;
mod suppress;
mod tally;
mod tighten;
mod transparency;

pub use accept::{Accepted, AcceptedOrder, BadFiling, Filing, accept};
pub use certificate::{
    Access, CertificateError, CertificateWish, Certified, CertifiedAnswer, Claims, Mark, certificate, certify,
    certify_and_sign, read_certificate,
};
pub use clear_query::FoldedSets;
pub use desk::{Clock, Desk, Error, Parts, Room, RuleText};
pub use disclosures::{
    About, AskedGroup, Delay, DelayReview, DigestRound, Disclosure, DisclosureList, DisclosureWish, NewDelay,
    OpeningLine, Openings, OpeningsWish, PAGE, ReviewDelay, SubjectLine, SubjectReport, WasThisYou,
};
pub use entry::{Refusal, Response};
pub use export::{CheckedExport, ExportError, ExportFlaw, check_export};
pub use gate::{Bearer, Bound, Connection, Gate, Noted, Pass, Trace, Whom};
pub use health::{CLOCK_BEHIND, Health, Part as HealthPart, State};
pub use inquiry::{
    HeldQuestion, HoldState, InquiryKind, NewEvent, NewInquiry, OpenInquiry, OpenedEvent, Outcome, Queue, Review,
    TermPrecision,
};
pub use newest::{Newest, newest_checkpoint, newest_tile};
pub use production::{
    Demand, Determination, Determine, Determined, Docket, GivenRelease, Manifest, ManifestRow, Office, Production,
    ProductionInstrument, PublicProduction, ReleaseProduction,
};
pub use projections::{AHEAD_SERVING, rebuild_projections, rebuild_sets};
pub use public::{
    OrderPreview, PublicAgency, PublicAgreement, PublicAnnouncement, PublicFlow, PublicOrder, PublicRegister,
    PublicSuspension, PublicTaskForce, PublicVendor, order_preview,
};
pub use publish::activity::ReleasedActivity;
pub use publish::{
    PublicAnswer, Published, SetState, Summary, Unpublished, named as set_named, public_sets, publish, published,
};
pub use release::{
    Called, Every, Head, Numbers, Plan, Precision, Recomputed, Release, find_release, recompute, recompute_from,
};
pub use replay::{Change, ChangedQuestion, Preview, Previewed, Progress, Replay, ReplayError, decided_again, preview};
pub use report::{Figure, Period, Report, SECTIONS, Section, report_of_folder};
pub use restrict::{Restrict, Seen};
pub use resume::{ResumeError, founded, resume, resumption};
pub use sign_in::NewAccount;
pub use silent::SilentHitNotice;
pub use stream::{Broken, Next, Part, Streamed, stream};
pub use suppress::{Line, THRESHOLD, THRESHOLD_MIN, Told};

pub use transparency::{AccessSet, CutOffSet, FlowSet, Kept, MadeAt, PublicStore, PublishedRelease, StoreSet};

// What a caller needs to speak to the roads, so that it depends on this crate alone.
pub use clear_identity::{
    Credential, Device, Ended, Holding, HoldingKind, Machine, Proven, Refused, SignIn, SignedIn, Unproven,
};
pub use clear_ingest as ingest;
pub use clear_policy as policy;
pub use clear_query::Kept as KeptProjections;
pub use clear_query::measures::{DIMENSIONS, MEASURES, Measure};
pub use clear_query::{
    AreaValue, AreasOf, CHECK_LIMITS, Cells, Changes, Check, CheckOf, ClusterOnMap, ClustersOf, Counts, DensityOf,
    Find, Following, HotSpotsOf, LINKED_KINDS, Lapsing, Links, Locate, LocateMatch, Made, Make, Marked, Measures,
    MeasuresView, NearRepeatOf, Of, Open, Per, Place, Placed, Question, Rows, SetAsked, SetClauses, SetColumn,
    SetFault, SetInfo, SetSource, SoqlType, TileDot, TileLayer, TileOf, Week, Which,
};
pub use clear_query::{Sql, SqlForm};
pub use clear_redact::{
    Alert, AlsoRead, Because, Begins, Checked, CheckedHit, CountedTable, ExpandedNode, FacetCount, Form, Found,
    FoundFacet, FoundHit, FoundSnippet, LineChecked, LineRefused, LinkChart, LinkedNode, Meant, NodeLink, Opened,
    OpenedRecord, Pointer, Redact, RelatedRecord, SamePersonRecord, SetField, SetForm, SetLayout, Sharing, Shown,
    SnippetPiece,
};
pub use clear_redact::{ChangedField, ChangedIncident, ChangedList};
pub use clear_redact::{
    MeasureSaid, Measured, MeasuredBoard, MeasuredCell, MeasuredChange, MeasuredDays, MeasuredFigure, MeasuredHours,
    MeasuredMonth, MeasuredPeriod, MeasuredRate, MeasuredRow, MeasuredSeries, MeasuredTrend,
};
pub use clear_redact::{SqlColumn, SqlTable};

use clear_record::Request;

/// Answers one request. Whatever leaves OpenCLEAR leaves through here.
///
/// # Errors
/// A [`Refusal`]: denied, wrong, failed, or nothing can be logged. Each is in the log before it is returned, but the last.
pub async fn answer<Q: Question>(
    desk: &Desk,
    request: Proven<Request<Q>>,
) -> Result<Response<<Q::Match as Redact>::Out>, Refusal>
where
    Q::Match: Redact,
{
    let inquiry::Granted { entry, grant, .. } = inquiry::granted(desk, &request, Q::NAME).await?;
    // An asker that names a `seq` must see it; what is not in the log is not visible to anybody.
    if request.see.is_some_and(|seq| seq > desk.visible()) {
        return Err(entry
            .wrong("`see` names a version that is not in the log; use the seq of your own filing's receipt".into())
            .await);
    }
    let mut pen = None;
    for turn in 0.. {
        if turn == TURNS_MAX {
            // While we hold the pen, nothing is filed, and so nothing is tightened: this turn is the last.
            pen = Some(desk.writer.lock().await);
        }
        let tightenings = desk.shelves().tightenings();
        let matches = match clear_query::run(desk.shelves(), &grant, desk.visible(), &request.question).await {
            Ok(matches) => matches,
            Err(clear_query::Error::Question(what)) => return Err(entry.wrong(what).await),
            Err(error) => return Err(entry.failed(&error).await),
        };
        let disclosed = match clear_redact::apply(&grant, matches) {
            Ok(disclosed) => disclosed,
            Err(error) => return Err(entry.failed(&error).await),
        };
        let _leaving = desk.leaving.pass().await;
        // INVARIANT (tightened is not told): what was made before a record was tightened is made again.
        if desk.shelves().tightenings() == tightenings || pen.is_some() {
            let answered = entry.answered(&grant, disclosed);
            let (answered, ()) = tokio::join!(answered, silent::look(desk, &request, &grant));
            return answered.map(|response| response.made_under(tightenings));
        }
    }
    Err(Refusal::Failed)
}

/// How often an answer is made again because something was tightened meanwhile, before it holds filings up.
const TURNS_MAX: usize = 3;
