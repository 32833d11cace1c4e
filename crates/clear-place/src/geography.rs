//! A city's layers of areas, given once.
//!
//! In:    the layers that an installation has, each as GeoJSON with `code` and, if it likes, `name`.
//! Out:   [`Geography`]: the layers by name, and where they come from.
//! Never: differs by asker: where a beat lies is public.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::areas::{Areas, Properties};
use crate::error::Error;

/// A layer of areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerName {
    /// The areas of one patrol.
    #[default]
    Beats,
    /// The areas of one station.
    Districts,
    /// The city's neighbourhoods.
    Areas,
}

impl LayerName {
    /// All of them, the finest first.
    pub const ALL: [LayerName; 3] = [LayerName::Beats, LayerName::Districts, LayerName::Areas];

    /// Its name in questions, paths and file names.
    pub fn word(self) -> &'static str {
        match self {
            LayerName::Beats => "beats",
            LayerName::Districts => "districts",
            LayerName::Areas => "areas",
        }
    }

    /// One of its areas, for people.
    pub fn title(self) -> &'static str {
        match self {
            LayerName::Beats => "Beat",
            LayerName::Districts => "District",
            LayerName::Areas => "Community area",
        }
    }

    /// The layer of a word.
    pub fn from_word(word: &str) -> Option<LayerName> {
        LayerName::ALL.into_iter().find(|layer| layer.word() == word)
    }

    /// How many digits its codes have at least.
    pub fn digits(self) -> usize {
        match self {
            LayerName::Beats => 4,
            LayerName::Districts => 3,
            LayerName::Areas => 1,
        }
    }

    /// A code in its spelling: `411` and `0411` are one beat, `007` and `7` one area.
    pub fn code(self, text: &str) -> String {
        let text = text.trim().trim_start_matches('0').to_uppercase();
        format!("{text:0>width$}", width = self.digits())
    }

    fn properties(self) -> Properties<'static> {
        Properties { code: "code", digits: self.digits(), name: Some("name") }
    }
}

/// The layers of a city.
#[derive(Debug, Clone, Default)]
pub struct Geography {
    layers: Vec<(LayerName, Arc<Areas>)>,
}

impl Geography {
    /// Takes in a layer's GeoJSON; one that is there already is replaced.
    ///
    /// # Errors
    /// As [`Areas::geojson`].
    pub fn take(&mut self, name: LayerName, geojson: &[u8]) -> Result<(), Error> {
        let areas = Arc::new(Areas::geojson(geojson, name.properties())?);
        self.layers.retain(|(other, _)| *other != name);
        self.layers.push((name, areas));
        self.layers.sort_by_key(|(name, _)| *name);
        Ok(())
    }

    /// A layer, if the city has it.
    pub fn layer(&self, name: LayerName) -> Option<&Arc<Areas>> {
        self.layers.iter().find(|(other, _)| *other == name).map(|(_, areas)| areas)
    }

    /// The layers that there are, the finest first.
    pub fn layers(&self) -> impl Iterator<Item = LayerName> + '_ {
        self.layers.iter().map(|(name, _)| *name)
    }

    /// The layer that says what is inside the city: the finest there is.
    pub fn city(&self) -> Option<&Arc<Areas>> {
        self.layers.first().map(|(_, areas)| areas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_spelling() {
        for (layer, text, code) in [
            (LayerName::Beats, "411", "0411"),
            (LayerName::Beats, "0411", "0411"),
            (LayerName::Districts, "7", "007"),
            (LayerName::Areas, "07", "7"),
            (LayerName::Areas, "35", "35"),
        ] {
            assert_eq!(layer.code(text), code);
        }
        assert!(LayerName::ALL.iter().all(|layer| LayerName::from_word(layer.word()) == Some(*layer)));
    }

    #[test]
    fn a_layer_is_taken_once() {
        let mut city = Geography::default();
        let text = |code: &str| {
            format!(
                r#"{{"features":[{{"properties":{{"code":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[[[0,1],[1,1],[1,2]]]}}}}]}}"#
            )
        };
        city.take(LayerName::Areas, text("1").as_bytes()).unwrap();
        city.take(LayerName::Beats, text("2").as_bytes()).unwrap();
        city.take(LayerName::Areas, text("3").as_bytes()).unwrap();
        assert_eq!(city.layers().collect::<Vec<_>>(), [LayerName::Beats, LayerName::Areas]);
        assert_eq!(city.layer(LayerName::Areas).unwrap().all()[0].code, "3");
        assert!(city.layer(LayerName::Districts).is_none() && city.take(LayerName::Beats, b"{").is_err());
        assert_eq!(city.city().unwrap().all()[0].code, "0002");
    }
}
