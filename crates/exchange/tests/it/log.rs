//! What the log says, for people and for fail2ban.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex};

use exchange::CallId;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::harness::{house, rtu, script};

/// Keeps every event of this process as a line: the message, then the fields. Tests look for the
/// lines of their own call.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// The process's log, taken from the first call on.
    fn start() -> Self {
        static LOG: LazyLock<Log> = LazyLock::new(|| {
            let log = Log::default();
            tracing::subscriber::set_global_default(log.clone()).expect("the only subscriber");
            log
        });
        LOG.clone()
    }

    /// The lines about a call.
    fn lines(&self, call: CallId) -> Vec<String> {
        let lines = self.0.lock().expect("sound");
        let call = format!("call={call}");
        lines.iter().filter(|line| line.split(' ').any(|word| word == call)).cloned().collect()
    }

    fn line(&self, call: CallId, part: &str) -> String {
        let lines = self.lines(call);
        let line = lines.iter().find(|line| line.contains(part));
        line.unwrap_or_else(|| panic!("no `{part}` in {lines:#?}")).clone()
    }
}

#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("exchange")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        self.0.lock().expect("sound").push(words.message + &words.fields);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_failed_login_is_a_line_that_fail2ban_can_read() {
    let log = Log::start();
    let house = house(&rtu("pipe", &["/bin/cat"]));
    let mut caller = house.raw().await;
    caller.give("rtu", "wrong").await;
    caller.give("hunter2", "rtu").await;
    caller.expect("login: ").await;
    drop(caller);
    let call = house.record().await.call.id;
    assert!(log.line(call, "account=\"rtu\"").starts_with("login failed from 127.0.0.1 "));
    log.line(call, "account=\"unknown\"");
    let all = log.lines(call).join("\n");
    assert!(!all.contains("hunter2"), "a name that is nobody's may be a password: {all}");
}

#[tokio::test]
async fn a_call_ends_with_one_line_that_says_everything() {
    let log = Log::start();
    let house = house(&script("pipe", "head -c 5; exit 4"));
    let mut caller = house.rtu().await;
    caller.say("12345").await;
    caller.rest().await;
    let call = house.record().await.call.id;
    let line = log.line(call, "call ended");
    for part in [
        "call ended: program ended",
        "account=\"rtu\"",
        "over=\"tcp\"",
        "cause=\"program-ended\"",
        "received=16",
        "status=4",
        "from=127.0.0.1:",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!log.lines(call).iter().any(|line| line.contains("secret")));
}

#[tokio::test]
async fn what_a_program_says_on_standard_error_is_logged_within_bounds() {
    let log = Log::start();
    let house = house(&script("pipe", "printf 'a\\033[2Jb\\n' >&2; yes | head -1000 >&2"));
    let caller = house.rtu().await;
    assert_eq!(caller.rest().await, b"");
    let call = house.record().await.call.id;
    let first = format!("program says: a\\u{{1b}}[2Jb call={call}");
    assert_eq!(log.line(call, "program says: a"), first);
    let lines = log.lines(call);
    assert_eq!(lines.iter().filter(|line| line.starts_with("program says: ")).count(), 200);
    log.line(call, "is not logged");
}
