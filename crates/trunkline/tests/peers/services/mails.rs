//! SMTP with Postfix and exim, POP3 with dovecot.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::daemons::{dovecot, exim};
use super::postfix::postfix;
use super::{Equipment, LARGE};
use crate::stage::{PATIENCE, Stage, assert_same_bytes};

const READY: &str = "\r\nOK\r\n\r\n+WIPREADY: 6,1\r\n";

/// Lines of text with everything in it that a mail can have.
fn text(length: usize) -> Vec<u8> {
    let line: Vec<u8> = (1..=255).filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let mut text = b".\r\n..\r\n\r\n.dot\r\n".to_vec();
    while text.len() < length {
        text.extend_from_slice(&line[text.len() % 128..]);
        text.extend_from_slice(b"\r\n");
    }
    text
}

/// The mail as the server has kept it, once all of its text is there.
fn kept(stage: &Stage, name: &str, text: &[u8]) -> Vec<u8> {
    let plain: Vec<u8> = text.iter().copied().filter(|byte| *byte != b'\r').collect();
    let end = plain.trim_ascii_end();
    let end = &end[end.len().saturating_sub(1000)..];
    let deadline = std::time::Instant::now() + PATIENCE;
    let path = stage.path("mail").join(name);
    loop {
        match fs::read(&path) {
            Ok(mail) if mail.trim_ascii_end().ends_with(end) => return mail,
            _ => assert!(std::time::Instant::now() < deadline, "no mail for {name}"),
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_mail_goes_to_postfix_with_its_head_and_text() {
    let stage = Stage::new();
    let (_server, port) = postfix(&stage);
    mails_arrive(&stage, port);
}

#[test]
fn a_mail_goes_to_exim_with_its_head_and_text() {
    let stage = Stage::new();
    let (_server, port) = exim(&stage);
    mails_arrive(&stage, port);
}

fn mails_arrive(stage: &Stage, port: u16) {
    let mut equipment = Equipment::new(stage);
    equipment.says(&format!("AT+WIPCREATE=6,1,\"127.0.0.1\",{port},\"\",\"\""), READY);
    equipment.wire.send("AT+WIPOPT=6,1,1,60\r");
    equipment.wire.expect("+WIPOPT: 6,60,250,\"250 ");
    equipment.wire.expect("\r\nOK\r\n");
    for option in [
        "61,\"site@example.org\"",
        "62,\"Pump \\22house\\22\"",
        "63,\"one@example.org, two@example.org\"",
        "64,\"three@example.org\"",
        "65,\"four@example.org\"",
        "66,\"level\"",
    ] {
        equipment.ok(&format!("AT+WIPOPT=6,1,2,{option}"));
    }
    let body = text(5_000);
    equipment.puts("AT+WIPFILE=6,1,2", &body);
    let feeds = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    for name in ["one", "two", "three", "four"] {
        let mail = feeds(&kept(stage, name, &body));
        let (head, text) = mail.split_once("\n\n").expect("a head");
        for line in [
            "From: \"Pump \\\"house\\\"\" <site@example.org>",
            "To: <one@example.org>,",
            "Cc: <three@example.org>",
            "Date: ",
            "Subject: level",
        ] {
            assert!(head.contains(line), "{line}: {head}");
        }
        // Where the server has put it, it says itself.
        let ours = head.lines().filter(|line| {
            !["Delivered-To: ", "X-Original-To: "].iter().any(|begins| line.starts_with(begins))
        });
        assert!(
            ours.into_iter().all(|line| !line.contains("four")),
            "a blind copy is nobody else's affair: {head}"
        );
        assert_eq!(text.trim_end(), feeds(&body).trim_end());
    }

    // Another one, of ten megabytes, whose head the equipment writes.
    equipment.ok("AT+WIPOPT=6,1,2,63,\"large@example.org\"");
    equipment.ok("AT+WIPOPT=6,1,2,64,\"\"");
    equipment.ok("AT+WIPOPT=6,1,2,65,\"\"");
    equipment.ok("AT+WIPOPT=6,1,2,67,0");
    let body = text(LARGE);
    let mut mail = b"From: <site@example.org>\r\n\r\n".to_vec();
    mail.extend_from_slice(&body);
    equipment.puts("AT+WIPFILE=6,1,2", &mail);
    let kept = kept(stage, "large", &mail);
    let at = kept.windows(2).position(|two| two == b"\n\n").expect("a head") + 2;
    let plain: Vec<u8> = body.iter().copied().filter(|byte| *byte != b'\r').collect();
    assert_same_bytes(&plain, &kept[at..at + plain.len()], "the mail");

    // Whom it doesn't know it refuses, and goes on.
    equipment.ok("AT+WIPOPT=6,1,2,63,\"joe@elsewhere.example\"");
    equipment.says("AT+WIPFILE=6,1,2", "\r\n+CME ERROR: 881\r\n");
    equipment.says("AT+WIPCLOSE=6,1", "\r\nOK\r\n\r\n+WIPPEERCLOSE: 6,1\r\n");
}

#[test]
fn exim_lets_in_whoever_has_the_password() {
    let stage = Stage::new();
    let (_server, port) = exim(&stage);
    let mut equipment = Equipment::new(&stage);
    equipment.says(&format!("AT+WIPCREATE=6,1,\"127.0.0.1\",{port},\"me\",\"secret\""), READY);
    equipment.says("AT+WIPCLOSE=6,1", "\r\nOK\r\n\r\n+WIPPEERCLOSE: 6,1\r\n");
    equipment.says(
        &format!("AT+WIPCREATE=6,1,\"127.0.0.1\",{port},\"me\",\"wrong\""),
        "\r\nOK\r\n\r\n+CME ERROR: 865\r\n",
    );
}

#[test]
fn mails_come_from_dovecot_byte_for_byte_and_are_deleted() {
    let stage = Stage::new();
    let mails = [text(2_000), text(LARGE)];
    let mails = mails.map(|text| [b"Subject: level\r\n\r\n".to_vec(), text].concat());
    for folder in ["maildir", "maildir/new", "maildir/cur", "maildir/tmp"] {
        let folder = stage.folder(folder);
        fs::set_permissions(folder, Permissions::from_mode(0o777)).expect("our own folder");
    }
    for (number, mail) in mails.iter().enumerate() {
        let path = stage.write(&format!("maildir/new/100000000{number}.M1P1.example"), mail);
        fs::set_permissions(path, Permissions::from_mode(0o666)).expect("our own file");
    }
    let (_server, port) = dovecot(&stage);
    let mut equipment = Equipment::new(&stage);
    let create =
        |password: &str| format!("AT+WIPCREATE=7,1,\"127.0.0.1\",{port},\"me\",\"{password}\"");
    equipment.says(&create("wrong"), "\r\nOK\r\n\r\n+CME ERROR: 862\r\n");
    let ready = "\r\nOK\r\n\r\n+WIPREADY: 7,1\r\n";
    equipment.says(&create("secret"), ready);
    equipment.says("AT+WIPOPT=7,1,1,72", "\r\n+WIPOPT: 7,72,2\r\n\r\nOK\r\n");
    let octets: usize = mails.iter().map(Vec::len).sum();
    equipment.says("AT+WIPOPT=7,1,1,73", &format!("\r\n+WIPOPT: 7,73,{octets}\r\n\r\nOK\r\n"));
    for (number, mail) in (1..).zip(&mails) {
        equipment.gets(&format!("AT+WIPFILE=7,1,1,\"{number}\""), mail);
    }
    equipment.says("AT+WIPFILE=7,1,1,\"3\"", "\r\n+CME ERROR: 867\r\n");
    equipment.ok("AT+WIPFILE=7,1,3,\"1\"");
    let closed = "\r\nOK\r\n\r\n+WIPPEERCLOSE: 7,1\r\n";
    equipment.says("AT+WIPCLOSE=7,1", closed);
    equipment.says(&create("secret"), ready);
    equipment.says("AT+WIPOPT=7,1,1,72", "\r\n+WIPOPT: 7,72,1\r\n\r\nOK\r\n");
    equipment.gets("AT+WIPFILE=7,1,1,\"1\"", &mails[1]);
    equipment.says("AT+WIPCLOSE=7,1", closed);
}
