//! The bytes of a tile: protocol buffers as `vector_tile.proto` of the Mapbox Vector Tile specification 2.1 has them.
//!
//! The few field numbers that are used stand here; no generated code, no schema at run time.

use std::collections::HashMap;

use super::{EXTENT, Unit};

/// A property's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number that is not negative.
    Count(u64),
    /// Any number.
    Number(f64),
}

/// A layer that is being written.
pub struct Layer {
    name: String,
    features: Vec<u8>,
    keys: Vec<String>,
    key_numbers: HashMap<String, u64>,
    values: Vec<u8>,
    value_numbers: HashMap<Vec<u8>, u64>,
}

// Field numbers of the specification.
const TILE_LAYER: u64 = 3;
const LAYER_NAME: u64 = 1;
const LAYER_FEATURE: u64 = 2;
const LAYER_KEY: u64 = 3;
const LAYER_VALUE: u64 = 4;
const LAYER_EXTENT: u64 = 5;
const LAYER_VERSION: u64 = 15;
const FEATURE_ID: u64 = 1;
const FEATURE_TAGS: u64 = 2;
const FEATURE_TYPE: u64 = 3;
const FEATURE_GEOMETRY: u64 = 4;
const VALUE_TEXT: u64 = 1;
const VALUE_DOUBLE: u64 = 3;
const VALUE_COUNT: u64 = 5;
const POINT: u64 = 1;
const POLYGON: u64 = 3;
const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;
// Wire types.
const NUMBER: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const BYTES: u64 = 2;

impl Layer {
    /// A layer of a name.
    pub fn new(name: &str) -> Layer {
        Layer {
            name: name.to_owned(),
            features: Vec::new(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            values: Vec::new(),
            value_numbers: HashMap::new(),
        }
    }

    /// Adds a feature of one point.
    pub fn point(&mut self, id: Option<u64>, at: Unit, properties: &[(&str, Value)]) {
        self.feature(id, POINT, &path(&[vec![at]], false), properties);
    }

    /// Adds a feature of rings, as [`Tile::rings`](super::Tile::rings) gives them; nothing for none.
    pub fn polygon(&mut self, id: Option<u64>, rings: &[Vec<Unit>], properties: &[(&str, Value)]) {
        if !rings.is_empty() {
            self.feature(id, POLYGON, &path(rings, true), properties);
        }
    }

    fn feature(&mut self, id: Option<u64>, kind: u64, path: &[u32], properties: &[(&str, Value)]) {
        let mut feature = Vec::new();
        if let Some(id) = id {
            number(&mut feature, FEATURE_ID, id);
        }
        let mut tags = Vec::new();
        for (key, value) in properties {
            varint(&mut tags, self.key(key));
            let value = self.value(value);
            varint(&mut tags, value);
        }
        bytes(&mut feature, FEATURE_TAGS, &tags);
        number(&mut feature, FEATURE_TYPE, kind);
        let mut packed = Vec::new();
        path.iter().for_each(|word| varint(&mut packed, u64::from(*word)));
        bytes(&mut feature, FEATURE_GEOMETRY, &packed);
        bytes(&mut self.features, LAYER_FEATURE, &feature);
    }

    fn key(&mut self, key: &str) -> u64 {
        if let Some(known) = self.key_numbers.get(key) {
            return *known;
        }
        let number = self.keys.len() as u64;
        self.keys.push(key.to_owned());
        self.key_numbers.insert(key.to_owned(), number);
        number
    }

    fn value(&mut self, value: &Value) -> u64 {
        let mut written = Vec::new();
        match value {
            Value::Text(text) => bytes(&mut written, VALUE_TEXT, text.as_bytes()),
            Value::Count(count) => number(&mut written, VALUE_COUNT, *count),
            Value::Number(value) => {
                varint(&mut written, VALUE_DOUBLE << 3 | EIGHT_BYTES);
                written.extend(value.to_le_bytes());
            }
        }
        if let Some(known) = self.value_numbers.get(&written) {
            return *known;
        }
        let number = self.value_numbers.len() as u64;
        bytes(&mut self.values, LAYER_VALUE, &written);
        self.value_numbers.insert(written, number);
        number
    }

    /// The tile of some layers. A layer without features is left out, as the specification wants.
    pub fn tile(layers: impl IntoIterator<Item = Layer>) -> Vec<u8> {
        let mut tile = Vec::new();
        for layer in layers.into_iter().filter(|layer| !layer.features.is_empty()) {
            let mut written = Vec::new();
            number(&mut written, LAYER_VERSION, 2);
            bytes(&mut written, LAYER_NAME, layer.name.as_bytes());
            written.extend(&layer.features);
            layer.keys.iter().for_each(|key| bytes(&mut written, LAYER_KEY, key.as_bytes()));
            written.extend(&layer.values);
            number(&mut written, LAYER_EXTENT, u64::from(EXTENT));
            bytes(&mut tile, TILE_LAYER, &written);
        }
        tile
    }
}

/// The commands that draw lines, or that set points.
fn path(lines: &[Vec<Unit>], close: bool) -> Vec<u32> {
    let mut words = Vec::new();
    let mut pen = Unit { x: 0, y: 0 };
    for line in lines {
        let Some((first, rest)) = line.split_first() else { continue };
        words.push(command(MOVE_TO, 1));
        step(&mut words, &mut pen, *first);
        if !rest.is_empty() {
            words.push(command(LINE_TO, rest.len()));
            rest.iter().for_each(|to| step(&mut words, &mut pen, *to));
        }
        if close {
            words.push(command(CLOSE_PATH, 1));
        }
    }
    words
}

fn command(command: u32, count: usize) -> u32 {
    (u32::try_from(count).unwrap_or(u32::MAX) << 3) | command
}

fn step(words: &mut Vec<u32>, pen: &mut Unit, to: Unit) {
    words.push(zigzag(to.x.wrapping_sub(pen.x)));
    words.push(zigzag(to.y.wrapping_sub(pen.y)));
    *pen = to;
}

/// Small numbers of either sign as small numbers.
fn zigzag(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)).cast_unsigned()
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3 | NUMBER);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | BYTES);
    varint(out, value.len() as u64);
    out.extend(value);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        out.push(if value == 0 { low } else { low | 0x80 });
        if value == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_the_specifications_examples() {
        let unit = |(x, y): &(i32, i32)| Unit { x: *x, y: *y };
        let line = |places: &[(i32, i32)]| places.iter().map(unit).collect::<Vec<_>>();
        // Section 4.3.5: a point, two points as two lines, and two polygons of which the second has a hole.
        assert_eq!(path(&[line(&[(25, 17)])], false), [9, 50, 34]);
        let first = line(&[(0, 0), (10, 0), (10, 10), (0, 10)]);
        let second = line(&[(11, 11), (20, 11), (20, 20), (11, 20)]);
        let hole = line(&[(13, 13), (13, 17), (17, 17), (17, 13)]);
        assert_eq!(
            path(&[first, second, hole], true),
            [
                9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15, 9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15, 9, 4, 13, 26, 0, 8, 8, 0,
                0, 7, 15
            ]
        );
        assert_eq!([0, -1, 1, -2, 2, i32::MIN].map(zigzag), [0, 1, 2, 3, 4, u32::MAX]);
    }

    #[test]
    fn keys_and_values_are_said_once_and_empty_layers_not_at_all() {
        let mut layer = Layer::new("a");
        for _ in 0..3 {
            layer.point(None, Unit { x: 1, y: 1 }, &[("k", Value::Text("said-once".into())), ("n", Value::Count(300))]);
        }
        assert_eq!((layer.keys.len(), layer.value_numbers.len()), (2, 2));
        let tile = Layer::tile([layer, Layer::new("empty")]);
        assert_eq!(tile.windows(9).filter(|bytes| bytes == b"said-once").count(), 1);
        assert!(!tile.windows(5).any(|bytes| bytes == b"empty"));
        assert!(Layer::tile([]).is_empty());
    }
}
