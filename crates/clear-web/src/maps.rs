//! Maps: the page, pictures and tiles, for residents and for those who have signed in, by the same questions.
//!
//! In:    what the query string wishes; who asks.
//! Out:   a page, SVG, PNG or a vector tile of what the road let out.
//! Never: draws anything but disclosed answers and the city's public areas.
//!
//! # How
//! `wish.rs` reads the query string into a question, `asked.rs` takes it down the road of whoever asks, `draw.rs` makes the picture of
//! what came back. The page, the picture and the API give the same figures because they ask the same question.
//!
//! # Change here
//! A setting of a map: `wish.rs`. How something looks: `draw.rs`. What a tile's features say: `tiles.rs`.

pub(crate) mod asked;
pub(crate) mod draw;
pub(crate) mod pictures;
pub(crate) mod tiles;
pub(crate) mod wish;
