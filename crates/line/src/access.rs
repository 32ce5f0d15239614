//! Access lists as a configuration writes them.

use carrier::AccessList;
use serde::de::{Deserialize, Deserializer, Error};
use settings::OneOrMany;

/// An access list: one rule or several, in the order in which they are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access(pub AccessList);

impl<'de> Deserialize<'de> for Access {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let OneOrMany(rules) = OneOrMany::<String>::deserialize(deserializer)?;
        rules.join("\n").parse().map(Self).map_err(D::Error::custom)
    }
}
