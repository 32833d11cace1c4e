//! What each part of an asked name may mean: the words of the dictionary that it is like, each with how well.

use std::cell::Cell;
use std::rc::Rc;

use clear_names::{Part as Word, jaro_winkler, nicknames, parts, sound};

use crate::names::Names;
use crate::pairs::Sieve;
use crate::tokens::{Care, TokenId, ids_of_letter, place};
use crate::typing;

/// Later parts of an asked name are not looked at.
pub(super) const PARTS_MAX: usize = 6;

/// A part of so many letters may be only the beginning of a name.
const BEGUN_LETTERS_MIN: usize = 3;

/// How alike (Jaro-Winkler) two words of one sound must be, and two of which few consonants are heard.
const ALIKE: f32 = 0.65;
const LITTLE_ALIKE: f32 = 0.75;

/// How good one match of one name part is.
pub(super) mod quality {
    pub(in crate::find) const SAME: f32 = 1.0;
    pub(in crate::find) const ALIAS: f32 = 0.95;
    pub(in crate::find) const TYPING_ERROR: f32 = 0.95;
    pub(in crate::find) const NICKNAME: f32 = 0.9;
    pub(in crate::find) const PIECE: f32 = 0.95;
    /// What one ordinary edit takes away; `typing.rs` says what an edit costs.
    pub(in crate::find) const EDIT: f32 = 0.15;
    pub(in crate::find) const SOUND: f32 = 0.7;
    /// The same, if the letters are more than two edits apart.
    pub(in crate::find) const SOUND_ALONE: f32 = 0.64;
    pub(in crate::find) const SAME_INITIAL: f32 = 0.7;
    pub(in crate::find) const INITIAL: f32 = 0.6;
    /// What is left of the whole where given and family name stand the other way round than usual.
    pub(in crate::find) const TURNED: f32 = 0.98;
    /// A name that is only begun, without a letter of the rest, and with all of it.
    pub(in crate::find) const BEGUN: f32 = 0.5;
    pub(in crate::find) const BEGUN_WHOLE: f32 = 0.85;
    /// Where a part is matched by two letters of more, and the rest of it by nothing.
    pub(in crate::find) const LEAST: f32 = 0.4;
}

/// How a word matches an asked part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum How {
    Same,
    Nickname,
    Piece,
    Edits(u8),
    Sounds,
    Begins,
    Initial,
}

/// The words that a part may mean, by ascending id.
pub(super) struct Means {
    pub(super) ids: Vec<TokenId>,
    pub(super) with: Vec<Meant>,
    pub(super) sieve: Sieve,
}

/// How, and how well, a word is meant.
#[derive(Clone)]
pub(super) struct Meant {
    /// Not less than its quality.
    pub(super) bound: f32,
    /// The quality of a misspelt word is worked out when somebody with that word is scored, and remembered.
    exact: Cell<Option<f32>>,
    how: How,
}

impl Means {
    fn of(mut means: Vec<(TokenId, Meant)>) -> Means {
        means.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.bound.total_cmp(&a.1.bound)));
        means.dedup_by_key(|(id, _)| *id);
        let ids: Vec<TokenId> = means.iter().map(|(id, _)| *id).collect();
        Means { sieve: Sieve::of(&ids), with: means.into_iter().map(|(_, meant)| meant).collect(), ids }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TokenId, f32)> + '_ {
        self.ids.iter().copied().zip(self.with.iter().map(|meant| meant.bound))
    }
}

fn meant(quality: f32, how: How) -> Meant {
    Meant { bound: quality, exact: Cell::new(Some(quality)), how }
}

fn misspelt(asked: &[u8], recorded: &[u8], edits: u8) -> f32 {
    let cost = typing::cost(asked, recorded, edits);
    (quality::SAME - quality::EDIT * f32::from(cost) / 100.0).max(quality::LEAST)
}

/// One asked part.
pub(super) struct Part {
    pub(super) text: String,
    /// The one letter, if it is only that. An initial names so many words that it only narrows what other parts find.
    pub(super) initial: Option<u8>,
    pub(super) means: Means,
}

impl Part {
    /// How well a word is meant, if it is.
    pub(super) fn means(&self, names: &Names, id: TokenId) -> Option<(f32, How)> {
        if !self.means.sieve.may_hold(id) {
            return None;
        }
        let Meant { exact, how, .. } = self.means.with.get(self.means.ids.binary_search(&id).ok()?)?;
        let quality = exact.get().unwrap_or_else(|| {
            let edits = if let How::Edits(edits) = how { *edits } else { 0 };
            misspelt(self.text.as_bytes(), names.tokens.bytes(place(id)), edits)
        });
        exact.set(Some(quality));
        Some((quality, *how))
    }
}

/// One way to read the asked name.
pub(super) struct Reading {
    pub(super) parts: Vec<Part>,
    /// How many of the parts that are more than an initial may match nothing.
    pub(super) may_miss: usize,
    /// Whether the family name was said to come first, by a comma.
    pub(super) family_first: bool,
}

impl Reading {
    pub(super) fn told(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.initial.is_none())
    }

    pub(super) fn initials(&self) -> impl Iterator<Item = u8> + '_ {
        self.parts.iter().filter_map(|part| part.initial)
    }
}

/// Words near those of a question, which several readings of it look for.
#[derive(Default)]
pub(super) struct Looked(Vec<(String, Care, NearWords)>);

type NearWords = Rc<[(TokenId, u8)]>;

impl Looked {
    fn near(&mut self, names: &Names, word: &str, care: Care) -> NearWords {
        // Of long words, the same are near however careful one is.
        let care = if Care::Strict.is_as_wide(word.len()) { Care::Wide } else { care };
        let before = self.0.iter().find(|(known, with, _)| known == word && *with == care);
        if let Some((.., near)) = before {
            return near.clone();
        }
        let near: NearWords = names.tokens.near(word, care).into();
        self.0.push((word.to_owned(), care, near.clone()));
        near
    }
}

/// The asked name as it was typed, and with each two neighbours written together: `MC DONALD`.
pub(super) fn readings(names: &Names, name: &str, care: Care, looked: &mut Looked) -> Vec<Reading> {
    let words = asked_words(name);
    if words.is_empty() {
        return Vec::new();
    }
    let last = words.len() - 1;
    let family_first = name.contains([',', ';']);
    let mut read = |word: &Word, begun| part(names, word, care, begun, looked);
    let parts: Vec<Part> =
        words.iter().enumerate().map(|(at, word)| read(word, at == last || care == Care::Wide)).collect();
    let told = parts.iter().filter(|part| part.initial.is_none()).count();
    // One of three parts may be missing in a record, such as a middle name.
    let mut readings = vec![Reading { parts, may_miss: usize::from(told >= 3), family_first }];
    for (at, pair) in words.windows(2).enumerate() {
        let whole: String = pair.iter().map(|word| word.whole.as_str()).collect();
        // What was written as two means itself or nothing.
        let Some(id) = names.tokens.find(&whole) else { continue };
        let joined = Part { text: whole, initial: None, means: Means::of(vec![(id, meant(quality::SAME, How::Same))]) };
        let mut parts: Vec<Part> = words.iter().take(at).map(|word| read(word, false)).collect();
        parts.push(joined);
        parts.extend(words.iter().skip(at + 2).map(|word| read(word, false)));
        readings.push(Reading { parts, may_miss: 0, family_first });
    }
    // What was joined may be two names of one person that are recorded apart: then both must be there.
    let apart: Vec<Word> = words.iter().flat_map(apart).collect();
    if apart.len() > words.len() && apart.len() <= PARTS_MAX {
        let parts = apart.iter().map(|word| read(word, false)).collect();
        readings.push(Reading { parts, may_miss: 0, family_first });
    }
    readings
}

fn asked_words(name: &str) -> Vec<Word> {
    let mut words = parts(name);
    let suffix = |word: &Word| matches!(word.whole.as_str(), "JR" | "SR" | "II" | "III" | "IV");
    if words.iter().any(|word| !suffix(word)) {
        words.retain(|word| !suffix(word));
    }
    words.truncate(PARTS_MAX);
    words
}

/// The pieces of a joined word as words, or the word itself.
fn apart(word: &Word) -> Vec<Word> {
    let of = |piece: &String| Word { whole: piece.clone(), pieces: Vec::new() };
    let pieces: Vec<Word> = word.pieces.iter().filter(|piece| piece.len() > 1).map(of).collect();
    if pieces.len() > 1 { pieces } else { vec![word.clone()] }
}

fn part(names: &Names, Word { whole, pieces }: &Word, care: Care, begun: bool, looked: &mut Looked) -> Part {
    let tokens = &names.tokens;
    let letters = whole.len();
    if letters == 1 {
        return Part { text: whole.clone(), initial: whole.bytes().next(), means: Means::of(Vec::new()) };
    }
    let mut means: Vec<(TokenId, Meant)> = Vec::new();
    let read_alike = |asked: &str| -> Vec<TokenId> {
        let ids = if care == Care::Wide { tokens.sounding(asked) } else { Vec::new() };
        ids.into_iter().filter(|id| are_read_alike(asked, tokens.text(place(*id)))).collect()
    };
    let alike = read_alike(whole);
    let near = looked.near(names, whole, care);
    for (id, edits) in near.iter().copied() {
        // A word that begins as asked may be meant as a begun one, one that sounds alike as that: then it matters which
        // is better.
        let begins = begun && tokens.bytes(place(id)).starts_with(whole.as_bytes());
        let known = edits == 0 || begins || alike.contains(&id);
        let how = if edits == 0 { How::Same } else { How::Edits(edits) };
        let bound = if known {
            misspelt(whole.as_bytes(), tokens.bytes(place(id)), edits)
        } else {
            quality::SAME - quality::EDIT * f32::from(u16::from(edits) * typing::LEAST) / 100.0
        };
        means.push((id, Meant { bound, exact: Cell::new(known.then_some(bound)), how }));
    }
    for piece in pieces.iter().filter(|piece| piece.len() > 1) {
        for (id, edits) in looked.near(names, piece, care).iter().copied() {
            let quality = quality::PIECE * misspelt(piece.as_bytes(), tokens.bytes(place(id)), edits);
            means.push((id, meant(quality, if edits == 0 { How::Piece } else { How::Edits(edits) })));
        }
    }
    for called in nicknames(whole) {
        means.extend(tokens.find(called).map(|id| (id, meant(quality::NICKNAME, How::Nickname))));
    }
    if let Some(first) = whole.get(..1) {
        means.extend(tokens.find(first).map(|id| (id, meant(quality::INITIAL, How::Initial))));
    }
    if begun && letters >= BEGUN_LETTERS_MIN {
        for id in tokens.beginning(whole) {
            let share = letters as f32 / tokens.bytes(place(id)).len().max(1) as f32;
            let quality = quality::BEGUN + (quality::BEGUN_WHOLE - quality::BEGUN) * share;
            means.push((id, meant(quality, How::Begins)));
        }
    }
    // Many words have one sound; those of them that are near in letters too are few.
    let is_near = |id| near.iter().any(|(other, _)| *other == id);
    let heard = |id| if is_near(id) { quality::SOUND } else { quality::SOUND_ALONE };
    means.extend(alike.into_iter().map(|id| (id, meant(heard(id), How::Sounds))));
    if care == Care::Wide {
        // Whom a nickname is short for is spelt in more than one way: `KATE` is `CATHERINE` as well.
        let alike = nicknames(whole).iter().flat_map(|called| read_alike(called));
        means.extend(alike.map(|id| (id, meant(quality::NICKNAME * quality::SOUND_ALONE, How::Nickname))));
    }
    Part { text: whole.clone(), initial: None, means: Means::of(means) }
}

/// Whether two words of one sound are also alike in letters: `GARCIA` and `CRUZ` have one sound. Of two consonants, less
/// is heard: so have `JANE` and `JOHN`.
fn are_read_alike(asked: &str, recorded: &str) -> bool {
    let little = sound(asked).number() < 1 << 10;
    jaro_winkler(asked.as_bytes(), recorded.as_bytes()) >= if little { LITTLE_ALIKE } else { ALIKE }
}

/// Every person who may match a reading, with a bound that the name's quality does not exceed: a finite one says that the person
/// matches as well. Whichever way is cheapest, no person who would match is left out, so that the choice, which looks at
/// hidden rows too, cannot be seen in the answer.
pub(super) fn candidates(names: &Names, reading: &Reading, found: &mut Vec<(u32, f32)>) {
    let told: Vec<&Part> = reading.told().collect();
    let initials: Vec<u8> = reading.initials().collect();
    let from = found.len();
    match told.as_slice() {
        [] => {}
        [only] if initials.is_empty() => {
            for (id, quality) in only.means.iter() {
                found.extend(names.pairs.all(place(id)).map(|person| (person, quality)));
            }
        }
        [only] => {
            for (id, quality) in only.means.iter() {
                for initial in &initials {
                    let bound = (quality + quality::SAME_INITIAL) / 2.0;
                    names.pairs.beside_range(place(id), ids_of_letter(*initial), |person| found.push((person, bound)));
                }
            }
        }
        [a, b] => beside(names, a, b, found),
        all if reading.may_miss == 0 => {
            let pairs = all.iter().enumerate().flat_map(|(at, a)| all.iter().skip(at + 1).map(move |b| (*a, *b)));
            if let Some((a, b)) = pairs.min_by_key(|(a, b)| cost(names, a, b).min(cost(names, b, a))) {
                beside(names, a, b, found);
            }
        }
        [a, b, c] => {
            beside(names, a, b, found);
            beside(names, a, c, found);
            beside(names, b, c, found);
        }
        // Of two pairs without a part in common, one at least is whole.
        [a, b, c, d, ..] => {
            beside(names, a, b, found);
            beside(names, c, d, found);
        }
    }
    if reading.parts.len() > 2 {
        found.iter_mut().skip(from).for_each(|(_, bound)| *bound = f32::INFINITY);
    }
}

/// What it costs to find the words of one part beside those of another, from the first.
fn cost(names: &Names, from: &Part, to: &Part) -> usize {
    from.means.ids.iter().map(|id| names.pairs.cost(place(*id), to.means.ids.len())).sum()
}

/// The persons with a word of one part beside one of the other, from whichever side is cheaper.
fn beside(names: &Names, a: &Part, b: &Part, found: &mut Vec<(u32, f32)>) {
    let (from, to) = if cost(names, a, b) <= cost(names, b, a) { (a, b) } else { (b, a) };
    for (id, quality) in from.means.iter() {
        names.pairs.beside(place(id), &to.means.ids, &to.means.sieve, |at, person| {
            let other = to.means.with.get(at).map_or(0.0, |meant| meant.bound);
            found.push((person, (quality + other) / 2.0));
        });
    }
}
