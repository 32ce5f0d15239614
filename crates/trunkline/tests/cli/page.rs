//! The operators' page of an instance: its first operator, and reloads.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;

use crate::ports::free_address;
use crate::stage::{Stage, call};

const LINE: &str = "state = \"state\"\n[[line]]\nname = \"a\"\npty = \"a\"\n";

pub(crate) fn say(address: SocketAddr, head: &str, body: &str) -> String {
    let mut stream = call(address);
    let head = head.replace('\n', "\r\n");
    let length = body.len();
    write!(
        stream,
        "{head}\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    std::io::read_to_string(stream).unwrap()
}

pub(crate) fn part<'a>(text: &'a str, before: &str, after: char) -> &'a str {
    text.split_once(before)
        .unwrap_or_else(|| panic!("no {before}: {text}"))
        .1
        .split(after)
        .next()
        .unwrap()
}

/// The answer to a login.
pub(crate) fn log_in(address: SocketAddr, name: &str, password: &str) -> String {
    let form = say(address, "GET /login HTTP/1.1", "");
    let cookie = part(&form, "set-cookie: ", ';');
    let proof = part(&form, "name=\"proof\" value=\"", '"');
    let head = format!(
        "POST /login HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\nSec-Fetch-Site: same-origin\nCookie: {cookie}"
    );
    say(address, &head, &format!("name={name}&password={password}&proof={proof}"))
}

#[test]
fn the_first_operator_has_a_password_that_only_its_owner_can_read_and_that_stays() {
    let page = free_address();
    let mut stage = Stage::run(&format!("{LINE}[web]\nlisten = \"{page}\"\n"));
    let file = stage.path("state/operator-password");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let password = fs::read_to_string(&file).unwrap();
    assert!(password.trim().len() >= 19);
    assert!(log_in(page, "operator", "guess").starts_with("HTTP/1.1 401"));
    assert!(log_in(page, "operator", password.trim()).starts_with("HTTP/1.1 303"));
    assert!(stage.stop().success());
    assert!(TcpStream::connect(page).is_err());

    stage.start(&["run"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), password);
    assert!(log_in(page, "operator", password.trim()).starts_with("HTTP/1.1 303"));
}

#[test]
fn a_reload_opens_changes_and_closes_the_page() {
    let stage = Stage::run(LINE);
    let [page, other] = [free_address(), free_address()];
    let operator = "[[operator]]\nname = \"ada\"\npassword = \"file:password\"\n";
    let reload = |text: String| {
        stage.write("trunkline.toml", &text);
        stage.ask(&["reload"])
    };
    reload(format!("{LINE}[web]\nlisten = \"{page}\"\n{operator}"));
    let answer = log_in(page, "ada", "secret");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let cookie = part(&answer, "set-cookie: ", ';').to_owned();
    let session =
        |address| say(address, &format!("GET /api/v1/session HTTP/1.1\nCookie: {cookie}"), "");
    assert!(session(page).contains("\"role\":\"viewer\""));

    // Who is logged in stays so, with what he may do now.
    reload(format!("{LINE}[web]\nlisten = \"{page}\"\n{operator}role = \"operator\"\n"));
    assert!(session(page).contains("\"role\":\"operator\""));

    reload(format!("{LINE}[web]\nlisten = \"{other}\"\n{operator}"));
    assert!(TcpStream::connect(page).is_err());
    assert!(log_in(other, "ada", "secret").starts_with("HTTP/1.1 303"));

    reload(LINE.to_owned());
    assert!(TcpStream::connect(other).is_err());
}
