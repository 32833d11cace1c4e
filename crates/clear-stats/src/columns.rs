//! The projection: one table for each set, and the leaf through which rows are read.

use std::io::{Read, Write};

use clear_record::{Kind, Label, RecordId, Seq, Sight, Snapshot, Version};

use crate::lens::Lens;
use crate::sets::{Derive, Incidents, Set, SetColumn};
use crate::shelf::Shelf;
use crate::store::{self, Frozen, Writer};

/// The columnar projection. Drop it, apply the same versions again, and it answers the same.
pub struct Columns {
    seq: Seq,
    tables: Vec<Table>,
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
        Columns { seq: Seq::default(), tables: tables.collect() }
    }

    /// What a snapshot is made of. It costs the copies that later rows make of what is held.
    ///
    /// # Errors
    /// None that is known: it writes to memory.
    pub fn held(&self) -> std::io::Result<Held> {
        let held = |table: &Table| {
            let mut kept = Vec::new();
            table.derive.keep(&mut kept)?;
            Ok((kept, table.writer.held()))
        };
        Ok(Held { seq: self.seq, tables: self.tables.iter().map(held).collect::<std::io::Result<_>>()? })
    }

    /// A projection of the same sets as it was when it was [held](Columns::held).
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
            tables.push(Table { writer: Writer::restored(derive.set(), from)?, derive });
        }
        Ok(Columns { seq, tables })
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
        self.tables
            .iter_mut()
            .map(|table| &mut table.writer)
            .filter(|writer| writer.is_ragged())
            .for_each(Writer::compact);
    }

    /// Puts the rows of every table in order.
    #[cfg(test)]
    pub(crate) fn compact_all(&mut self) {
        self.tables.iter_mut().for_each(|table| table.writer.compact());
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

    pub(crate) fn table(&self, alias: &str) -> Option<&Writer> {
        self.tables.iter().map(|table| &table.writer).find(|writer| writer.now().set.alias == alias)
    }

    /// A set as an asker sees it; rows whose date is `before` or later, microseconds since 1970, are held back.
    pub(crate) fn leaf(&self, alias: &str, sight: &Sight<'_>, before: Option<i64>) -> Option<Leaf<'_>> {
        let writer = self.table(alias)?;
        let lens = Lens::new(sight, writer);
        let lens = match before.zip(writer.now().set.date()) {
            Some((before, date)) => lens.held_back(before, date),
            None => lens,
        };
        Some(Leaf { writer, lens })
    }
}

/// One set, with what exists of it for one asker.
pub(crate) struct Leaf<'a> {
    pub(crate) writer: &'a Writer,
    pub(crate) lens: Lens,
}

impl<'a> Leaf<'a> {
    pub(crate) fn table(&self) -> &'a Frozen {
        self.writer.now()
    }

    /// The readable column of that name, by its place.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        let column = self.table().set.column(name)?;
        self.lens.knows(self.table().set.columns.get(column)?.class).then_some(column)
    }

    /// The incident with this number, if the asker may see it, and if a test of its row holds.
    pub(crate) fn incident(
        &self,
        number: u32,
        test: impl Fn(&crate::store::Chunk, usize, crate::lens::Classes) -> bool,
    ) -> Option<RecordId> {
        let (at, row) = self.writer.place(number)?;
        let chunk = self.table().chunks.get(at)?;
        let open = self.lens.row(chunk, at, row);
        (open != 0 && test(chunk, row, open))
            .then(|| self.table().record(number))
            .flatten()
            .filter(|id| id.kind == Kind::Incident)
    }
}
