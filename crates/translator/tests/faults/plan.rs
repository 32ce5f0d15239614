//! What goes wrong on a cable, and at which step.

use std::sync::{Arc, Mutex};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The module refuses; a connection is reset.
    Refuses,
    /// It says nothing this once.
    Silent,
    /// It starts anew, and echoes.
    Reboots,
    /// The network ends the data session.
    LosesBearer,
    /// Noise comes before the answer.
    Garbled,
    /// The answer comes after everybody has given up.
    Late,
    /// Commands are echoed from now on.
    Echoes,
    /// Other things are said in front of the answer, within it and behind it.
    Chatters,
    /// Half of the answer comes, whatever it has announced, and nothing more this once.
    Stops,
    /// It says nothing more until its power is switched.
    Hangs,
    /// The cable is pulled out, and put in again.
    Unplugs,
    /// The far end breaks the connection off, if there is one.
    FarResets,
    /// The far end closes the connection, if there is one.
    FarCloses,
}

impl Fault {
    /// Those that both a script and a real module can have.
    const SHARED: [Self; 8] = [
        Self::Refuses,
        Self::Silent,
        Self::Reboots,
        Self::LosesBearer,
        Self::Garbled,
        Self::Late,
        Self::Echoes,
        Self::Chatters,
    ];

    /// Those that a script can have.
    pub(crate) fn scripted() -> Vec<Self> {
        [&Self::SHARED[..], &[Self::Stops]].concat()
    }

    /// Those that a real module, and a real far end, can have.
    pub(crate) fn real() -> Vec<Self> {
        let theirs = [Self::Hangs, Self::Unplugs, Self::FarResets, Self::FarCloses];
        [&Self::SHARED[..], &theirs].concat()
    }
}

/// What goes wrong, known to the cable and to the test.
#[derive(Clone, Default)]
pub(crate) struct Plan(Arc<Mutex<Course>>);

#[derive(Default)]
struct Course {
    fault: Option<(usize, Fault)>,
    steps: usize,
}

impl Plan {
    /// Lets this go wrong at the n-th step from the start.
    pub(crate) fn fault(&self, at: usize, fault: Fault) {
        self.0.lock().unwrap().fault = Some((at, fault));
    }

    /// The steps so far.
    pub(crate) fn steps(&self) -> usize {
        self.0.lock().unwrap().steps
    }

    /// The next step: what goes wrong with it.
    pub(crate) fn step(&self) -> Option<Fault> {
        let mut course = self.0.lock().unwrap();
        let at = course.steps;
        course.steps += 1;
        course.fault.filter(|(wrong, _)| *wrong == at).map(|(_, fault)| fault)
    }
}
