//! A mail as it goes: lines end with return and feed, and a dot at the begin of one is doubled.

/// Where in a mail we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Body {
    /// At the begin of a line.
    #[default]
    Begin,
    Within,
    /// Behind a return.
    Return,
}

impl Body {
    /// What goes over the wire for these bytes. A return or feed alone ends a line too: on its own neither may
    /// be sent (RFC 5321, 2.3.8), and servers disagree about what it means.
    pub(crate) fn encode(&mut self, bytes: &[u8], to: &mut Vec<u8>) {
        for &byte in bytes {
            if *self == Self::Return {
                to.push(b'\n');
                *self = Self::Begin;
                if byte == b'\n' {
                    continue;
                }
            }
            match byte {
                b'\r' => {
                    to.push(byte);
                    *self = Self::Return;
                }
                b'\n' => {
                    to.extend_from_slice(b"\r\n");
                    *self = Self::Begin;
                }
                _ => {
                    if byte == b'.' && *self == Self::Begin {
                        to.push(b'.');
                    }
                    to.push(byte);
                    *self = Self::Within;
                }
            }
        }
    }

    /// What ends a mail.
    pub(crate) const fn end(self) -> &'static [u8] {
        match self {
            Self::Begin => b".\r\n",
            Self::Return => b"\n.\r\n",
            Self::Within => b"\r\n.\r\n",
        }
    }
}
