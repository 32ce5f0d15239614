//! Every persona that is compiled in can be loaded, and errors are told so that they can be repaired.

use modem::{BUILT_IN, Persona, Value, persona_keys};

use crate::toml_loader::{built_in, load};

#[test]
fn every_built_in_persona_loads_and_has_its_name() {
    for (name, _) in BUILT_IN {
        assert_eq!(built_in(name).name(), *name);
    }
}

#[test]
fn hayes_names_every_key_with_its_default() {
    assert_eq!(built_in("hayes"), Persona::default());
    let text = Persona::built_in("hayes").unwrap();
    let table: toml::Table = text.parse().unwrap();
    // What is of one program version, of one device, or open-ended is not listed.
    let unlisted = ["base", "revision", "destination-register", "answer-wait"];
    for key in persona_keys() {
        if unlisted.contains(&key.name) || key.name.ends_with('*') || is_of_a_set(key.name) {
            continue;
        }
        let listed = match key.name.split_once('.') {
            None => table.contains_key(key.name),
            Some((inner, name)) => table[inner].as_table().unwrap().contains_key(name),
        };
        assert!(listed, "hayes.toml lacks {}", key.name);
    }
}

/// Keys that builds without command sets don't know; they can't stand in a persona that all builds have.
fn is_of_a_set(name: &str) -> bool {
    ["sets", "accept-lf", "echo-lf"].contains(&name)
        || name.starts_with("wip.")
        || name.starts_with("gsm.")
}

#[test]
fn the_wavecom_modem_names_every_key_of_the_tcp_ip_set() {
    let table: toml::Table = Persona::built_in("wavecom-q24").unwrap().parse().unwrap();
    let listed = table["wip"].as_table().unwrap();
    for key in persona_keys().filter_map(|key| key.name.strip_prefix("wip.")) {
        assert!(listed.contains_key(key), "wavecom-q24.toml lacks wip.{key}");
    }
}

#[test]
fn an_unknown_key_is_answered_with_those_there_are() {
    let error = load("ringlimit = 3").unwrap_err();
    assert!(error.contains("\"ringlimit\""), "{error}");
    assert!(error.contains("ring-limit"), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_is_answered_with_what_was_expected() {
    assert_eq!(load("gsm = \"yes\"").unwrap_err(), "gsm takes true or false, not a string");
    assert_eq!(
        load("ring-limit = 1000").unwrap_err(),
        "ring-limit takes a number from 1 to 255, not \"1000\": at most 255"
    );
    assert_eq!(
        load("codes = \"bell\"").unwrap_err(),
        "codes takes \"hayes\", \"rockwell\", \"usr\" or \"gsm\", not \"bell\""
    );
    assert_eq!(
        load("settings = \"E0 X9\"").unwrap_err(),
        "settings takes a command line of settings, such as \"E0 Q1 S0=1\", not \"E0 X9\": \
         the value is out of range"
    );
    assert!(load("commands = \"E ATDT\"").unwrap_err().ends_with("there is no command ATDT"));
    assert!(load("registers = \"1000-999\"").unwrap_err().contains("1000-999"));
    assert!(load("[numbers]\nfast = 3").unwrap_err().contains("neither a result code nor a rate"));
}

#[test]
fn no_key_panics_at_any_value() {
    let long = "x".repeat(100_000);
    let texts = ["", " ", "\u{0}", "S0=1;", "\"", "é", "-1", "99999999999999", &long];
    for key in persona_keys() {
        let name = key.name.replace('*', "7");
        for text in texts {
            let _ = Persona::default().set(&name, Value::Text(text));
        }
        for number in [i64::MIN, -1, 0, 1, 70_000, i64::MAX] {
            let _ = Persona::default().set(&name, Value::Integer(number));
        }
        let _ = Persona::default().set(&name, Value::Boolean(true));
    }
}
