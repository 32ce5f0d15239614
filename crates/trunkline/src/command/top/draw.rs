//! The picture, line by line.

use std::time::Duration;

use super::model::{Mode, Model, Row, View, Way};
use crate::style::Style;
use crate::table::bytes;
use crate::time;

/// Lines of the screen that are no rows: figures, heading, keys.
const FRAME: usize = 3;

/// Draws as many lines as the screen has, each as wide as the screen at most.
pub(super) fn draw(model: &mut Model, width: usize, height: usize, style: Style) -> Vec<String> {
    model.room = height.saturating_sub(FRAME).max(1);
    let count = model.rows().len();
    model.top = model.top.min(count.saturating_sub(model.room));
    let rows = model.rows();
    let selected = model.selected(&rows);
    let mut lines = vec![figures(model, rows.len(), width, style)];
    let columns = columns(model.view, width);
    lines.push(style.dim(fit(&heading(&columns), width)));
    for (n, row) in rows.iter().enumerate().skip(model.top).take(model.room) {
        let mark = if selected == Some(n) { Mark::Selected } else { Mark::None };
        lines.push(show(row, &columns, width, mark, style));
    }
    if rows.is_empty() {
        let nothing = if model.filter.is_empty() {
            "nothing here"
        } else {
            "nothing found; Esc empties the filter"
        };
        lines.push(style.dim(fit(nothing, width)));
    }
    lines.resize(height.saturating_sub(1).max(1), String::new());
    lines.push(bottom(model, width, style));
    lines.truncate(height);
    lines
}

fn figures(model: &Model, found: usize, width: usize, style: Style) -> String {
    let (lines, calls, over) = model.counts();
    let tab = |view, text: String| {
        if model.view == view { format!("[{text}]") } else { format!(" {text} ") }
    };
    let way = if model.way == Way::Backwards { ", turned round" } else { "" };
    let filter = if model.filter.is_empty() {
        String::new()
    } else {
        format!("  /{} finds {found}", model.filter)
    };
    let text = format!(
        "{}{}{}  {}{way}{filter}",
        tab(View::Lines, format!("1 lines {lines}")),
        tab(View::Calls, format!("2 calls {calls}")),
        tab(View::Over, format!("3 over {over}")),
        model.sort.word(),
    );
    style.bold(fit(&text, width))
}

fn bottom(model: &Model, width: usize, style: Style) -> String {
    match (&model.mode, &model.lost) {
        (Mode::Asking { party, .. }, _) => style.yellow(fit(
            &format!("Hang up the call {party}? y hangs up, any other key doesn't."),
            width,
        )),
        (Mode::Filtering, _) => {
            fit(&format!("Filter: {}_   Enter keeps it, Esc empties it", model.filter), width)
        }
        (Mode::Looking, Some(lost)) => {
            style.red(fit(&format!("What you see is old: {lost}. Trying again …"), width))
        }
        (Mode::Looking, None) if !model.message.is_empty() => fit(&model.message, width),
        (Mode::Looking, None) => {
            style.dim(fit("/ filter  s sort  r turn round  ↑↓ select  h hang up  q leave", width))
        }
    }
}

/// One column: its heading, its width, and which end its text keeps to.
struct Column {
    title: &'static str,
    width: usize,
    end: End,
    cell: fn(&Row) -> String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Left,
    Right,
}

/// The columns that this width has room for; the two that tell who is on the line share what is left.
fn columns(view: View, width: usize) -> Vec<Column> {
    let left = |title, width, cell| Column { title, width, end: End::Left, cell };
    let right = |title, width, cell| Column { title, width, end: End::Right, cell };
    let mut columns = match view {
        View::Lines => vec![
            left("LINE", 12, |row| row.name.clone()),
            left("", 7, signals),
            left("STATE", 15, |row| row.state.clone()),
            left("CALL", 12, |row| row.party.clone()),
        ],
        View::Calls => vec![
            left("WHO", 12, |row| row.name.clone()),
            left("OVER", 8, |row| row.state.clone()),
            left("PARTY", 12, |row| row.party.clone()),
        ],
        View::Over => vec![
            left("WHO", 12, |row| row.name.clone()),
            left("CAUSE", 18, |row| row.state.clone()),
            left("PARTY", 12, |row| row.party.clone()),
        ],
    };
    let figures = [
        right("LASTS", 7, lasts),
        right("OUT/s", 6, |row| rate(row.rates.map(|rates| rates.0))),
        right("IN/s", 6, |row| rate(row.rates.map(|rates| rates.1))),
        right("SENT", 6, |row| carried(row, row.sent)),
        right("RECVD", 6, |row| carried(row, row.received)),
    ];
    let used =
        |columns: &[Column]| columns.iter().map(|column| column.width + 1).sum::<usize>() + 1;
    for figure in figures {
        if view == View::Over && figure.title.ends_with("/s") {
            continue;
        }
        if used(&columns) + figure.width < width {
            columns.push(figure);
        }
    }
    let spare = width.saturating_sub(used(&columns));
    let party = if view == View::Lines { 3 } else { 2 };
    if let Some(name) = columns.first_mut() {
        name.width += spare / 3;
    }
    if let Some(party) = columns.get_mut(party) {
        party.width += spare - spare / 3;
    }
    columns
}

fn heading(columns: &[Column]) -> String {
    columns.iter().fold(" ".to_owned(), |line, column| line + &place(column.title, column) + " ")
}

/// Whether keys are for this row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Selected,
    None,
}

fn show(row: &Row, columns: &[Column], width: usize, mark: Mark, style: Style) -> String {
    let start = if mark == Mark::Selected { ">" } else { " " };
    let text = columns
        .iter()
        .fold(start.to_owned(), |line, column| line + &place(&(column.cell)(row), column) + " ");
    let text = fit(&text, width);
    match style {
        Style::Colour if mark == Mark::Selected => format!("\x1b[7m{text}"),
        _ if row.trouble => style.red(text),
        _ if row.dcd || row.rates.is_some_and(|(sent, received)| sent + received > 0) => {
            style.green(text)
        }
        _ => text,
    }
}

/// What callers and dialled strings contain must not reach the terminal as orders.
fn place(text: &str, column: &Column) -> String {
    let mut cell: String =
        text.chars().map(|c| if c.is_control() { '·' } else { c }).take(column.width).collect();
    if text.chars().count() > column.width {
        cell.pop();
        cell.push('…');
    }
    let width = column.width;
    match column.end {
        End::Left => format!("{cell:<width$}"),
        End::Right => format!("{cell:>width$}"),
    }
}

fn fit(text: &str, width: usize) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).take(width).collect()
}

fn signals(row: &Row) -> String {
    format!("{} {}", if row.dtr { "DTR" } else { " - " }, if row.dcd { "DCD" } else { " - " })
}

fn lasts(row: &Row) -> String {
    row.seconds
        .map_or(String::new(), |seconds| time::span(Duration::from_secs(seconds.unsigned_abs())))
}

fn rate(rate: Option<i64>) -> String {
    match rate {
        None => String::new(),
        Some(0) => "·".to_owned(),
        Some(rate) => bytes(rate),
    }
}

fn carried(row: &Row, count: i64) -> String {
    if row.seconds.is_some() { bytes(count) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::feed::News;
    use super::super::keys::Key;
    use super::super::model::Wish;
    use super::*;
    use crate::json::Json;

    fn news(at: Instant, sent: i64) -> News {
        let json = |text: String| Json::parse(&text).unwrap();
        let call = format!(
            "{{\"call\":\"a-1\",\"line\":\"a\",\"direction\":\"out\",\"party\":\"10.0.0.7\\u001b[2J\",\"since\":\"x\",\"seconds\":61,\"sent\":{sent},\"received\":5}}"
        );
        let over = call.replace("a-1", "a-0").replace("\"sent\"", "\"cause\":\"busy\",\"sent\"");
        News::Now {
            lines: vec![
                json(format!(
                    "{{\"line\":\"a\",\"state\":\"online\",\"dtr\":true,\"dcd\":true,\"call\":{call}}}"
                )),
                json(
                    "{\"line\":\"b\",\"state\":\"closed\",\"error\":\"no such device\"}".to_owned(),
                ),
            ],
            calls: vec![json(call), json(over)],
            at,
        }
    }

    fn model() -> Model {
        let mut model = Model::default();
        let now = Instant::now();
        model.hear(news(now, 1_000));
        model.hear(news(now + Duration::from_secs(2), 5_000));
        model
    }

    fn picture(model: &mut Model, width: usize, height: usize) -> Vec<String> {
        draw(model, width, height, Style::Plain)
    }

    fn press(model: &mut Model, keys: &str) -> Vec<Wish> {
        keys.chars().map(|c| model.key(if c == '\r' { Key::Enter } else { Key::Char(c) })).collect()
    }

    #[test]
    fn a_picture_fits_any_screen_and_holds_no_orders() {
        for width in [1, 10, 40, 80, 200] {
            for height in [1, 2, 3, 4, 24] {
                for view in ["1", "2", "3"] {
                    let mut model = model();
                    press(&mut model, view);
                    let lines = picture(&mut model, width, height);
                    assert_eq!(lines.len(), height);
                    assert!(lines.iter().all(|line| line.chars().count() <= width), "{lines:?}");
                    assert!(!lines.concat().contains('\x1b'));
                }
            }
        }
    }

    #[test]
    fn rates_states_and_troubles_are_seen() {
        let lines = picture(&mut model(), 100, 6);
        assert!(
            lines[2].contains("DTR DCD online") && lines[2].contains("1m01s   2.0k      ·"),
            "{}",
            lines[2]
        );
        assert!(lines[3].contains("closed") && lines[3].contains("no such device"), "{}", lines[3]);
        let mut model = model();
        press(&mut model, "3");
        assert!(picture(&mut model, 100, 6)[2].contains("busy"));
    }

    #[test]
    fn a_call_is_hung_up_only_when_that_is_meant() {
        let mut model = model();
        assert_eq!(press(&mut model, "h").pop(), Some(Wish::Nothing));
        assert!(model.message.contains("select a row"));
        assert_eq!(press(&mut model, "jhn").pop(), Some(Wish::Nothing));
        assert_eq!(press(&mut model, "hy").pop(), Some(Wish::HangUp("a-1".into())));
        assert!(picture(&mut model, 80, 6)[2].starts_with('>'));
        // A line without a call has nothing to hang up.
        assert_eq!(press(&mut model, "jhy").pop(), Some(Wish::Nothing));
    }

    #[test]
    fn a_filter_finds_and_is_emptied() {
        let mut model = model();
        press(&mut model, "/NO dev\r");
        let lines = picture(&mut model, 80, 6);
        assert!(lines[0].contains("/NO dev finds 1") && lines[2].contains(" b "), "{lines:?}");
        model.key(Key::Escape);
        assert!(picture(&mut model, 80, 6)[3].contains(" b "));
        assert_eq!(press(&mut model, "q"), [Wish::Leave]);
    }

    #[test]
    fn a_lost_instance_is_told_and_the_selection_stays_with_its_row() {
        let mut model = model();
        press(&mut model, "jj");
        press(&mut model, "r");
        assert!(picture(&mut model, 80, 6)[2].starts_with(">b"));
        model.hear(News::Lost("no instance is running here".into()));
        assert!(picture(&mut model, 80, 6)[5].contains("What you see is old: no instance"));
    }
}
