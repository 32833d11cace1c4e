//! Long values that rows name by a small number: labels and origins.
//!
//! INVARIANT (numbers are dense and never change): given under the head row's lock, from 0, in commit order, so that
//! every node has the same.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use clear_record::{Label, LabelId};
use serde::de::DeserializeOwned;

use crate::Error;
use crate::engine::{Engine, Names, Tx};

/// What is known of the ledger's list. Only committed values are here.
pub(crate) struct Interned<T> {
    which: Names,
    known: RwLock<Known<T>>,
}

struct Known<T> {
    values: Vec<Arc<T>>,
    numbers: HashMap<String, i64>,
}

/// The numbers of one batch's values, by their places in the batch's list.
pub(crate) struct Numbered<T> {
    values: Vec<(i64, Arc<T>)>,
    /// Those that this transaction adds.
    new: Vec<(i64, String, Arc<T>)>,
}

impl<T: DeserializeOwned> Known<T> {
    /// Takes committed rows, those known already among them.
    fn take(&mut self, place: &str, rows: Vec<(i64, String)>) -> Result<(), Error> {
        for (number, text) in rows {
            let next = i64::try_from(self.values.len()).unwrap_or(i64::MAX);
            if number < next {
                continue;
            }
            let damaged = |what: &str| Error::Damaged {
                place: place.to_owned(),
                what: format!("{what} {number} in its list of labels and origins"),
            };
            if number > next {
                return Err(damaged("a gap before"));
            }
            let value = serde_json::from_str(&text).map_err(|_| damaged("an unreadable value"))?;
            self.values.push(Arc::new(value));
            self.numbers.insert(text, number);
        }
        Ok(())
    }
}

impl<T: DeserializeOwned + Send + Sync> Interned<T> {
    pub(crate) fn new(which: Names) -> Interned<T> {
        Interned { which, known: RwLock::new(Known { values: Vec::new(), numbers: HashMap::new() }) }
    }

    fn length(&self) -> i64 {
        i64::try_from(self.known.read().unwrap_or_else(PoisonError::into_inner).values.len()).unwrap_or(i64::MAX)
    }

    fn take(&self, place: &str, rows: Vec<(i64, String)>) -> Result<(), Error> {
        self.known.write().unwrap_or_else(PoisonError::into_inner).take(place, rows)
    }

    /// Numbers a batch's values inside its transaction, adding those that the ledger has not met.
    pub(crate) async fn intern(&self, tx: &mut impl Tx, wanted: Vec<(String, T)>) -> Result<Numbered<T>, Error> {
        let unknown = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            wanted.iter().any(|(text, _)| !known.numbers.contains_key(text))
        };
        if unknown {
            // Another node may have added it since. The head row is ours, so nobody adds one now.
            let rows = tx.names(self.which, self.length()).await?;
            self.take("the ledger", rows)?;
        }
        let (mut values, mut new) = (Vec::with_capacity(wanted.len()), Vec::new());
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let mut next = i64::try_from(known.values.len()).unwrap_or(i64::MAX);
            for (text, value) in wanted {
                let value = Arc::new(value);
                let number = known.numbers.get(&text).copied().unwrap_or_else(|| {
                    new.push((next, text, Arc::clone(&value)));
                    next += 1;
                    next - 1
                });
                values.push((number, value));
            }
        }
        if !new.is_empty() {
            let rows: Vec<(i64, String)> = new.iter().map(|(number, text, _)| (*number, text.clone())).collect();
            tx.add_names(self.which, &rows).await?;
        }
        Ok(Numbered { values, new })
    }

    /// Remembers what a transaction added, once it is committed.
    pub(crate) fn committed(&self, numbered: Numbered<T>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (number, text, value) in numbered.new {
            // Somebody may have read it from the ledger meanwhile; and a number beyond the end is read when needed.
            if usize::try_from(number) == Ok(known.values.len()) {
                known.values.push(value);
                known.numbers.insert(text, number);
            }
        }
    }

    /// The value of a number.
    pub(crate) async fn get(&self, engine: &impl Engine, number: i64) -> Result<Arc<T>, Error> {
        let known = || {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.values.get(usize::try_from(number).ok()?).cloned()
        };
        if let Some(value) = known() {
            return Ok(value);
        }
        self.take(engine.place(), engine.names(self.which, self.length()).await?)?;
        known().ok_or_else(|| Error::Damaged {
            place: engine.place().to_owned(),
            what: format!("a version of an unknown origin {number}"),
        })
    }

    /// Every value, by number.
    pub(crate) async fn all(&self, engine: &impl Engine) -> Result<Vec<T>, Error>
    where
        T: Clone,
    {
        self.take(engine.place(), engine.names(self.which, self.length()).await?)?;
        Ok(self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .values
            .iter()
            .map(|value| T::clone(value))
            .collect())
    }
}

impl<T> Numbered<T> {
    fn at(&self, place: usize) -> Result<&(i64, Arc<T>), Error> {
        self.values.get(place).ok_or_else(|| Error::Damaged {
            place: "the batch".to_owned(),
            what: format!("no label or origin at place {place}"),
        })
    }

    /// The number of the value at a place of the batch's list.
    pub(crate) fn number(&self, place: usize) -> Result<i64, Error> {
        self.at(place).map(|(number, _)| *number)
    }

    /// The value at a place of the batch's list.
    pub(crate) fn value(&self, place: usize) -> Result<&T, Error> {
        self.at(place).map(|(_, value)| &**value)
    }
}

impl Numbered<Label> {
    /// The label's number as others name it.
    pub(crate) fn label(&self, place: usize) -> Result<LabelId, Error> {
        self.number(place).map(label_id)
    }

    /// The labels that this transaction adds.
    pub(crate) fn new_labels(&self) -> Vec<(LabelId, Label)> {
        self.new.iter().map(|(number, _, label)| (label_id(*number), Label::clone(label))).collect()
    }
}

fn label_id(number: i64) -> LabelId {
    LabelId(u32::try_from(number).unwrap_or(u32::MAX))
}
