//! Making calls, and letting them go.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use at::result::Cause;
use carrier::{AccessList, Call, CallOptions, Caller, SocketOptions, Trunks};
use tracing::info;

use crate::config::LineConfig;
use crate::configured::Configured;
use crate::keeping::{Kept, NotKept};
use crate::limits;
use crate::pending::Pending;
use crate::routing::Route;
use crate::slot::{Dialling, Reached};
use crate::switchboard::Board;

/// Calls the addresses of a route, one after the other, until one answers. They share the time that
/// the modem gives them.
pub(crate) fn place(
    route: Route,
    within: Duration,
    access: Arc<AccessList>,
    trunks: Option<Arc<dyn Trunks>>,
    line: &Configured,
    call: &str,
) -> Dialling {
    let options = CallOptions {
        tls: route.tls,
        ssh: Some(route.ssh.client(&route.terminal, None)),
        telnet: route.telnet.or(line.telnet.map(|mode| mode.0)),
        terminal: Some(route.terminal),
        socket: socket(line),
        trunks,
        ..CallOptions::default()
    };
    let routes: Vec<carrier::Route> = route
        .addresses
        .into_iter()
        .map(|address| carrier::Route { address, options: options.clone() })
        .collect();
    let (line, id) = (line.name.clone(), call.to_owned());
    Box::pin(async move {
        match carrier::dial_first(&routes, &access, Some(within)).await {
            Ok((_, call)) => {
                let over = call.peer().to_string();
                Ok(Reached { call, over })
            }
            Err(error) => {
                info!(line, call = id, "no call: {error}");
                Err(error.cause())
            }
        }
    })
}

/// A call that is made once it is on record.
pub(crate) fn once_kept(kept: Kept, dial: Dialling) -> Dialling {
    Box::pin(async move {
        match tokio::time::timeout(limits::RECORD, kept).await {
            Ok(Ok(())) => dial.await,
            Ok(Err(NotKept)) | Err(_) => Err(Cause::Unrecorded),
        }
    })
}

/// A call that fails before it is made.
pub(crate) fn fail(cause: Cause) -> Dialling {
    Box::pin(ready(Err(cause)))
}

/// How this line answers.
pub(crate) fn answering(line: &LineConfig) -> CallOptions {
    CallOptions {
        telnet: line.telnet.map(|mode| mode.0),
        socket: socket(line),
        ..CallOptions::default()
    }
}

fn socket(line: &LineConfig) -> SocketOptions {
    SocketOptions::lost_after(line.user_timeout.0)
}

/// Hands over the last bytes of a call that is over, and ends it, without the line waiting for it.
pub(crate) fn let_go(board: &Board, mut call: Call, rest: Pending) {
    board.farewell(async move {
        // Also keeps the call's deadlines: telnet may be holding data until the far end has answered.
        let handed_over = call.send(rest.as_slice());
        // Whoever doesn't take his last bytes by then is cut off when the call drops.
        if let Ok(Ok(())) = tokio::time::timeout(limits::LAST_BYTES, handed_over).await {
            call.hang_up(limits::LAST_BYTES).await;
        }
    });
}

/// Tells a caller that the line is busy, and ends the call.
pub(crate) fn tell(board: &Board, line: &Configured, caller: Caller) {
    tell_busy(board, &line.name, line.busy_message.as_deref(), answering(line), caller);
}

/// The same for any name, in these words.
pub(crate) fn tell_busy(
    board: &Board,
    name: &str,
    words: Option<&str>,
    options: CallOptions,
    caller: Caller,
) {
    if !board.has_words() {
        return board.turn_away(name, Cause::LineInUse, caller);
    }
    board.note_turned_away(name, Cause::LineInUse, &caller);
    info!(line = name, "told {} that the line is busy", caller.peer());
    let text = format!("\r\n{}\r\n", words.unwrap_or("BUSY"));
    board.farewell(async move {
        let Ok(mut call) = caller.answer(&options) else { return };
        if let Ok(Ok(())) =
            tokio::time::timeout(limits::LAST_BYTES, call.send(text.as_bytes())).await
        {
            call.hang_up(limits::LAST_BYTES).await;
        }
    });
}
