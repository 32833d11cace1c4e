//! Public answers that were made already: a map that a thousand residents look at is drawn once.
//!
//! An answer is a function of the question and of the public set at a version, and everybody has the same bytes. So it may
//! be given again while the set's version and the count of closings are what they were. What is kept is in memory, within
//! [`BYTES_MAX`].

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What answers may take, bytes as JSON; the values behind them take a few times as much.
const BYTES_MAX: usize = 32 << 20;

/// Answers of one version.
#[derive(Default)]
pub(crate) struct Answers(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    version: (String, u64),
    bytes: usize,
    answers: HashMap<(&'static str, String), Arc<dyn Any + Send + Sync>>,
}

impl Answers {
    /// The answer to a question of that name and text, if it was made at this version.
    pub(crate) fn get<T: Any + Send + Sync>(
        &self,
        version: &(String, u64),
        question: &(&'static str, String),
    ) -> Option<Arc<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = kept.answers.get(question).filter(|_| kept.version == *version)?;
        Arc::clone(answer).downcast().ok()
    }

    /// Keeps an answer of so many bytes. Those of another version are dropped, and all of them where there are too many.
    pub(crate) fn keep(
        &self,
        version: (String, u64),
        question: (&'static str, String),
        answer: Arc<dyn Any + Send + Sync>,
        bytes: usize,
    ) {
        let bytes = bytes + question.1.len();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.version != version || kept.bytes + bytes > BYTES_MAX {
            *kept = Kept { version, ..Kept::default() };
        }
        if bytes <= BYTES_MAX && kept.answers.insert(question, answer).is_none() {
            kept.bytes += bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answers, BYTES_MAX};
    use std::sync::Arc;

    #[test]
    fn an_answer_is_given_again_at_its_version_alone() {
        let answers = Answers::default();
        let (first, closed) = (("1 a".to_owned(), 0), ("1 a".to_owned(), 1));
        let question = ("tile", "{}".to_owned());
        answers.keep(first.clone(), question.clone(), Arc::new(7u32), 10);
        assert_eq!(answers.get::<u32>(&first, &question).as_deref(), Some(&7));
        assert!(answers.get::<u64>(&first, &question).is_none(), "of another type");
        assert!(answers.get::<u32>(&first, &("place", "{}".to_owned())).is_none());
        assert!(answers.get::<u32>(&closed, &question).is_none(), "something was closed");
        answers.keep(closed.clone(), question.clone(), Arc::new(8u32), 10);
        assert!(answers.get::<u32>(&first, &question).is_none());
        assert_eq!(answers.get::<u32>(&closed, &question).as_deref(), Some(&8));
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let answers = Answers::default();
        let version = ("1".to_owned(), 0);
        for at in 0..10u32 {
            answers.keep(version.clone(), ("tile", at.to_string()), Arc::new(at), BYTES_MAX / 4);
            assert!(answers.0.lock().unwrap().bytes <= BYTES_MAX);
        }
        answers.keep(version.clone(), ("tile", "large".to_owned()), Arc::new(0u32), BYTES_MAX);
        assert!(answers.get::<u32>(&version, &("tile", "large".to_owned())).is_none());
    }
}
