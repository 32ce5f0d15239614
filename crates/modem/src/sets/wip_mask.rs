//! Command lines without the passwords of bearers.

/// The line with passwords of bearers made unreadable: option 1, and what stands behind a login name.
pub(super) fn without_passwords(line: String) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut rest = line.as_str();
    loop {
        let end = end_of_command(rest);
        let (command, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        match password(command) {
            Some(place) => {
                masked.push_str(command.get(..place).unwrap_or_default());
                masked.push_str("***");
            }
            None => masked.push_str(command),
        }
        let Some(after) = behind.strip_prefix(';') else { return masked };
        masked.push(';');
        rest = after;
    }
}

/// Up to a `;` outside quotes.
fn end_of_command(line: &str) -> usize {
    let mut quoted = false;
    let ends = |byte: u8| {
        quoted ^= byte == b'"';
        byte == b';' && !quoted
    };
    line.bytes().position(ends).unwrap_or(line.len())
}

/// Where the password of a command begins.
fn password(command: &str) -> Option<usize> {
    let upper = command.to_ascii_uppercase();
    if let Some(place) = upper.find("#APNPW=") {
        return Some(place + "#APNPW=".len());
    }
    let commas: Vec<usize> = command.match_indices(',').map(|(at, _)| at + 1).collect();
    // Of services: behind the server or page and the user's name, and headers behind it may be secret too.
    if upper.contains("+WIPCREATE") || upper.contains("+WIPFILE") {
        return commas.get(4).copied();
    }
    let values = upper.find("+WIPBR")? + "+WIPBR".len();
    let value = |from: usize, to: usize| Some(upper.get(from..to)?.trim());
    let act = value(values, *commas.first()? - 1)?.trim_start_matches(['=', ' ']);
    let option = || value(*commas.get(1)?, *commas.get(2)? - 1);
    match act {
        "2" if option()? == "1" => commas.get(2).copied(),
        "4" => commas.get(3).copied(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::without_passwords;

    #[test]
    fn the_password_of_a_service_is_not_shown() {
        let masked = |line: &str| without_passwords(line.to_owned());
        let shown = "+WIPCREATE=4,1,\"h\",21,\"me\",";
        assert_eq!(masked(&format!("{shown}\"secret\"")), format!("{shown}***"));
        let shown = "+wipfile=5,1,1,\"/x\",\"me\",";
        assert_eq!(masked(&format!("{shown}\"secret\",\"Cookie\",\"y\"")), format!("{shown}***"));
        assert_eq!(masked("#apnpw=\"secret\";#OTCP"), "#apnpw=***;#OTCP");
        assert_eq!(masked("+WIPCREATE=2,1,\"h\",80"), "+WIPCREATE=2,1,\"h\",80");
        assert_eq!(masked("+WIPCREATE=3,1,80,1,8"), "+WIPCREATE=3,1,80,1,8");
    }

    #[test]
    fn a_bearers_password_is_not_shown_and_everything_else_is() {
        let masked = |line: &str| without_passwords(line.to_owned());
        assert_eq!(masked("+WIPBR=2,6,1,\"se;cret\";&W"), "+WIPBR=2,6,1,***;&W");
        assert_eq!(masked("E0;+wipbr = 2, 6, 1 ,secret"), "E0;+wipbr = 2, 6, 1 ,***");
        assert_eq!(masked("+WIPBR=4,6,0,\"me\",\"secret\""), "+WIPBR=4,6,0,\"me\",***");
        for shown in
            ["+WIPBR=2,6,11,\"apn\"", "+WIPBR=2,6,0,\"me\"", "+WIPBR=4,6,0", "+WIPBR?", "", ";;"]
        {
            assert_eq!(masked(shown), shown);
        }
    }
}
