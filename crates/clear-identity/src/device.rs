//! Devices: the car, the handheld, the desk that somebody works on (GR11).
//!
//! In:    what a browser kept from its last sign-in, or that a program signs in.
//! Out:   [`Device`]s of an account, and the end of one.
//! Never: keeps a machine's secret (only its hash); lets a session be used where it was not opened.
//!
//! # How
//! A browser gets a secret at its first sign-in and keeps it. Its card names the machine, which all who sign in there
//! share; each account that does has an enrolment of its own, made by password and second factor. A program has no
//! place for a second secret: its session or token is a device by itself.

use clear_record::{AccountId, DeviceId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::credential::Held;
use crate::identity::{Written, body, later};
use crate::{Error, Identity, Secret, secret};

pub(crate) const MACHINE: &str = "machine";
pub(crate) const ENROLMENT: &str = "device";
/// For how long a machine is remembered after its last sign-in: as long as browsers keep a cookie at most.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);
/// How much of a browser's name is kept, characters.
const LABEL_MAX_CHARS: usize = 120;

/// On what somebody signs in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Machine<'a> {
    /// A browser.
    Browser {
        /// What it was given at an earlier sign-in ([`SignedIn::device`](crate::SignedIn::device)), if it has it.
        secret: Option<&'a str>,
        /// What it calls itself, so that its user knows it again in a list.
        name: &'a str,
    },
    /// A program, which keeps the session's secret and nothing else.
    Program,
}

impl std::fmt::Debug for Machine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Machine::Browser { .. } => "Browser(…)",
            Machine::Program => "Program",
        })
    }
}

/// A device of an account, as its holder sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Its id, as in the log.
    pub id: DeviceId,
    /// What it calls itself, or what its token is for.
    pub name: String,
    /// Whether it is a program's session or token, and no machine that was enrolled.
    pub program: bool,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// How many sessions and tokens are open on it.
    pub open: usize,
}

/// The machine that a session is opened on.
pub(crate) struct Opened {
    pub(crate) id: DeviceId,
    /// The hash of the machine's secret; `None` for a program.
    pub(crate) key: Option<String>,
    /// The machine's secret, where it has just been made.
    pub(crate) fresh: Option<Secret>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    id: DeviceId,
    made_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrolment {
    id: DeviceId,
    name: String,
    enrolled_at: Timestamp,
    last_seen: Timestamp,
}

impl Identity {
    /// The devices of an account, by when they were enrolled.
    ///
    /// # Errors
    /// When the cards cannot be read.
    pub async fn devices(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Device>, Error> {
        let mut devices = Vec::new();
        for card in self.cards.list(ENROLMENT, Some(account.as_str())).await? {
            let Enrolment { id, name, enrolled_at, last_seen } = body(ENROLMENT, &card)?;
            devices.push(Device { id, name, program: false, enrolled_at, last_seen, open: 0 });
        }
        for (_, _, held) in self.held(account).await? {
            // Credentials of before there were devices have none.
            let Some(id) = held.device else { continue };
            let open = usize::from(now < held.expires_at);
            match devices.iter_mut().find(|device| device.id == id) {
                Some(device) => {
                    device.open += open;
                    device.last_seen = device.last_seen.max(held.last_seen);
                }
                None => devices.push(Device {
                    id,
                    name: held.label,
                    program: true,
                    enrolled_at: held.created_at,
                    last_seen: held.last_seen,
                    open,
                }),
            }
        }
        devices.sort_by(|one, other| (one.enrolled_at, &one.id).cmp(&(other.enrolled_at, &other.id)));
        Ok(devices)
    }

    /// Ends a device of an account with every session and token on it. Others who use the same machine keep theirs.
    /// Gives how many sessions and tokens ended.
    ///
    /// # Errors
    /// [`Error::NoSuchDevice`].
    pub async fn end_device(&self, account: &AccountId, device: &DeviceId) -> Result<usize, Error> {
        let _ended = self.cache.ending();
        let enrolled = self.remove(ENROLMENT, &enrolment_key(account, device)).await?;
        let mut ended = 0;
        for (kind, key, held) in self.held(account).await? {
            if held.device.as_ref() == Some(device) {
                ended += usize::from(self.remove(kind, &key).await?);
            }
        }
        match enrolled || ended > 0 {
            true => Ok(ended),
            false => Err(Error::NoSuchDevice { account: account.clone(), device: device.clone() }),
        }
    }

    /// Enrols the machine for an account that has just proven everything, or notes that it is in use.
    pub(crate) async fn enrol_device(
        &self,
        account: &AccountId,
        machine: Machine<'_>,
        now: Timestamp,
    ) -> Result<Opened, Error> {
        let Machine::Browser { secret: presented, name } = machine else {
            return Ok(Opened { id: DeviceId::fresh(), key: None, fresh: None });
        };
        let known = match presented {
            Some(presented) => {
                let key = secret::key(presented);
                self.read::<Known>(MACHINE, &key).await?.map(|(known, _)| (key, known.id))
            }
            None => None,
        };
        // A secret that is not ours proves nothing: the machine gets one of its own.
        let opened = match known {
            Some((key, id)) => Opened { id, key: Some(key), fresh: None },
            None => {
                let fresh = Secret::fresh("ocd_")?;
                Opened { id: DeviceId::fresh(), key: Some(secret::key(fresh.reveal())), fresh: Some(fresh) }
            }
        };
        let due = Some(later(now, KEPT));
        if let Some(key) = &opened.key {
            let id = &opened.id;
            self.change(MACHINE, key, |before: Option<Known>| {
                let made_at = before.map_or(now, |known| known.made_at);
                Ok::<_, Error>(Written { body: Known { id: id.clone(), made_at }, owner: None, due })
            })
            .await?;
        }
        let name: String = name.chars().filter(|letter| !letter.is_control()).take(LABEL_MAX_CHARS).collect();
        self.change(ENROLMENT, &enrolment_key(account, &opened.id), |before: Option<Enrolment>| {
            let enrolled_at = before.map_or(now, |known| known.enrolled_at);
            let body = Enrolment { id: opened.id.clone(), name: name.clone(), enrolled_at, last_seen: now };
            Ok::<_, Error>(Written { body, owner: Some(account.as_str().to_owned()), due })
        })
        .await?;
        Ok(opened)
    }

    /// Forgets the devices of an account that is enrolled anew.
    pub(crate) async fn forget_devices(&self, account: &AccountId) -> Result<(), Error> {
        for card in self.cards.list(ENROLMENT, Some(account.as_str())).await? {
            self.remove(ENROLMENT, &card.key).await?;
        }
        Ok(())
    }
}

impl Held {
    /// Whether the one who presents it is on the device that it was opened on.
    pub(crate) fn is_at_home(&self, presented: Option<&str>) -> bool {
        match &self.device_key {
            Some(key) => presented.is_some_and(|presented| secret::key(presented) == *key),
            None => true,
        }
    }
}

fn enrolment_key(account: &AccountId, device: &DeviceId) -> String {
    format!("{account}/{device}")
}
