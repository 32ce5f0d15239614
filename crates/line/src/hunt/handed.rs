//! A caller on his way from a group, or from another line, to a line.

use carrier::{Caller, Peer};
use tokio::sync::mpsc;

/// A caller who is handed to a line. A line that can't take him after all gives him back to his group, and so
/// does one that ends before it has looked at its letters.
pub(crate) struct Handed {
    caller: Option<Box<Caller>>,
    back: Option<mpsc::Sender<Caller>>,
}

impl Handed {
    /// From a group, which takes him back.
    pub(crate) fn from_group(caller: Caller, group: &mpsc::Sender<Caller>) -> Self {
        Self { caller: Some(Box::new(caller)), back: Some(group.clone()) }
    }

    /// From another line, for whom this is the last word.
    pub(crate) fn from_line(caller: Caller) -> Self {
        Self { caller: Some(Box::new(caller)), back: None }
    }

    /// Who calls.
    pub(crate) fn peer(&self) -> Option<&Peer> {
        self.caller.as_deref().map(Caller::peer)
    }

    /// Whether he is from inside this process.
    pub(crate) fn is_inside(&self) -> bool {
        self.caller.as_deref().is_some_and(Caller::is_inside)
    }

    /// He rings, or is told that the line is busy: by this line.
    pub(crate) fn take(mut self) -> Option<Caller> {
        self.caller.take().map(|caller| *caller)
    }

    /// Back to his group. Without one, he is the line's to deal with.
    pub(crate) fn decline(mut self) -> Option<Caller> {
        match self.back {
            Some(_) => None,
            None => self.caller.take().map(|caller| *caller),
        }
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        let Some(caller) = self.caller.take().map(|caller| *caller) else { return };
        let refused = match &self.back {
            // As many can be on their way as have places in it.
            Some(group) => group.try_send(caller).map_err(mpsc::error::TrySendError::into_inner),
            None => Err(caller),
        };
        if let Err(caller) = refused {
            caller.refuse();
        }
    }
}
