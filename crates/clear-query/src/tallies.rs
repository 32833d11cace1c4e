//! Counts tables of a set, as one asker sees it, by the engine.

use std::collections::BTreeMap;

use arrow::array::{
    Array, BooleanArray, Float64Array, Int64Array, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use clear_record::{Seq, Sight};
use clear_stats::measures::{By, CRIMES, INCIDENTS, Names, Tallied, Tally};
use clear_stats::sets::published_before;
use clear_stats::{Asking, Engine, Shelf, soql};
use futures_util::StreamExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::changes::Since;
use crate::{Error, Shelves};

/// What is counted.
pub(crate) struct Tallies {
    engine: Engine,
    pub(crate) names: Names,
    now: Shelf,
    /// The changed rows as they are, and as they were at the moment whose figures are asked for.
    changed: Option<(Shelf, Shelf)>,
}

/// How often figures of an earlier moment are begun again because something was filed meanwhile.
const TURNS_MAX: usize = 20;

impl Tallies {
    /// The set of incidents as the asker sees it; with `since`, as it was known then.
    pub(crate) async fn incidents(shelves: &Shelves, sight: &Sight<'_>, since: Option<Seq>) -> Result<Tallies, Error> {
        let engine = shelves.engine()?.clone();
        for _ in 0..TURNS_MAX {
            let changed = match since {
                Some(since) => Some(Since::read(shelves, sight, since, shelves.seq()).await?),
                None => None,
            };
            let folds = shelves.folds();
            // What was filed meanwhile is in the figures of now and not in what changed: once more.
            if changed.as_ref().is_some_and(|changed| changed.upto != folds.seq) {
                continue;
            }
            let now = folds.columns.shelf("incidents", sight).ok_or_else(no_set)?;
            let changed = changed.as_ref().and_then(|changed| changed.shelves(sight));
            return Ok(Tallies { engine, names: INCIDENTS, now, changed });
        }
        Err(wrong("so much is being filed that figures of an earlier moment cannot be told now; ask again".into()))
    }

    /// The public extract as the asker sees it, which for everybody is what is published.
    pub(crate) fn crimes(shelves: &Shelves, sight: &Sight<'_>, at: Timestamp) -> Result<Tallies, Error> {
        let before = published_before(at.to_zoned(TimeZone::UTC).date());
        let now = shelves.folds().columns.shelf("crimes", sight).ok_or_else(no_set)?;
        let now = now.before(clear_stats::micros(before));
        Ok(Tallies { engine: shelves.engine()?.clone(), names: CRIMES, now, changed: None })
    }

    /// Whether a condition can be asked of the set.
    ///
    /// # Errors
    /// [`Error::Question`] with the place in the condition.
    pub(crate) fn check(&self, condition: &str) -> Result<(), Error> {
        let clauses = soql::Clauses { filter: Some(condition.to_owned()), ..soql::Clauses::default() };
        clear_stats::planned(&[Asking::Shelf(self.now.clone())], &soql::Asked::Clauses(clauses), None)
            .map(|_| ())
            .map_err(|fault| wrong(fault.to_string()))
    }

    /// Counts one table.
    ///
    /// # Errors
    /// [`Error::Question`] when a condition is wrong, or the question needs more than it gets.
    pub(crate) async fn count(&self, tally: &Tally) -> Result<Tallied, Error> {
        let now = self.count_on(&self.now, tally).await?;
        let Some((changed, then)) = &self.changed else { return Ok(now) };
        // Counts add up: what counts now, less what the changed rows count, and what they counted then.
        let mut sums: BTreeMap<Vec<Option<String>>, i64> = BTreeMap::new();
        let parts = [(now, 1), (self.count_on(changed, tally).await?, -1), (self.count_on(then, tally).await?, 1)];
        for (rows, sign) in parts {
            for (values, count) in rows {
                *sums.entry(values).or_default() += sign * i64::try_from(count).unwrap_or(i64::MAX);
            }
        }
        let row = |(values, count)| Some((values, u64::try_from(count).ok().filter(|count| *count > 0)?));
        Ok(sums.into_iter().filter_map(row).collect())
    }

    async fn count_on(&self, shelf: &Shelf, tally: &Tally) -> Result<Tallied, Error> {
        let date = self.names.date;
        let by: Vec<String> = tally.by.iter().map(|by| expression(*by, date)).collect();
        let named = by.iter().zip(0u32..).map(|(by, at)| format!("{by} as by_{at}"));
        let select = named.chain(["count(*) as counted".to_owned()]).collect::<Vec<_>>().join(", ");
        // A comment at the end of what somebody wrote ends with its line.
        let joined = tally.conditions.iter().map(|text| format!("({text}\n)")).collect::<Vec<_>>().join(" and ");
        let clauses = soql::Clauses {
            select: Some(select),
            filter: (!joined.is_empty()).then_some(joined),
            group: (!by.is_empty()).then(|| by.join(", ")),
            ..soql::Clauses::default()
        };
        let wrong = Error::of_question;
        let tables = vec![Asking::Shelf(shelf.clone())];
        let planned = clear_stats::planned(&tables, &soql::Asked::Clauses(clauses), None).map_err(wrong)?;
        let mut answer = clear_stats::ask(&self.engine, tables, &planned).await.map_err(wrong)?;
        let mut rows = Tallied::new();
        while let Some(batch) = answer.batches.next().await {
            let batch = batch.map_err(|error| wrong(soql::Fault::running(error)))?;
            let columns: Vec<Vec<Option<String>>> = batch.columns().iter().take(by.len() + 1).map(texts).collect();
            for row in 0..batch.num_rows() {
                let mut values: Vec<Option<String>> =
                    columns.iter().map(|column| column.get(row).cloned().flatten()).collect();
                let count = values.pop().flatten().and_then(|count| count.parse().ok());
                rows.extend(count.map(|count| (values, count)));
            }
        }
        Ok(rows)
    }
}

fn wrong(what: String) -> Error {
    Error::Question(what)
}

fn no_set() -> Error {
    wrong("there is no such set here".into())
}

/// What a table is grouped by, in SoQL.
fn expression(by: By, date: &str) -> String {
    match by {
        By::Column(name) => name.to_owned(),
        By::Year => format!("date_extract_y({date})"),
        By::Month => format!("date_extract_m({date})"),
        By::Day => format!("date_trunc_ymd({date})"),
        By::Hour => format!("date_extract_hh({date})"),
        By::Weekday => format!("date_extract_dow({date})"),
    }
}

/// A column's values as texts: whole numbers without a point, moments as they are written in a question.
fn texts(column: &std::sync::Arc<dyn Array>) -> Vec<Option<String>> {
    let any = column.as_any();
    if let Some(texts) = any.downcast_ref::<StringViewArray>() {
        return texts.iter().map(|text| text.map(str::to_owned)).collect();
    }
    if let Some(texts) = any.downcast_ref::<StringArray>() {
        return texts.iter().map(|text| text.map(str::to_owned)).collect();
    }
    if let Some(numbers) = any.downcast_ref::<Float64Array>() {
        return numbers.iter().map(|number| number.map(|number| number.to_string())).collect();
    }
    if let Some(numbers) = any.downcast_ref::<Int64Array>() {
        return numbers.iter().map(|number| number.map(|number| number.to_string())).collect();
    }
    if let Some(flags) = any.downcast_ref::<BooleanArray>() {
        return flags.iter().map(|flag| flag.map(|flag| flag.to_string())).collect();
    }
    if let Some(times) = any.downcast_ref::<TimestampMicrosecondArray>() {
        let text = |micros| {
            let at = Timestamp::from_microsecond(micros).ok()?.to_zoned(TimeZone::UTC);
            Some(at.datetime().to_string())
        };
        return times.iter().map(|micros| text(micros?)).collect();
    }
    vec![None; column.len()]
}
