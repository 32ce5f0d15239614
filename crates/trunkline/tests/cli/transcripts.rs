//! Commands that need no instance: what is typed, what is printed, and the exit status, kept as text.
//!
//! `$ ` begins what is typed, `! ` a line on standard error, `? ` an exit status other than 0; everything else
//! is standard output. `UPDATE=1` writes the files anew; read the difference before keeping it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn here(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(folder)
}

fn play(transcript: &str) -> String {
    let typed = transcript.lines().filter_map(|line| line.strip_prefix("$ "));
    let mut out = String::new();
    for line in typed {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words.first(), Some(&"trunkline"), "{line}");
        let done = Command::new(env!("CARGO_BIN_EXE_trunkline"))
            .args(&words[1..])
            .current_dir(here("configs"))
            .env_clear()
            .env("TUTOR_PASSWORD", "geheim")
            .env("XDG_RUNTIME_DIR", "/run/user/1000")
            .env("XDG_STATE_HOME", "/home/tutor/.local/state")
            .output()
            .unwrap();
        out.push_str(&format!("$ {line}\n"));
        out.push_str(&String::from_utf8_lossy(&done.stdout));
        for line in String::from_utf8_lossy(&done.stderr).lines() {
            out.push_str(format!("! {line}").trim_end());
            out.push('\n');
        }
        match done.status.code() {
            Some(0) => {}
            Some(code) => out.push_str(&format!("? {code}\n")),
            None => panic!("{line}: {}", done.status),
        }
    }
    let folder = here("configs").canonicalize().unwrap();
    out.replace(&folder.display().to_string(), "[here]")
}

#[test]
fn every_transcript_plays_as_it_is_written() {
    let mut wrong = Vec::new();
    let mut files: Vec<_> =
        fs::read_dir(here("transcripts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let written = fs::read_to_string(&file).unwrap();
        let played = play(&written);
        if played == written {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&file, played).unwrap();
        } else {
            wrong.push(format!("{}:\n{}", file.display(), difference(&written, &played)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first line that differs, with what stands before it.
fn difference(written: &str, played: &str) -> String {
    let (written, played): (Vec<_>, Vec<_>) = (written.lines().collect(), played.lines().collect());
    let at = written
        .iter()
        .zip(&played)
        .position(|(a, b)| a != b)
        .unwrap_or(written.len().min(played.len()));
    let typed =
        written[..at.min(written.len())].iter().rfind(|line| line.starts_with("$ ")).unwrap_or(&"");
    format!(
        "{typed}\n- {}\n+ {}",
        written.get(at).unwrap_or(&"(end)"),
        played.get(at).unwrap_or(&"(end)")
    )
}

#[test]
fn every_command_has_a_transcript_of_its_help() {
    let all = fs::read_to_string(here("transcripts/help.txt")).unwrap();
    let commands = all
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let mut seen = 0;
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        assert!(all.contains(&format!("$ trunkline {command} --help\n")), "{command}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen} commands");
}
