//! What somebody wishes to see on a map, as a query string.

use std::collections::BTreeMap;
use std::str::FromStr;

use clear_place::{Kernel, LayerName, Level};
use clear_respond::{AreasOf, ClustersOf, DensityOf, HotSpotsOf, Make, NearRepeatOf, Of, Per, Place, Which};

/// What says which incidents.
const WHICH: [&str; 5] = ["of", "type", "from", "to", "where"];

/// What a map can be: its word in the query string, and its name for people.
pub(crate) const SHOWS: &[(&str, &str)] = &[
    ("areas", "How many in each area"),
    ("density", "Where they lie thick (density)"),
    ("hot-spots", "Hot spots (Gi*)"),
    ("near-repeat", "Near repeats (Knox)"),
    ("clusters", "Clusters"),
];

/// The query string, read.
pub(crate) struct Wish {
    said: BTreeMap<String, String>,
    /// What to make.
    pub(crate) show: &'static str,
    /// The question.
    pub(crate) place: Place,
}

/// A part of the query string that does not read.
#[derive(Debug, PartialEq)]
pub(crate) struct Unread(pub(crate) String);

/// Every name that a query string may have; another is a mistake that somebody would look for long.
const NAMES: &[&str] = &[
    "of",
    "show",
    "layer",
    "per",
    "divisions",
    "type",
    "from",
    "to",
    "where",
    "kernel",
    "bandwidth_m",
    "cell_m",
    "share",
    "weeks",
    "distance_m",
    "rate",
    "distances",
    "days",
    "times",
    "shuffles",
    "seed",
    "level",
    "least",
];

impl Wish {
    /// Reads the pairs of a query string, for a set.
    pub(crate) fn read(pairs: &[(String, String)], set: Of) -> Result<Wish, Unread> {
        let mut said = BTreeMap::new();
        for (name, value) in pairs {
            if !NAMES.contains(&name.as_str()) {
                return Err(Unread(format!("a map knows no `{name}`")));
            }
            let value = value.trim();
            // What a form leaves empty is not said.
            if !value.is_empty() {
                said.insert(name.clone(), value.to_owned());
            }
        }
        if said.get("of").is_some_and(|of| of != "crimes" && of != "incidents") {
            return Err(Unread("`of` should be one of `incidents`, `crimes`".to_owned()));
        }
        let show = match said.get("show") {
            None => "areas",
            Some(word) => {
                let known = SHOWS.iter().find(|(known, _)| known == word).map(|(known, _)| *known);
                known.ok_or_else(|| {
                    Unread(format!("`show` should be one of {}", listed(SHOWS.iter().map(|(word, _)| *word))))
                })?
            }
        };
        let read = Read(&said);
        let which = Which {
            set,
            from: read.parsed("from", "a day like 2018-10-01")?,
            to: read.parsed("to", "a day like 2018-10-31")?,
            primary_type: said.get("type").map(|text| text.to_uppercase()),
            condition: said.get("where").cloned(),
        };
        let make = read.make(show)?;
        Ok(Wish { show, place: Place { make, which }, said })
    }

    /// What was said of a name, for the form.
    pub(crate) fn said(&self, name: &str) -> &str {
        self.said.get(name).map_or("", String::as_str)
    }

    /// The query string again, for links to the same map in another form.
    pub(crate) fn query(&self) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        self.said.iter().for_each(|(name, value)| _ = out.append_pair(name, value));
        out.finish()
    }

    /// Of it, what says which incidents.
    pub(crate) fn query_of_which(&self) -> String {
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.said.iter().filter(|(name, _)| WHICH.contains(&name.as_str())) {
            out.append_pair(name, value);
        }
        out.finish()
    }
}

/// Which incidents a tile's query string says.
pub(crate) fn which(pairs: &[(String, String)], set: Of) -> Result<Which, Unread> {
    if let Some((name, _)) = pairs.iter().find(|(name, _)| !WHICH.contains(&name.as_str())) {
        return Err(Unread(format!("a tile knows no `{name}`")));
    }
    Ok(Wish::read(pairs, set)?.place.which)
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

struct Read<'a>(&'a BTreeMap<String, String>);

impl Read<'_> {
    fn parsed<T: FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Unread> {
        let parsed = |text: &String| text.parse().map_err(|_| Unread(format!("`{name}` should be {what}")));
        self.0.get(name).map(parsed).transpose()
    }

    fn number<T: FromStr>(&self, name: &str, unless_said: T) -> Result<T, Unread> {
        Ok(self.parsed(name, "a number")?.unwrap_or(unless_said))
    }

    fn word<T: Copy>(&self, name: &str, words: &[(&str, T)], unless_said: T) -> Result<T, Unread> {
        let Some(text) = self.0.get(name) else { return Ok(unless_said) };
        let found = words.iter().find(|(word, _)| word == text).map(|(_, value)| *value);
        found
            .ok_or_else(|| Unread(format!("`{name}` should be one of {}", listed(words.iter().map(|(word, _)| *word)))))
    }

    fn make(&self, show: &str) -> Result<Make, Unread> {
        Ok(match show {
            "density" => {
                let it = DensityOf::default();
                Make::Density(DensityOf {
                    kernel: self.word(
                        "kernel",
                        &[("quartic", Kernel::Quartic), ("gaussian", Kernel::Gaussian)],
                        it.kernel,
                    )?,
                    bandwidth_m: self.number("bandwidth_m", it.bandwidth_m)?,
                    cell_m: self.number("cell_m", it.cell_m)?,
                    share: self.number("share", it.share)?,
                    weeks: self.number("weeks", it.weeks)?,
                })
            }
            "hot-spots" => {
                let it = HotSpotsOf::default();
                Make::HotSpots(HotSpotsOf {
                    cell_m: self.number("cell_m", it.cell_m)?,
                    distance_m: self.number("distance_m", it.distance_m)?,
                    rate: self.number("rate", it.rate)?,
                    weeks: self.number("weeks", it.weeks)?,
                })
            }
            "near-repeat" => {
                let it = NearRepeatOf::default();
                Make::NearRepeat(NearRepeatOf {
                    distance_m: self.number("distance_m", it.distance_m)?,
                    distances: self.number("distances", it.distances)?,
                    days: self.number("days", it.days)?,
                    times: self.number("times", it.times)?,
                    shuffles: self.number("shuffles", it.shuffles)?,
                    seed: self.number("seed", it.seed)?,
                })
            }
            "clusters" => {
                let it = ClustersOf::default();
                Make::Clusters(ClustersOf {
                    level: self.word("level", LEVELS, it.level)?,
                    least: self.number("least", it.least)?,
                })
            }
            _ => {
                let it = AreasOf::default();
                let layers = LayerName::ALL.map(|layer| (layer.word(), layer));
                Make::Areas(AreasOf {
                    layer: self.word("layer", &layers, it.layer)?,
                    per: self.word("per", &[("area", Per::Area), ("square_km", Per::SquareKm)], it.per)?,
                    divisions: self.number("divisions", it.divisions)?,
                })
            }
        })
    }
}

const LEVELS: &[(&str, Level)] = &[
    ("half", Level::Half),
    ("tenth", Level::Tenth),
    ("twentieth", Level::Twentieth),
    ("hundredth", Level::Hundredth),
    ("thousandth", Level::Thousandth),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Wish, String> {
        let pairs: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Wish::read(&pairs, Of::Incidents).map_err(|Unread(what)| what)
    }

    #[test]
    fn a_query_string_says_a_map() {
        let wish = read("show=hot-spots&type=theft&from=2018-10-01&cell_m=300&where=").unwrap();
        assert_eq!(wish.place.make, Make::HotSpots(HotSpotsOf { cell_m: 300.0, ..HotSpotsOf::default() }));
        assert_eq!(wish.place.which.primary_type.as_deref(), Some("THEFT"));
        assert_eq!(wish.query(), "cell_m=300&from=2018-10-01&show=hot-spots&type=theft");
        assert_eq!(wish.query_of_which(), "from=2018-10-01&type=theft");
        assert_eq!(read("").unwrap().place.make, Make::Areas(AreasOf::default()));
        for (query, what) in [
            ("show=persons", "`show` should be one of `areas`"),
            ("colour=red", "a map knows no `colour`"),
            ("show=density&kernel=flat", "`kernel` should be one of `quartic`, `gaussian`"),
            ("show=density&cell_m=wide", "`cell_m` should be a number"),
            ("from=yesterday", "`from` should be a day"),
        ] {
            assert!(read(query).err().is_some_and(|said| said.contains(what)), "{query}");
        }
    }
}
