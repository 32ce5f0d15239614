//! One program in the launcher's care, and how it is brought to its end. No system call is made here.
//!
//! ```text
//!            ended                        nothing is left
//!   Runs ───────────► (a group is left) ─────────────────► forgotten
//!     │ hang up                                                ▲
//!     └────────► Hup ── patience ──► Term ── patience ──► Kill ┘
//! ```

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::limits::SOONEST_GROUP_LOOK;
use crate::program::Grace;

/// What a ward's end is brought about with.
pub(super) trait Reach {
    /// Sends a signal to the process group of a program.
    fn signal(&mut self, group: Group, signal: Signal);
    /// Sends one to another process group, if it is of the program's session.
    fn signal_job(&mut self, job: Pid, leader: Pid, signal: Signal);
    /// Whether the program's group has members, the buried leader aside.
    fn is_left(&mut self, leader: Pid) -> bool;
    /// Kills all that is left of its session.
    fn sweep(&mut self, leader: Pid);
}

/// A program's process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Its leader is there, if only unburied: its number is its own.
    Led(Pid),
    /// The leader was buried: the number is the group's for as long as it has members.
    Orphaned(Pid),
}

/// What the front is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Nothing.
    Nothing,
    /// The program has ended and left something.
    Ended(i32),
    /// Nothing is left: the ward is forgotten.
    Gone(i32),
}

/// A program.
#[derive(Debug)]
pub(super) struct Ward {
    leader: Pid,
    status: Option<i32>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Runs,
    Ending(Ending),
    /// Killed, and nobody waits for it.
    LetGo,
}

#[derive(Debug)]
struct Ending {
    grace: Grace,
    job: Option<Pid>,
    sent: Sent,
    /// When it gets rougher.
    due: Instant,
    /// When a group without its leader is looked at next: nothing tells when it is empty.
    look: Instant,
    pause: Duration,
}

/// The last signal of a hang-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Hup,
    Term,
    Kill,
}

impl Ward {
    pub(super) fn new(leader: Pid) -> Self {
        Self { leader, status: None, stage: Stage::Runs }
    }

    fn group(&self) -> Group {
        match self.status {
            None => Group::Led(self.leader),
            Some(_) => Group::Orphaned(self.leader),
        }
    }

    /// The process has ended, and was buried.
    pub(super) fn ended(&mut self, status: i32, now: Instant, reach: &mut impl Reach) -> Word {
        self.status = Some(status);
        match &mut self.stage {
            // What is left was killed with it.
            Stage::LetGo | Stage::Ending(Ending { sent: Sent::Kill, .. }) => Word::Gone(status),
            _ if !reach.is_left(self.leader) => Word::Gone(status),
            Stage::Runs => Word::Ended(status),
            Stage::Ending(ending) => {
                ending.look = now + ending.pause;
                Word::Nothing
            }
        }
    }

    /// Hangs it up.
    pub(super) fn hang_up(
        &mut self,
        grace: Grace,
        job: Option<Pid>,
        now: Instant,
        reach: &mut impl Reach,
    ) -> Word {
        if !matches!(self.stage, Stage::Runs) {
            return Word::Nothing;
        }
        if let Some(status) = self.status
            && !reach.is_left(self.leader)
        {
            return Word::Gone(status);
        }
        let mut ending = Ending {
            grace,
            job,
            sent: Sent::Hup,
            due: now + grace.hup,
            look: now,
            pause: SOONEST_GROUP_LOOK,
        };
        ending.signal(self.group(), self.leader, Signal::HUP, reach);
        ending.look = now + ending.pause;
        self.stage = Stage::Ending(ending);
        self.tick(now, reach)
    }

    /// Kills what is left: all of its session if it hasn't ended, else what it left in its own group.
    /// Jobs that outlived their shell in groups of their own were meant to stay.
    pub(super) fn let_go(&mut self, reach: &mut impl Reach) -> Word {
        reach.signal(self.group(), Signal::KILL);
        if let Some(status) = self.status {
            return Word::Gone(status);
        }
        if !matches!(self.stage, Stage::LetGo) {
            reach.sweep(self.leader);
        }
        self.stage = Stage::LetGo;
        Word::Nothing
    }

    /// Sends a signal to its group.
    pub(super) fn signal(&self, signal: Signal, reach: &mut impl Reach) {
        reach.signal(self.group(), signal);
    }

    /// Does what is due.
    pub(super) fn tick(&mut self, now: Instant, reach: &mut impl Reach) -> Word {
        let group = self.group();
        let Stage::Ending(ending) = &mut self.stage else { return Word::Nothing };
        if let Some(status) = self.status
            && ending.look <= now
        {
            if !reach.is_left(self.leader) {
                return Word::Gone(status);
            }
            ending.pause *= 2;
            ending.look = now + ending.pause;
        }
        while ending.sent != Sent::Kill && ending.due <= now {
            ending.get_rougher(group, self.leader, reach);
        }
        match (ending.sent, self.status) {
            (Sent::Kill, Some(status)) => Word::Gone(status),
            _ => Word::Nothing,
        }
    }

    /// When something will be due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let Stage::Ending(ending) = &self.stage else { return None };
        if ending.sent == Sent::Kill {
            return None;
        }
        match self.status {
            Some(_) => Some(ending.due.min(ending.look)),
            None => Some(ending.due),
        }
    }
}

impl Ending {
    fn signal(&self, group: Group, leader: Pid, signal: Signal, reach: &mut impl Reach) {
        reach.signal(group, signal);
        // A stopped process would notice when it is too late.
        reach.signal(group, Signal::CONT);
        if let Some(job) = self.job {
            reach.signal_job(job, leader, signal);
        }
    }

    fn get_rougher(&mut self, group: Group, leader: Pid, reach: &mut impl Reach) {
        if self.sent == Sent::Hup {
            self.sent = Sent::Term;
            self.due += self.grace.term;
            self.signal(group, leader, Signal::TERM, reach);
        } else {
            self.sent = Sent::Kill;
            reach.signal(group, Signal::KILL);
            reach.sweep(leader);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system in which things are as the test says.
    #[derive(Default)]
    struct Stage {
        said: Vec<String>,
        left: bool,
    }

    impl Reach for Stage {
        fn signal(&mut self, group: Group, signal: Signal) {
            let (Group::Led(leader) | Group::Orphaned(leader)) = group;
            self.said.push(format!("{leader} {}", signal.as_raw()));
        }
        fn signal_job(&mut self, job: Pid, leader: Pid, signal: Signal) {
            self.said.push(format!("{job} of {leader} {}", signal.as_raw()));
        }
        fn is_left(&mut self, _: Pid) -> bool {
            self.left
        }
        fn sweep(&mut self, leader: Pid) {
            self.said.push(format!("sweep {leader}"));
        }
    }

    const HUP: Duration = Duration::from_secs(5);
    const TERM: Duration = Duration::from_secs(3);
    const GRACE: Grace = Grace { hup: HUP, term: TERM };

    fn ward() -> (Ward, Stage, Instant) {
        (Ward::new(Pid::from_raw(7).unwrap()), Stage::default(), Instant::now())
    }

    #[test]
    fn a_program_that_ends_by_itself_and_leaves_nothing_is_gone() {
        let (mut ward, mut stage, now) = ward();
        assert_eq!(ward.ended(256, now, &mut stage), Word::Gone(256));
        assert!(stage.said.is_empty());
    }

    #[test]
    fn what_a_program_leaves_waits_for_the_hang_up() {
        let (mut ward, mut stage, now) = ward();
        stage.left = true;
        assert_eq!(ward.ended(0, now, &mut stage), Word::Ended(0));
        assert_eq!(ward.deadline(), None);
        assert_eq!(ward.hang_up(GRACE, None, now, &mut stage), Word::Nothing);
        assert_eq!(stage.said, ["7 1", "7 18"]);
        let look = ward.deadline().unwrap();
        assert_eq!(look, now + SOONEST_GROUP_LOOK);
        assert_eq!(ward.tick(look, &mut stage), Word::Nothing);
        stage.left = false;
        assert_eq!(ward.tick(ward.deadline().unwrap(), &mut stage), Word::Gone(0));
    }

    #[test]
    fn a_deaf_program_gets_each_signal_in_its_time() {
        let (mut ward, mut stage, now) = ward();
        let job = Pid::from_raw(9);
        assert_eq!(ward.hang_up(GRACE, job, now, &mut stage), Word::Nothing);
        assert_eq!(stage.said, ["7 1", "7 18", "9 of 7 1"]);
        assert_eq!(ward.deadline(), Some(now + HUP));
        assert_eq!(ward.tick(now + HUP - Duration::from_millis(1), &mut stage), Word::Nothing);
        assert_eq!(stage.said.len(), 3);
        ward.tick(now + HUP, &mut stage);
        assert_eq!(stage.said[3..], ["7 15", "7 18", "9 of 7 15"]);
        assert_eq!(ward.deadline(), Some(now + HUP + TERM));
        ward.tick(now + HUP + TERM, &mut stage);
        assert_eq!(stage.said[6..], ["7 9", "sweep 7"]);
        assert_eq!(ward.deadline(), None);
        // Others of its group may take a moment longer; they were killed.
        stage.left = true;
        assert_eq!(ward.ended(9, now + HUP + TERM, &mut stage), Word::Gone(9));
    }

    #[test]
    fn no_patience_at_all_is_every_signal_at_once() {
        let (mut ward, mut stage, now) = ward();
        let none = Grace { hup: Duration::ZERO, term: Duration::ZERO };
        ward.hang_up(none, None, now, &mut stage);
        assert_eq!(stage.said, ["7 1", "7 18", "7 15", "7 18", "7 9", "sweep 7"]);
    }

    #[test]
    fn one_that_is_let_go_is_killed_and_gone_when_it_has_ended() {
        let (mut ward, mut stage, now) = ward();
        assert_eq!(ward.let_go(&mut stage), Word::Nothing);
        assert_eq!(ward.let_go(&mut stage), Word::Nothing);
        assert_eq!(stage.said, ["7 9", "sweep 7", "7 9"]);
        assert_eq!(ward.hang_up(GRACE, None, now, &mut stage), Word::Nothing);
        assert_eq!(ward.ended(9, now, &mut stage), Word::Gone(9));
    }

    #[test]
    fn jobs_that_outlived_their_shell_are_left_alone() {
        let (mut ward, mut stage, now) = ward();
        stage.left = true;
        ward.ended(0, now, &mut stage);
        assert_eq!(ward.let_go(&mut stage), Word::Gone(0));
        assert_eq!(stage.said, ["7 9"]);
    }

    #[test]
    fn a_second_hang_up_changes_nothing() {
        let (mut ward, mut stage, now) = ward();
        ward.hang_up(GRACE, None, now, &mut stage);
        let later = now + Duration::from_secs(1);
        ward.hang_up(Grace { hup: Duration::ZERO, ..GRACE }, None, later, &mut stage);
        assert_eq!(ward.deadline(), Some(now + HUP));
    }
}
