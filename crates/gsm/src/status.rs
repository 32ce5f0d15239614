//! How a module stands.

/// How a module stands, as far as it has told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Who made it.
    pub maker: String,
    /// Which model it is.
    pub model: String,
    /// Which version of its software it has.
    pub version: String,
    /// Its own number, the IMEI.
    pub serial: String,
    /// Whose commands it has.
    pub dialect: Option<&'static str>,
    /// The card's own number for itself, the IMSI.
    pub subscriber: String,
    /// Whether a network takes it.
    pub registration: Registration,
    /// Which.
    pub operator: String,
    /// How strong the signal is, in dBm; unknown when there is none.
    pub signal: Option<i16>,
    /// What `+CSQ` said.
    pub csq: Option<(u8, u8)>,
}

/// Whether a network takes a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// Nobody has asked yet.
    #[default]
    Unknown,
    /// It doesn't look for one.
    Off,
    /// Its own.
    Home,
    /// It is looking for one.
    Searching,
    /// The network says no.
    Denied,
    /// A foreign one.
    Roaming,
}

impl Registration {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Off => "off",
            Self::Home => "home",
            Self::Searching => "searching",
            Self::Denied => "denied",
            Self::Roaming => "roaming",
        }
    }

    /// Reads `+CREG: 0,1`, asked for or told unasked.
    pub(crate) fn read(line: &str) -> Option<Self> {
        let values = line.split_once(": ").map(|(_, values)| values)?;
        let mut values = values.split(',').map(str::trim);
        let first = values.next()?;
        // Told unasked, the mode is left out; a place may follow, in quotes.
        let stat = values.next().filter(|second| !second.starts_with('"')).unwrap_or(first);
        Some(match stat {
            "0" => Self::Off,
            "1" => Self::Home,
            "2" => Self::Searching,
            "3" => Self::Denied,
            "5" => Self::Roaming,
            _ => Self::Unknown,
        })
    }
}

impl Status {
    /// Nothing is known of its network any more.
    pub fn forget_network(&mut self) {
        (self.registration, self.signal, self.csq) = (Registration::Unknown, None, None);
        self.operator.clear();
    }

    /// Reads `+CSQ: 17,0`.
    pub(crate) fn signal(&mut self, line: &str) {
        let Some(values) = line.strip_prefix("+CSQ:") else { return };
        let mut values = values.split(',').map(|value| value.trim().parse::<u8>());
        let (Some(Ok(strength)), Some(Ok(errors))) = (values.next(), values.next()) else { return };
        self.csq = Some((strength, errors));
        self.signal = (strength < 32).then(|| i16::from(strength) * 2 - 113);
    }

    /// Reads `+COPS: 0,0,"name"`.
    pub(crate) fn operator(&mut self, line: &str) {
        let Some(values) = line.strip_prefix("+COPS:") else { return };
        if let Some(name) = values.splitn(3, ',').nth(2) {
            let name = name.trim().trim_start_matches('"');
            self.operator = name.split('"').next().unwrap_or_default().to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_is_read_in_every_form() {
        for (line, read) in [
            ("+CREG: 0,1", Registration::Home),
            ("+CREG: 2,5,\"178D\",\"1678\"", Registration::Roaming),
            ("+CREG: 1,\"178D\",\"1678\"", Registration::Home),
            ("+CGREG: 2", Registration::Searching),
            ("+CEREG: 0,3", Registration::Denied),
        ] {
            assert_eq!(Registration::read(line), Some(read), "{line}");
        }
    }

    #[test]
    fn signal_and_operator_are_read() {
        let mut status = Status::default();
        status.signal("+CSQ: 17,0");
        assert_eq!((status.signal, status.csq), (Some(-79), Some((17, 0))));
        status.signal("+CSQ: 99,99");
        assert_eq!((status.signal, status.csq), (None, Some((99, 99))));
        status.operator("+COPS: 0,0,\"Example Net\",7");
        assert_eq!(status.operator, "Example Net");
        status.operator("+COPS: 0,2,20801");
        assert_eq!(status.operator, "20801");
        status.operator("+COPS: 0");
        assert_eq!(status.operator, "20801");
    }
}
