//! What is linked to what, under a Sight.
//!
//! In:    versions in `seq` order; a place to start from and the asker's Sight.
//! Out:   ids and what links them.
//! Never: returns a record; shows by degree, length or order that a hidden one is there.
