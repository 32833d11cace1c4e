//! Where the boxes of a link chart stand: columns by distance from the start, so that it reads from left to right, prints,
//! and no label lies on another.

use std::collections::{BTreeMap, VecDeque};

pub(crate) const BOX_WIDTH: i32 = 196;
pub(crate) const BOX_HEIGHT: i32 = 40;
const COLUMN: i32 = 262;
const ROW: i32 = 50;
const MARGIN: i32 = 6;

/// Where a box stands: its left upper corner; `None` for a node that no link of the chart leads to.
pub(crate) type Place = Option<(i32, i32)>;

/// A chart with its size.
#[derive(Debug, PartialEq)]
pub(crate) struct Layout {
    pub(crate) places: Vec<Place>,
    /// From which node each was reached first.
    pub(crate) before: Vec<Option<usize>>,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// Lays out `nodes` nodes, the first of them leftmost, by the links between them.
pub(crate) fn layout(nodes: usize, links: &[(usize, usize)]) -> Layout {
    let mut beside: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (one, other) in links {
        beside.entry(*one).or_default().push(*other);
        beside.entry(*other).or_default().push(*one);
    }
    // Breadth first: a node's column is its distance, and it stands beside the node from which it was reached.
    let mut column: BTreeMap<usize, i32> = BTreeMap::from([(0, 0)]);
    let mut before: Vec<Option<usize>> = vec![None; nodes];
    let mut after: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut ahead = VecDeque::from([0]);
    while let Some(at) = ahead.pop_front() {
        let next = column.get(&at).copied().unwrap_or_default() + 1;
        let mut others = beside.remove(&at).unwrap_or_default();
        others.sort_unstable();
        for other in others {
            if other < nodes && !column.contains_key(&other) {
                column.insert(other, next);
                if let Some(place) = before.get_mut(other) {
                    *place = Some(at);
                }
                after.entry(at).or_default().push(other);
                ahead.push_back(other);
            }
        }
    }
    // Depth first: whatever leads on to nothing gets the next row, and the others the middle of those they lead on to.
    let mut rows: BTreeMap<usize, i32> = BTreeMap::new();
    let mut free = 0;
    let mut stack = vec![(0usize, false)];
    while let Some((at, done)) = stack.pop() {
        let led_to = after.get(&at).map(Vec::as_slice).unwrap_or_default();
        match (led_to, done) {
            ([], _) => {
                rows.insert(at, free * ROW);
                free += 1;
            }
            (led_to, false) => {
                stack.push((at, true));
                stack.extend(led_to.iter().rev().map(|other| (*other, false)));
            }
            ([first, .., last] | [first @ last], true) => {
                let row = |at: &usize| rows.get(at).copied().unwrap_or_default();
                rows.insert(at, i32::midpoint(row(first), row(last)));
            }
        }
    }
    let place = |at: usize| Some((column.get(&at)? * COLUMN + MARGIN, rows.get(&at)? + MARGIN));
    let columns = column.values().max().copied().unwrap_or_default();
    Layout {
        places: (0..nodes).map(place).collect(),
        before,
        width: columns * COLUMN + BOX_WIDTH + 2 * MARGIN + 36,
        height: (free - 1).max(0) * ROW + BOX_HEIGHT + 2 * MARGIN,
    }
}

/// The line from one box to another, as an SVG path.
pub(crate) fn line(from: (i32, i32), to: (i32, i32)) -> String {
    let ((left, left_y), (right, right_y)) = if from.0 <= to.0 { (from, to) } else { (to, from) };
    let (y1, y2) = (left_y + BOX_HEIGHT / 2, right_y + BOX_HEIGHT / 2);
    let x1 = left + BOX_WIDTH;
    if left == right {
        // In one column the line goes round outside.
        let out = x1 + 34;
        return format!("M{x1} {y1}C{out} {y1} {out} {y2} {x1} {y2}");
    }
    let bend = (right - x1) / 2;
    format!("M{x1} {y1}C{} {y1} {} {y2} {right} {y2}", x1 + bend, right - bend)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_stand_in_columns_and_never_on_each_other() {
        for (nodes, links) in [
            (1, vec![]),
            (4, vec![(0, 1), (0, 2), (0, 3), (1, 2)]),
            (6, vec![(0, 1), (1, 2), (0, 3), (3, 2), (2, 5)]),
            (3, vec![(1, 2), (7, 9)]),
            (40, (1..40).map(|at| (at / 3, at)).collect()),
        ] {
            let laid = layout(nodes, &links);
            assert_eq!(laid.places.len(), nodes);
            assert_eq!(laid.places[0].map(|(x, _)| x), Some(MARGIN));
            let placed: Vec<(i32, i32)> = laid.places.iter().copied().flatten().collect();
            for (at, (x, y)) in placed.iter().enumerate() {
                assert!(*x + BOX_WIDTH <= laid.width && *y + BOX_HEIGHT <= laid.height);
                for (other_x, other_y) in &placed[at + 1..] {
                    assert!(x != other_x || (y - other_y).abs() >= BOX_HEIGHT, "{nodes} {links:?}");
                }
            }
        }
        let laid = layout(6, &[(0, 1), (1, 2), (0, 3), (3, 2), (2, 5)]);
        let columns: Vec<Option<i32>> = laid.places.iter().map(|place| place.map(|(x, _)| x / COLUMN)).collect();
        assert_eq!(columns, [Some(0), Some(1), Some(2), Some(1), None, Some(3)]);
        assert_eq!(laid.before, [None, Some(0), Some(1), Some(0), None, Some(2)]);
    }
}
