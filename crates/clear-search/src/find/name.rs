//! How well one person's names match an asked one.

use super::meaning::{How, PARTS_MAX, Part, Reading, quality};
use crate::names::{Names, Role};
use crate::query::Why;

/// So many of a person's words are tried for one asked part, the best ones.
const CHOICES_MAX: usize = PARTS_MAX;

/// How well a name fits.
pub(super) struct Fit {
    pub(super) quality: f32,
    /// Whether a pointer may come of it: every part of more than one is a name as a white record's is found by.
    pub(super) points: bool,
}

/// One of the person's words for one asked part.
#[derive(Clone, Copy)]
struct Choice {
    quality: f32,
    /// Which of the person's words, by order.
    at: u8,
    place: u32,
    role: Role,
    how: How,
}

/// The choices for one part, the best first.
#[derive(Clone, Copy, Default)]
struct Choices([Option<Choice>; CHOICES_MAX]);

impl Choices {
    fn add(&mut self, choice: Choice) {
        let mut choice = Some(choice);
        for slot in &mut self.0 {
            let better = match (&slot, &choice) {
                (Some(there), Some(new)) => new.quality > there.quality,
                (there, _) => there.is_none(),
            };
            if better {
                std::mem::swap(slot, &mut choice);
            }
        }
    }
}

type Picks = [Option<Choice>; PARTS_MAX];

/// The best of all readings. The first of equals.
pub(super) fn best(names: &Names, readings: &[Reading], person: u32, say: &mut impl FnMut(Why)) -> Option<Fit> {
    let mut best: Option<(f32, &Reading, Picks)> = None;
    for reading in readings {
        if let Some((quality, picks)) = fit(names, reading, person)
            && best.as_ref().is_none_or(|(other, ..)| quality > *other)
        {
            best = Some((quality, reading, picks));
        }
    }
    let (quality, reading, picks) = best?;
    let matched = picks.iter().flatten().count();
    // Half a name points at too many: only a full one points.
    let mut points = reading.parts.len() > 1 && matched == reading.parts.len();
    for (part, pick) in reading.parts.iter().zip(&picks) {
        if let Some(pick) = pick {
            let reason = reason(names, part, pick);
            points &= reason.points();
            say(reason);
        }
    }
    Some(Fit { quality, points })
}

fn fit(names: &Names, reading: &Reading, person: u32) -> Option<(f32, Picks)> {
    // A single name beside initials is found by an initial that leads to the person, whatever other letters confirm it:
    // otherwise somebody whom a closed field led to would match, and nobody else like them.
    if reading.told().count() == 1 && reading.initials().next().is_some() {
        chosen(names, reading, person, true)?;
    }
    chosen(names, reading, person, false)
}

/// The best choice of the person's words; initials of such as lead to the person alone, or of all.
fn chosen(names: &Names, reading: &Reading, person: u32, leading: bool) -> Option<(f32, Picks)> {
    let mut choices = [Choices::default(); PARTS_MAX];
    let (mut own, mut all) = (0u64, 0u32);
    for (at, (place, role)) in names.words(person).enumerate() {
        if matches!(role, Role::Given | Role::Family) {
            own |= 1 << (at % 64);
            all += 1;
        }
        for (part, choices) in reading.parts.iter().zip(&mut choices) {
            if let Some((quality, how)) = meant(names, part, (place, role), leading) {
                let factor = match role {
                    Role::Given | Role::Middle | Role::Family => 1.0,
                    Role::Alias => quality::ALIAS,
                    Role::Piece => quality::PIECE,
                    Role::Error => quality::TYPING_ERROR,
                };
                choices.add(Choice { quality: quality * factor, at: at as u8, place, role, how });
            }
        }
    }
    let mut best = Best::default();
    best.choose(choices.get(..reading.parts.len()).unwrap_or_default(), Tried::default());
    let Tried { picks, taken, sum, .. } = best.0?;
    let told = reading.parts.iter().zip(&picks).filter(|(part, _)| part.initial.is_none());
    let (mut asked, mut matched) = (0, 0);
    for (_, pick) in told {
        asked += 1;
        matched += usize::from(pick.is_some());
    }
    let initials = reading.parts.len() - asked;
    let initials_matched = picks.iter().flatten().count() - matched;
    // A single name needs one of its initials, and initials alone are nobody's name.
    if asked == 0 || matched + reading.may_miss < asked || (asked == 1 && initials > 0 && initials_matched == 0) {
        return None;
    }
    // Of two that match equally, the one whose whole name was asked for is better. Another name stands for an own one, a piece
    // of a joined one for half of it.
    let stands_for = |pick: &Choice| match pick.role {
        Role::Alias | Role::Error => 1.0,
        Role::Piece => 0.5,
        Role::Given | Role::Middle | Role::Family => 0.0,
    };
    let named = (own & taken).count_ones() as f32 + picks.iter().flatten().map(stands_for).sum::<f32>();
    let whole = 0.9 + 0.1 * (named / all.max(1) as f32).min(1.0);
    let order = if is_turned(&picks, reading.family_first) { quality::TURNED } else { 1.0 };
    Some((sum / reading.parts.len() as f32 * whole * order, picks))
}

/// Whether a family name was asked where a given name is usual, and the other way round.
fn is_turned(picks: &Picks, family_first: bool) -> bool {
    let mut roles =
        picks.iter().flatten().map(|pick| pick.role).filter(|role| matches!(role, Role::Given | Role::Family));
    let (first, last) = (roles.next(), roles.next_back());
    match (first, last) {
        (Some(Role::Family), Some(Role::Given)) => !family_first,
        (Some(Role::Given), Some(Role::Family)) => family_first,
        _ => false,
    }
}

fn meant(names: &Names, part: &Part, (place, role): (u32, Role), leading: bool) -> Option<(f32, How)> {
    let Some(initial) = part.initial else {
        // What does not lead to a person must not make one match that something else led to.
        return part.means(names, names.tokens.id(place)).filter(|_| names.leads(place, role));
    };
    let word = names.tokens.bytes(place);
    let quality = if word.len() == 1 { quality::SAME_INITIAL } else { quality::INITIAL };
    let counts = word.first() == Some(&initial) && (!leading || names.leads(place, role));
    counts.then_some((quality, How::Initial))
}

/// Choices so far.
#[derive(Clone, Copy, Default)]
struct Tried {
    picks: Picks,
    parts: usize,
    taken: u64,
    count: u32,
    sum: f32,
}

impl Tried {
    fn push(&mut self, pick: Option<Choice>) {
        if let Some(slot) = self.picks.get_mut(self.parts) {
            *slot = pick;
        }
        self.parts += 1;
    }
}

/// The choice with the most parts matched, and of those the best. No word serves two parts.
#[derive(Default)]
struct Best(Option<Tried>);

impl Best {
    fn choose(&mut self, rest: &[Choices], tried: Tried) {
        let Some((choices, rest)) = rest.split_first() else {
            let better = |other: &Tried| (tried.count, tried.sum) > (other.count, other.sum);
            if self.0.as_ref().is_none_or(better) {
                self.0 = Some(tried);
            }
            return;
        };
        for choice in choices.0.iter().flatten() {
            let bit = 1u64 << (choice.at % 64);
            if tried.taken & bit == 0 {
                let mut next = tried;
                next.taken |= bit;
                next.count += 1;
                next.sum += choice.quality;
                next.push(Some(*choice));
                self.choose(rest, next);
            }
        }
        let mut next = tried;
        next.push(None);
        self.choose(rest, next);
    }
}

fn reason(names: &Names, part: &Part, pick: &Choice) -> Why {
    let (asked, recorded) = (part.text.clone(), names.tokens.text(pick.place).to_owned());
    match (pick.how, pick.role) {
        (_, Role::Error) => Why::TypingError { asked },
        (How::Edits(edits), _) => Why::Misspelt { asked, recorded, edits },
        (How::Nickname, _) => Why::Nickname { asked, recorded },
        (How::Sounds, _) => Why::Sounds { asked, recorded },
        (How::Begins, _) => Why::Begins { asked, recorded },
        (How::Initial, _) => Why::Initial { asked, recorded },
        (How::Piece, _) | (How::Same, Role::Piece) => Why::Piece { asked },
        (How::Same, Role::Alias) => Why::Alias { asked },
        (How::Same, Role::Given | Role::Middle | Role::Family) => Why::Name { asked },
    }
}
