//! The language of free text: `burglary "rear door" -garage`, `(knife OR screwdriver) marks:dragon`, `burglar*`.
//!
//! Words beside each other must all be there, in any field of the record; `OR`, `NOT` (or `-`) and brackets as usual,
//! operators in capitals. A word finds its other forms; in quotation marks words are found as written and in that order.

use super::fields::FIELDS;
use super::tokens::tokens;
use crate::error::{DEPTH_MAX, Error, PREFIX_CHARS_MIN, WORDS_MAX};

/// What must be in a text. Made by [`Wanted::read`].
#[derive(Clone, PartialEq)]
pub struct Wanted(pub(crate) Node);

/// One node of a question.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Leaf(Leaf),
    /// All of `these`, at least one, and none of `not`.
    All {
        these: Vec<Node>,
        not: Vec<Node>,
    },
    /// At least one.
    Any(Vec<Node>),
}

/// Something that is looked up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    /// Only in fields of this name.
    pub(crate) field: Option<&'static str>,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// A word in any of its forms.
    Word(String),
    /// These words as written, one after the other.
    Phrase(Vec<String>),
    /// A beginning.
    Begins(String),
}

impl Leaf {
    /// As it was asked: `BURGLAR*`, `"REAR DOOR"`.
    pub(crate) fn said(&self) -> String {
        match &self.what {
            What::Word(word) => word.clone(),
            What::Phrase(words) => format!("\"{}\"", words.join(" ")),
            What::Begins(begun) => format!("{begun}*"),
        }
    }
}

// What was asked may name a person.
impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wanted(…)")
    }
}

impl Wanted {
    /// Reads a question.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(text: &str) -> Result<Wanted, Error> {
        let mut reader = Reader { symbols: symbols(text)?, at: 0, depth: 0 };
        let node = reader.any()?;
        match reader.symbols.get(reader.at) {
            None => Ok(Wanted(node)),
            Some((_, at)) => Err(Error::Bracket { at: *at }),
        }
    }

    /// Every leaf that finds, in order; not what leaves out.
    pub(crate) fn leaves(&self) -> Vec<&Leaf> {
        fn gather<'w>(node: &'w Node, into: &mut Vec<&'w Leaf>) {
            match node {
                Node::Leaf(leaf) => into.push(leaf),
                Node::All { these: nodes, .. } | Node::Any(nodes) => nodes.iter().for_each(|node| gather(node, into)),
            }
        }
        let mut leaves = Vec::new();
        gather(&self.0, &mut leaves);
        leaves
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Symbol {
    Open,
    Close,
    And,
    Or,
    Not,
    Leaf(Leaf),
}

/// The symbols of a question, each with the character at which it begins, from 1.
fn symbols(text: &str) -> Result<Vec<(Symbol, usize)>, Error> {
    let chars: Vec<char> = text.chars().collect();
    let mut symbols: Vec<(Symbol, usize)> = Vec::new();
    let mut words = 0;
    let mut at = 0;
    while let Some(c) = chars.get(at).copied() {
        let begin = at + 1;
        let spaced = at == 0 || chars.get(at - 1).is_some_and(|c| c.is_whitespace() || matches!(c, '(' | '-'));
        let symbol = match c {
            '(' => Some(Symbol::Open),
            ')' => Some(Symbol::Close),
            '-' if spaced && chars.get(at + 1).is_some_and(|c| c.is_alphanumeric() || is_quote(*c) || *c == '(') => {
                Some(Symbol::Not)
            }
            _ => None,
        };
        if let Some(symbol) = symbol {
            symbols.push((symbol, begin));
            at += 1;
        } else if c.is_alphanumeric() || is_quote(c) {
            let (field, from) = field_at(&chars, at)?;
            let (whats, to) = whats_at(&chars, from)?;
            let operator = operator(&chars, at, to);
            at = to;
            if let Some(operator) = operator {
                symbols.push((operator, begin));
                continue;
            }
            for what in whats {
                words += if let What::Phrase(phrase) = &what { phrase.len() } else { 1 };
                symbols.push((Symbol::Leaf(Leaf { field, what }), begin));
            }
            if words > WORDS_MAX {
                return Err(Error::TooLong);
            }
        } else {
            at += 1;
        }
    }
    Ok(symbols)
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„')
}

fn operator(chars: &[char], from: usize, to: usize) -> Option<Symbol> {
    match chars.get(from..to)? {
        ['A', 'N', 'D'] => Some(Symbol::And),
        ['O', 'R'] => Some(Symbol::Or),
        ['N', 'O', 'T'] => Some(Symbol::Not),
        _ => None,
    }
}

/// `marks:` before a word or quotation: the field, and where its words begin.
fn field_at(chars: &[char], at: usize) -> Result<(Option<&'static str>, usize), Error> {
    let letters = chars.iter().skip(at).take_while(|c| c.is_alphabetic()).count();
    let colon = at + letters;
    let followed = chars.get(colon + 1).is_some_and(|c| c.is_alphanumeric() || is_quote(*c));
    if letters == 0 || chars.get(colon) != Some(&':') || !followed {
        return Ok((None, at));
    }
    let name: String = chars.iter().skip(at).take(letters).collect::<String>().to_lowercase();
    match FIELDS.iter().find(|field| field.name == name) {
        Some(field) => Ok((Some(field.name), colon + 1)),
        None => Err(Error::Field { name }),
    }
}

/// A word, a beginning or a quotation, and where it ends.
fn whats_at(chars: &[char], at: usize) -> Result<(Vec<What>, usize), Error> {
    let words = |from: usize, to: usize| -> Vec<String> {
        let text: String = chars.get(from..to).unwrap_or_default().iter().collect();
        tokens(&text).map(|token| token.word).collect()
    };
    if chars.get(at).copied().is_some_and(is_quote) {
        let end = chars.iter().skip(at + 1).position(|c| is_quote(*c)).ok_or(Error::Quotation { at: at + 1 })?;
        let phrase = words(at + 1, at + 1 + end);
        return Ok((if phrase.is_empty() { Vec::new() } else { vec![What::Phrase(phrase)] }, at + end + 2));
    }
    let long =
        chars.iter().skip(at).take_while(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '*') && !is_quote(**c));
    let to = at + long.count();
    let mut run = words(at, to);
    if chars.get(to) == Some(&'*') {
        let Some(begun) = run.pop() else { return Ok((Vec::new(), to + 1)) };
        if begun.chars().count() < PREFIX_CHARS_MIN {
            return Err(Error::Beginning { begun });
        }
        let before = run.into_iter().map(What::Word);
        return Ok((before.chain([What::Begins(begun)]).collect(), to + 1));
    }
    // What is written without a space stands together: `9-mm`, `5/16`.
    let what = if run.len() > 1 { vec![What::Phrase(run)] } else { run.into_iter().map(What::Word).collect() };
    Ok((what, to))
}

struct Reader {
    symbols: Vec<(Symbol, usize)>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn next_is(&self, symbol: &Symbol) -> bool {
        self.symbols.get(self.at).is_some_and(|(next, _)| next == symbol)
    }

    fn take(&mut self, symbol: &Symbol) -> bool {
        let is = self.next_is(symbol);
        self.at += usize::from(is);
        is
    }

    /// The operator before the present place wants something on both sides.
    fn lacking(&self, word: &'static str) -> Error {
        let at = self.at.checked_sub(1).and_then(|at| self.symbols.get(at)).map_or(1, |(_, at)| *at);
        Error::Operator { word, at }
    }

    fn any(&mut self) -> Result<Node, Error> {
        if self.next_is(&Symbol::Or) || self.next_is(&Symbol::And) {
            self.at += 1;
            return Err(self.lacking(if self.symbols.get(self.at - 1).is_some_and(|it| it.0 == Symbol::Or) {
                "OR"
            } else {
                "AND"
            }));
        }
        let mut nodes = vec![self.all()?];
        while self.take(&Symbol::Or) {
            if !self.begins() {
                return Err(self.lacking("OR"));
            }
            nodes.push(self.all()?);
        }
        Ok(match nodes.len() {
            1 => nodes.pop().ok_or(Error::Nothing)?,
            _ => Node::Any(nodes),
        })
    }

    fn begins(&self) -> bool {
        matches!(self.symbols.get(self.at), Some((Symbol::Open | Symbol::Not | Symbol::Leaf(_), _)))
    }

    fn all(&mut self) -> Result<Node, Error> {
        let (mut these, mut not) = (Vec::new(), Vec::new());
        loop {
            let and = self.take(&Symbol::And);
            if !self.begins() {
                if and {
                    return Err(self.lacking("AND"));
                }
                break;
            }
            let mut denied = false;
            while self.take(&Symbol::Not) {
                denied = !denied;
                if !self.begins() {
                    return Err(self.lacking("NOT"));
                }
            }
            if denied { &mut not } else { &mut these }.push(self.one()?);
        }
        match (these.len(), not.len()) {
            (0, 0) => Err(Error::Nothing),
            (0, _) => Err(Error::OnlyNot),
            (1, 0) => these.pop().ok_or(Error::Nothing),
            _ => Ok(Node::All { these, not }),
        }
    }

    fn one(&mut self) -> Result<Node, Error> {
        let Some((symbol, at)) = self.symbols.get(self.at).cloned() else { return Err(Error::Nothing) };
        self.at += 1;
        match symbol {
            Symbol::Leaf(leaf) => Ok(Node::Leaf(leaf)),
            Symbol::Open => {
                self.depth += 1;
                if self.depth > DEPTH_MAX {
                    return Err(Error::TooLong);
                }
                let node = self.any()?;
                self.depth -= 1;
                if self.take(&Symbol::Close) { Ok(node) } else { Err(Error::Bracket { at }) }
            }
            _ => Err(Error::Bracket { at }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(node: &Node) -> String {
        let list = |nodes: &[Node], sign: &str| nodes.iter().map(shown).collect::<Vec<_>>().join(sign);
        match node {
            Node::Leaf(leaf) => format!("{}{}", leaf.field.map(|it| format!("{it}:")).unwrap_or_default(), leaf.said()),
            Node::All { these, not } if not.is_empty() => format!("({})", list(these, " & ")),
            Node::All { these, not } => format!("({} ! {})", list(these, " & "), list(not, " & ")),
            Node::Any(nodes) => format!("({})", list(nodes, " | ")),
        }
    }

    #[test]
    fn questions_are_read() {
        for (text, expected) in [
            ("burglary", "BURGLARY"),
            ("rear door", "(REAR & DOOR)"),
            ("rear AND door", "(REAR & DOOR)"),
            ("\"rear door\"", "\"REAR DOOR\""),
            ("“rear door”", "\"REAR DOOR\""),
            ("knife OR gun red", "(KNIFE | (GUN & RED))"),
            ("(knife OR gun) red", "((KNIFE | GUN) & RED)"),
            ("red -car NOT (van OR truck)", "(RED ! CAR & (VAN | TRUCK))"),
            ("NOT NOT red", "RED"),
            ("red -NOT car", "(RED & CAR)"),
            ("9-mm pistol", "(\"9 MM\" & PISTOL)"),
            ("pre-trial - held", "(\"PRE TRIAL\" & HELD)"),
            ("burg* marks:dragon", "(BURG* & marks:DRAGON)"),
            ("MARKS:\"left arm\"", "marks:\"LEFT ARM\""),
            ("car: red", "(CAR & RED)"),
            ("or and not", "(OR & AND & NOT)"),
            ("victim's", "VICTIMS"),
            ("\"\" red", "RED"),
            ("Müller\0straße", "\"MULLER STRASSE\""),
        ] {
            assert_eq!(Wanted::read(text).map(|wanted| shown(&wanted.0)), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_wrong_question_says_where_and_how_to_mend_it() {
        for (text, expected) in [
            ("", "write a word to find"),
            ("🙂 - .", "write a word to find"),
            ("()", "write a word to find"),
            ("red \"car", "the quotation that begins at character 5 has no end: add a \""),
            ("red (car", "the bracket at character 5 has no partner"),
            ("red) car", "the bracket at character 4 has no partner"),
            ("-red", "NOT leaves out of what is found: say also what to find"),
            ("red OR -car", "NOT leaves out of what is found: say also what to find"),
            ("red OR", "OR at character 5 stands between two words"),
            ("OR red", "OR at character 1 stands between two words"),
            ("red AND", "AND at character 5 stands between two words"),
            ("red NOT", "NOT at character 5 stands between two words"),
            ("bu*", "BU* is too short: a beginning has 3 letters or more"),
            (
                "fur:coat",
                "there is no field fur: the fields are narrative, title, reason, marks, caution, property, offence, place, vehicle",
            ),
        ] {
            assert_eq!(Wanted::read(text).map_err(|error| error.to_string()), Err(expected.to_owned()), "{text}");
        }
        for long in ["a ".repeat(33), format!("{}a", "(".repeat(40))] {
            assert_eq!(Wanted::read(&long), Err(Error::TooLong));
        }
    }
}
