//! A program with its arguments in one text: `/usr/bin/env LANG=C sh -l`.

/// Splits a command into words as a shell would: blanks part, quotes and backslashes join. Nothing else is
/// special; no shell is ever run.
///
/// # Errors
/// A quote is left open, or there is no word.
pub fn words(command: &str) -> Result<Vec<String>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match quote {
        Some(open) => Err(WordsError::Open(open)),
        None if words.is_empty() => Err(WordsError::Empty),
        None => Ok(words),
    }
}

/// Writes words so that [`words`] reads them back.
pub(crate) fn written(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    let quoted = |word: &String| match !word.is_empty() && word.chars().all(plain) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A command that can't be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A quote has no partner.
    #[error("the {0} is never closed")]
    Open(char),
    /// There is no word.
    #[error("a program is missing")]
    Empty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_part_and_quotes_join() {
        assert_eq!(
            words(" sh  -c 'echo \"$1\"' \"a \\\" b\"  '' c\\ d ").unwrap(),
            ["sh", "-c", "echo \"$1\"", "a \" b", "", "c d"]
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let words_in = ["/bin/sh", "-c", "echo 'a b' \"$1\" \\", "", "ü"].map(str::to_owned);
        assert_eq!(words(&written(&words_in)).unwrap(), words_in);
    }

    #[test]
    fn an_open_quote_and_an_empty_command_are_refused() {
        assert_eq!(words("echo 'x"), Err(WordsError::Open('\'')));
        assert_eq!(words("  "), Err(WordsError::Empty));
    }
}
