//! Who is logged in.

use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits;
use crate::random::{self, Digest, digest};
use crate::staff::{Operator, Staff};

/// The sessions of all operators. They are bounded, since there are only so many of each operator.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// By the digest of what the browser's cookie says.
    by_key: Mutex<HashMap<Digest, Session>>,
}

/// One operator at one browser.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) operator: String,
    /// What every order must show: only a page of ours can know it.
    pub(crate) csrf: String,
    mark: Digest,
    began: Instant,
    used: Instant,
}

/// How long sessions last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lasting {
    pub(crate) idle: Duration,
    pub(crate) longest: Duration,
}

/// Whether a request shows that somebody is at the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hand {
    /// He clicked or typed.
    There,
    /// The page asks by itself.
    Away,
}

impl Sessions {
    /// A new session; gives what the cookie is to say.
    ///
    /// # Errors
    /// The system has no randomness.
    pub(crate) fn begin(&self, operator: &Operator, now: Instant) -> io::Result<String> {
        let (key, csrf) = (random::token()?, random::token()?);
        let session = Session {
            operator: operator.name.clone(),
            csrf,
            mark: operator.mark,
            began: now,
            used: now,
        };
        let mut sessions = self.lock();
        let own = || sessions.iter().filter(|(_, session)| session.operator == operator.name);
        if own().count() >= limits::SESSIONS {
            let oldest = own().min_by_key(|(_, session)| session.used).map(|(key, _)| *key);
            oldest.map(|key| sessions.remove(&key));
        }
        sessions.insert(digest(key.as_bytes()), session);
        Ok(key)
    }

    /// The session of a cookie, if it still lasts and its operator is still on the staff with the same password.
    pub(crate) fn find(
        &self,
        key: &str,
        staff: &Staff,
        lasting: Lasting,
        hand: Hand,
        now: Instant,
    ) -> Option<Session> {
        let key = digest(key.as_bytes());
        let mut sessions = self.lock();
        let session = sessions.get_mut(&key)?;
        let lasts = now.saturating_duration_since(session.began) < lasting.longest
            && now.saturating_duration_since(session.used) < lasting.idle;
        let known =
            staff.operator(&session.operator).is_some_and(|known| known.mark == session.mark);
        if !lasts || !known {
            sessions.remove(&key);
            return None;
        }
        if hand == Hand::There {
            session.used = now;
        }
        Some(session.clone())
    }

    /// Ends a session.
    pub(crate) fn end(&self, key: &str) {
        self.lock().remove(&digest(key.as_bytes()));
    }

    /// How many there are that last.
    pub(crate) fn count(&self, lasting: Lasting, now: Instant) -> usize {
        let mut sessions = self.lock();
        sessions.retain(|_, session| {
            now.saturating_duration_since(session.began) < lasting.longest
                && now.saturating_duration_since(session.used) < lasting.idle
        });
        sessions.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Session>> {
        // Nothing under the lock can fail half-way.
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{OperatorConfig, Role};
    use settings::{Secret, SecretRef};
    use std::sync::Arc;

    const LASTING: Lasting =
        Lasting { idle: Duration::from_secs(60), longest: Duration::from_secs(600) };

    fn staff(password: &str) -> Staff {
        let password = SecretRef::Given(Arc::new(Secret::new(password.as_bytes().to_vec())));
        let operator = OperatorConfig { name: "ada".into(), password, role: Role::Viewer };
        Staff::new(&[operator], &[], "/".as_ref()).unwrap()
    }

    #[test]
    fn a_session_ends_when_nobody_is_there_and_at_the_latest_after_its_longest() {
        let (sessions, staff, t) = (Sessions::default(), staff("p"), Instant::now());
        let at = |secs| t + Duration::from_secs(secs);
        let key = sessions.begin(staff.operator("ada").unwrap(), t).unwrap();
        let lasts = |hand, secs| sessions.find(&key, &staff, LASTING, hand, at(secs)).is_some();
        for secs in [50, 100, 150] {
            assert!(lasts(Hand::There, secs));
        }
        // A page that asks by itself keeps nobody logged in.
        assert!(lasts(Hand::Away, 200));
        assert!(!lasts(Hand::Away, 211));
        let key = sessions.begin(staff.operator("ada").unwrap(), t).unwrap();
        for secs in (50..600).step_by(50) {
            assert!(sessions.find(&key, &staff, LASTING, Hand::There, at(secs)).is_some());
        }
        assert!(sessions.find(&key, &staff, LASTING, Hand::There, at(601)).is_none());
        assert_eq!(sessions.count(LASTING, at(601)), 0);
    }

    #[test]
    fn a_session_ends_with_its_cookie_and_with_the_operators_password() {
        let (sessions, t) = (Sessions::default(), Instant::now());
        let (before, after) = (staff("p"), staff("q"));
        let key = sessions.begin(before.operator("ada").unwrap(), t).unwrap();
        let other = sessions.begin(before.operator("ada").unwrap(), t).unwrap();
        let lasts = |key: &str, staff| sessions.find(key, staff, LASTING, Hand::There, t).is_some();
        assert!(lasts(&key, &before) && !lasts("guess", &before));
        sessions.end(&key);
        assert!(!lasts(&key, &before) && lasts(&other, &before));
        assert!(!lasts(&other, &after) && !lasts(&other, &before));
    }

    #[test]
    fn one_operator_has_only_so_many_sessions() {
        let (sessions, staff, t) = (Sessions::default(), staff("p"), Instant::now());
        let ada = staff.operator("ada").unwrap();
        let first = sessions.begin(ada, t).unwrap();
        for n in 1..=limits::SESSIONS {
            sessions.begin(ada, t + Duration::from_millis(n as u64)).unwrap();
        }
        assert_eq!(sessions.count(LASTING, t), limits::SESSIONS);
        assert!(sessions.find(&first, &staff, LASTING, Hand::There, t).is_none());
    }
}
