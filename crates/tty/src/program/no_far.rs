//! In place of programs that a launcher has started: there is none.

use std::io;
use std::process::ExitStatus;
use std::task::{Context, Poll};

use rustix::process::Pid;

use super::{Grace, ProgramIo};
use crate::Signal;

/// No such program can be.
#[derive(Debug)]
pub(super) enum Far {}

/// Nor its end.
pub(super) type FarWatch = Far;

impl Far {
    pub(super) fn watch(&self) -> io::Result<FarWatch> {
        match *self {}
    }

    pub(super) fn pid(&self) -> Pid {
        match *self {}
    }

    pub(super) fn poll_ended(&self, _: &mut Context<'_>) -> Poll<()> {
        match *self {}
    }

    pub(super) fn poll_wait(&mut self, _: &mut Context<'_>) -> Poll<ExitStatus> {
        match *self {}
    }

    pub(super) fn signal_group(&self, _: Signal) {
        match *self {}
    }

    pub(super) async fn hang_up(self, _: ProgramIo, _: Grace) -> io::Result<ExitStatus> {
        match self {}
    }
}
