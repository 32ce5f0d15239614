//! Passwords do not belong in logs, answers and call lists.

/// The text with the passwords of URLs (`scheme://name:password@host`) made unreadable.
pub(crate) fn secrets(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.find("://") {
        let (before, after) = rest.split_at(place + 3);
        masked.push_str(before);
        let end = after.find(['"', ' ']).unwrap_or(after.len());
        let (authority, behind) = after.split_at(end);
        // The last @ ends the password, which may have others in it, and a slash too.
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                let name = user.split_once(':').map_or(user, |(name, _)| name);
                masked.push_str(name);
                if name.len() < user.len() {
                    masked.push_str(":***");
                }
                masked.push('@');
                masked.push_str(host);
            }
            None => masked.push_str(authority),
        }
        rest = behind;
    }
    masked.push_str(rest);
    masked
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
    }

    #[test]
    fn what_has_no_password_stays_as_it_is() {
        for text in ["", "E0V1", "DT10.0.0.5:8023", "DT://", "D://@", "&Z1=a://b"] {
            assert_eq!(secrets(text), text);
        }
    }
}
