//! The manual and the program know the same keys and commands.

use std::collections::BTreeSet;
use std::path::Path;

use crate::stage::Stage;

fn manual(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// The keys in the first column of a section's table.
fn documented(manual: &str, section: &str) -> BTreeSet<String> {
    let mut lines =
        manual.lines().skip_while(|line| line.trim_start_matches('#').trim() != section).skip(1);
    let rows = lines.by_ref().take_while(|line| !line.starts_with('#'));
    rows.filter_map(|row| Some(row.strip_prefix("| `")?.split_once('`')?.0.to_owned())).collect()
}

/// The keys that the program expects where it finds one that doesn't exist.
fn known(configuration: &str) -> BTreeSet<String> {
    let stage = Stage::new(configuration);
    let refused = String::from_utf8(stage.command(&["check"]).stderr).unwrap();
    let expected =
        refused.lines().find_map(|line| line.split_once("= expected ")).expect(&refused).1;
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_configuration_is_in_the_manual_and_no_other() {
    let manual = manual("configuration.md");
    for (section, configuration) in [
        ("At the top of the file", "x = 1"),
        ("line", "[[line]]\nx = 1"),
        ("line serial", "[[line]]\nname = \"a\"\nserial = { x = 1 }"),
        ("line wiring", "[[line]]\nname = \"a\"\nserial = { device = \"d\", wiring = { x = 1 } }"),
        ("line pty", "[[line]]\nname = \"a\"\npty = { x = 1 }"),
        ("line tcp", "[[line]]\nname = \"a\"\ntcp = { x = 1 }"),
        ("hunt", "[[hunt]]\nx = 1"),
        ("modem", "[[modem]]\nx = 1"),
        ("gsm", "[[gsm]]\nx = 1"),
        ("gsm wake", "[[gsm]]\nname = \"a\"\ndevice = \"d\"\nwake = { x = 1 }"),
        ("gateway", "[[gateway]]\nx = 1"),
        ("gateway serial", "[[gateway]]\nname = \"a\"\nserial = { x = 1 }"),
        (
            "gateway rs485",
            "[[gateway]]\nname = \"a\"\nserial = { device = \"d\", rs485 = { x = 1 } }",
        ),
        ("station", "[station]\nx = 1"),
        ("station login", "[station]\nname = \"a\"\nlogin = { x = 1 }"),
        ("station answer", "[station]\nname = \"a\"\nanswer = { x = 1 }"),
        ("bus", "[[bus]]\nx = 1"),
        ("device", "[[device]]\nx = 1"),
        ("device points", "[[device]]\nname = \"a\"\npoints = [{ x = 1 }]"),
        ("site", "[[site]]\nx = 1"),
        ("site point", "[[site]]\nname = \"a\"\npoint = [{ x = 1 }]"),
        ("facade", "[[facade]]\nx = 1"),
        ("collector", "[collector]\nx = 1"),
        ("phonebook", "[phonebook]\na = { x = 1 }"),
        ("ssh", "[phonebook]\na = { call = \"b\", ssh = { x = 1 } }"),
        ("access", "[access]\nx = 1"),
        ("exchange", "[exchange]\nx = 1"),
        ("exchange records", "[exchange.records]\nx = 1"),
        ("exchange listen", "[[exchange.listen]]\nx = 1"),
        ("exchange listen tls", "[[exchange.listen]]\naddress = \"127.0.0.1:0\"\ntls = { x = 1 }"),
        ("tls", "[phonebook]\na = { call = \"tls://h\", tls = { x = 1 } }"),
        ("exchange login", "[exchange.login]\nx = 1"),
        ("exchange ssh", "[exchange.ssh]\nx = 1"),
        ("exchange limits", "[exchange.limits]\nx = 1"),
        ("exchange hang-up", "[exchange.hang-up]\nx = 1"),
        ("exchange penalties", "[exchange.penalties]\nx = 1"),
        ("exchange lock-out", "[exchange.lock-out]\nx = 1"),
        ("account", "[[account]]\nx = 1"),
        ("account callback", "[[account]]\nname = \"a\"\ncallback = { x = 1 }"),
        ("account process", "[[account]]\nname = \"a\"\nprocess = { x = 1 }"),
        ("web", "[web]\nx = 1"),
        ("web tls", "[web]\ntls = { x = 1 }"),
        ("web token", "[[web.token]]\nx = 1"),
        ("operator", "[[operator]]\nx = 1"),
        ("log", "[log]\nx = 1"),
    ] {
        assert_eq!(documented(&manual, section), known(configuration), "{section}");
    }
}

#[test]
fn every_command_is_in_the_manual() {
    let stage = Stage::new("");
    let help = stage.ask(&["--help"]);
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let manual = manual("commands.md");
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        let named = manual.contains(&format!("`trunkline {command}"))
            || manual.contains(&format!("· `{command}"));
        assert!(named, "{command}");
    }
}

#[test]
fn every_persona_is_in_the_manual_and_can_be_shown() {
    let stage = Stage::new("");
    let manual = manual("personas.md");
    let list = stage.ask(&["personas", "list", "--json"]);
    assert!(list.lines().count() >= 12, "{list}");
    for line in list.lines() {
        let name = line.split('"').nth(3).unwrap();
        assert!(manual.contains(&format!("`{name}`")), "{name}");
        assert!(line.len() < 160, "{line}");
        assert!(stage.ask(&["personas", "show", name]).contains(" = "), "{name}");
    }
    assert!(stage.ask(&["personas", "list"]).starts_with("PERSONA "));
}

#[test]
fn the_example_in_the_manual_is_right() {
    let manual = manual("configuration.md");
    let example = manual.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let stage = Stage::new(example);
    stage.write("sites/one.toml", "");
    stage.write("secrets/site-0042", "geheim");
    let said = stage.ask(&["check"]);
    assert!(said.starts_with("trunkline.toml is right."), "{said}");
}
