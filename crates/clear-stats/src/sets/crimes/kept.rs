//! What the set of crimes kept of earlier versions, as bytes and back.
//!
//! In:    the fold; or bytes.
//! Out:   bytes; or a fold of the same settings that goes on where the other stood.
//! Never: takes over points that another key made, or times of another clock.

use std::io::{Read, Result, Write};

use clear_record::{Snapshot, snapshot};
use sha2::{Digest, Sha256};

use super::{About, Block, Crimes, Homicide, Point};

clear_record::snapshot!(Block { owner, name });
clear_record::snapshot!(Point { x, y, latitude, longitude });
clear_record::snapshot!(Homicide { incident, about });
clear_record::snapshot!(About { id, label, owner, reference, updated_on });

impl Crimes {
    pub(super) fn write(&self, mut out: &mut dyn Write) -> Result<()> {
        let out = &mut out;
        self.settings().write(out)?;
        self.points.write(out)?;
        self.homicides.write(out)?;
        self.victims.write(out)?;
        self.victim_of.write(out)
    }

    pub(super) fn read(&self, mut from: &mut dyn Read) -> Result<Crimes> {
        let from = &mut from;
        if Vec::<u8>::read(from)? != self.settings() {
            return Err(snapshot::not_a("set of crimes under this key and on this clock"));
        }
        Ok(Crimes {
            key: self.key.clone(),
            time_zone: self.time_zone.clone(),
            points: Snapshot::read(from)?,
            homicides: Snapshot::read(from)?,
            victims: Snapshot::read(from)?,
            victim_of: Snapshot::read(from)?,
        })
    }

    /// A digest of what the fold depends on beside the versions.
    fn settings(&self) -> Vec<u8> {
        let clock = self.time_zone.iana_name().map_or_else(|| format!("{:?}", self.time_zone), str::to_owned);
        Sha256::new().chain_update(self.key.0).chain_update(clock.as_bytes()).finalize().to_vec()
    }
}
