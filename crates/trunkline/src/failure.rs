//! Errors on their way to people.

use std::error::Error;

use crate::style::Style;

/// An error and its causes in one line: `can't read x: no such file`.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors already name their cause in their own words.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Says on standard error why a command failed.
pub(crate) fn complain(message: &str) {
    eprintln!("{} {message}", Style::of(&std::io::stderr()).red("trunkline:"));
}
