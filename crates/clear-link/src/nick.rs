//! stand-in
use hashbrown::HashSet;
use std::sync::LazyLock;
static PAIRS: LazyLock<HashSet<(Vec<u8>, Vec<u8>)>> = LazyLock::new(|| {
    let text = include_str!("/work/shared/data/names/nicknames_names.csv");
    text.lines()
        .skip(1)
        .filter_map(|l| {
            let mut p = l.split(',');
            let a = p.next()?;
            p.next()?;
            let b = p.next()?;
            Some([(a, b), (b, a)].map(|(a, b)| (a.to_uppercase().into_bytes(), b.to_uppercase().into_bytes())))
        })
        .flatten()
        .collect()
});
pub(crate) fn list() -> impl Iterator<Item = (&'static [u8], &'static [u8])> {
    PAIRS.iter().map(|(a, b)| (a.as_slice(), b.as_slice()))
}
