//! Telling a peer by the negotiation he begins with.

use crate::summary::Fingerprint;
use crate::wire::Verb;

/// busybox telnetd 1.35: `DO ECHO, DO NAWS, WILL ECHO, WILL SGA`, before anything else.
const BUSYBOX: [(Verb, u8); 4] = [(Verb::Do, 1), (Verb::Do, 31), (Verb::Will, 1), (Verb::Will, 3)];

/// gensio 2.6: `WILL SGA, DO SGA, WILL ECHO, DONT ECHO`; the last is what nobody else says.
const GENSIO: [(Verb, u8); 4] = [(Verb::Will, 3), (Verb::Do, 3), (Verb::Will, 1), (Verb::Dont, 1)];

const fn pattern(of: Fingerprint) -> &'static [(Verb, u8); 4] {
    match of {
        Fingerprint::Busybox => &BUSYBOX,
        Fingerprint::Gensio => &GENSIO,
    }
}

/// How far the peer's first bytes have been compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Matcher {
    /// He has sent nothing.
    Start,
    /// So far it looks like this peer; so many commands have matched.
    Like(Fingerprint, u8),
    Known(Fingerprint),
    /// Nobody that needs care.
    Nobody,
}

impl Matcher {
    /// Takes the next command of a negotiation.
    pub(crate) fn negotiation(&mut self, verb: Verb, option: u8) {
        *self = match *self {
            Self::Start => [Fingerprint::Busybox, Fingerprint::Gensio]
                .into_iter()
                .find(|&peer| pattern(peer).first() == Some(&(verb, option)))
                .map_or(Self::Nobody, |peer| Self::Like(peer, 1)),
            Self::Like(peer, matched) => {
                let rest = pattern(peer).get(usize::from(matched)..).unwrap_or_default();
                match rest {
                    [last] if *last == (verb, option) => Self::Known(peer),
                    [next, ..] if *next == (verb, option) => Self::Like(peer, matched + 1),
                    _ => Self::Nobody,
                }
            }
            // It never answers option 0; who does is somebody else.
            Self::Known(Fingerprint::Busybox) if option == 0 => Self::Nobody,
            known => known,
        };
    }

    /// Takes notice of anything else, after which the first bytes are over.
    pub(crate) fn other(&mut self) {
        if let Self::Start | Self::Like(..) = self {
            *self = Self::Nobody;
        }
    }

    pub(crate) fn peer(self) -> Option<Fingerprint> {
        match self {
            Self::Known(peer) => Some(peer),
            Self::Start | Self::Like(..) | Self::Nobody => None,
        }
    }
}
