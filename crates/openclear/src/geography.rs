//! A city's areas: the layers in the folder `geography/` of the installation.
//!
//! In:    `beats`, `districts` and `areas`, each as `NAME.geojson` or `NAME.geojson.zst`; those that are there.
//! Out:   a [`Geography`], for the desk.
//! Never: holds anything that is not public; goes on past a file that does not read.

#![expect(clippy::disallowed_methods, reason = "stores: geography")]

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;
use clear_place::{Geography, LayerName};

const FOLDER: &str = "geography";

/// The layers of the shipped city, so that the binary needs no other file.
const SHIPPED: &[(LayerName, &[u8])] = &[
    (LayerName::Beats, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/geography/beats.geojson.zst"))),
    (
        LayerName::Districts,
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/geography/districts.geojson.zst")),
    ),
    (LayerName::Areas, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/geography/areas.geojson.zst"))),
];

/// Reads the layers that an installation has.
pub(crate) fn read(dir: &Path) -> anyhow::Result<Geography> {
    let mut geography = Geography::default();
    for layer in LayerName::ALL {
        let plain = dir.join(FOLDER).join(format!("{}.geojson", layer.word()));
        let packed = plain.with_extension("geojson.zst");
        let text = match (there(&plain)?, there(&packed)?) {
            (Some(text), _) => text,
            (None, Some(packed)) => zstd::decode_all(packed.as_slice())
                .with_context(|| format!("cannot unpack the layer `{}`", layer.word()))?,
            (None, None) => continue,
        };
        geography.take(layer, &text).with_context(|| format!("the layer `{}` does not read", layer.word()))?;
    }
    Ok(geography)
}

/// Puts the shipped city's layers into a folder that has none.
pub(crate) fn ship(dir: &Path) -> anyhow::Result<()> {
    let folder = dir.join(FOLDER);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (layer, packed) in SHIPPED {
        let path = folder.join(format!("{}.geojson.zst", layer.word()));
        if !path.exists() {
            std::fs::write(&path, packed).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok(())
}

fn there(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}
