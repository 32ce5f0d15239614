//! What the modem says about itself.

use crate::table::{Asked, Told};

fn line(text: &str) -> Told {
    Told::Lines(vec![text.to_owned()])
}

/// `+GMI`
pub(crate) fn maker(asked: &Asked<'_>) -> Told {
    line(&asked.core.persona().identity.maker)
}

/// `+GMM`
pub(crate) fn model(asked: &Asked<'_>) -> Told {
    line(&asked.core.persona().identity.model)
}

/// `+GMR`
pub(crate) fn revision(asked: &Asked<'_>) -> Told {
    line(&asked.core.persona().identity.revision)
}

/// `+GSN`
pub(crate) fn serial(asked: &Asked<'_>) -> Told {
    line(&asked.core.persona().identity.serial)
}

/// `+GOI`
pub(crate) fn object(asked: &Asked<'_>) -> Told {
    line(&asked.core.persona().identity.object)
}

/// `+GCAP`
pub(crate) fn capabilities(asked: &Asked<'_>) -> Told {
    Told::Lines(vec![format!("+GCAP: {}", asked.core.persona().identity.capabilities)])
}

/// `+GCI`
pub(crate) fn country(asked: &Asked<'_>) -> Told {
    Told::Lines(vec![format!("+GCI: {}", asked.core.persona().identity.country)])
}

/// `+CPIN`
pub(crate) fn sim(_: &Asked<'_>) -> Told {
    line("+CPIN: READY")
}

/// `+CREG`: at home, no news of changes.
pub(crate) fn registration(_: &Asked<'_>) -> Told {
    line("+CREG: 0,1")
}

/// `+CSQ`: the best there is; there is no radio.
pub(crate) fn signal(_: &Asked<'_>) -> Told {
    line("+CSQ: 31,99")
}
