//! mgetty's `login.config`: `pattern userid utmp program [arguments]`, the first match wins.

use super::{Choices, Line, Outcome, text};

/// How many columns stand before the program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    /// Pattern, user and utmp entry.
    One,
    /// And whether the account is for callbacks alone.
    Two,
}

/// Reads the lines of a login.config.
pub(super) fn read(file: &str, choices: &Choices<'_>) -> Vec<Line> {
    let mut version = Version::One;
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(file.lines()) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let Some(first) = fields.first().filter(|first| !first.starts_with('#')) else { continue };
        let name = (*first).to_owned();
        let outcome = match (*first, fields.get(1)) {
            ("!version", Some(&"2")) => {
                version = Version::Two;
                continue;
            }
            (order, _) if order.starts_with('!') => {
                Outcome::Not("it is an order to mgetty that isn't known here".to_owned())
            }
            (pattern, _) => account(pattern, fields.get(1..).unwrap_or_default(), version, choices),
        };
        lines.push(Line { number, name, outcome });
    }
    lines
}

fn account(pattern: &str, fields: &[&str], version: Version, choices: &Choices<'_>) -> Outcome {
    let not = |why: &str| Outcome::Not(why.to_owned());
    match pattern {
        "*" => return not("every account has its own name; who has none here doesn't get in"),
        "/AutoPPP/" => {
            return not("PPP is recognised by its first bytes there; here a caller logs in first");
        }
        "/FIDO/" => {
            return not(
                "a Fido mailer is recognised by its first bytes there; here a caller logs in first",
            );
        }
        _ if pattern.contains('*') => return not("an account's name is no pattern"),
        _ => {}
    }
    let columns = if version == Version::Two { 3 } else { 2 };
    let (before, command) = fields.split_at(fields.len().min(columns));
    let Some((program, arguments)) = command.split_first() else {
        return not("it names no program");
    };
    let mut notes = Vec::new();
    let user = match (before.first().copied().unwrap_or("-"), choices.run_as) {
        ("-", None) => return not("its program would run as root; --user names another user"),
        ("-", Some(user)) => user,
        (user, _) => user,
    };
    if version == Version::Two && before.contains(&"Y") {
        notes.push(format!(
            "it is for callbacks alone: set whom to call with `trunkline account set {pattern} --set callback=NUMBER`"
        ));
    }
    let mut argv = vec![(*program).to_owned()];
    for argument in arguments {
        match *argument {
            "@" => argv.push(pattern.to_owned()),
            // What comes from the network is never an argument.
            "\\I" => notes.push("\\I is left out: the program finds it in $CONNECT".to_owned()),
            "\\Y" => notes.push("\\Y is left out: the program finds it in $CALLER_ID".to_owned()),
            argument if argument.starts_with('\\') => {
                notes.push(format!("{argument} is left out: it isn't known here"));
            }
            argument => argv.push(argument.to_owned()),
        }
    }
    notes.push(format!(
        "mgetty has no passwords, so nobody gets in until `trunkline account set {pattern} --password`"
    ));
    let keys = vec![
        text("name", pattern),
        text("password", "locked"),
        ("program".to_owned(), super::edit::list(&argv)),
        text("user", user),
    ];
    Outcome::Account { keys, notes }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOBODY, RTU, outcomes};
    use super::*;

    const FILE: &str = "# who gets what\n\
        /FIDO/ uucp fido /usr/local/lib/fnet/ifcico @\n\
        /AutoPPP/ - a_ppp /usr/sbin/pppd auth -chap +pap login debug\n\
        U* uucp @ /usr/sbin/uucico -l -u @\n\
        site42 rtu @ /usr/local/software --site 42 @ \\I \\Y\n\
        boss - - /bin/login @\n\
        empty rtu -\n\
        * - - /bin/login @\n";

    #[test]
    fn exact_names_become_accounts_and_the_rest_is_told() {
        let found = outcomes(&read(FILE, &NOBODY));
        assert_eq!(found.len(), 7);
        for (n, why) in [
            (0, "Fido"),
            (1, "PPP"),
            (2, "no pattern"),
            (4, "as root"),
            (5, "no program"),
            (6, "its own name"),
        ] {
            assert!(found[n].0.is_empty() && found[n].1.contains(why), "{n}: {}", found[n].1);
        }
        assert_eq!(
            found[3].0,
            "[[account]]\nname = \"site42\"\npassword = \"locked\"\n\
             program = [\"/usr/local/software\", \"--site\", \"42\", \"site42\"]\nuser = \"rtu\"\n"
        );
        for note in ["$CONNECT", "$CALLER_ID", "no passwords"] {
            assert!(found[3].1.contains(note), "{}", found[3].1);
        }
    }

    #[test]
    fn what_ran_as_root_can_run_as_somebody_else() {
        let found = outcomes(&read(FILE, &RTU));
        assert!(found[4].0.contains("program = [\"/bin/login\", \"boss\"]\nuser = \"rtu\""));
    }

    #[test]
    fn the_second_version_has_a_column_for_callbacks() {
        let file = "!version 2\nsite42 rtu @ Y /usr/local/software\nother rtu @ - /bin/cat -n\n!include x\n";
        let found = outcomes(&read(file, &NOBODY));
        assert!(found[0].0.contains("program = [\"/usr/local/software\"]"));
        assert!(found[0].1.contains("--set callback=NUMBER"));
        assert!(found[1].0.contains("program = [\"/bin/cat\", \"-n\"]"));
        assert!(!found[1].1.contains("callback"));
        assert!(found[2].1.contains("isn't known here"));
    }
}
