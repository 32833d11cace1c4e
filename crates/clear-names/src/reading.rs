//! How a word is read, letter by letter, and what it costs to take one letter for another.
//!
//! In:    a folded word.
//! Out:   its reading: letter groups as one letter each, and what leaving each out costs.
//! Never: looks a name up.
//!
//! # How
//! First the groups that romanisation tables write for one letter become one letter ([`groups`]); double letters become single.
//! Then two readings are compared by the cheapest row of edits, in hundredths of a letter ([`cost`]), where letters that the
//! tables exchange for one another cost little. Sources, group by group: docs/names.md.
//!
//! # Change here
//! A group: [`groups`]. Letters that stand for one another: [`ALIKE`].

/// A whole letter, in hundredths.
pub(crate) const LETTER: u16 = 100;

/// Sounds without a letter of their own in A to Z.
const SH: u8 = b's';
const CH: u8 = b'c';
const ZH: u8 = b'z';
const TH: u8 = b't';
const DH: u8 = b'd';

/// What follows a letter in a group, and how the group is read.
type Group = (&'static [u8], &'static [u8]);

/// The groups that begin with a letter, longest first. Sources: docs/names.md.
const fn groups(first: u8, starts_word: bool) -> &'static [Group] {
    match first {
        // ч and х, and Greek ch; k.
        b'C' => &[(b"HTCH", &[SH, CH]), (b"HR", b"KR"), (b"HL", b"KL"), (b"H", &[CH]), (b"Z", &[CH]), (b"K", b"K")],
        // дж, ذ.
        b'D' => &[(b"SCH", b"J"), (b"ZH", b"J"), (b"J", b"J"), (b"H", &[DH]), (b"T", b"T")],
        // Long vowels: ي and و in English, French ou.
        b'E' => &[(b"E", b"I")],
        b'O' => &[(b"O", b"U"), (b"U", b"U")],
        // غ.
        b'G' => &[(b"H", b"G")],
        // Wade-Giles.
        b'H' if starts_word => &[(b"S", b"S")],
        // خ and х.
        b'K' => &[(b"H", b"H")],
        // ف and φ.
        b'P' => &[(b"H", b"F")],
        b'Q' => &[(b"U", b"K"), (b"", b"K")],
        // щ and ш: German, English, Polish.
        b'S' => &[
            (b"CHTSCH", &[SH, CH]),
            (b"HCH", &[SH, CH]),
            (b"ZCZ", &[SH, CH]),
            (b"CH", &[SH]),
            (b"H", &[SH]),
            (b"Z", &[SH]),
        ],
        // ч, ц, θ and ث.
        b'T' => &[(b"SCH", &[CH]), (b"CH", &[CH]), (b"S", b"Z"), (b"Z", b"Z"), (b"H", &[TH])],
        // Xavier, Pinyin.
        b'X' if starts_word => &[(b"", b"S")],
        b'X' => &[(b"", b"KS")],
        // ж.
        b'Z' => &[(b"H", &[ZH])],
        _ => &[],
    }
}

/// Letters that stand for one another in different tables or are often confused, and what the exchange costs.
const ALIKE: &[(&[u8], u16)] = &[
    (b"IY", 10),
    (b"EIY", 20),
    (b"OU", 20),
    (b"AE", 40),
    (b"AO", 40),
    (b"EO", 50),
    (b"AIY", 60),
    (b"AU", 60),
    (b"EU", 50),
    (b"IO", 50),
    (b"IU", 50),
    // Voiced and unvoiced: McCune-Reischauer and Revised Romanisation, Wade-Giles and Pinyin, final letters in German.
    (b"PB", 35),
    (b"TD", 35),
    (b"KG", 35),
    // ث and ذ are t and d, th and dh, or (Persian, Turkish) s and z; θ is th or t.
    (&[TH, b'T'], 10),
    (&[DH, b'D'], 10),
    (&[TH, DH], 40),
    (&[TH, b'S'], 50),
    (&[DH, b'Z'], 40),
    (b"FV", 20),
    // פ and ف are p or f.
    (b"PF", 50),
    (b"SZ", 20),
    (&[b'S', SH], 20),
    (&[b'Z', SH], 40),
    (&[b'Z', CH], 40),
    (&[b'S', CH], 60),
    (&[SH, CH], 50),
    (&[b'J', CH], 30),
    (&[b'J', ZH], 20),
    (&[b'J', SH], 50),
    (&[SH, ZH], 40),
    (&[b'Z', ZH], 20),
    (&[CH, ZH], 40),
    (b"GJ", 50),
    (&[b'K', CH], 50),
    // й and ю: ISO 9 and German against English.
    (b"JY", 30),
    (b"JI", 30),
    (b"VW", 20),
    (b"UW", 20),
    (b"OW", 30),
    (b"UV", 40),
    // г is g in Russian and h in Ukrainian; х is kh, h or k; β is v or b, and so is Spanish b.
    (b"GH", 50),
    (b"KH", 50),
    (&[b'H', CH], 50),
    (b"BV", 40),
    (b"LR", 80),
    (b"MN", 80),
    // Digits in place of letters that look like them.
    (b"0O", 20),
    (b"1I", 20),
    (b"1L", 20),
    (b"3E", 20),
    (b"4A", 20),
    (b"5S", 20),
    (b"7T", 20),
    (b"8B", 20),
];

const SIDE: usize = 64;

/// What stands for several letters is hardly mistaken for one that sounds otherwise.
const LETTERS: u8 = 150;

/// What taking one letter for the other costs; letters are told apart by their lowest six bits, which differ for all in use.
static COSTS: [[u8; SIDE]; SIDE] = costs();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "runs while compiling; at most 150")]
const fn costs() -> [[u8; SIDE]; SIDE] {
    let mut costs = [[LETTER as u8; SIDE]; SIDE];
    let mut letter = 0;
    while letter < SIDE {
        let mut sound = slot(DH);
        while sound <= slot(SH) {
            costs[letter][sound] = LETTERS;
            costs[sound][letter] = LETTERS;
            sound += 1;
        }
        costs[letter][letter] = 0;
        letter += 1;
    }
    let mut group = 0;
    while group < ALIKE.len() {
        let (letters, cost) = ALIKE[group];
        let mut a = 0;
        while a < letters.len() {
            let mut b = 0;
            while b < letters.len() {
                let (x, y) = (slot(letters[a]), slot(letters[b]));
                // The first line that names two letters counts.
                if a != b && costs[x][y] >= LETTER as u8 {
                    costs[x][y] = cost as u8;
                }
                b += 1;
            }
            a += 1;
        }
        group += 1;
    }
    costs
}

/// `A-Z` 1 to 26, `0-9` 48 to 57, then the sounds without a letter.
const fn slot(letter: u8) -> usize {
    (match letter {
        SH => 62,
        CH => 61,
        ZH => 60,
        TH => 59,
        DH => 58,
        other => other & 63,
    }) as usize
}

/// A letter of a reading, ready to be compared.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Letter {
    /// Its row in the table of costs.
    slot: u8,
    /// What leaving it out costs, in hundredths of a letter.
    drop: u8,
}

const NO_LETTER: Letter = Letter { slot: 0, drop: 0 };

/// Writes the reading of a folded word to the end of a row of letters.
pub(crate) fn read(word: &[u8], letters: &mut Vec<Letter>) {
    let start = letters.len();
    let mut at = 0;
    while let Some((first, rest)) = word.get(at..).and_then(<[u8]>::split_first) {
        let group = groups(*first, at == 0).iter().find(|(group, _)| rest.starts_with(group));
        let group = group.map(|(group, read)| (1 + group.len(), *read));
        let (taken, read) = group.unwrap_or_else(|| (1, alone(first, rest)));
        for letter in read {
            let slot = u8::try_from(slot(*letter)).unwrap_or_default();
            if letters.get(start..).and_then(<[Letter]>::last).is_none_or(|last| last.slot != slot) {
                letters.push(Letter { slot, drop: 0 });
            }
        }
        at += taken;
    }
    let end = letters.len();
    for at in start..end {
        let neighbour = |at: usize| letters.get(at).map(|letter| letter.slot);
        let before = if at > start { neighbour(at - 1) } else { None };
        let drop = neighbour(at).map_or(0, |slot| drop(before, slot, neighbour(at + 1)));
        if let Some(letter) = letters.get_mut(at) {
            letter.drop = drop;
        }
    }
}

fn alone<'t>(first: &'t u8, rest: &[u8]) -> &'t [u8] {
    match (first, rest) {
        (b'C', [b'E' | b'I' | b'Y', ..]) => b"S",
        (b'C', _) => b"K",
        _ => std::slice::from_ref(first),
    }
}

fn is_vowel(slot: u8) -> bool {
    matches!(slot | 64, b'A' | b'E' | b'I' | b'O' | b'U' | b'Y')
}

fn drop(before: Option<u8>, slot: u8, after: Option<u8>) -> u8 {
    let beside_vowel = before.is_some_and(is_vowel) || after.is_some_and(is_vowel);
    match slot | 64 {
        // Diphthongs are written with one vowel or two: ö and oe, eo and o, iy and i.
        _ if is_vowel(slot) && beside_vowel => 20,
        _ if is_vowel(slot) && after.is_none() => 40,
        _ if is_vowel(slot) => 60,
        b'H' => 35,
        b'J' if beside_vowel => 40,
        b'W' => 50,
        _ => 100,
    }
}

/// Neighbours are swapped by the hand, not by the ear, and seldom give another name.
const SWAPPED: u16 = 40;
const LETTERS_MAX: usize = 64;

/// The least cost of making one reading of the other, in hundredths of a letter, if at most `most`.
pub(crate) fn cost(a: &[Letter], b: &[Letter], most: u16) -> Option<u16> {
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let a = a.get(..LETTERS_MAX).unwrap_or(a);
    let b = b.get(..LETTERS_MAX).unwrap_or(b);
    // Rows of the table: [before] two letters ago, [last] one letter ago.
    let (mut before, mut last) = ([u16::MAX / 2; LETTERS_MAX + 1], [0u16; LETTERS_MAX + 1]);
    let mut row = [0u16; LETTERS_MAX + 1];
    let mut sum = 0;
    for (cell, letter) in last.iter_mut().skip(1).zip(a) {
        sum += u16::from(letter.drop);
        *cell = sum;
    }
    let mut above: Option<Letter> = None;
    let mut least_above = 0;
    for y in b {
        let first = last.first().copied().unwrap_or_default() + u16::from(y.drop);
        if let Some(cell) = row.first_mut() {
            *cell = first;
        }
        let costs = COSTS.get(usize::from(y.slot)).unwrap_or(&[LETTER as u8; SIDE]);
        let (mut left, mut least, mut x_before) = (first, first, NO_LETTER);
        let lasts = last.iter().zip(last.iter().skip(1));
        // `before` two to the left, for swapped neighbours; there is none for the first letter.
        let befores = std::iter::once(&u16::MAX).chain(before.iter());
        for (((x, (diagonal, up)), before), cell) in a.iter().zip(lasts).zip(befores).zip(row.iter_mut().skip(1)) {
            let changed = diagonal + u16::from(costs.get(usize::from(x.slot)).copied().unwrap_or(LETTER as u8));
            let mut best = changed.min(up + u16::from(y.drop)).min(left + u16::from(x.drop));
            if above.is_some_and(|above| above.slot == x.slot) && x_before.slot == y.slot && x.slot != y.slot {
                best = best.min(before.saturating_add(SWAPPED));
            }
            *cell = best;
            left = best;
            least = least.min(best);
            x_before = *x;
        }
        // A swap steps over one row.
        if least > most && least_above > most {
            return None;
        }
        least_above = least;
        above = Some(*y);
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    last.get(a.len()).copied().filter(|cost| *cost <= most)
}

/// How many letters are neither vowels nor written for one.
pub(crate) fn consonants(letters: &[Letter]) -> usize {
    letters.iter().filter(|letter| !is_vowel_or_its_sign(letter.slot)).count()
}

fn is_vowel_or_its_sign(slot: u8) -> bool {
    is_vowel(slot) || matches!(slot | 64, b'W' | b'V' | b'H' | b'J')
}

/// Like [`cost`], but vowels, and the letters that are written for long ones (`و` and `י` among them), cost next to nothing.
pub(crate) fn cost_without_vowels(a: &[Letter], b: &[Letter], most: u16) -> Option<u16> {
    let light = |letters: &[Letter]| {
        let mut light = [NO_LETTER; LETTERS_MAX];
        for (light, letter) in light.iter_mut().zip(letters) {
            let drop = if is_vowel_or_its_sign(letter.slot) { 5 } else { letter.drop };
            *light = Letter { slot: letter.slot, drop };
        }
        light
    };
    let (light_a, light_b) = (light(a), light(b));
    cost(light_a.get(..a.len()).unwrap_or(&light_a), light_b.get(..b.len()).unwrap_or(&light_b), most)
}
