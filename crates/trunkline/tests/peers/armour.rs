//! Files as text, beside the programs that have always written and read them.

use std::path::Path;
use std::process::Stdio;

use crate::stage::{Stage, command, installed};

/// What a program prints; it must succeed.
fn said(program: &str, arguments: &[&str], folder: &Path) -> Vec<u8> {
    let mut command = command(program);
    let output = command.args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let output = output.expect("a command");
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

const TRUNKLINE: &str = env!("CARGO_BIN_EXE_trunkline");

fn peer(path: &str) -> String {
    installed(path).display().to_string()
}

/// Files of all sizes that matter to lines and groups, with every value, runs, and the marks of runs.
fn files() -> Vec<Vec<u8>> {
    let mut files: Vec<Vec<u8>> = [0usize, 1, 2, 3, 44, 45, 46, 128, 129]
        .into_iter()
        .map(|size| (0..size).map(|n| (n * 7) as u8).collect())
        .collect();
    files.push((0..=255).collect());
    files.push(vec![0x90; 700]);
    files.push([vec![0; 1000], vec![0x90, 0x90, 1], vec![9; 4], vec![8; 3]].concat());
    files.push((0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect());
    files
}

#[test]
fn uuencode_is_that_of_sharutils_byte_for_byte_and_so_is_what_is_read_back() {
    for bytes in files() {
        let stage = Stage::new();
        let folder = stage.path("");
        stage.write("file.bin", &bytes);
        let theirs = said(&peer("/usr/bin/uuencode"), &["file.bin", "file.bin"], &folder);
        let ours = said(TRUNKLINE, &["encode", "uuencode", "file.bin"], &folder);
        assert_eq!(ours, theirs, "{} bytes", bytes.len());
        stage.write("file.uu", &theirs);
        assert_eq!(said(TRUNKLINE, &["decode", "uuencode", "file.uu"], &folder), bytes);
        let read = said(&peer("/usr/bin/uudecode"), &["-o", "/dev/stdout", "file.uu"], &folder);
        assert_eq!(read, bytes);
        // Their base64, framed as only they do, is read as well; ours is that of coreutils.
        let framed = said(&peer("/usr/bin/uuencode"), &["-m", "file.bin", "file.bin"], &folder);
        stage.write("file.b64", &framed);
        assert_eq!(said(TRUNKLINE, &["decode", "base64", "file.b64"], &folder), bytes);
        let theirs = said(&peer("/usr/bin/base64"), &["file.bin"], &folder);
        assert_eq!(said(TRUNKLINE, &["encode", "base64", "file.bin"], &folder), theirs);
    }
}

#[test]
fn macutils_read_our_binhex() {
    for bytes in files().into_iter().filter(|bytes| !bytes.is_empty()) {
        let stage = Stage::new();
        let folder = stage.path("");
        stage.write("file.bin", &bytes);
        let ours =
            said(TRUNKLINE, &["encode", "binhex", "file.bin", "--mac", "TEXT/ttxt"], &folder);
        stage.write("file.hqx", &ours);
        assert_eq!(said(TRUNKLINE, &["decode", "binhex", "file.hqx"], &folder), bytes);
        // The data fork alone, under the name that is in it.
        stage.folder("out");
        said(&peer("/usr/bin/hexbin"), &["-3", "../file.hqx"], &stage.path("out"));
        let read = std::fs::read(stage.path("out/file.bin.data")).expect("a data fork");
        assert_eq!(read, bytes, "{} bytes", bytes.len());
    }
}

#[test]
fn python_yenc_reads_our_yenc_and_writes_what_we_read() {
    // The package codes what is between the lines that begin and end a file.
    let script = "import sys, yenc\n\
                  ours, body, read, theirs = sys.argv[1:]\n\
                  lines = open(ours, 'rb').read().split(b'\\r\\n')\n\
                  open(body, 'wb').write(b'\\r\\n'.join(lines[1:-2]) + b'\\r\\n')\n\
                  yenc.decode(open(body, 'rb'), open(read, 'wb'))\n\
                  size, check = yenc.encode(open(read, 'rb'), open(body, 'wb'))\n\
                  data = open(body, 'rb').read()\n\
                  with open(theirs, 'wb') as file:\n\
                  \x20   file.write(b'=ybegin line=128 size=%d name=x\\r\\n' % size + data)\n\
                  \x20   file.write(b'\\r\\n=yend size=%d crc32=%s\\r\\n' % (size, check.encode()))\n";
    for bytes in files().into_iter().filter(|bytes| !bytes.is_empty()) {
        let stage = Stage::new();
        let folder = stage.path("");
        stage.write("file.bin", &bytes);
        stage.write("yenc.script", script);
        let ours = said(TRUNKLINE, &["encode", "yenc", "file.bin"], &folder);
        stage.write("ours.yenc", &ours);
        let arguments = ["yenc.script", "ours.yenc", "body", "read.bin", "theirs.yenc"];
        said(&peer("/usr/bin/python3"), &arguments, &folder);
        assert_eq!(std::fs::read(stage.path("read.bin")).expect("their file"), bytes);
        assert_eq!(said(TRUNKLINE, &["decode", "yenc", "theirs.yenc"], &folder), bytes);
    }
}

#[test]
fn what_is_damaged_leaves_no_file() {
    let stage = Stage::new();
    let text = stage.write("cut.uu", "begin 644 a\n#0V%T\n");
    let mut command = command(TRUNKLINE);
    let output = command
        .args(["decode", "uuencode"])
        .arg(text)
        .arg("--output")
        .arg(stage.path("out.bin"))
        .output()
        .expect("a command");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("in the middle, after line 2"));
    assert!(!stage.path("out.bin").exists() && !stage.path("out.bin.part").exists());
}
