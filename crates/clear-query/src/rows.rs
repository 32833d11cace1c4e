//! Rows: incidents one after the other, for answers that are too long to be made before they are sent.

use std::collections::HashSet;
use std::sync::Arc;

use clear_policy::Grant;
use clear_record::{RecordId, Seq, Sight, Version};
use clear_soql::Expr;
use clear_stats::{Columns, Place};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::known::known;
use crate::{Error, Known, Shelves};

/// Incidents as rows, in the order in which they were first filed. At least one of `from`, `to`, `beat`, `type` and
/// `where` is said; an incident is given where all that are said hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rows {
    /// Incidents from this day on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Date>,
    /// Incidents up to and including this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Date>,
    /// Incidents on this beat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beat: Option<String>,
    /// Incidents whose first offence is of this primary type: `THEFT`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub primary_type: Option<String>,
    /// A condition in SoQL, as in counts: `arrest = true AND ward = 27`.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// How many rows at most; all unless said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

impl Rows {
    /// Its name in the log, in metrics and in the API.
    pub const NAME: &'static str = "rows";

    /// What must hold of a row.
    fn conditions(&self) -> Result<Vec<Expr>, Error> {
        let wrong = |error: clear_soql::Error| Error::Question(error.to_string());
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(Error::Question(format!("from ({from}) is after to ({to})")));
        }
        let after = |day: Date| day.checked_add(1.day()).map_err(|_| Error::Question(format!("to ({day}) is too far")));
        let text = |text: &str| text.trim().replace('\'', "''");
        let said = [
            self.from.map(|day| format!("occurred_from >= '{day}T00:00:00'")),
            self.to.map(after).transpose()?.map(|day| format!("occurred_from < '{day}T00:00:00'")),
            self.beat.as_deref().map(|beat| format!("beat = '{:0>4}'", text(beat).to_uppercase())),
            self.primary_type.as_deref().map(|kind| format!("primary_type = '{}'", text(kind))),
            // Apart from the others, so that a place in its text is a place in what the asker wrote.
            self.condition.clone(),
        ];
        let conditions: Vec<Expr> = said
            .iter()
            .flatten()
            .map(|text| clear_soql::parse::expression(text).map_err(wrong))
            .collect::<Result<_, _>>()?;
        if conditions.is_empty() {
            return Err(Error::Question("say which incidents: from, to, beat, type or where".into()));
        }
        Ok(conditions)
    }
}

/// How far an answer of rows is. All its rows are as they were at one `seq`; one that is corrected while the answer runs
/// is given as it was, unless the correction makes it no match.
#[derive(Clone)]
pub struct Cursor {
    conditions: Arc<[Expr]>,
    seq: Seq,
    place: Option<Place>,
    left: usize,
}

/// A batch of rows. Made by [`Cursor::next`] alone.
pub struct RowsMatch {
    versions: Vec<Version>,
    known: Known,
}

impl RowsMatch {
    /// The versions, and what is known beside them; for `clear-redact`.
    pub fn into_found(self) -> (Vec<Version>, Known) {
        (self.versions, self.known)
    }
}

impl Cursor {
    /// Begins an answer over everything up to `visible`. Whatever is wrong with the question, is said here.
    ///
    /// # Errors
    /// [`Error::Question`] when the question itself is wrong, else what went wrong with us.
    pub async fn begin(shelves: &Shelves, grant: &Grant, visible: Seq, rows: &Rows) -> Result<Cursor, Error> {
        let conditions = rows.conditions()?;
        shelves.catch_up(visible).await?;
        let ties = shelves.ties(grant);
        let window = shelves.folds().columns.window(&ties.sight(grant), Place::default());
        window.map_or(Ok(()), |window| window.page(&conditions, 0).map(drop)).map_err(Error::of_stats)?;
        let left = rows.limit.unwrap_or(usize::MAX);
        Ok(Cursor { conditions: conditions.into(), seq: visible, place: Some(Place::default()), left })
    }

    /// At which `seq` the rows are.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The next rows under a grant: `most` of them unless there are no more; `None` at the end.
    ///
    /// A batch is full until the end is reached: where it stops must not depend on rows that the asker does not see.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub async fn next(&mut self, shelves: &Shelves, grant: &Grant, most: usize) -> Result<Option<RowsMatch>, Error> {
        let ties = shelves.ties(grant);
        let sight = ties.sight(grant);
        let most = most.min(self.left);
        let mut versions: Vec<Version> = Vec::new();
        while versions.len() < most {
            let Some(place) = self.place else { break };
            let window = shelves.folds().columns.window(&sight, place);
            let Some(window) = window else { break };
            let page = window.page(&self.conditions, most - versions.len()).map_err(Error::of_stats)?;
            self.place = page.next;
            let mut read = shelves.read(&page.ids, &sight, self.seq).await?;
            // A pointer shows whom to ask; as a row it would tell more.
            read.retain(|version| sight.opens_any(version.label, version.id));
            if shelves.seq() > self.seq {
                self.keep_matching(&mut read, &sight)?;
            }
            versions.append(&mut read);
        }
        self.left -= versions.len();
        if versions.is_empty() {
            return Ok(None);
        }
        let known = known(shelves, versions.iter(), grant, &ties);
        Ok(Some(RowsMatch { versions, known }))
    }

    /// Drops rows that match as they are now, and did not at the answer's `seq`.
    fn keep_matching(&self, versions: &mut Vec<Version>, sight: &Sight<'_>) -> Result<(), Error> {
        let mut by_seq: Vec<&Version> = versions.iter().collect();
        by_seq.sort_unstable_by_key(|version| version.seq);
        let mut columns = Columns::new();
        by_seq.into_iter().for_each(|version| columns.apply(version));
        let page = columns.page(&self.conditions, sight, Place::default(), versions.len());
        let matching: HashSet<RecordId> = page.map_err(Error::of_stats)?.ids.into_iter().collect();
        versions.retain(|version| matching.contains(&version.id));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_becomes_conditions() {
        let said = |json: &str| -> String {
            let rows: Rows = serde_json::from_str(json).expect("reads");
            match rows.conditions() {
                Ok(conditions) => conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                Err(error) => format!("wrong: {error}"),
            }
        };
        assert_eq!(
            said(r#"{"from": "2018-10-01", "to": "2018-12-31", "beat": "411", "type": "THEFT"}"#),
            "occurred_from >= '2018-10-01T00:00:00'; occurred_from < '2019-01-01T00:00:00'; beat = '0411'; primary_type = 'THEFT'"
        );
        assert_eq!(said(r#"{"type": "O'HARE' OR 'a' = 'a"}"#), "primary_type = 'O''HARE'' OR ''a'' = ''a'");
        assert_eq!(said(r#"{"where": "arrest = true"}"#), "arrest = TRUE");
        for (json, what) in [
            ("{}", "say which incidents"),
            (r#"{"from": "2018-10-02", "to": "2018-10-01"}"#, "is after to"),
            (r#"{"to": "9999-12-31"}"#, "too far"),
            (r#"{"where": "arrest = "}"#, "wrong: "),
        ] {
            assert!(said(json).contains(what), "{json}: {}", said(json));
        }
    }
}
