//! What is shown of a list: what a search finds, in some order, a window of it.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits;
use crate::picture::{Listed, Picture, Row};

/// What somebody asks of a list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Wish {
    /// Words that all must be found.
    pub(crate) search: String,
    /// Which of them, by a word of the list's own.
    pub(crate) show: Option<String>,
    /// The order, by a word of the list's own; with `-` before it the other way round.
    pub(crate) sort: Option<String>,
    /// How many of the found ones come before the window.
    pub(crate) offset: usize,
    /// How many are shown.
    pub(crate) limit: Option<usize>,
    /// The version that the asker has: what hasn't changed is left out.
    pub(crate) since: Option<u64>,
}

/// Orders and parts of a list, each by its word. The first order is the usual one.
pub(crate) struct Choice<T: 'static> {
    pub(crate) sorts: &'static [(&'static str, Order<T>)],
    pub(crate) shows: &'static [(&'static str, Part<T>)],
}

/// Which of two rows comes first.
pub(crate) type Order<T> = fn(&Row<T>, &Row<T>) -> Ordering;

/// Whether a row belongs to a part of its list.
pub(crate) type Part<T> = fn(&T) -> bool;

/// A window on a list.
#[derive(Debug, Serialize)]
pub(crate) struct Window {
    version: u64,
    total: usize,
    matched: usize,
    offset: usize,
    /// The rows, without those that have not changed.
    items: Vec<serde_json::Value>,
    /// The keys of all rows in the window, where some are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Vec<String>>,
}

/// A wish that can't be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WishError {
    #[error("`{0}` is no order of this list; expected one of {1}")]
    Sort(String, String),
    #[error("`{0}` is no part of this list; expected one of {1}")]
    Show(String, String),
    #[error("expected a search of up to {} bytes", limits::SEARCH)]
    Search,
    #[error("expected a limit of 1 to {}", limits::ROWS)]
    Limit,
}

/// Grants a wish.
pub(crate) fn select<T: Listed>(
    picture: &Picture<T>,
    choice: &Choice<T>,
    wish: &Wish,
) -> Result<Window, WishError> {
    let (order, backwards) = order(choice, wish)?;
    let show = show(choice, wish)?;
    if wish.search.len() > limits::SEARCH {
        return Err(WishError::Search);
    }
    let limit = wish.limit.unwrap_or(limits::ROWS_USUAL);
    if !(1..=limits::ROWS).contains(&limit) {
        return Err(WishError::Limit);
    }
    let search = wish.search.to_lowercase();
    let words: Vec<&str> = search.split_whitespace().take(limits::SEARCH_WORDS).collect();
    let mut found: Vec<&Arc<Row<T>>> = picture
        .rows
        .iter()
        .filter(|row| show.is_none_or(|show| show(&row.value)))
        .filter(|row| words.iter().all(|word| row.text.contains(word)))
        .collect();
    found.sort_by(|a, b| {
        let by_order = if backwards { order(b, a) } else { order(a, b) };
        by_order.then_with(|| natural(&a.key, &b.key))
    });
    let matched = found.len();
    // A list that has become shorter shows its end, not nothing.
    let offset = wish.offset.min(matched.saturating_sub(1));
    let window = || found.iter().skip(offset).take(limit);
    // A version of the future is one of another server.
    let since = wish.since.filter(|since| *since <= picture.version);
    let changed = |row: &&&Arc<Row<T>>| since.is_none_or(|since| row.changed > since);
    Ok(Window {
        version: picture.version,
        total: picture.rows.len(),
        matched,
        offset,
        items: window()
            .filter(changed)
            .filter_map(|row| serde_json::to_value(&***row).ok())
            .collect(),
        order: since.map(|_| window().map(|row| row.key.clone()).collect()),
    })
}

fn order<T>(choice: &Choice<T>, wish: &Wish) -> Result<(Order<T>, bool), WishError> {
    let usual: Order<T> = choice.sorts.first().map_or(|_, _| Ordering::Equal, |(_, order)| *order);
    let Some(sort) = &wish.sort else { return Ok((usual, false)) };
    let (word, backwards) = match sort.strip_prefix('-') {
        Some(word) => (word, true),
        None => (sort.as_str(), false),
    };
    let known = choice.sorts.iter().find(|(known, _)| *known == word);
    known
        .map(|(_, order)| (*order, backwards))
        .ok_or_else(|| WishError::Sort(sort.clone(), words(choice.sorts)))
}

fn show<T>(choice: &Choice<T>, wish: &Wish) -> Result<Option<Part<T>>, WishError> {
    let Some(show) = &wish.show else { return Ok(None) };
    let known = choice.shows.iter().find(|(known, _)| known == show);
    known
        .map(|(_, part)| Some(*part))
        .ok_or_else(|| WishError::Show(show.clone(), words(choice.shows)))
}

fn words<T>(known: &[(&str, T)]) -> String {
    known.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

/// By the alphabet, with numbers by their value: `line-9` comes before `line-10`.
pub(crate) fn natural(a: &str, b: &str) -> Ordering {
    let (mut rest_a, mut rest_b) = (a, b);
    loop {
        let (part_a, part_b) = (part(rest_a), part(rest_b));
        if part_a.is_empty() || part_b.is_empty() {
            return rest_a.len().cmp(&rest_b.len()).then_with(|| a.cmp(b));
        }
        let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = if number(part_a) && number(part_b) {
            let (a, b) = (part_a.trim_start_matches('0'), part_b.trim_start_matches('0'));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            part_a.cmp(part_b)
        };
        if order.is_ne() {
            return order;
        }
        rest_a = rest_a.get(part_a.len()..).unwrap_or_default();
        rest_b = rest_b.get(part_b.len()..).unwrap_or_default();
    }
}

/// The digits at the start, or everything before the next digit.
fn part(text: &str) -> &str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Camera;

    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct Named {
        name: String,
        size: u64,
    }

    impl Listed for Named {
        fn key(&self) -> String {
            self.name.clone()
        }

        fn words(&self, found_by: &mut dyn FnMut(&str)) {
            found_by(&self.name);
            found_by("Pump");
        }
    }

    const CHOICE: Choice<Named> = Choice {
        sorts: &[
            ("name", |a, b| natural(&a.key, &b.key)),
            ("size", |a, b| a.value.size.cmp(&b.value.size)),
        ],
        shows: &[("big", |thing| thing.size > 5)],
    };

    async fn ask(query: &str) -> Result<Window, WishError> {
        let camera = Camera::new(|| {
            (0..12).map(|n| Named { name: format!("line-{n}"), size: (n * 7) % 12 }).collect()
        });
        let uri: axum::http::Uri = format!("/?{query}").parse().unwrap();
        let wish = axum::extract::Query::<Wish>::try_from_uri(&uri).unwrap().0;
        select(&*camera.picture().await, &CHOICE, &wish)
    }

    fn names(window: &Window) -> Vec<&str> {
        window.items.iter().map(|item| item["name"].as_str().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_window_shows_what_was_searched_in_order() {
        let window = ask("search=PUMP+line-1&limit=2&offset=1").await.unwrap();
        assert_eq!(names(&window), ["line-10", "line-11"]);
        assert_eq!((window.total, window.matched, window.offset), (12, 3, 1));
        assert_eq!(
            names(&ask("show=big&sort=-size&limit=3").await.unwrap()),
            ["line-5", "line-10", "line-3"]
        );
        assert_eq!(names(&ask("search=nothing").await.unwrap()), [""; 0]);
        assert_eq!(names(&ask("offset=100").await.unwrap()), ["line-11"]);
    }

    #[tokio::test]
    async fn whoever_has_a_version_gets_the_order_and_what_changed() {
        let whole = ask("limit=2").await.unwrap();
        assert_eq!(whole.order, None);
        let camera = Camera::new(|| vec![Named { name: "a".into(), size: 0 }]);
        let picture = camera.picture().await;
        let wish = Wish { since: Some(picture.version), ..Wish::default() };
        let window = select(&picture, &CHOICE, &wish).unwrap();
        assert_eq!((window.items.len(), window.order), (0, Some(vec!["a".to_owned()])));
        let wish = Wish { since: Some(u64::MAX), ..Wish::default() };
        assert_eq!(select(&picture, &CHOICE, &wish).unwrap().items.len(), 1);
    }

    #[tokio::test]
    async fn a_wish_that_makes_no_sense_is_told_what_would() {
        let refused =
            |query: &'static str| async move { ask(query).await.unwrap_err().to_string() };
        assert!(refused("sort=speed").await.contains("expected one of name, size"));
        assert!(refused("show=-big").await.contains("expected one of big"));
        assert!(refused("limit=0").await.contains("1 to 1000"));
        assert!(refused("limit=1001").await.contains("1 to 1000"));
        let long = format!("search={}", "x".repeat(201));
        assert_eq!(ask(&long).await.unwrap_err(), WishError::Search);
    }

    #[test]
    fn numbers_in_names_count_by_their_value() {
        let mut names = ["b", "a10", "a9b", "a9", "", "a09", "a", "10", "9"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["", "9", "10", "a", "a09", "a9", "a9b", "a10", "b"]);
    }
}
