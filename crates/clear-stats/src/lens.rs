//! The leaf: which rows and values of a table exist for one asker.
//!
//! In:    a [`Sight`], a table.
//! Out:   for each chunk, a [`View`]: the visible rows, and for each field class the rows on which it is open.
//! Never: looks at a value, but at dates where the newest are held back.
//!
//! # How
//! INVARIANT (hidden rows end in the leaf): whatever reads a chunk reads it through a [`View`]; a row that is not in it does
//! not exist, and a value whose class is closed on its row is NULL. A lens owns what it needs, so that it can be kept beside a
//! table, and sent along with a part of one.
//!
//! Labels are few and rows are many: what is open is found for each label once. Where a chunk has but labels that are all
//! open, or all closed, no row of it is looked at. Rows that relations open beyond their label, or that were tightened, are
//! resolved to their places when the lens is made.

use clear_record::{FieldClass, LabelId, Reach, Sight};

use crate::store::{Bits, Chunk, Frozen, Open, Writer, Zone};

/// One bit for each field class.
pub(crate) type Classes = u8;

pub(crate) fn bit(class: FieldClass) -> Classes {
    1 << class as u8
}

/// What exists for one asker in one table.
#[derive(Debug, Clone)]
pub(crate) struct Lens {
    /// By label, the classes that are open; none: its rows are hidden.
    by_label: Vec<Classes>,
    /// The classes that are open on some label.
    known: Classes,
    /// Chunk, row, and the classes that are open there, whatever its label; in order.
    singled: Vec<(u32, u16, Classes)>,
    /// Rows from this date on are held back, with the place of the date's column.
    before: Option<(i64, usize)>,
}

/// Some rows of a chunk.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    None,
    All,
    Some(Bits),
}

/// What exists of one chunk.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) rows: Seen,
    classes: [Seen; FieldClass::ALL.len()],
}

impl Lens {
    pub(crate) fn new(sight: &Sight<'_>, writer: &Writer) -> Lens {
        let by_label = (0..writer.now().most_labels).map(|label| open(sight.any(), LabelId(label))).collect();
        let known =
            FieldClass::ALL.iter().filter(|class| sight.knows(**class)).fold(0, |bits, class| bits | bit(*class));
        let mut lens = Lens { by_label, known, singled: Vec::new(), before: None };
        for id in sight.singled() {
            for (at, row) in writer.places_of(id) {
                let Some(chunk) = writer.now().chunks.get(at) else { continue };
                let label = chunk.labels.get(row);
                let beyond = sight.beyond(id).map(|beyond| beyond.fold(0, |bits, reach| bits | open(reach, label)));
                let classes = beyond.map_or(0, |beyond| beyond | lens.of_label(label));
                lens.singled.push((at as u32, row as u16, classes));
            }
        }
        lens.singled.sort_unstable();
        lens.singled.dedup();
        lens
    }

    /// Holds back the rows whose date is this or later, and those that have none.
    pub(crate) fn held_back(mut self, from: i64, date: usize) -> Lens {
        self.before = Some((from, date));
        self
    }

    /// Whether fields of this class exist on any label.
    pub(crate) fn knows(&self, class: FieldClass) -> bool {
        self.known & bit(class) != 0
    }

    fn of_label(&self, label: LabelId) -> Classes {
        self.by_label.get(label.0 as usize).copied().unwrap_or(0)
    }

    fn singled_in(&self, at: usize) -> &[(u32, u16, Classes)] {
        let from = self.singled.partition_point(|(chunk, ..)| (*chunk as usize) < at);
        let to = self.singled.partition_point(|(chunk, ..)| (*chunk as usize) <= at);
        self.singled.get(from..to).unwrap_or_default()
    }

    /// The classes that are open on one row; none: it is hidden. For lenses that hold nothing back.
    pub(crate) fn row(&self, chunk: &Chunk, at: usize, row: usize) -> Classes {
        let singled = self.singled_in(at);
        match singled.binary_search_by_key(&row, |(_, row, _)| usize::from(*row)) {
            Ok(found) => singled.get(found).map_or(0, |(.., classes)| *classes),
            Err(_) => self.of_label(chunk.labels.get(row)),
        }
    }

    /// Whether a class is open on every visible row of a chunk.
    pub(crate) fn is_open(&self, chunk: &Chunk, at: usize, class: Classes) -> bool {
        let labels = chunk.labels.known.iter().map(|label| self.of_label(*label));
        let singled = self.singled_in(at).iter().map(|(.., classes)| *classes);
        labels.chain(singled).all(|classes| classes == 0 || classes & class != 0)
    }

    /// What exists of a chunk; of classes, those that are asked for.
    pub(crate) fn view(&self, table: &Frozen, chunk: &Open, at: usize, wanted: Classes) -> View {
        let of_label: Vec<Classes> = chunk.labels.known.iter().map(|label| self.of_label(*label)).collect();
        let singled = self.singled_in(at);
        let seen = |open: &dyn Fn(Classes) -> bool| {
            let mut labels = of_label.iter().map(|classes| open(*classes));
            let first = labels.next().unwrap_or(false);
            let alike = labels.all(|other| other == first);
            let singled_alike = singled.iter().all(|(.., classes)| open(*classes) == first);
            if alike && singled_alike {
                return if first { Seen::All } else { Seen::None };
            }
            let by_label: Vec<bool> = of_label.iter().map(|classes| open(*classes)).collect();
            let is = |at: usize| by_label.get(at).copied().unwrap_or(false);
            let mut bits =
                crate::store::each_width!(&*chunk.labels.of, values => Bits::of(values, |at| is(at as usize)));
            for (_, row, classes) in singled {
                bits.set(usize::from(*row), open(*classes));
            }
            Seen::Some(bits)
        };
        let mut view = View {
            rows: seen(&|classes| classes != 0),
            classes: std::array::from_fn(|class| {
                if wanted >> class & 1 == 1 { seen(&|classes| classes >> class & 1 == 1) } else { Seen::None }
            }),
        };
        if let Some((from, date)) = self.before
            && !matches!(view.rows, Seen::None)
        {
            // Where the date may not be read, it is as if there were none.
            let dated = seen(&|classes| classes & table.date_class() != 0);
            view.hold_back(chunk, from, date, &dated);
        }
        view
    }
}

/// The classes that a reach opens on a label. A pointer shows whom to ask; counting it would tell more.
fn open(reach: &Reach, label: LabelId) -> Classes {
    FieldClass::ALL.iter().filter(|class| reach.opens(**class, label)).fold(0, |bits, class| bits | bit(*class))
}

impl View {
    fn nothing() -> View {
        View { rows: Seen::None, classes: std::array::from_fn(|_| Seen::None) }
    }

    /// The rows on which a class is open.
    pub(crate) fn class(&self, class: FieldClass) -> &Seen {
        self.classes.get(class as usize).unwrap_or(&Seen::None)
    }

    fn hold_back(&mut self, chunk: &Open, from: i64, date: usize, dated: &Seen) {
        match chunk.zone(date) {
            Zone::Times(_, high) if high < from && chunk.lacks_none(date) && dated.is_all() => {}
            Zone::Times(low, _) if low >= from => *self = View::nothing(),
            _ => {
                let mut held = Bits::none(chunk.rows);
                if let crate::store::Data::Times(times) = chunk.data(date) {
                    held = Bits::of(times, |time| time < from && time != crate::store::NO_TIME);
                }
                dated.narrow(&mut held);
                for seen in std::iter::once(&mut self.rows).chain(&mut self.classes) {
                    match seen {
                        Seen::None => {}
                        Seen::All => *seen = Seen::Some(held.clone()),
                        Seen::Some(bits) => bits.and(&held),
                    }
                }
            }
        }
    }
}

impl Seen {
    /// As bits of a chunk of so many rows.
    pub(crate) fn bits(&self, rows: usize) -> Bits {
        match self {
            Seen::None => Bits::none(rows),
            Seen::All => Bits::all(rows),
            Seen::Some(bits) => bits.clone(),
        }
    }

    /// Keeps of some rows those that are in this.
    pub(crate) fn narrow(&self, rows: &mut Bits) {
        match self {
            Seen::None => rows.clear(),
            Seen::All => {}
            Seen::Some(bits) => rows.and(bits),
        }
    }

    pub(crate) fn has(&self, row: usize) -> bool {
        match self {
            Seen::None => false,
            Seen::All => true,
            Seen::Some(bits) => bits.get(row),
        }
    }

    pub(crate) fn is_all(&self) -> bool {
        matches!(self, Seen::All)
    }
}
