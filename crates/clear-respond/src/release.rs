//! Releases: the city's counts of a period, made at a fixed time, frozen in the log, and made again by whoever doubts them.
//!
//! In:    a [`Tally`] of a range of the log's entries, what the register calls agencies and purposes.
//! Out:   a [`Release`] with small counts suppressed, its text for the log, its CSV; whether a copy of the log bears it out.
//! Never: tells a small count; depends on anything but its head and the entries that it names.
//!
//! # How
//! Periods end at fixed times (a quarter, unless the operator says otherwise). What is counted is the entries after those of
//! the release before, up to a checkpoint that the release carries; so each entry is counted in one release, and the same
//! log gives the same bytes. The text is a clear entry of the log: nobody can publish another one later.
//!
//! Two tables share their rows' totals and nothing else; `suppress.rs` sees to it that no shared total is small. A list
//! whose total stands in a table is told only where that total is told by itself.
//!
//! # Change here
//! A number: [`Numbers`] and [`made`]. A table: [`made`], and the rule of shared totals above.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use clear_audit::{Entries, Flaw, Folder, Opened, Source, Walk};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::suppress::{self, Counted, Told};
use crate::tally::{NONE, OTHER, Tally};

/// How often counts are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the words")]
pub enum Every {
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
}

impl Every {
    const WORDS: [(&'static str, Every); 6] = [
        ("minute", Every::Minute),
        ("hour", Every::Hour),
        ("day", Every::Day),
        ("week", Every::Week),
        ("month", Every::Month),
        ("quarter", Every::Quarter),
    ];

    /// The last moment, not after `now`, at which a period ended.
    pub fn ended(self, now: Timestamp, time_zone: &TimeZone) -> Timestamp {
        let local = now.to_zoned(time_zone.clone());
        self.begin(&local).unwrap_or(local).timestamp()
    }

    fn begin(self, local: &Zoned) -> Result<Zoned, jiff::Error> {
        let day = local.start_of_day()?;
        match self {
            Every::Minute => local.with().second(0).subsec_nanosecond(0).build(),
            Every::Hour => local.with().minute(0).second(0).subsec_nanosecond(0).build(),
            Every::Day => Ok(day),
            Every::Week => day.checked_sub(i64::from(day.weekday().since(Weekday::Monday)).days()),
            Every::Month => day.first_of_month()?.start_of_day(),
            Every::Quarter => day.with().month((day.month() - 1) / 3 * 3 + 1).day(1).build()?.start_of_day(),
        }
    }

    /// The name of the period that ended at that moment: `2026-Q3`, `2026-09`, `2026-W39`, `2026-09-30`.
    fn named(self, until: Timestamp, time_zone: &TimeZone) -> String {
        let inside = (until - jiff::SignedDuration::from_secs(1)).to_zoned(time_zone.clone());
        match self {
            Every::Minute => inside.strftime("%Y-%m-%dT%H:%M").to_string(),
            Every::Hour => inside.strftime("%Y-%m-%dT%H").to_string(),
            Every::Day => inside.strftime("%Y-%m-%d").to_string(),
            Every::Week => inside.strftime("%G-W%V").to_string(),
            Every::Month => inside.strftime("%Y-%m").to_string(),
            Every::Quarter => format!("{}-Q{}", inside.year(), (inside.month() - 1) / 3 + 1),
        }
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Every, String> {
        let known = Every::WORDS.iter().find(|(word, _)| *word == text);
        known.map(|(_, every)| *every).ok_or_else(|| {
            let words: Vec<&str> = Every::WORDS.iter().map(|(word, _)| *word).collect();
            format!("`{text}` is none of {}", words.join(", "))
        })
    }
}

impl std::fmt::Display for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Every::WORDS.iter().find(|(_, every)| every == self).map_or("", |(word, _)| word))
    }
}

/// How releases are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How often.
    pub every: Every,
    /// A count below this is small; [`THRESHOLD_MIN`](crate::THRESHOLD_MIN) at least.
    pub threshold: u64,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { every: Every::Quarter, threshold: suppress::THRESHOLD }
    }
}

/// An agency or a purpose, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Called {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// What a release is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Head {
    /// Its number, from 1.
    pub openclear_release: u64,
    /// The installation's title.
    pub installation: String,
    /// The period's name.
    pub period: String,
    /// When the period began.
    #[schema(value_type = String)]
    pub from: Timestamp,
    /// When it ended.
    #[schema(value_type = String)]
    pub until: Timestamp,
    /// When this was made.
    #[schema(value_type = String)]
    pub made_at: Timestamp,
    /// The first of the log's entries that it counts.
    pub first_entry: u64,
    /// The first entry after those that it counts.
    pub end_entry: u64,
    /// The log's checkpoint over the entries before that one, as it was signed.
    pub checkpoint: String,
    /// A count below this is withheld, and others with it.
    pub threshold: u64,
    /// The register's version that the names below are from.
    pub register: u64,
    /// The agencies of the register.
    pub agencies: Vec<Called>,
    /// The declared purposes.
    pub purposes: Vec<Called>,
}

/// Numbers that stand alone; `null` is: small, and withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Numbers {
    /// Answers that were logged and did not leave, because an order or a tightening came between.
    pub withheld: Option<u64>,
    /// Emergencies of which a supervisor was told.
    pub emergencies: Option<u64>,
    /// Sign-ins.
    pub sign_ins: Option<u64>,
    /// Sign-ins that were refused.
    pub refused_sign_ins: Option<u64>,
    /// How often pages for everybody were asked for.
    pub public_requests: Option<u64>,
    /// Cut-off orders entered. Orders and agreements are public one by one: never withheld.
    pub orders: u64,
    /// Cut-offs that the founding quorum ended.
    pub orders_ended: u64,
    /// Suspensions entered, of agencies, accounts and devices.
    pub suspensions: u64,
    /// Agreements entered or renewed.
    pub agreements: u64,
    /// Steps of compelled productions, which are counted in public one by one.
    pub productions: std::collections::BTreeMap<String, u64>,
    /// Openings that were destroyed on a legal basis in the period.
    pub destructions: Option<u64>,
    /// Entries whose openings were destroyed before this was made: they are in no other number.
    pub destroyed: u64,
}

/// How precise the words are that reasons are looked through for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Precision {
    /// The terms' number; the words are not published.
    pub terms: String,
    /// How many questions that were flagged for them a second person reviewed.
    pub reviewed: Option<u64>,
    /// Of these, how many were not in order.
    pub against: Option<u64>,
}

/// A release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// What it is about.
    #[serde(flatten)]
    pub head: Head,
    /// Questions and deeds that ended, by agency and stated purpose.
    pub by_purpose: Told,
    /// The same, by agency and how they ended.
    pub by_end: Told,
    /// Denials by their reason; absent where their total is not told by itself.
    pub denials: Option<Told>,
    /// Holds by what the second person decided.
    pub holds: Told,
    /// Reviews by outcome.
    pub reviews: Told,
    /// How precise terms are.
    pub terms: Vec<Precision>,
    /// Single numbers.
    pub numbers: Numbers,
}

/// Makes the release of a tally. The same head and tally give the same bytes.
pub(crate) fn made(head: Head, tally: &Tally) -> Release {
    let threshold = head.threshold.max(suppress::THRESHOLD_MIN);
    let told = |counted: &Counted| suppress::told(counted, threshold);
    let alone = |count: u64| (count == 0 || count >= threshold).then_some(count);
    let purposes: Vec<String> = head.purposes.iter().map(|purpose| purpose.id.clone()).collect();
    let purpose = |stated: &str| {
        if purposes.iter().any(|known| known == stated) || stated == NONE {
            stated.to_owned()
        } else {
            OTHER.to_owned()
        }
    };
    let by_purpose =
        told(&table(&head, tally, purposes.iter().cloned().chain([NONE.into(), OTHER.into()]), |_, stated, _| {
            purpose(stated)
        }));
    let by_end = told(&table(&head, tally, ENDS.iter().map(|end| (*end).to_owned()), |_, _, end| end.to_owned()));
    let list = |counts: &std::collections::BTreeMap<String, u64>| {
        let (columns, cells) = counts.iter().map(|(name, count)| (name.clone(), *count)).unzip();
        told(&Counted { columns, rows: vec![("all".to_owned(), cells)] })
    };
    // Told beside a column that was put together with others, it would give the others away.
    let denied_alone = by_end.columns.iter().any(|column| column.of == ["denied"]);
    let kind = |word: &str| tally.kinds.get(word).copied().unwrap_or_default();
    let entered = |name: &str| tally.register.get(name).copied().unwrap_or_default();
    let terms = tally.terms.iter().map(|(terms, (reviewed, against))| {
        let told = alone(*against).and(alone(reviewed - against)).is_some();
        Precision { terms: terms.clone(), reviewed: alone(*reviewed), against: told.then_some(*against) }
    });
    Release {
        denials: denied_alone.then(|| list(&tally.denials)),
        holds: list(&tally.holds),
        reviews: list(&tally.reviews),
        terms: terms.collect(),
        numbers: Numbers {
            withheld: alone(kind("withheld")),
            emergencies: alone(kind("alerted")),
            sign_ins: alone(kind("sign_in")),
            refused_sign_ins: alone(kind("sign_in_refused")),
            public_requests: alone(tally.public.values().sum()),
            orders: entered("cut_off"),
            orders_ended: entered("ending"),
            suspensions: entered("suspension"),
            agreements: entered("agreement"),
            productions: tally.productions.clone(),
            destructions: alone(kind("destroyed")),
            destroyed: tally.destroyed,
        },
        by_purpose,
        by_end,
        head,
    }
}

/// How a question or a deed ends, in the order of the table.
const ENDS: &[&str] = &["answered", "filed", "denied", "held", "wrong", "failed", "cut", "crashed"];
/// What the row of those without an account is called.
const RESIDENTS: &str = "residents";

/// A row for each agency, with what `column` says of each count.
fn table(
    head: &Head,
    tally: &Tally,
    columns: impl Iterator<Item = String>,
    column: impl Fn(&str, &str, &str) -> String,
) -> Counted {
    let columns: Vec<String> = columns.collect();
    let names = head.agencies.iter().map(|agency| agency.id.clone());
    let mut rows: Vec<(String, Vec<u64>)> =
        names.chain([RESIDENTS.to_owned(), OTHER.to_owned()]).map(|name| (name, vec![0; columns.len()])).collect();
    for ((agency, purpose, end), count) in &tally.ended {
        let known = if agency.is_empty() { RESIDENTS } else { agency };
        let row = rows.iter().position(|(name, _)| name == known).unwrap_or(rows.len() - 1);
        let at = columns.iter().position(|name| *name == column(agency, purpose, end));
        let cell = rows.get_mut(row).and_then(|(_, cells)| cells.get_mut(at?));
        if let Some(cell) = cell {
            *cell += count;
        }
    }
    Counted { columns, rows }
}

impl Release {
    /// The text that is published, and that stands in the log.
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a text.
    ///
    /// # Errors
    /// It is no release.
    pub fn read(text: &[u8]) -> Result<Release, serde_json::Error> {
        serde_json::from_slice(text)
    }

    /// Every count in a line: table, row, column, count; no count where it is withheld.
    pub fn csv(&self) -> String {
        let mut text = String::from("release,period,table,row,column,count\n");
        let (number, period) = (self.head.openclear_release, &self.head.period);
        let mut line = |table: &str, row: &str, column: &str, count: Option<u64>| {
            let count = count.map(|count| count.to_string()).unwrap_or_default();
            let _ = writeln!(text, "{number},{period},{table},{},{},{count}", field(row), field(column));
        };
        for (name, table) in self.tables() {
            for (row, cells) in table.rows.iter().zip(&table.cells) {
                for (column, count) in table.columns.iter().zip(cells) {
                    line(name, &row.of.join("+"), &column.of.join("+"), *count);
                }
                line(name, &row.of.join("+"), "total", Some(row.total));
            }
            for column in &table.columns {
                line(name, "total", &column.of.join("+"), Some(column.total));
            }
            line(name, "total", "total", table.total);
        }
        for it in &self.terms {
            line("terms", &it.terms, "reviewed", it.reviewed);
            line("terms", &it.terms, "not in order", it.against);
        }
        for (name, count) in self.numbers() {
            line("numbers", &name, "count", count);
        }
        text
    }

    /// The tables with their names.
    pub fn tables(&self) -> Vec<(&'static str, &Told)> {
        let all = [
            ("by_purpose", Some(&self.by_purpose)),
            ("by_end", Some(&self.by_end)),
            ("denials", self.denials.as_ref()),
            ("holds", Some(&self.holds)),
            ("reviews", Some(&self.reviews)),
        ];
        all.into_iter().filter_map(|(name, table)| Some((name, table?))).collect()
    }

    /// The single numbers with their names.
    pub fn numbers(&self) -> Vec<(String, Option<u64>)> {
        let it = &self.numbers;
        let mut all: Vec<(String, Option<u64>)> = [
            ("answers withheld", it.withheld),
            ("emergencies", it.emergencies),
            ("sign-ins", it.sign_ins),
            ("refused sign-ins", it.refused_sign_ins),
            ("requests of public pages", it.public_requests),
            ("cut-off orders", Some(it.orders)),
            ("cut-offs ended", Some(it.orders_ended)),
            ("suspensions", Some(it.suspensions)),
            ("agreements", Some(it.agreements)),
            ("openings destroyed on a legal basis", it.destructions),
            ("entries with destroyed openings", Some(it.destroyed)),
        ]
        .map(|(name, count)| (name.to_owned(), count))
        .into();
        all.extend(it.productions.iter().map(|(step, count)| (format!("compelled productions {step}"), Some(*count))));
        all
    }
}

/// A field of CSV (RFC 4180).
pub(crate) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

/// The period that has ended and that no release has, if any.
pub(crate) fn due(plan: Plan, since: Timestamp, now: Timestamp, time_zone: &TimeZone) -> Option<(Timestamp, String)> {
    let until = plan.every.ended(now, time_zone);
    (until > since).then(|| (until, plan.every.named(until, time_zone)))
}

/// What a copy of the log says of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recomputed {
    /// It is borne out, to the byte.
    Same {
        /// The entry that its text is.
        entry: u64,
    },
    /// Its text is not in the log.
    NotInLog,
    /// It does not begin where the release before it ended.
    Gap {
        /// Where that ended.
        expected: u64,
    },
    /// The checkpoint that it carries is not this log's.
    OtherLog,
    /// The entries give another text; here is the first line that differs, as told and as counted.
    Differs {
        /// As told.
        told: String,
        /// As counted now.
        counted: String,
        /// How many entries of its range cannot be opened any more, because their openings were destroyed.
        destroyed: u64,
    },
}

/// Counts a release again from a data folder with its openings.
///
/// # Errors
/// A log that is not whole, has no opening key, or whose published checkpoint is not signed with `vkey`.
pub fn recompute(dir: &Path, vkey: &str, text: &[u8], release: &Release) -> Result<Recomputed, Flaw> {
    let source = Folder(dir.join("log"));
    let published = clear_audit::published(&source, vkey)?;
    recompute_from(Walk::open(dir, published.size)?, &source, vkey, text, release)
}

/// Counts a release again from entries that a holder has, the log's first one on: without the keeper's folder or keys.
/// `source` is the public log, which must begin with these entries.
///
/// # Errors
/// An entry that does not fit its leaf, entries with which the log does not begin, a log whose published checkpoint is not
/// signed with `vkey`.
pub fn recompute_from(
    mut walk: impl Entries,
    source: &dyn Source,
    vkey: &str,
    text: &[u8],
    release: &Release,
) -> Result<Recomputed, Flaw> {
    let (head, published) = (&release.head, clear_audit::published(source, vkey)?);
    let (mut tally, mut at_end, mut found, mut before) = (Tally::default(), None, None, 0);
    loop {
        if walk.size() == head.end_entry {
            at_end = Some(walk.root());
        }
        // What came after the public checkpoint is nobody's to check yet.
        if walk.size() == published.size {
            break;
        }
        let Some(leaf) = walk.next().transpose()? else { break };
        if (head.first_entry..head.end_entry).contains(&leaf.index) {
            tally.count(&leaf.opened);
        }
        let Opened::Clear(body) = &leaf.opened else { continue };
        if body == text {
            found = found.or(Some(leaf.index));
        } else if let Some(other) =
            looks_like_one(body).filter(|other| other.head.openclear_release + 1 == head.openclear_release)
        {
            before = other.head.end_entry;
        }
    }
    let Some(root) = at_end else { return Ok(Recomputed::OtherLog) };
    // The entries' own tree is the one that outsiders see, at the release's end and at the last of them.
    clear_audit::begins_with(source, vkey, head.end_entry, root)?;
    clear_audit::begins_with(source, vkey, walk.size(), walk.root())?;
    if !clear_audit::is_checkpoint_over(&head.checkpoint, vkey, head.end_entry, root) {
        return Ok(Recomputed::OtherLog);
    }
    let Some(entry) = found else { return Ok(Recomputed::NotInLog) };
    if before != head.first_entry {
        return Ok(Recomputed::Gap { expected: before });
    }
    let counted = made(head.clone(), &tally).text();
    if counted.as_bytes() == text {
        return Ok(Recomputed::Same { entry });
    }
    let told = String::from_utf8_lossy(text).into_owned();
    let differs = told.lines().zip(counted.lines()).find(|(told, counted)| told != counted).unwrap_or(("", ""));
    Ok(Recomputed::Differs {
        told: differs.0.trim().to_owned(),
        counted: differs.1.trim().to_owned(),
        destroyed: tally.destroyed,
    })
}

/// The release that a clear entry of the log is, if it is one.
pub(crate) fn looks_like_one(body: &[u8]) -> Option<Release> {
    body.starts_with(b"{\n  \"openclear_release\"").then(|| Release::read(body).ok()).flatten()
}

/// Finds a release in a data folder's log by its number; the newest unless one is named.
///
/// # Errors
/// As [`recompute`].
pub fn find_release(dir: &Path, vkey: &str, number: Option<u64>) -> Result<Option<(Vec<u8>, Release)>, Flaw> {
    let published = clear_audit::published(&Folder(dir.join("log")), vkey)?;
    let mut found = None;
    for leaf in Walk::open(dir, published.size)? {
        let Opened::Clear(body) = leaf?.opened else { continue };
        if let Some(release) = looks_like_one(&body)
            && number.is_none_or(|number| number == release.head.openclear_release)
        {
            found = Some((body, release));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_at_fixed_times_of_the_city() {
        let zone = TimeZone::get("America/Chicago").unwrap();
        let now: Timestamp = "2026-11-23T04:10:27.5Z".parse().unwrap();
        let cases = [
            ("minute", "2026-11-23T04:10:00Z", "2026-11-22T22:09"),
            ("hour", "2026-11-23T04:00:00Z", "2026-11-22T21"),
            ("day", "2026-11-22T06:00:00Z", "2026-11-21"),
            ("week", "2026-11-16T06:00:00Z", "2026-W46"),
            ("month", "2026-11-01T05:00:00Z", "2026-10"),
            ("quarter", "2026-10-01T05:00:00Z", "2026-Q3"),
        ];
        for (word, until, name) in cases {
            let every: Every = word.parse().unwrap();
            let ended = every.ended(now, &zone);
            assert_eq!((ended.to_string(), every.named(ended, &zone)), (until.to_owned(), name.to_owned()), "{word}");
            let plan = Plan { every, threshold: 5 };
            assert_eq!(due(plan, ended, now, &zone), None);
            assert!(due(plan, ended - jiff::SignedDuration::from_secs(1), now, &zone).is_some());
        }
        assert!("yearly".parse::<Every>().unwrap_err().contains("quarter"));
    }

    fn head() -> Head {
        let called = |id: &str| Called { id: id.to_owned(), name: id.to_uppercase() };
        Head {
            openclear_release: 1,
            installation: "Port Meridian".into(),
            period: "2026-Q3".into(),
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::UNIX_EPOCH,
            made_at: Timestamp::UNIX_EPOCH,
            first_entry: 0,
            end_entry: 10,
            checkpoint: String::new(),
            threshold: 5,
            register: 3,
            agencies: vec![called("frs"), called("pmpd"), called("sheriff")],
            purposes: vec![called("patrol"), called("warrants")],
        }
    }

    fn tally(ended: &[(&str, &str, &str, u64)]) -> Tally {
        let ended = ended.iter().map(|(a, p, e, n)| (((*a).into(), (*p).into(), (*e).into()), *n)).collect();
        Tally { ended, ..Tally::default() }
    }

    #[test]
    fn gr28_a_release_counts_agencies_purposes_and_ends_and_shows_who_asked_nothing() {
        let tally = tally(&[
            ("pmpd", "patrol", "answered", 40),
            ("pmpd", "warrants", "denied", 9),
            ("sheriff", "patrol", "answered", 30),
            ("", "none", "answered", 12),
        ]);
        let release = made(head(), &tally);
        let rows: Vec<(String, u64)> =
            release.by_purpose.rows.iter().map(|row| (row.of.join("+"), row.total)).collect();
        let expected = [("frs", 0), ("pmpd", 49), ("sheriff", 30), ("residents", 12), ("other", 0)];
        assert_eq!(rows, expected.map(|(name, total)| (name.to_owned(), total)));
        assert_eq!(release.by_purpose.total, Some(91));
        let denied = release.by_end.columns.iter().find(|column| column.of == ["denied"]).unwrap();
        assert_eq!(denied.total, 9);
        assert_eq!(Release::read(release.text().as_bytes()).unwrap(), release);
        assert!(release.csv().contains("1,2026-Q3,by_purpose,pmpd,warrants,9\n"));
        assert!(release.csv().contains("1,2026-Q3,by_purpose,frs,total,0\n"));
    }

    #[test]
    fn s14_a_list_is_not_told_beside_a_column_that_holds_more() {
        // Seven denials and two cut answers are put together; seven denials in the list would tell of the two.
        let ended = [("pmpd", "patrol", "answered", 40), ("pmpd", "patrol", "denied", 7), ("pmpd", "patrol", "cut", 2)];
        let mut tally = tally(&ended);
        tally.denials.insert("no_agreement".into(), 7);
        let release = made(head(), &tally);
        let columns: Vec<String> = release.by_end.columns.iter().map(|column| column.of.join("+")).collect();
        assert!(columns.contains(&"cut+denied".to_owned()), "{columns:?}");
        assert_eq!(release.denials, None);
        assert!(!release.csv().contains(",7\n") && !release.csv().contains(",2\n"), "{}", release.csv());
        // Of five reviews four were in order: five and four tell of the one.
        tally.terms.insert("T1".into(), (5, 1));
        tally.terms.insert("T2".into(), (12, 5));
        let release = made(head(), &tally);
        let told: Vec<_> = release.terms.iter().map(|it| (it.reviewed, it.against)).collect();
        assert_eq!(told, [(Some(5), None), (Some(12), Some(5))]);
    }
}
