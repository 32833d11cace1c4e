//! Words in names that say little about whose name it is.
//!
//! In:    a folded word.
//! Out:   whether it is a title, a suffix or a particle.
//! Never: judges a word by itself where its place decides: `Ben` before a family name is somebody.
//!
//! # Change here
//! One word more: the list it belongs to.

/// Before a name, and no part of it: forms of address, ranks, religious and royal titles.
const TITLES: &[&str] = &[
    "AYATOLLAH",
    "CAPT",
    "CAPTAIN",
    "COL",
    "COLONEL",
    "CPL",
    "DEPUTY",
    "DET",
    "DETECTIVE",
    "DR",
    "FRAU",
    "GEN",
    "GENERAL",
    "HAJI",
    "HAJJI",
    "HERR",
    "HON",
    "IMAM",
    "INSPECTOR",
    "LIEUTENANT",
    "LT",
    "MADAME",
    "MAJ",
    "MAULAVI",
    "MAULVI",
    "MAWLAWI",
    "MINISTER",
    "MISS",
    "MME",
    "MR",
    "MRS",
    "MS",
    "MULLA",
    "MULLAH",
    "OFC",
    "OFFICER",
    "PRESIDENT",
    "PROF",
    "PROFESSOR",
    "QARI",
    "RABBI",
    "REV",
    "REVEREND",
    "SENATOR",
    "SENOR",
    "SENORA",
    "SERGEANT",
    "SGT",
    "SHAIKH",
    "SHAYKH",
    "SHEIK",
    "SHEIKH",
    "SIR",
    "SRA",
    "USTAD",
];

/// After a name: generations, which tell a father from his son, and degrees.
const GENERATIONS: &[(&str, u8)] = &[
    ("SR", 1),
    ("SENIOR", 1),
    ("JR", 2),
    ("JNR", 2),
    ("JUNIOR", 2),
    ("II", 2),
    ("2ND", 2),
    ("III", 3),
    ("3RD", 3),
    ("IV", 4),
    ("4TH", 4),
    ("V", 5),
];
const DEGREES: &[&str] = &["CPA", "DDS", "ESQ", "ESQUIRE", "JD", "MBA", "MD", "PHD", "RN"];

/// Between names: articles and prepositions, and the words for son and daughter.
const PARTICLES: &[&str] = &[
    "AF", "AL", "AR", "AS", "AUF", "AZ", "DA", "DAS", "DE", "DEL", "DELLA", "DEM", "DEN", "DER", "DES", "DI", "DIN",
    "DOS", "DU", "EL", "ET", "LA", "LAS", "LE", "LOS", "OF", "TEN", "TER", "THE", "TOT", "UD", "UL", "VAN", "VOM",
    "VON", "ZU", "ZUM", "ZUR",
];
const CHILD_OF: &[&str] = &["BEN", "BIN", "BINT", "BINTI", "BT", "IBN", "OGLU", "OGLY", "OULD", "WALAD", "WELD"];

/// What a word is, beside or instead of being a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Before a name, and no part of it.
    Title,
    /// Which generation: 1 for the elder, 2 for the younger, 3 for the third.
    Generation(u8),
    /// After a name, and no part of it.
    Degree,
    /// Between names.
    Particle,
    /// Between names; what follows is the father's or mother's.
    ChildOf,
}

/// All words that are something beside a name.
pub(crate) fn kinds() -> impl Iterator<Item = (&'static str, Kind)> {
    let all = |words: &'static [&'static str], kind| words.iter().map(move |word| (*word, kind));
    let generations = GENERATIONS.iter().map(|(word, generation)| (*word, Kind::Generation(*generation)));
    all(TITLES, Kind::Title)
        .chain(all(DEGREES, Kind::Degree))
        .chain(all(PARTICLES, Kind::Particle))
        .chain(all(CHILD_OF, Kind::ChildOf))
        .chain(generations)
}
