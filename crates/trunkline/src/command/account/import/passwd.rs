//! `/etc/passwd`: the shell field is the account's program, as it has been since there are logins.

use std::collections::HashMap;

use super::{Choices, Line, Outcome, text};

/// Programs in the shell field that mean that nobody logs in.
const CLOSED: [&str; 4] = ["nologin", "false", "sync", "true"];

/// Users below it belong to the system (login.defs, `UID_MIN`).
const FIRST_PERSON: u32 = 1000;

/// Reads the lines of a passwd file, with a shadow file's hashes.
pub(super) fn read(passwd: &str, shadow: &str, choices: &Choices<'_>) -> Vec<Line> {
    let hashes: HashMap<&str, &str> = shadow
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            Some((fields.next()?, fields.next()?))
        })
        .collect();
    (1..)
        .zip(passwd.lines())
        .filter_map(|(number, line)| one(number, line, &hashes, choices))
        .collect()
}

fn one(
    number: usize,
    line: &str,
    hashes: &HashMap<&str, &str>,
    choices: &Choices<'_>,
) -> Option<Line> {
    if line.trim().is_empty() || line.starts_with('#') {
        return None;
    }
    let fields: Vec<&str> = line.split(':').collect();
    let name = fields.first().copied().unwrap_or_default().to_owned();
    let outcome = match fields[..] {
        [name, password, uid, _gid, _comment, home, shell] => {
            let hash = if password == "x" { hashes.get(name).copied() } else { Some(password) };
            account(name, hash, uid, home, shell, choices)
        }
        _ => Outcome::Not("it hasn't the seven fields of a passwd line".to_owned()),
    };
    Some(Line { number, name, outcome })
}

fn account(
    name: &str,
    hash: Option<&str>,
    uid: &str,
    home: &str,
    shell: &str,
    choices: &Choices<'_>,
) -> Outcome {
    let not = |why: &str| Outcome::Not(why.to_owned());
    let Ok(uid) = uid.parse::<u32>() else { return not("its user id is no number") };
    let shell = if shell.is_empty() { "/bin/sh" } else { shell };
    let program = shell.rsplit('/').next().unwrap_or_default();
    if CLOSED.contains(&program) {
        return not(&format!("its shell {shell} lets nobody in"));
    }
    let user = match (uid, choices.run_as) {
        (0, None) => return not("its program would run as root; --user names another user"),
        (0, Some(user)) => user,
        (1..FIRST_PERSON, _) => return not("it belongs to the system itself"),
        (_, _) => name,
    };
    let mut notes = Vec::new();
    let password = match password(hash) {
        Ok(hash) => hash.to_owned(),
        Err(why) => {
            notes.push(format!(
                "{why}, so nobody gets in until `trunkline account set {name} --password`"
            ));
            "locked".to_owned()
        }
    };
    let mut keys = vec![
        text("name", name),
        text("password", &password),
        ("program".to_owned(), super::edit::list(&[shell.to_owned()])),
        text("user", user),
        // What makes a login shell of a shell; other programs don't mind.
        text("argv0", &format!("-{program}")),
    ];
    if home.starts_with('/') {
        keys.push(text("directory", home));
    }
    Outcome::Account { keys, notes }
}

/// A hash that is known here, or why there is none.
fn password(hash: Option<&str>) -> Result<&str, &'static str> {
    match hash {
        None => Err("its password is in a shadow file that wasn't given"),
        Some("") => Err("it has an empty password, which isn't taken"),
        Some(hash) if hash.starts_with(['!', '*']) => Err("it is locked"),
        Some(hash) if hash.starts_with("$argon2id$") => Ok(hash),
        Some(_) => Err("its password's hash is of a kind that isn't known here"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOBODY, RTU, outcomes};
    use super::*;

    const PASSWD: &str = "# users\n\
        root:x:0:0:root:/root:/bin/bash\n\
        daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n\
        games:x:5:60::/usr/games:/bin/sh\n\
        pump:x:1001:100:Pump, house:/srv/pump:/usr/local/bin/menu\n\
        ada:x:1002:100::/home/ada:\n\
        old:ab01FAX.bQRSU:1003:100::/home/old:/bin/sh\n\
        short:x:1004\n";
    const SHADOW: &str = "pump:$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$ICKpX6wRDEQ7EU2aZoXAIQ:1::::::\nada:$y$j9T$x$y:1::::::\n";

    #[test]
    fn the_shell_field_becomes_the_program_and_the_rest_is_told() {
        let found = outcomes(&read(PASSWD, SHADOW, &NOBODY));
        assert_eq!(found.len(), 7);
        assert!(found[0].1.contains("would run as root"));
        assert!(found[1].1.contains("lets nobody in"));
        assert!(found[2].1.contains("belongs to the system"));
        assert_eq!(
            found[3].0,
            "[[account]]\nname = \"pump\"\npassword = \"$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$ICKpX6wRDEQ7EU2aZoXAIQ\"\n\
             program = [\"/usr/local/bin/menu\"]\nuser = \"pump\"\nargv0 = \"-menu\"\ndirectory = \"/srv/pump\"\n"
        );
        assert!(found[4].0.contains("password = \"locked\"\nprogram = [\"/bin/sh\"]"));
        assert!(found[4].0.contains("argv0 = \"-sh\"") && found[4].1.contains("isn't known here"));
        assert!(found[5].1.contains("isn't known here"));
        assert!(found[6].1.contains("seven fields"));
    }

    #[test]
    fn without_the_shadow_file_passwords_are_missing_and_root_can_be_somebody_else() {
        let found = outcomes(&read(PASSWD, "", &RTU));
        assert!(found[0].0.contains("name = \"root\"") && found[0].0.contains("user = \"rtu\""));
        assert!(found[3].1.contains("wasn't given"));
    }
}
