//! One column of one chunk: at hand, or put aside by the [`Tier`].
//!
//! # How
//! Versions of a chunk share the columns in which they do not differ. Whether a column is at hand is the same for all of them and may
//! change under a reader, who holds the data by its own reference and sees nothing of it. A writer first takes a column back
//! ([`Column::thaw`]), for everybody: what was put aside before is of no use then, and goes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use clear_cold::{Error, Object, Values};

use super::Codes;
use super::chunk::Data;
use super::tier::Tier;

/// One column of one chunk.
#[derive(Debug)]
pub(crate) struct Column {
    state: RwLock<State>,
    /// When it was last read, by [`CLOCK`].
    used: AtomicU64,
}

/// At least one of both.
#[derive(Debug)]
struct State {
    at_hand: Option<Arc<Data>>,
    aside: Option<Aside>,
}

/// Where a column was put.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    pub(crate) tier: Arc<Tier>,
    pub(crate) object: Arc<Object>,
    pub(crate) place: usize,
}

/// Goes on with everything that tells what was used before what.
pub(crate) static CLOCK: AtomicU64 = AtomicU64::new(1);

/// What a column is whose values are made of others, and one that does not exist.
pub(crate) static MADE: LazyLock<Arc<Data>> = LazyLock::new(|| Arc::new(Data::Made));

impl Column {
    pub(crate) fn of(data: Data) -> Column {
        let state = State { at_hand: Some(Arc::new(data)), aside: None };
        Column { state: RwLock::new(state), used: AtomicU64::new(CLOCK.load(Ordering::Relaxed)) }
    }

    /// Its values, wherever they are.
    ///
    /// # Errors
    /// When they were put aside and cannot be had back.
    pub(crate) fn data(self: &Arc<Column>) -> Result<Arc<Data>, Error> {
        let now = CLOCK.load(Ordering::Relaxed);
        if self.used.load(Ordering::Relaxed) != now {
            self.used.store(now, Ordering::Relaxed);
        }
        if let Some(data) = &self.state().at_hand {
            return Ok(Arc::clone(data));
        }
        // Whoever else wants it waits for this one reading.
        let mut state = self.change();
        if let Some(data) = &state.at_hand {
            return Ok(Arc::clone(data));
        }
        let aside = state.aside.clone().ok_or(Error::Gone)?;
        let data = Arc::new(Data::of(aside.object.read(aside.place)?));
        state.at_hand = Some(Arc::clone(&data));
        drop(state);
        CLOCK.fetch_add(1, Ordering::Relaxed);
        aside.tier.took(self, data.bytes());
        Ok(data)
    }

    /// Its values, for somebody who reads everything once: they are not kept at hand.
    ///
    /// # Errors
    /// As [`Column::data`].
    pub(crate) fn data_once(&self) -> Result<Arc<Data>, Error> {
        let (at_hand, aside) = {
            let state = self.state();
            (state.at_hand.clone(), state.aside.clone())
        };
        match (at_hand, aside) {
            (Some(data), _) => Ok(data),
            (None, Some(aside)) => Ok(Arc::new(Data::of(aside.object.read(aside.place)?))),
            (None, None) => Err(Error::Gone),
        }
    }

    /// Takes it back for good, for everybody who has it.
    ///
    /// # Errors
    /// When it cannot be had back; then it stays where it is.
    pub(crate) fn thaw(self: &Arc<Column>) -> Result<(), Error> {
        let mut state = self.change();
        let Some(aside) = state.aside.clone() else { return Ok(()) };
        if state.at_hand.is_none() {
            state.at_hand = Some(Arc::new(Data::of(aside.object.read(aside.place)?)));
        }
        state.aside = None;
        aside.tier.grew(state.at_hand.as_ref().map_or(0, |data| data.bytes()));
        Ok(())
    }

    /// For its writer, who has thawed it: a copy of its own where somebody else has it.
    pub(crate) fn edit(this: &mut Arc<Column>) -> Option<&mut Data> {
        if Arc::get_mut(this).is_none() {
            let data = this.state().at_hand.clone()?;
            *this = Arc::new(Column::of((*data).clone()));
        }
        let state = Arc::get_mut(this)?.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.aside = None;
        state.at_hand.as_mut().map(Arc::make_mut)
    }

    /// Its values, if they are at hand.
    pub(crate) fn at_hand(&self) -> Option<Arc<Data>> {
        self.state().at_hand.clone()
    }

    pub(crate) fn is_aside(&self) -> bool {
        self.state().aside.is_some()
    }

    /// Says where it was put; it stays at hand until it is let go.
    pub(crate) fn put_aside(&self, aside: Aside) {
        self.change().aside = Some(aside);
    }

    /// Lets go of what is put aside; whether it did.
    pub(crate) fn let_go(&self) -> bool {
        let Ok(mut state) = self.state.try_write() else { return false };
        let can = state.aside.is_some();
        if can {
            state.at_hand = None;
        }
        can
    }

    /// How many bytes it has at hand that are nowhere else.
    pub(crate) fn bytes_only_here(&self) -> usize {
        let state = self.state();
        if state.aside.is_some() { 0 } else { state.at_hand.as_ref().map_or(0, |data| data.bytes()) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.state().at_hand.as_ref().map_or(0, |data| data.bytes())
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Data {
    fn of(values: Values) -> Data {
        match values {
            Values::Bytes(codes) => Data::Codes(Codes::Byte(codes)),
            Values::Shorts(codes) => Data::Codes(Codes::Short(codes)),
            Values::Longs(codes) => Data::Codes(Codes::Long(codes)),
            Values::Numbers(numbers) => Data::Numbers(numbers),
            Values::Times(times) => Data::Times(times),
        }
    }

    /// A copy that can be put aside; of what is made of others there is nothing to put.
    pub(crate) fn values(&self) -> Option<Values> {
        Some(match self {
            Data::Codes(Codes::Byte(codes)) => Values::Bytes(codes.clone()),
            Data::Codes(Codes::Short(codes)) => Values::Shorts(codes.clone()),
            Data::Codes(Codes::Long(codes)) => Values::Longs(codes.clone()),
            Data::Numbers(numbers) => Values::Numbers(numbers.clone()),
            Data::Times(times) => Values::Times(times.clone()),
            Data::Made => return None,
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Data::Codes(codes) => codes.bytes(),
            Data::Numbers(numbers) => numbers.capacity() * 8,
            Data::Times(times) => times.capacity() * 8,
            Data::Made => 0,
        }
    }
}
