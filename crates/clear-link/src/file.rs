//! A model as a file: JSON that a person can read, with a version and a digest.
//!
//! In:    a [`Model`], or the text of a file.
//! Out:   the text, or the model.
//! Never: holds a value of anybody's record: how rare a value is comes from the rows that are linked.
#![expect(clippy::indexing_slicing, reason = "levels index the weights of their comparison")]

use serde_json::{Value, json};

use crate::Error;
use crate::dict::hash_bytes;
use crate::levels::Kind;
use crate::model::{LEVELS, Model, Weights};
use crate::role::Role;

/// The version of the form that is written here.
const VERSION: u64 = 2;

impl Model {
    /// The model as JSON.
    pub fn to_json(&self) -> String {
        let comparisons: Vec<Value> = self.weights.iter().map(to_value).collect();
        let body = json!({ "same": self.ln_same, "household": self.ln_home, "comparisons": comparisons });
        let digest = digest(self);
        let file = json!({ "openclear_link_model": VERSION, "digest": digest, "model": body });
        format!("{file:#}\n")
    }

    /// Reads what [`Model::to_json`] wrote.
    ///
    /// # Errors
    /// When it is no such file, of another version, changed since it was written, or of other levels than these.
    pub fn from_json(text: &str) -> Result<Model, Error> {
        let file: Value = serde_json::from_str(text).map_err(Error::Json)?;
        if file["openclear_link_model"].as_u64() != Some(VERSION) {
            return Err(Error::Version);
        }
        let body = &file["model"];
        let comparisons = body["comparisons"].as_array().ok_or(Error::Missing("comparisons"))?;
        let model = Model {
            ln_same: number(&body["same"], "same")?,
            ln_home: number(&body["household"], "household")?,
            weights: comparisons.iter().map(of_value).collect::<Result<_, _>>()?,
        };
        if file["digest"].as_str() != Some(&digest(&model)) {
            return Err(Error::Digest);
        }
        Ok(model)
    }
}

fn to_value(weights: &Weights) -> Value {
    let level = |at: usize| {
        let level = weights.kind.levels()[at];
        let mut value = json!({ "name": level.name, "same": weights.m[at], "strangers": weights.u[at] });
        if level.by_rarity {
            value["by_rarity"] = json!(weights.k[at]);
        }
        if weights.kind.has_slips(at) {
            value["slips"] = json!(weights.slips[at]);
        }
        if weights.shared {
            value["household"] = json!(weights.h[at]);
        }
        value
    };
    let levels: Vec<Value> = (0..weights.kind.levels().len()).map(level).collect();
    json!({ "role": weights.role.name(), "levels": levels })
}

fn of_value(value: &Value) -> Result<Weights, Error> {
    let role = value["role"].as_str().and_then(Role::named).ok_or(Error::Missing("role"))?;
    let kind = match role {
        // A house number without a street is compared as a number.
        Role::StreetNumber => Kind::Number,
        role => Kind::of(role).ok_or(Error::Missing("role"))?,
    };
    let levels = value["levels"].as_array().ok_or(Error::Missing("levels"))?;
    if levels.len() != kind.levels().len() {
        return Err(Error::Missing("levels"));
    }
    let mut weights = Weights::new(role, kind);
    for (at, level) in levels.iter().enumerate().take(LEVELS) {
        weights.m[at] = number(&level["same"], "same")?;
        weights.u[at] = number(&level["strangers"], "strangers")?;
        weights.k[at] = if kind.levels()[at].by_rarity { number(&level["by_rarity"], "by_rarity")? } else { 1.0 };
        weights.slips[at] = if kind.has_slips(at) { number(&level["slips"], "slips")?.clamp(0.0, 1.0) } else { 1.0 };
        weights.h[at] = if weights.shared { number(&level["household"], "household")? } else { weights.u[at] };
    }
    weights.settle();
    Ok(weights)
}

fn number(value: &Value, name: &'static str) -> Result<f32, Error> {
    value.as_f64().map(|number| number as f32).filter(|number| number.is_finite()).ok_or(Error::Missing(name))
}

/// Tells a file that was changed by hand from one that was not; it is no seal. Of the numbers themselves, since a number can
/// be written in several ways.
fn digest(model: &Model) -> String {
    let mut bytes: Vec<u8> = Vec::new();
    let mut put = |number: f32| bytes.extend_from_slice(&number.to_bits().to_le_bytes());
    put(model.ln_same);
    put(model.ln_home);
    for weights in &model.weights {
        for (at, level) in weights.kind.levels().iter().enumerate() {
            put(weights.m[at]);
            put(weights.u[at]);
            put(if level.by_rarity { weights.k[at] } else { 0.0 });
            put(if weights.kind.has_slips(at) { weights.slips[at] } else { 0.0 });
            put(if weights.shared { weights.h[at] } else { 0.0 });
        }
    }
    model.weights.iter().for_each(|weights| bytes.extend_from_slice(weights.role.name().as_bytes()));
    format!("{:016x}", hash_bytes(&bytes))
}
