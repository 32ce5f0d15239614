//! `+WIPPING`.

use std::time::Duration;

use at::body::ExtendedAct;

use crate::command::{Args, Read, ok};
use crate::limits::HOST;
use crate::{Action, Answer, Code, Out, Ping, Wip};

impl Wip {
    pub(crate) fn ping_command(
        &mut self,
        act: &ExtendedAct<'_>,
        out: &mut impl Out,
    ) -> Read<Answer> {
        let values = match act {
            ExtendedAct::Set(values) => values,
            ExtendedAct::Test => return Ok(ok()),
            ExtendedAct::Read | ExtendedAct::Execute => return Err(Answer::Error),
        };
        let args = Args::of(values, 1, 6)?;
        let host = args.text(0)?;
        if host.is_empty() || host.len() > HOST {
            return Err(Answer::Cme(Code::BAD_VALUE));
        }
        // All but the host is recalled from WIPsoft.
        let count = args.bounded(1, 1, 65_535, 1)?;
        let interval = args.bounded(2, 1, 65_535, 2000)?;
        let timeout = args.bounded(3, 1, 65_535, 2000)?;
        let size = args.bounded(4, 1, 1500, 64)?;
        let ttl = args.bounded(5, 0, 255, 128)?;
        self.stack_is_up()?;
        if !self.bearers.is_started() {
            return Err(Answer::Cme(Code::BAD_STACK_STATE));
        }
        out.act(Action::Ping(Ping {
            host: &host,
            count: u16::try_from(count).unwrap_or(u16::MAX),
            interval: Duration::from_millis(interval.into()),
            timeout: Duration::from_millis(timeout.into()),
            size: u16::try_from(size).unwrap_or(u16::MAX),
            ttl: u8::try_from(ttl).unwrap_or(u8::MAX),
        }));
        Ok(ok())
    }
}
