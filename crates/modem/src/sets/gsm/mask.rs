//! PINs do not belong in logs.

/// The commands that are given a PIN.
const WITH_CODES: [&str; 3] = ["+CPIN=", "+CPWD=", "+CLCK="];

/// A command line without PINs, PUKs and passwords.
pub(crate) fn without_codes(line: String) -> String {
    let upper = line.to_ascii_uppercase();
    let mut masked = String::new();
    let mut from = 0;
    while let Some(end) = WITH_CODES
        .iter()
        .filter_map(|name| upper.get(from..)?.find(name).map(|at| from + at + name.len()))
        .min()
    {
        let rest = line.get(end..).unwrap_or_default();
        let behind = rest.find(';').map_or(line.len(), |at| end + at);
        masked.push_str(line.get(from..end).unwrap_or_default());
        masked.push_str("***");
        from = behind;
    }
    if from == 0 {
        return line;
    }
    masked.push_str(line.get(from..).unwrap_or_default());
    masked
}

#[cfg(test)]
mod tests {
    use super::without_codes;

    #[test]
    fn a_pin_is_not_shown_and_everything_else_is() {
        let masked = |line: &str| without_codes(line.to_owned());
        assert_eq!(masked("+cpin=1234"), "+cpin=***");
        assert_eq!(masked("E0+CPIN=\"1\",2;+CSQ;+CPWD=\"SC\",1,2"), "E0+CPIN=***;+CSQ;+CPWD=***");
        assert_eq!(masked("+CPIN?"), "+CPIN?");
        assert_eq!(masked("é+CPIN=é"), "é+CPIN=***");
    }
}
