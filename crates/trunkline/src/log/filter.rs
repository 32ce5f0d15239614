//! What is logged: `info`, or `info,line=debug,exchange=trace`.

use std::fmt;
use std::str::FromStr;

use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::cli::nearest;

/// A level for everything, and others for single parts of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    usual: LevelFilter,
    /// Parts by the start of their module path; the longest that fits decides.
    parts: Vec<(String, LevelFilter)>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { usual: LevelFilter::INFO, parts: Vec::new() }
    }
}

impl Filter {
    /// Only what needs attention.
    pub(crate) fn warnings() -> Self {
        Self { usual: LevelFilter::WARN, parts: Vec::new() }
    }

    /// Whether an event of this module and level is logged.
    pub(crate) fn admits(&self, target: &str, level: Level) -> bool {
        let part = self
            .parts
            .iter()
            .filter(|(part, _)| within(target, part))
            .max_by_key(|(part, _)| part.len());
        level <= part.map_or(self.usual, |(_, level)| *level)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.usual)?;
        self.parts.iter().try_for_each(|(part, level)| write!(f, ",{part}={level}"))
    }
}

/// `line` holds `line` and `line::driver`, not `lineage`.
fn within(target: &str, part: &str) -> bool {
    target.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// A text that says nothing about levels.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FilterError {
    /// This is no level.
    #[error(
        "`{0}` is no level; expected error, warn, info, debug, trace or off, or PART=LEVEL such as line=debug"
    )]
    Level(String),
    /// There is no such part of the program, and one that is nearly called so.
    #[error("there is no part `{0}`; did you mean `{1}`?")]
    Part(String, &'static str),
}

/// The parts that log. Libraries have others, and may be named, too.
const PARTS: [&str; 12] = [
    "carrier",
    "collector",
    "exchange",
    "gateway",
    "line",
    "rack",
    "station",
    "store",
    "translator",
    "trunkline",
    "tty",
    "web",
];

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for directive in text.split(',').map(str::trim).filter(|directive| !directive.is_empty()) {
            let level =
                |word: &str| level(word).ok_or_else(|| FilterError::Level(directive.to_owned()));
            match directive.split_once('=') {
                Some((part, word)) => filter.parts.push((known(part.trim())?, level(word)?)),
                None => filter.usual = level(directive)?,
            }
        }
        Ok(filter)
    }
}

/// A part by its module path, unless it is a misspelt one of ours.
fn known(part: &str) -> Result<String, FilterError> {
    let own = part.split("::").next().unwrap_or_default();
    match nearest(own, PARTS.into_iter()).filter(|near| *near != own) {
        Some(near) => Err(FilterError::Part(own.to_owned(), near)),
        None => Ok(part.to_owned()),
    }
}

fn level(word: &str) -> Option<LevelFilter> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" | "warning" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_part_that_fits_decides() {
        let filter: Filter = "warn, line=debug, line::driver=off, exchange=trace".parse().unwrap();
        for (target, level, admitted) in [
            ("carrier::dial", Level::WARN, true),
            ("carrier::dial", Level::INFO, false),
            ("line", Level::DEBUG, true),
            ("line::slot", Level::TRACE, false),
            ("line::driver", Level::ERROR, false),
            ("lineage", Level::DEBUG, false),
            ("exchange::session", Level::TRACE, true),
        ] {
            assert_eq!(filter.admits(target, level), admitted, "{target} {level}");
        }
    }

    #[test]
    fn a_filter_is_written_as_it_is_read() {
        for text in ["info", "warn,line=debug,exchange::pump=trace", "off"] {
            assert_eq!(text.parse::<Filter>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn nonsense_is_refused_in_the_words_that_were_written() {
        let no_level = |text: &str| Err(FilterError::Level(text.into()));
        assert_eq!("info,line=loud".parse::<Filter>(), no_level("line=loud"));
        assert_eq!("verbose".parse::<Filter>(), no_level("verbose"));
        let misspelt = FilterError::Part("lines".into(), "line");
        assert_eq!("lines::driver=debug".parse::<Filter>(), Err(misspelt));
        assert!("russh=debug".parse::<Filter>().is_ok(), "a library's");
        assert_eq!("".parse::<Filter>(), Ok(Filter::default()));
    }
}
