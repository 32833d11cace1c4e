//! Where things are.
//!
//! In:    points, areas and counts; bytes of the city's own geography.
//! Out:   projections, areas that hold a point, densities, hot spots, tiles and pictures.
//! Never: does IO; says anything about a person.
