//! Who is answered, by caller ID; in the words of mgetty's `dialin.config`.

use std::str::FromStr;

use crate::limits;

/// One rule: a number's beginning, `none` or `all`, with `!` before it for those who aren't answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallerRule {
    who: Who,
    verdict: Answered,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// Callers whose number begins like this.
    Prefix(String),
    /// Callers without a number.
    None,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answered {
    Yes,
    No,
}

/// Rules, of which the first that fits decides; a caller whom none fits is answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallerRules(Vec<CallerRule>);

/// A list of rules is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at most {} caller rules are taken", limits::CALLER_RULES)]
pub struct TooManyRules;

impl FromStr for CallerRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (verdict, who) = match text.strip_prefix('!') {
            Some(who) => (Answered::No, who),
            None => (Answered::Yes, text),
        };
        let number = |c: char| c.is_ascii_digit() || "+*#".contains(c);
        let who = match who {
            "none" => Who::None,
            "all" => Who::All,
            prefix if !prefix.is_empty() && prefix.chars().all(number) => {
                Who::Prefix(prefix.to_owned())
            }
            _ => {
                return Err(format!(
                    "`{text}` is no caller rule; expected the beginning of a number, `none` or `all`, perhaps \
                     with `!` before it"
                ));
            }
        };
        Ok(Self { who, verdict })
    }
}

impl CallerRules {
    /// These rules in this order.
    ///
    /// # Errors
    /// There are too many.
    pub fn new(rules: Vec<CallerRule>) -> Result<Self, TooManyRules> {
        match rules.len() <= limits::CALLER_RULES {
            true => Ok(Self(rules)),
            false => Err(TooManyRules),
        }
    }

    /// Whether a caller with this number is answered; the number is empty, or `P` or `O`, when none was told.
    pub fn allow(&self, number: &str) -> bool {
        let dialled: String = number.chars().filter(|c| !" -()./".contains(*c)).collect();
        let nobody = !dialled.contains(|c: char| c.is_ascii_digit());
        let fits = |rule: &&CallerRule| match &rule.who {
            Who::Prefix(prefix) => dialled.starts_with(prefix.as_str()),
            Who::None => nobody,
            Who::All => true,
        };
        self.0.iter().find(fits).is_none_or(|rule| rule.verdict == Answered::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> CallerRules {
        CallerRules::new(texts.iter().map(|text| text.parse().unwrap()).collect()).unwrap()
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_without_one_everybody_is_answered() {
        assert!(rules(&[]).allow("5551234"));
        let own = rules(&["!5559", "555", "none", "!all"]);
        for (number, answered) in [
            ("5551234", true),
            ("555-1234", true),
            ("5559000", false),
            ("", true),
            ("P", true),
            ("777", false),
        ] {
            assert_eq!(own.allow(number), answered, "{number}");
        }
        assert!(!rules(&["!none"]).allow("O"));
    }

    #[test]
    fn what_is_no_rule_is_refused_with_what_one_is() {
        for text in ["", "!", "any", "555x", "! 5"] {
            assert!(text.parse::<CallerRule>().unwrap_err().contains("none"), "{text}");
        }
        assert_eq!(CallerRules::new(vec!["all".parse().unwrap(); 1001]), Err(TooManyRules));
    }
}
