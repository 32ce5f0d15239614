//! One line of the log.

use std::fmt::{self, Write as _};
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use super::{Form, priority};
use crate::style::Style;
use crate::time::{Civil, of_day};

/// Writes an event as one line, with its end.
pub(super) fn write(form: Form, now: SystemTime, event: &Event<'_>, out: &mut String) {
    let level = *event.metadata().level();
    let now = Civil::from(now);
    let _ = match form {
        Form::Journal => write!(out, "<{}>", priority(level)),
        Form::Plain => write!(out, "{:.3} {:5} ", now, level.as_str()),
        Form::Terminal(style) => {
            write!(out, "{} {} ", style.dim(of_day(now)), painted(level, style))
        }
    };
    let mut fields = Fields { message: String::new(), rest: String::new() };
    event.record(&mut fields);
    out.push_str(&fields.message);
    if !fields.rest.is_empty() {
        let style = if let Form::Terminal(style) = form { style } else { Style::Plain };
        out.push_str(&style.dim(&fields.rest));
    }
    out.push('\n');
}

fn painted(level: Level, style: Style) -> String {
    match level {
        Level::ERROR => style.red("ERROR"),
        Level::WARN => style.yellow("WARN "),
        Level::INFO => style.green("INFO "),
        Level::DEBUG => style.blue("DEBUG"),
        Level::TRACE => style.dim("TRACE"),
    }
}

/// The message, and ` name=value` for everything else.
struct Fields {
    message: String,
    rest: String,
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            escape(value, &mut self.message);
        } else {
            self.named(field, value);
        }
    }

    /// Tenths are all that a log wants. They are written as a whole number is: what prints any fraction
    /// would be a fiftieth of a small build.
    fn record_f64(&mut self, field: &Field, value: f64) {
        let sign = if value < 0.0 { "-" } else { "" };
        let tenths = (value.abs() * 10.0 + 0.5) as u64;
        self.named(field, &format!("{sign}{}.{}", tenths / 10, tenths % 10));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.named(field, &crate::failure::chain(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl Fields {
    fn named(&mut self, field: &Field, value: &str) {
        let _ = write!(self.rest, " {}=", field.name());
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
            self.rest.push_str(value);
        } else {
            self.rest.push('"');
            escape(&value.replace('\\', "\\\\").replace('"', "\\\""), &mut self.rest);
            self.rest.push('"');
        }
    }
}

/// A line end from outside would be a line of the log, an escape sequence an order to the terminal.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            c if c.is_control() => out.extend(c.escape_default()),
            // Characters that turn the direction of writing hide what stands before them.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use tracing::span::{Attributes, Id, Record};
    use tracing::{Metadata, Subscriber};

    use super::*;

    struct Collect(Form, Mutex<String>);

    impl Subscriber for &'static Collect {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn event(&self, event: &Event<'_>) {
            let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
            write(self.0, now, event, &mut self.1.lock().unwrap());
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    fn logged(form: Form, log: impl FnOnce()) -> String {
        let collect: &'static Collect = Box::leak(Box::new(Collect(form, Mutex::default())));
        tracing::subscriber::with_default(collect, log);
        collect.1.lock().unwrap().clone()
    }

    #[test]
    fn a_call_is_one_line_in_every_form() {
        let call = || {
            tracing::info!(line = "pump-house", cause = "remote hang-up", sent = 3u64, "call ended")
        };
        let rest = "call ended line=pump-house cause=\"remote hang-up\" sent=3\n";
        assert_eq!(logged(Form::Plain, call), format!("2023-11-14T22:13:20.250Z INFO  {rest}"));
        assert_eq!(logged(Form::Journal, call), format!("<6>{rest}"));
        assert_eq!(
            logged(Form::Terminal(Style::Plain), call),
            format!("22:13:20.250 INFO  {rest}")
        );
    }

    #[test]
    fn fractions_are_logged_to_the_tenth() {
        let text = logged(Form::Plain, || tracing::info!(seconds = 61.96f32, low = -0.26, "x"));
        assert!(text.ends_with("x seconds=62.0 low=-0.3\n"), "{text}");
    }

    #[test]
    fn a_caller_can_write_neither_lines_nor_orders_to_the_terminal() {
        let name = "root\n2026-11-22 ERROR fire\u{1b}[2J\u{202e}\" x=\"";
        let text = logged(Form::Plain, || tracing::warn!(name, "no account {name}"));
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        assert!(text.contains("\\\" x=\\\"\""), "{text}");
    }
}
