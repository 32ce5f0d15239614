//! `trunkline run` without a configuration: what it prints, done to the letter.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;

use crate::stage::{Equipment, Stage, trunkline};

#[test]
fn whoever_types_what_is_printed_gets_a_shell() {
    let mut stage = Stage::new("");
    std::fs::remove_file(stage.path("trunkline.toml")).unwrap();
    let mut run = trunkline(stage.folder.path());
    stage.start_command(run.arg("run").stdout(Stdio::piped()));
    let mut guide =
        BufReader::new(stage.child().stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut printed = |start: &str| {
        let line = guide.find_map(|line| Some(line.trim_start().strip_prefix(start)?.to_owned()));
        line.unwrap_or_else(|| panic!("nothing begins with `{start}`"))
    };
    let terminal_program = printed("picocom ");
    let link = terminal_program.split_whitespace().next().unwrap();
    let dial = format!("ATDT{}", printed("ATDT"));
    let name = printed("login: ");
    let password = printed("Password: ");
    let page = printed("To see it live, open http://");

    let mut terminal = Equipment::open(Path::new(link));
    terminal.command(&dial, "login: ");
    terminal.command(&name, "Password: ");
    terminal.command(&password, "You are through.");
    terminal.send("echo $((6 * 7))$USER\r");
    terminal.expect("42");
    assert!(stage.ask(&["calls"]).contains("guest"));
    assert!(login_page(page.split(' ').next().unwrap()).starts_with("HTTP/1.1 200 OK"));
    terminal.send("exit\r");
    terminal.expect("NO CARRIER");
    assert!(stage.stop().success());
}

fn login_page(address: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /login HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    std::io::read_to_string(stream).unwrap()
}
