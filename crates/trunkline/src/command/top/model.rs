//! What is shown, and what keys do to it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Instant;

use super::feed::News;
use super::keys::Key;
use crate::json::Json;

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum View {
    #[default]
    Lines,
    Calls,
    Over,
}

/// By what rows are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// As the instance tells them: lines by name, calls by age, calls that are over latest first.
    #[default]
    Usual,
    Rate,
    Bytes,
    Lasts,
    State,
}

impl Sort {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Usual => "as usual",
            Self::Rate => "by rate",
            Self::Bytes => "by bytes",
            Self::Lasts => "by duration",
            Self::State => "by state",
        }
    }

    const fn next(self) -> Self {
        match self {
            Self::Usual => Self::Rate,
            Self::Rate => Self::Bytes,
            Self::Bytes => Self::Lasts,
            Self::Lasts => Self::State,
            Self::State => Self::Usual,
        }
    }
}

/// Which end of an order comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Way {
    #[default]
    Forwards,
    Backwards,
}

/// What keys are for now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    Looking,
    /// A filter is typed.
    Filtering,
    /// A call is to be hung up, if that is meant.
    Asking { call: String, party: String },
}

/// What a key asks of the rest of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Nothing,
    Leave,
    HangUp(String),
}

/// One row, of whichever list.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) state: String,
    pub(super) dtr: bool,
    pub(super) dcd: bool,
    pub(super) party: String,
    pub(super) trouble: bool,
    /// The number of the call, if there is one that could be hung up.
    pub(super) call: Option<String>,
    pub(super) seconds: Option<i64>,
    pub(super) sent: i64,
    pub(super) received: i64,
    pub(super) rates: Option<(i64, i64)>,
}

/// Everything that is shown.
#[derive(Default)]
pub(super) struct Model {
    lines: Vec<Row>,
    calls: Vec<Row>,
    over: Vec<Row>,
    /// What each call had carried, and when.
    carried: HashMap<String, (i64, i64)>,
    at: Option<Instant>,
    pub(super) view: View,
    pub(super) sort: Sort,
    pub(super) way: Way,
    pub(super) filter: String,
    pub(super) mode: Mode,
    pub(super) message: String,
    pub(super) lost: Option<String>,
    selected: Option<String>,
    /// The first row on the screen, and how many there is room for.
    pub(super) top: usize,
    pub(super) room: usize,
}

impl Model {
    /// Takes news in.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Said(said) => self.message = said,
            News::Lost(why) => self.lost = Some(why),
            News::Now { lines, calls, at } => {
                let span = self.at.map(|before| at.saturating_duration_since(before).as_millis());
                let span = span.and_then(|span| i64::try_from(span).ok()).filter(|span| *span > 0);
                let before = std::mem::take(&mut self.carried);
                let (now, over): (Vec<_>, Vec<_>) =
                    calls.iter().partition(|call| call.text("cause").is_none());
                for call in &now {
                    if let Some(id) = call.text("call") {
                        self.carried.insert(
                            id.to_owned(),
                            (number(call, "sent"), number(call, "received")),
                        );
                    }
                }
                let rates = |call: &Json| {
                    let old = before.get(call.text("call")?)?;
                    let rate = |key, old: i64| {
                        (number(call, key) - old).max(0) * 1_000 / span.unwrap_or(1)
                    };
                    span.map(|_| (rate("sent", old.0), rate("received", old.1)))
                };
                self.lines = lines.iter().map(|json| line(json, &rates)).collect();
                self.calls = now.into_iter().map(|json| call(json, &rates)).collect();
                self.over = over.into_iter().map(|json| call(json, &|_| None)).collect();
                self.at = Some(at);
                self.lost = None;
            }
        }
    }

    /// The rows that are found, in their order.
    pub(super) fn rows(&self) -> Vec<&Row> {
        let all = match self.view {
            View::Lines => &self.lines,
            View::Calls => &self.calls,
            View::Over => &self.over,
        };
        let words = self.filter.to_lowercase();
        let found = |row: &&Row| {
            let text = format!("{}\n{}\n{}", row.name, row.state, row.party).to_lowercase();
            words.split_whitespace().all(|word| text.contains(word))
        };
        let mut rows: Vec<&Row> = all.iter().filter(found).collect();
        let rate = |row: &Row| row.rates.map_or(-1, |(sent, received)| sent + received);
        let order = |a: &&Row, b: &&Row| match self.sort {
            Sort::Usual => Ordering::Equal,
            Sort::Rate => rate(b).cmp(&rate(a)),
            Sort::Bytes => (b.sent + b.received).cmp(&(a.sent + a.received)),
            Sort::Lasts => b.seconds.cmp(&a.seconds),
            Sort::State => a.state.cmp(&b.state),
        };
        rows.sort_by(order);
        if self.way == Way::Backwards {
            rows.reverse();
        }
        rows
    }

    /// How many lines and calls there are.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        (self.lines.len(), self.calls.len(), self.over.len())
    }

    /// Which of these rows is selected: the same as before, wherever it is now.
    pub(super) fn selected(&self, rows: &[&Row]) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        rows.iter().position(|row| row.key == *selected)
    }

    /// A key was pressed.
    pub(super) fn key(&mut self, key: Key) -> Wish {
        if key == Key::Leave {
            return Wish::Leave;
        }
        match std::mem::take(&mut self.mode) {
            Mode::Asking { call, .. } => match key {
                Key::Char('y' | 'Y') => return Wish::HangUp(call),
                _ => self.message = "the call goes on".to_owned(),
            },
            Mode::Filtering => self.type_filter(key),
            Mode::Looking => return self.look(key),
        }
        Wish::Nothing
    }

    fn type_filter(&mut self, key: Key) {
        match key {
            Key::Enter => return,
            Key::Escape => return self.filter.clear(),
            Key::Backspace => drop(self.filter.pop()),
            Key::Char(c) if self.filter.len() < crate::limits::TOP_FILTER => self.filter.push(c),
            _ => {}
        }
        self.mode = Mode::Filtering;
        self.top = 0;
    }

    fn look(&mut self, key: Key) -> Wish {
        self.message.clear();
        match key {
            Key::Char('q') => return Wish::Leave,
            Key::Char('1') => self.turn_to(View::Lines),
            Key::Char('2') => self.turn_to(View::Calls),
            Key::Char('3') => self.turn_to(View::Over),
            Key::Char('/') => self.mode = Mode::Filtering,
            Key::Escape => self.filter.clear(),
            Key::Char('s') => self.sort = self.sort.next(),
            Key::Char('r') => {
                self.way = if self.way == Way::Forwards { Way::Backwards } else { Way::Forwards };
            }
            Key::Char('h') => self.ask(),
            Key::Up | Key::Char('k') => self.step(-1),
            Key::Down | Key::Char('j') => self.step(1),
            Key::PageUp => self.step(-isize::try_from(self.room).unwrap_or(1)),
            Key::PageDown | Key::Char(' ') => self.step(isize::try_from(self.room).unwrap_or(1)),
            Key::Home | Key::Char('g') => self.step(isize::MIN),
            Key::End | Key::Char('G') => self.step(isize::MAX),
            _ => {}
        }
        Wish::Nothing
    }

    fn turn_to(&mut self, view: View) {
        self.view = view;
        (self.top, self.selected) = (0, None);
    }

    fn step(&mut self, by: isize) {
        let rows = self.rows();
        let Some(last) = rows.len().checked_sub(1) else { return };
        let next = match self.selected(&rows) {
            Some(at) => at.saturating_add_signed(by).min(last),
            None if by == isize::MAX => last,
            None => self.top.min(last),
        };
        let key = rows.get(next).map(|row| row.key.clone());
        self.selected = key;
        if next < self.top {
            self.top = next;
        } else if self.room > 0 && next >= self.top + self.room {
            self.top = next + 1 - self.room;
        }
    }

    fn ask(&mut self) {
        let rows = self.rows();
        let row = self.selected(&rows).and_then(|at| rows.get(at));
        let call = row.and_then(|row| Some((row.call.clone()?, row.party.clone())));
        match call {
            Some((call, party)) => self.mode = Mode::Asking { call, party },
            None => self.message = "select a row with a call first".to_owned(),
        }
    }
}

type Rates<'a> = &'a dyn Fn(&Json) -> Option<(i64, i64)>;

fn line(json: &Json, rates: Rates<'_>) -> Row {
    let text = |key| json.text(key).unwrap_or_default().to_owned();
    let now = json.get("call").filter(|call| **call != Json::Null);
    let row = now.map(|now| call(now, rates)).unwrap_or_default();
    let error = json.text("error");
    Row {
        key: text("line"),
        name: text("line"),
        state: text("state"),
        dtr: json.get("dtr") == Some(&Json::Bool(true)),
        dcd: json.get("dcd") == Some(&Json::Bool(true)),
        party: error.map_or(row.party.clone(), str::to_owned),
        trouble: error.is_some(),
        ..row
    }
}

fn call(json: &Json, rates: Rates<'_>) -> Row {
    let text = |key| json.text(key).unwrap_or_default();
    let arrow = if json.text("direction") == Some("out") { "to" } else { "from" };
    let cause = json.text("cause");
    let account = json.text("account").or_else(|| json.text("line")).unwrap_or("-");
    Row {
        key: format!("{} {}", text("call"), text("since")),
        name: account.to_owned(),
        state: cause.or_else(|| json.text("over")).unwrap_or("online").to_owned(),
        party: format!("{arrow} {}", text("party")),
        call: json.text("call").filter(|_| cause.is_none()).map(str::to_owned),
        seconds: json.number("seconds"),
        sent: number(json, "sent"),
        received: number(json, "received"),
        rates: rates(json),
        ..Row::default()
    }
}

fn number(json: &Json, key: &str) -> i64 {
    json.number(key).unwrap_or_default()
}
