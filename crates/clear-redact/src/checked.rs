//! The answer to a file that was checked.

use clear_policy::Grant;
use clear_query::CheckMatch;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shown::{View, view};
use crate::{Pointer, Redact, Reduced, Shown};

/// A file that was checked, line by line.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Checked {
    /// What its lines are: `person`, `plate` or `property`.
    pub of: &'static str,
    /// Every line that was asked, in order.
    pub lines: Vec<LineChecked>,
    /// Every line that was not asked, in order.
    pub refused: Vec<LineRefused>,
    /// What to mind here, in the words of an owner that says no more than this.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<&'static str>,
}

/// A line that was asked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LineChecked {
    /// Its number in the file, from 1.
    pub line: usize,
    /// How it was read.
    pub understood: String,
    /// How many records match, of those that the asker may see.
    pub total: usize,
    /// The best of them, at most five.
    pub hits: Vec<CheckedHit>,
    /// Records that match and are not open: whom to ask about them.
    pub pointers: Vec<Pointer>,
}

/// One hit of a line.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CheckedHit {
    /// The record.
    pub record: Shown,
    /// Why it matched, in words.
    pub why: Vec<String>,
}

/// A line that was not asked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LineRefused {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What is wrong with it and how to mend it.
    pub why: String,
}

impl Redact for CheckMatch {
    type Out = Checked;

    fn redact(self, grant: &Grant) -> Reduced<Checked> {
        let mut told = Vec::new();
        let mut lines = Vec::with_capacity(self.lines.len());
        for line in self.lines {
            let (mut hits, mut pointers) = (Vec::new(), Vec::new());
            for (id, why) in line.hits {
                let Some(version) = self.versions.get(&id) else { continue };
                match view(grant, version, &self.known) {
                    Some(View::Shown(record)) => hits.push(CheckedHit { record, why }),
                    Some(View::Pointer(pointer)) => pointers.push(pointer),
                    None => continue,
                }
                told.push(id);
            }
            // Two gray records of one agency are one pointer: how many there are is not said.
            pointers.sort();
            pointers.dedup();
            lines.push(LineChecked { line: line.line, understood: line.understood, total: line.total, hits, pointers });
        }
        told.sort_unstable();
        told.dedup();
        let refused = self.refused.into_iter().map(|it| LineRefused { line: it.line, why: it.why }).collect();
        let cautions = self.cautions.into_iter().map(clear_record::Caution::sentence).collect();
        Reduced { out: Checked { of: self.of.name(), lines, refused, cautions }, told }
    }
}
