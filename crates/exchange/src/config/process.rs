//! What a program may use up: `[account.process]`.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use settings::{Parsed, Span};

/// What an account's program, and each process that it starts, may use up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ProcessConfig {
    /// Processor time of one process; then it is killed. Default: no limit.
    pub cpu: Option<Span>,
    /// Address space of one process, such as `256M`. Default: no limit.
    pub memory: Option<Size>,
    /// Open files of one process. Default: 1024.
    pub files: Option<u64>,
    /// Processes of the system user who runs it, in all his calls together. Default: no limit.
    pub processes: Option<u64>,
    /// Length of a file that it writes, such as `100M`. Default: no limit.
    pub file_size: Option<Size>,
    /// How much it lets others go first, from 0 to 19. Default: 0.
    pub nice: Option<Nice>,
}

/// A number of bytes: `512`, `64K`, `256M`, `2G`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub u64);

/// How much a program lets others go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nice(pub u8);

/// The text is no number of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no size; expected a number of bytes, also with K, M or G, such as 256M")]
pub struct NoSize(String);

impl FromStr for Size {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let refused = || NoSize(text.to_owned());
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let shift = match unit.trim() {
            "" => 0,
            "K" | "KiB" => 10,
            "M" | "MiB" => 20,
            "G" | "GiB" => 30,
            _ => return Err(refused()),
        };
        let number: u64 = number.parse().map_err(|_| refused())?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(refused)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer).map(|Parsed(size)| size)
    }
}

impl<'de> Deserialize<'de> for Nice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nice = u8::deserialize(deserializer)?;
        if nice > 19 {
            return Err(serde::de::Error::custom("expected a number from 0 to 19"));
        }
        Ok(Self(nice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_with_its_unit() {
        for (text, size) in [("512", 512), ("64K", 65_536), ("2 G", 2 << 30), ("1MiB", 1 << 20)] {
            assert_eq!(text.parse(), Ok(Size(size)), "{text}");
        }
        for text in ["", "M", "-1", "1.5G", "1T", "99999999999999999999", "99999999999999G"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_niceness_that_would_push_others_aside_is_refused() {
        assert!(toml::from_str::<ProcessConfig>("nice = 19").is_ok());
        assert!(toml::from_str::<ProcessConfig>("nice = 20").is_err());
        assert!(toml::from_str::<ProcessConfig>("nice = -1").is_err());
    }
}
