//! The projection: one table for each set, and the leaf through which rows are read.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::{Read, Write};
use std::sync::Arc;

use clear_cold::{Error as ColdError, Place as ColdPlace};
use clear_record::{Label, RecordId, Seq, Sight, Snapshot, Version};

use crate::lens::Lens;
use crate::sets::{Derive, Incidents, Set, SetColumn};
use crate::shelf::Shelf;
use crate::store::{self, Frozen, Open, Reading, Tier, Writer};

/// The columnar projection. Drop it, apply the same versions again, and it answers the same.
pub struct Columns {
    seq: Seq,
    tables: Vec<Table>,
    tier: Option<Arc<Tier>>,
}

struct Table {
    derive: Box<dyn Derive>,
    writer: Writer,
}

/// The projection as it was when it was held, to be written while rows come in.
pub struct Held {
    seq: Seq,
    tables: Vec<(Vec<u8>, store::Held)>,
}

impl Held {
    /// Writes it.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        self.seq.write(out)?;
        for (derive, rows) in &self.tables {
            derive.write(out)?;
            rows.write(out)?;
        }
        Ok(())
    }
}

impl Default for Columns {
    fn default() -> Columns {
        Columns::new()
    }
}

impl Columns {
    /// A projection of nothing, with the set of incidents.
    pub fn new() -> Columns {
        Columns::of(vec![Box::new(Incidents)])
    }

    /// A projection of nothing, with these sets.
    pub fn of(sets: Vec<Box<dyn Derive>>) -> Columns {
        let tables = sets.into_iter().map(|derive| Table { writer: Writer::new(derive.set()), derive });
        Columns { seq: Seq::default(), tables: tables.collect(), tier: None }
    }

    /// The same, with at most so many bytes of columns in memory; what was not used for longest goes to the place.
    #[must_use]
    pub fn bounded(mut self, place: ColdPlace, memory_bytes: usize) -> Columns {
        let tier = Arc::new(Tier::new(place, memory_bytes));
        self.tables.iter_mut().for_each(|table| table.writer.bounded(&tier));
        self.tier = Some(tier);
        self
    }

    /// What a snapshot is made of. It costs the copies that later rows make of what is held.
    ///
    /// # Errors
    /// When something waits to be taken in: what is here is not what was filed.
    pub fn held(&self) -> std::io::Result<Held> {
        if let Some(error) = self.failed() {
            return Err(std::io::Error::other(error.clone()));
        }
        let held = |table: &Table| {
            let mut kept = Vec::new();
            table.derive.keep(&mut kept)?;
            Ok((kept, table.writer.held()))
        };
        Ok(Held { seq: self.seq, tables: self.tables.iter().map(held).collect::<std::io::Result<_>>()? })
    }

    /// A projection of the same sets as it was when it was [held](Columns::held), with the same room for its columns.
    ///
    /// # Errors
    /// When `from` ends, or is of other sets, or of sets under other settings.
    pub fn restored(&self, from: &mut impl Read) -> std::io::Result<Columns> {
        let seq = Seq::read(from)?;
        let mut tables = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let kept: Vec<u8> = Vec::read(from)?;
            let mut rest = kept.as_slice();
            let derive = table.derive.restored(&mut rest)?;
            if !rest.is_empty() {
                return Err(clear_record::snapshot::not_a("whole set"));
            }
            tables.push(Table { writer: Writer::restored(derive.set(), self.tier.as_ref(), from)?, derive });
        }
        Ok(Columns { seq, tables, tier: self.tier.clone() })
    }

    /// Takes in one version; they come in `seq` order, each record's newest counts. A version seen before changes
    /// nothing, except that an expunged one removes its rows whenever it comes.
    pub fn apply(&mut self, version: &Version) {
        self.apply_labelled(version, None);
    }

    /// The same, with the value of the version's label, for sets whose rows depend on it.
    pub fn apply_labelled(&mut self, version: &Version, label: Option<&Label>) {
        let is_new = version.seq > self.seq;
        if !is_new && version.record.is_some() {
            return;
        }
        let at_second = u32::try_from(version.recorded_at.as_second()).unwrap_or(0);
        for table in &mut self.tables {
            let mut changed = false;
            for rows in table.derive.derive(version, label) {
                changed |= table.writer.apply(&rows, at_second);
            }
            // What has no row, before and after, must not show: not even in a version of the set.
            table.writer.pass(version.seq, changed);
        }
        self.seq = self.seq.max(version.seq);
        if self.tier.as_ref().is_some_and(|tier| tier.is_pressing()) {
            // That it cannot be put aside is found again, and told, by whoever settles in time.
            drop(self.settle());
        }
    }

    /// How far it has followed the ledger.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// How many incidents it holds, hidden ones included: for operators, never for askers.
    pub fn len(&self) -> usize {
        self.table("incidents").map_or(0, Writer::len)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(|table| table.writer.len() == 0)
    }

    /// Whether rows have come in so out of order that [`compact`](Columns::compact) is worth its work.
    pub fn is_ragged(&self) -> bool {
        self.tables.iter().any(|table| table.writer.is_ragged())
    }

    /// Puts the rows of each ragged table in order. Answers stay what they are.
    pub fn compact(&mut self) {
        let mut compacting = self.begin_compaction();
        compacting.work();
        self.end_compaction(compacting);
    }

    /// Begins to put the rows of ragged tables in order, without holding anybody up: the work is done elsewhere, meanwhile rows come in,
    /// and [`end_compaction`](Columns::end_compaction) takes over what came of it.
    pub fn begin_compaction(&mut self) -> Compacting {
        let ragged = self.tables.iter_mut().map(|table| &mut table.writer).enumerate();
        let ragged = ragged.filter(|(_, writer)| writer.is_ragged());
        Compacting { tables: ragged.map(|(at, writer)| (at, writer.begin_compaction())).collect() }
    }

    /// Takes over what was put in order. Whether all of it was: where something was expunged meanwhile, or columns cannot be had
    /// back, a table stays as it is.
    pub fn end_compaction(&mut self, compacting: Compacting) -> bool {
        let mut all = true;
        for (at, compaction) in compacting.tables {
            all &= self.tables.get_mut(at).is_some_and(|table| table.writer.end_compaction(compaction));
        }
        all
    }

    /// What is to be looked at, to keep to the memory that there is for columns; `None` where nothing has grown. The work is
    /// done elsewhere, meanwhile rows come in.
    pub fn settling(&self) -> Option<Settling> {
        let tier = self.tier.as_ref().filter(|tier| tier.has_grown())?;
        Some(Settling(store::Settling::of(tier, self.tables.iter().map(|table| &table.writer))))
    }

    /// Puts aside what has to be, now.
    ///
    /// # Errors
    /// When the place does not take it: then more is in memory than should be.
    pub fn settle(&mut self) -> Result<(), ColdError> {
        self.settling().map_or(Ok(()), |settling| settling.work())
    }

    /// Columns that these versions would change and that were put aside: whoever takes them back beforehand does not wait for them later.
    pub fn written_by<'a>(&self, versions: impl Iterator<Item = &'a Version>) -> Thawing {
        if self.tier.is_none() {
            return Thawing(Vec::new());
        }
        let mut chunks: Vec<Arc<store::Chunk>> = Vec::new();
        for version in versions {
            for writer in self.tables.iter().map(|table| &table.writer) {
                let known = writer.places_of(version.id).filter_map(|(at, _)| writer.now().chunks.get(at));
                for chunk in known.chain(writer.now().chunks.last()) {
                    if !chunks.iter().any(|other| Arc::ptr_eq(other, chunk)) && !chunk.is_at_hand() {
                        chunks.push(Arc::clone(chunk));
                    }
                }
            }
        }
        Thawing(chunks)
    }

    /// Why questions about some set fail now: what was filed could not be taken in, because columns that were put aside do not come
    /// back. With `None` nothing is wrong.
    pub fn failed(&self) -> Option<&ColdError> {
        self.tables.iter().find_map(|table| table.writer.failed())
    }

    /// Whether there is something to put aside, maybe.
    pub fn has_grown(&self) -> bool {
        self.tier.as_ref().is_some_and(|tier| tier.has_grown())
    }

    /// The columns that have to come back before what waits can be taken in; `None` where nothing waits.
    pub fn waited_for(&self) -> Option<Thawing> {
        let waiting = self.tables.iter().filter(|table| table.writer.is_waiting());
        let chunks: Vec<Arc<store::Chunk>> = waiting.flat_map(|table| table.writer.waited_for()).cloned().collect();
        self.is_waiting().then_some(Thawing(chunks))
    }

    /// The columns that [`end_compaction`](Columns::end_compaction) will write.
    pub fn written_since(&self, compacting: &Compacting) -> Thawing {
        let tables = compacting.tables.iter().filter_map(|(at, compaction)| Some((self.tables.get(*at)?, compaction)));
        Thawing(tables.flat_map(|(table, compaction)| table.writer.written_since(compaction)).collect())
    }

    /// Takes in what could not be taken in before, as far as it can be now.
    pub fn take_waiting(&mut self) {
        self.tables.iter_mut().filter(|table| table.writer.is_waiting()).for_each(|table| {
            table.writer.take_waiting();
        });
    }

    /// Whether something waits to be taken in.
    pub fn is_waiting(&self) -> bool {
        self.tables.iter().any(|table| table.writer.is_waiting())
    }

    /// Whether rows are gone that only the ledger has: then it has to be folded again.
    pub fn is_lost(&self) -> bool {
        self.tables.iter().any(|table| table.writer.is_lost())
    }

    /// Puts the rows of every table in order.
    #[cfg(test)]
    pub(crate) fn compact_all(&mut self) {
        let mut compacting = self.begin_all();
        compacting.work();
        assert!(self.end_compaction(compacting));
    }

    #[cfg(test)]
    pub(crate) fn begin_all(&mut self) -> Compacting {
        let writers = self.tables.iter_mut().map(|table| &mut table.writer).enumerate();
        Compacting { tables: writers.map(|(at, writer)| (at, writer.begin_compaction())).collect() }
    }

    /// Bytes of columns in memory.
    #[cfg(test)]
    pub(crate) fn bytes_at_hand(&self) -> usize {
        let chunks = self.tables.iter().flat_map(|table| &table.writer.now().chunks);
        chunks.map(|chunk| chunk.bytes_of_columns()).sum()
    }

    /// What may be put aside, whatever has grown.
    #[cfg(test)]
    pub(crate) fn settling_all(&self) -> Settling {
        let tier = self.tier.as_ref().unwrap();
        Settling(store::Settling::of(tier, self.tables.iter().map(|table| &table.writer)))
    }

    #[cfg(test)]
    pub(crate) fn rebudget(&self, budget: usize) {
        self.tier.as_ref().unwrap().rebudget(budget);
    }

    #[cfg(test)]
    pub(crate) fn let_all_go(&self) {
        let chunks = self.tables.iter().flat_map(|table| &table.writer.now().chunks);
        chunks.flat_map(|chunk| &chunk.columns).for_each(|column| assert!(column.let_go() || column.bytes() == 0));
    }

    /// The objects that have rows of a record.
    #[cfg(test)]
    pub(crate) fn objects_of(&self, id: clear_record::RecordId) -> Vec<std::sync::Weak<clear_cold::Object>> {
        let writers = self.tables.iter().map(|table| &table.writer);
        let places = writers.flat_map(|writer| {
            let number = |(at, row): (usize, usize)| writer.now().chunks.get(at)?.numbers.get(row).copied();
            writer.places_of(id).filter_map(number).map(|number| (writer.now().set.alias, number)).collect::<Vec<_>>()
        });
        let rows: Vec<(&str, u32)> = places.collect();
        self.tier.as_ref().map_or_else(Vec::new, |tier| tier.objects_of(&rows))
    }

    /// How many rows each set has, hidden ones included: for operators, never for askers.
    pub fn rows(&self) -> Vec<(&'static str, usize)> {
        self.tables.iter().map(|table| (table.writer.now().set.alias, table.writer.len())).collect()
    }

    /// How many bytes are put aside, sealed: for operators.
    pub fn bytes_aside(&self) -> u64 {
        self.tier.as_ref().map_or(0, |tier| tier.bytes_aside())
    }

    /// How much memory it takes, bytes: for operators.
    pub fn bytes(&self) -> usize {
        self.tables.iter().map(|table| table.writer.bytes()).sum()
    }

    /// The columns of incidents that an asker can read on some label, in order. Others do not exist for the asker.
    pub fn readable(sight: &Sight<'_>) -> impl Iterator<Item = &'static SetColumn> {
        crate::sets::INCIDENTS.columns.iter().filter(|column| sight.knows(column.class))
    }

    /// The set of that alias as it is now, and as an asker sees it; `None` where there is no such set here. What comes in
    /// later does not change it.
    pub fn shelf(&self, alias: &str, sight: &Sight<'_>) -> Option<Shelf> {
        let is = |set: &Set| set.alias.eq_ignore_ascii_case(alias) || set.id == alias;
        let writer = self.tables.iter().map(|table| &table.writer).find(|writer| is(writer.now().set))?;
        Some(Shelf::new(writer.frozen(), Lens::new(sight, writer)))
    }

    /// When each of these incidents happened, microseconds since 1970 on the city's clock, where the asker may read it.
    ///
    /// # Errors
    /// When columns that were put aside do not come back.
    pub fn dates(&self, ids: &[RecordId], sight: &Sight<'_>) -> Result<Vec<Option<i64>>, ColdError> {
        let Some(writer) = self.table("incidents") else { return Ok(vec![None; ids.len()]) };
        let (table, lens, reading) = (writer.now(), Lens::new(sight, writer), Reading::default());
        let mut opened: HashMap<usize, Open> = HashMap::new();
        let mut date = |id: &RecordId| {
            let (at, row) = writer.places_of(*id).next()?;
            let chunk = match opened.entry(at) {
                Entry::Occupied(chunk) => chunk.into_mut(),
                Entry::Vacant(place) => place.insert(table.open(at, &reading)?),
            };
            (lens.row(chunk, at, row) & table.date_class() != 0).then(|| chunk.key(row).0)
        };
        let dates = ids.iter().map(&mut date).collect();
        reading.done().map(|()| dates)
    }

    pub(crate) fn table(&self, alias: &str) -> Option<&Writer> {
        self.tables.iter().map(|table| &table.writer).find(|writer| writer.now().set.alias == alias)
    }
}

/// Tables that are being put in order.
pub struct Compacting {
    tables: Vec<(usize, store::Compaction)>,
}

impl Compacting {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// Does the work, which takes seconds for millions of rows. A table that cannot be put in order, because its columns do not come
    /// back, stays as it is.
    pub fn work(&mut self) {
        for (_, compaction) in &mut self.tables {
            // It made nothing, and so nothing is taken over.
            drop(compaction.work());
        }
    }
}

/// Columns that may have to be put aside.
pub struct Settling(store::Settling);

impl Settling {
    /// Puts aside what has to be.
    ///
    /// # Errors
    /// When the place does not take it.
    pub fn work(&self) -> Result<(), ColdError> {
        self.0.work()
    }
}

/// Columns that will be changed.
pub struct Thawing(Vec<Arc<store::Chunk>>);

impl Thawing {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes them back into memory. Whether all came; what did not is found out by whoever changes it.
    pub fn work(&self) -> bool {
        self.0.iter().all(|chunk| chunk.thaw().is_ok())
    }
}

/// One set at one `seq`, with what exists of it for one asker.
pub(crate) struct Leaf<'a> {
    pub(crate) table: &'a Frozen,
    pub(crate) lens: &'a Lens,
}

impl Leaf<'_> {
    /// The readable column of that name, by its place.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        let column = self.table.set.column(name)?;
        self.lens.knows(self.table.set.columns.get(column)?.class).then_some(column)
    }
}
