//! Tokens to rows and rows back to tokens: the dictionary under names and addresses.

use std::collections::BTreeMap;

use crate::rows::RowId;

/// A token's number in its dictionary. A number is used again after its token is gone.
pub(crate) type TokenId = u32;

/// A place in the row of tokens that is empty.
const GONE: u32 = u32::MAX;

#[derive(Default)]
struct Token {
    text: Box<str>,
    // Entries, ascending.
    postings: Vec<u32>,
}

/// A dictionary with postings. An *entry* is one text of one row, with its tokens in order, each with a small mark.
#[derive(Default)]
pub(crate) struct Words {
    tokens: Vec<Token>,
    by_text: BTreeMap<Box<str>, TokenId>,
    free: Vec<TokenId>,
    rows: Vec<RowId>,
    starts: Vec<u32>,
    // Token and mark of each place of each entry.
    places: Vec<u32>,
}

clear_record::snapshot!(Token { text, postings });
clear_record::snapshot!(Words { tokens, by_text, free, rows, starts, places });

/// Tokens take 28 bits and marks 4.
const MARK_BITS: u32 = 4;

/// What changed in the dictionary itself.
#[derive(Default)]
pub(crate) struct Changed {
    pub(crate) added: Vec<TokenId>,
    pub(crate) removed: Vec<(TokenId, Box<str>)>,
}

impl Words {
    /// Adds an entry: a row's tokens with their marks (below 16). Rows come ascending.
    pub(crate) fn insert<'a>(&mut self, row: RowId, texts: impl IntoIterator<Item = (&'a str, u8)>) -> Changed {
        let entry = u32::try_from(self.rows.len()).unwrap_or(GONE);
        self.rows.push(row);
        self.starts.push(u32::try_from(self.places.len()).unwrap_or(GONE));
        let mut changed = Changed::default();
        for (text, mark) in texts {
            let id = self.by_text.get(text).copied().unwrap_or_else(|| {
                let id = self.free.pop().unwrap_or_else(|| {
                    self.tokens.push(Token::default());
                    (self.tokens.len() - 1) as TokenId
                });
                self.by_text.insert(text.into(), id);
                changed.added.push(id);
                id
            });
            if let Some(token) = self.tokens.get_mut(id as usize) {
                if token.postings.is_empty() {
                    token.text = text.into();
                }
                if token.postings.last() != Some(&entry) {
                    token.postings.push(entry);
                }
            }
            self.places.push(id << MARK_BITS | u32::from(mark));
        }
        changed
    }

    /// Takes out every entry of a row, and every token that stood nowhere else.
    pub(crate) fn remove(&mut self, row: RowId) -> Changed {
        let mut changed = Changed::default();
        let mut entry = self.rows.partition_point(|other| *other < row);
        while self.rows.get(entry) == Some(&row) {
            let ids: Vec<TokenId> = self.tokens_of(entry as u32).map(|(id, _)| id).collect();
            for id in ids {
                let Some(token) = self.tokens.get_mut(id as usize) else { continue };
                if let Ok(at) = token.postings.binary_search(&(entry as u32)) {
                    token.postings.remove(at);
                    if token.postings.is_empty() {
                        let text = std::mem::take(&mut token.text);
                        self.by_text.remove(&text);
                        self.free.push(id);
                        changed.removed.push((id, text));
                    }
                }
            }
            let range = self.range(entry as u32);
            for place in self.places.get_mut(range).into_iter().flatten() {
                *place = GONE;
            }
            entry += 1;
        }
        changed
    }

    fn range(&self, entry: u32) -> std::ops::Range<usize> {
        let at = entry as usize;
        let start = self.starts.get(at).map_or(0, |start| *start as usize);
        let end = self.starts.get(at + 1).map_or(self.places.len(), |end| *end as usize);
        start..end
    }

    /// The tokens of an entry with their marks, in order.
    pub(crate) fn tokens_of(&self, entry: u32) -> impl Iterator<Item = (TokenId, u8)> + '_ {
        let places = self.places.get(self.range(entry)).unwrap_or_default();
        places.iter().filter(|place| **place != GONE).map(|place| (place >> MARK_BITS, (place & 15) as u8))
    }

    pub(crate) fn row_of(&self, entry: u32) -> RowId {
        self.rows.get(entry as usize).copied().unwrap_or(RowId::MAX)
    }

    /// The entry that the row has first, if any.
    pub(crate) fn entry_of(&self, row: RowId) -> Option<u32> {
        self.rows.binary_search(&row).ok().map(|at| at as u32)
    }

    pub(crate) fn id(&self, text: &str) -> Option<TokenId> {
        self.by_text.get(text).copied()
    }

    pub(crate) fn text(&self, id: TokenId) -> &str {
        self.tokens.get(id as usize).map_or("", |token| &token.text)
    }

    /// The entries of a token, ascending.
    pub(crate) fn postings(&self, id: TokenId) -> &[u32] {
        self.tokens.get(id as usize).map_or(&[], |token| &token.postings)
    }

    /// The tokens that begin with this text.
    pub(crate) fn beginning<'a>(&'a self, text: &'a str) -> impl Iterator<Item = TokenId> + 'a {
        self.by_text
            .range::<str, _>((std::ops::Bound::Included(text), std::ops::Bound::Unbounded))
            .take_while(move |(token, _)| token.starts_with(text))
            .map(|(_, id)| *id)
    }
}
