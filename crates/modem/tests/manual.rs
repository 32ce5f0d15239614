//! The manual pages that the tables write: `UPDATE=1 cargo test -p modem --test manual` writes them anew.

use std::fs;
use std::path::Path;

fn is_up_to_date(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/{page} tells something else than the tables; write it anew with UPDATE=1"
    );
}

#[test]
fn the_page_of_the_commands_is_what_the_table_says() {
    is_up_to_date("at-commands.md", &modem::manual());
}

#[cfg(feature = "gsm")]
#[test]
fn the_page_of_the_gsm_commands_is_what_their_table_says() {
    is_up_to_date("gsm-commands.md", &modem::gsm_manual());
}

// The page has the keys of all sets.
#[cfg(all(feature = "gsm", feature = "wip"))]
#[test]
fn the_page_of_the_personas_is_what_their_keys_say() {
    is_up_to_date("persona-keys.md", &modem::persona_manual());
}
