//! Access lists as a configuration writes them.

use carrier::AccessList;
use serde::de::{Deserialize, Deserializer};

/// An access list: one rule or several, in the order in which they are tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access(pub AccessList);

impl<'de> Deserialize<'de> for Access {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        settings::lines(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Table {
        access: Access,
    }

    #[test]
    fn a_mistake_is_found_at_its_rule_and_not_at_the_whole_list() {
        let text =
            "access = [\n  'allow 10.0.0.0/8',\n  'alow 10.1.0.0/16',\n  'default deny',\n]\n";
        let error = toml::from_str::<Table>(text).unwrap_err();
        let span = error.span().expect("a place");
        assert_eq!(text.get(span), Some("'alow 10.1.0.0/16'"), "{error}");
        assert!(error.to_string().contains("found `alow`"), "{error}");
        let whole: Table = toml::from_str("access = ['allow 10.0.0.1', 'default deny']").unwrap();
        assert!(whole.access.0.check("10.0.0.1:1".parse().unwrap()).is_ok());
        assert!(whole.access.0.check("10.0.0.2:1".parse().unwrap()).is_err());
    }
}
