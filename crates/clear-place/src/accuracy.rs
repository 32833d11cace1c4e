//! How well a hot-spot map says where the next weeks' incidents will be.
//!
//! In:    which cells of a grid a map marks, which cells are the study area, later incidents.
//! Out:   the hit rate, the share of the area, the predictive accuracy index, the efficiency index.
//! Never: looks at incidents that the map was made from: the caller gives later ones.
//!
//! # How
//! PAI = (n/N) / (a/A): the share of later incidents inside the marked area over the share of the area (Chainey, Tompson &
//! Uhlig, *The utility of hotspot mapping for predicting spatial patterns of crime*, Security Journal 21, 2008). 1 is what
//! marking at random gives. PEI = PAI / PAI*, where PAI* is the greatest that any choice of as many cells could have had, with
//! hindsight (Hunt, *Do crime hot spots move?*, 2016): it makes maps of different sizes comparable.

use serde::Serialize;

/// One map against incidents that came after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Accuracy {
    /// Later incidents in the study area.
    pub incidents: u64,
    /// Of them, those in a marked cell.
    pub hits: u64,
    /// Cells of the study area.
    pub cells: u64,
    /// Of them, marked ones.
    pub marked: u64,
    /// The predictive accuracy index; `None` without incidents or marks.
    pub pai: Option<f64>,
    /// The predictive efficiency index, 0 to 1; `None` without incidents or marks.
    pub pei: Option<f64>,
}

/// The accuracy of a map: for each cell of the study area, whether it is marked and how many later incidents it has.
pub fn accuracy(cells: impl IntoIterator<Item = (bool, u64)>) -> Accuracy {
    let mut counts = Vec::new();
    let mut found = Accuracy { incidents: 0, hits: 0, cells: 0, marked: 0, pai: None, pei: None };
    for (marked, count) in cells {
        found.cells += 1;
        found.incidents += count;
        if marked {
            found.marked += 1;
            found.hits += count;
        }
        counts.push(count);
    }
    if found.incidents == 0 || found.marked == 0 {
        return found;
    }
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let best: u64 = counts.iter().take(usize::try_from(found.marked).unwrap_or(usize::MAX)).sum();
    let area = found.marked as f64 / found.cells as f64;
    found.pai = Some(found.hits as f64 / found.incidents as f64 / area);
    found.pei = (best > 0).then(|| found.hits as f64 / best as f64);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_the_share_of_incidents_over_the_share_of_the_area() {
        // Two of ten cells marked; 6 of 10 later incidents there; with hindsight two cells could have had 8.
        let later = [5, 1, 3, 1, 0, 0, 0, 0, 0, 0];
        let found = accuracy(later.iter().enumerate().map(|(at, count)| (at < 2, *count)));
        assert_eq!((found.hits, found.pai, found.pei), (6, Some(0.6 / 0.2), Some(0.75)));
        let all = accuracy(later.iter().map(|count| (true, *count)));
        assert_eq!((all.pai, all.pei), (Some(1.0), Some(1.0)));
        assert_eq!(accuracy([(false, 3)]).pai, None);
        assert_eq!(accuracy([(true, 0)]).pai, None);
        assert_eq!(accuracy([]).cells, 0);
    }
}
