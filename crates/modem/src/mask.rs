//! Passwords do not belong in logs, answers and call lists.

/// The text with the password of a URL (`scheme://name:password@host`, or without a scheme) made unreadable. What it
/// ends with is behind the last `@`: there may be others in it, and slashes, quotes and blanks too.
pub(crate) fn secrets(text: &str) -> String {
    if let Some(code) = at::secret::before_code(text) {
        return format!("{code}***");
    }
    let user = text.find("://").map_or(0, |scheme| scheme + 3);
    let password = text.rfind('@').and_then(|end| {
        let colon = text.get(user..end)?.find(':')?;
        Some((text.get(..user + colon)?, text.get(end..)?))
    });
    match password {
        Some((before, behind)) => format!("{before}:***{behind}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::secrets;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(secrets("DTssh://joe:secret@h:22/x"), "DTssh://joe:***@h:22/x");
        assert_eq!(secrets("D\"ssh://joe:p@ss@h\""), "D\"ssh://joe:***@h\"");
        assert_eq!(secrets("DTssh://joe:a/b@h"), "DTssh://joe:***@h");
        assert_eq!(secrets("DTtelnet://joe@h"), "DTtelnet://joe@h");
        assert_eq!(secrets("D T ssh://joe:s e@c@h"), "D T ssh://joe:***@h");
        assert_eq!(secrets("DTssh://joe:a\"b@h"), "DTssh://joe:***@h");
        assert_eq!(secrets("DTjoe:1234@h"), "DTjoe:***@h");
        assert_eq!(secrets("**04*1234*5678*5678#"), "**04***");
    }

    #[test]
    fn what_has_no_password_stays_as_it_is() {
        for text in ["", "E0V1", "DT10.0.0.5:8023", "DT://", "D://@", "&Z1=a://b"] {
            assert_eq!(secrets(text), text);
        }
    }
}
