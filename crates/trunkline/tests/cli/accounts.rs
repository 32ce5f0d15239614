//! `trunkline account` on the files of a configuration.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use crate::stage::{Equipment, Stage, trunkline};

const CONFIGURATION: &str = "include = \"accounts.toml\"\n[exchange]\nroot-programs = \"allow\"\n\
    [[exchange.listen]]\naddress = \"127.0.0.1:0\"\n[[line]]\nname = \"a\"\npty = \"a\"\n";

/// Runs `trunkline account …` with a password on its standard input.
fn account(stage: &Stage, args: &[&str], password: &str) -> Output {
    let mut child = trunkline(stage.folder.path())
        .arg("account")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that needs no password may have ended already.
    let _ = writeln!(child.stdin.take().unwrap(), "{password}");
    child.wait_with_output().unwrap()
}

fn done(stage: &Stage, args: &[&str], password: &str) -> String {
    let output = account(stage, args, password);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_account_that_is_added_can_log_in_and_is_changed_and_removed_by_reloads() {
    let mut stage = Stage::new(CONFIGURATION);
    let added =
        done(&stage, &["add", "pump", "--program", "/bin/cat", "--on", "pipe"], "first one");
    assert_eq!(added, "added pump to accounts.toml\n");
    let file = stage.path("accounts.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("password = \"$argon2id$") && !text.contains("first one"), "{text}");

    stage.start(&["run"]);
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "pump", "first one");
    a.echoed("hello");

    fs::write(&file, text + "# the end\n").unwrap();
    done(&stage, &["set", "pump", "--password"], "second one");
    stage.ask(&["reload"]);
    stage.ask(&["hangup", "a"]);
    a.expect("NO CARRIER");
    a.log_in(stage.exchange(), "pump", "first one");
    a.expect("Login incorrect");
    a.expect("login: ");
    a.command("pump", "Password: ");
    a.send("second one\r");
    a.echoed("hello again");

    assert_eq!(done(&stage, &["remove", "pump"], ""), "removed pump from accounts.toml\n");
    assert!(fs::read_to_string(&file).unwrap().contains("# the end"));
    stage.ask(&["reload"]);
    assert_eq!(stage.ask(&["account", "list"]).lines().count(), 1);
}

#[test]
fn a_password_is_typed_twice_unseen() {
    use crate::stage::Equipment;
    let stage = Stage::new(CONFIGURATION);
    stage.write("accounts.toml", "");
    for (again, code) in [("something else", 1), ("a secret", 0)] {
        let (mut person, terminal) = Equipment::person();
        let stream = || Stdio::from(terminal.try_clone().unwrap());
        let mut add = trunkline(stage.folder.path())
            .args(["account", "add", "pump", "--program", "/bin/cat"])
            .stdin(stream())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .unwrap();
        person.expect("Password: ");
        person.send("a secrt\u{7f}et\r");
        let seen = person.expect("Again: ");
        assert!(!seen.contains("secr"), "{seen}");
        person.send(&format!("{again}\r"));
        person.expect(if code == 0 { "added pump" } else { "the two are not the same" });
        assert_eq!(add.wait().unwrap().code(), Some(code));
    }
}

#[test]
fn a_table_is_printed_to_be_pasted() {
    let stage = Stage::new(CONFIGURATION);
    let table = done(&stage, &["add", "tank", "--deny", "moved \"away\"", "--print"], "x");
    assert!(table.starts_with("[[account]]\nname = \"tank\"\npassword = \"$argon2id$"), "{table}");
    assert!(table.ends_with("deny = \"moved \\\"away\\\"\"\n"), "{table}");
    assert!(!stage.path("accounts.toml").exists());
}

#[test]
fn a_file_that_nobody_includes_is_pointed_out() {
    let stage = Stage::new("");
    let said = done(&stage, &["add", "tank", "--program", "/bin/cat"], "x");
    assert!(said.ends_with("put at its top: include = [\"accounts.toml\"]\n"), "{said}");
}

#[test]
fn nothing_is_written_that_a_start_would_refuse() {
    let stage = Stage::new(CONFIGURATION);
    stage.write("accounts.toml", "");
    for (args, says) in [
        (&["add", "two words", "--program", "/bin/cat"][..], "printable ASCII"),
        (&["add", "x", "--program", "cat"][..], "absolute path"),
        (&["add", "x", "--program", "/bin/cat"][..], "the password is empty"),
    ] {
        let output = account(&stage, args, "");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(says), "{said}");
    }
    assert_eq!(fs::read_to_string(stage.path("accounts.toml")).unwrap(), "");
    done(&stage, &["add", "x", "--program", "/bin/cat"], "y");
    let twin = account(&stage, &["add", "x", "--program", "/bin/cat"], "y");
    assert!(
        String::from_utf8_lossy(&twin.stderr)
            .contains("there is an account x already, in accounts.toml")
    );
}

const STORED: &str = "[exchange]\nstore = \"trunkline.db\"\naudit = \"audit.log\"\nroot-programs = \"allow\"\n\
    [[exchange.listen]]\naddress = \"127.0.0.1:0\"\n[[line]]\nname = \"a\"\npty = \"a\"\n";

#[test]
fn a_machine_in_the_store_logs_in_by_the_secret_that_was_printed_once() {
    let mut stage = Stage::new(STORED);
    stage.start(&["run"]);
    let added =
        done(&stage, &["add", "pump", "--machine", "--program", "/bin/cat", "--on", "pipe"], "");
    let secret = added.lines().next().unwrap().strip_prefix("secret: ").unwrap();
    assert!(added.contains("added pump to ") && added.contains("trunkline.db"), "{added}");
    let pepper = stage.path("trunkline.db.pepper");
    assert_eq!(fs::metadata(pepper).unwrap().permissions().mode() & 0o777, 0o600);

    // Nobody has told the running instance.
    stage.wait_for("the store's accounts have changed");
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "pump", secret);
    a.echoed("hello");

    let listed = done(&stage, &["list"], "") + &done(&stage, &["list", "--json"], "");
    assert!(listed.contains("machine secret") && !listed.contains(secret), "{listed}");
    assert!(!listed.contains('$'), "{listed}");
    // The audit log is written by a thread of its own.
    let written = |what: &str| {
        let log = fs::read_to_string(stage.path("audit.log")).unwrap();
        log.matches(&format!("\"what\":\"{what}\",\"account\":\"pump\"")).count()
    };
    let until = |is_so: &dyn Fn() -> bool| {
        let end = std::time::Instant::now() + crate::stage::PATIENCE;
        while !is_so() {
            let log = fs::read_to_string(stage.path("audit.log")).unwrap();
            assert!(std::time::Instant::now() < end, "{log}");
        }
    };
    until(&|| written("login") == 1);
    let audit = stage.ask(&["audit", "verify", "audit.log"]);
    assert!(audit.contains("is whole"), "{audit}");
    let log = fs::read_to_string(stage.path("audit.log")).unwrap();
    assert!(!log.contains(secret), "{log}");

    let chosen = account(&stage, &["set", "pump", "--machine", "--given"], "open-sesame");
    assert!(String::from_utf8_lossy(&chosen.stderr).contains("no machine's secret"));
    done(&stage, &["set", "pump", "--set", "idle=30m", "--set", "sources=[\"10.0.0.0/8\"]"], "");
    let wrong = account(&stage, &["set", "pump", "--set", "idel=30m"], "");
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("idel"));
    done(&stage, &["set", "pump", "--unset", "idle"], "");
    done(&stage, &["remove", "pump"], "");
    assert_eq!(done(&stage, &["list"], "").lines().count(), 1);

    // The instance, whose log it is, has put all that on record; and without one the command does.
    let deeds = || ["account-added", "account-changed", "account-removed"].map(written);
    until(&|| deeds() == [1, 2, 1]);
    stage.stop();
    done(&stage, &["add", "pump", "--machine", "--set", "service=echo"], "");
    let log = fs::read_to_string(stage.path("audit.log")).unwrap();
    let last = log.lines().last().unwrap();
    assert!(
        last.contains("\"what\":\"account-added\"") && last.contains("\"uid\":\"0\""),
        "{last}"
    );
    assert!(stage.ask(&["audit", "verify", "audit.log"]).contains("is whole"));
}

#[test]
fn one_name_in_the_store_and_in_a_file_is_refused() {
    let stage = Stage::new(STORED);
    done(&stage, &["add", "pump", "--program", "/bin/cat"], "x");
    let twin = ["add", "pump", "--program", "/bin/cat", "--file", "trunkline.toml"];
    let output = account(&stage, &twin, "x");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("there is an account pump already, in ") && said.contains("trunkline.db"),
        "{said}"
    );
    let table = done(&stage, &["add", "tank", "--program", "/bin/cat", "--print"], "x");
    stage.write("trunkline.toml", &format!("{STORED}{}", table.replace("tank", "pump")));
    let output = trunkline(stage.folder.path()).arg("run").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("in the store and in a file"), "{said}");
}

#[test]
fn accounts_are_imported_once_they_were_looked_at() {
    let stage = Stage::new(STORED);
    stage.write("passwd", "ada:x:1002:100::/home/ada:/bin/sh\nroot:x:0:0::/root:/bin/sh\n");
    let said = done(&stage, &["import", "passwd"], "");
    assert!(said.contains("line 1: ada: taken; its password is in a shadow file"), "{said}");
    assert!(said.contains("line 2: root: not taken: its program would run as root"), "{said}");
    assert!(said.ends_with("--write adds them\n"), "{said}");
    assert_eq!(done(&stage, &["list"], "").lines().count(), 1);
    let said = done(&stage, &["import", "passwd", "--write"], "");
    assert!(said.contains("added 1 account to "), "{said}");
    assert!(done(&stage, &["list"], "").contains("nothing: locked"));
    let again = done(&stage, &["import", "passwd", "--write"], "");
    assert!(again.contains("ada: not taken: there is an account of this name already"), "{again}");
    stage.write("login.config", "site rtu @ /bin/cat \\I\n* - - /bin/login @\n");
    let said = done(&stage, &["import", "login.config"], "");
    assert!(
        said.contains("site: taken; \\I is left out") && said.contains("*: not taken"),
        "{said}"
    );
}

#[test]
fn a_check_notes_users_that_are_not_there_and_programs_that_would_run_as_root() {
    let stage = Stage::new("[exchange]\n");
    for (name, user) in [("pump", "no-such-user"), ("tank", "root")] {
        let args =
            ["add", name, "--program", "/bin/cat", "--user", user, "--file", "trunkline.toml"];
        done(&stage, &args, "x");
    }
    let said = stage.ask(&["check"]);
    assert!(said.contains("there is no user \"no-such-user\""), "{said}");
    assert!(said.contains("account `tank`: its program would run as root"), "{said}");
}

#[test]
fn root_is_given_up_once_everything_is_open_and_programs_run_as_that_user() {
    let uid =
        |path: &std::path::Path| std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).unwrap());
    let stored = STORED.replace("root-programs = \"allow\"", "user = \"nobody\"");
    let mut stage = Stage::new(&stored);
    if uid(stage.folder.path()) != 0 {
        // Only root has anything to give up.
        return;
    }
    std::os::unix::fs::chown(stage.folder.path(), Some(65534), None).unwrap();
    done(&stage, &["add", "other", "--program", "/bin/cat", "--user", "daemon"], "x");
    let refused = trunkline(stage.folder.path()).arg("run").output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("other"), "{said}");
    done(&stage, &["remove", "other"], "");
    done(&stage, &["add", "pump", "--program", "/usr/bin/id -u", "--on", "pipe"], "secret");
    stage.start(&["run"]);
    let status = fs::read_to_string(format!("/proc/{}/status", stage.child().id())).unwrap();
    assert!(status.contains("\nUid:\t65534\t65534\t65534\t65534\n"), "{status}");
    assert!(status.contains("\nCapEff:\t0000000000000000\n"), "{status}");
    let mut a = Equipment::open(&stage.path("a"));
    a.log_in(stage.exchange(), "pump", "secret");
    a.expect("65534");
    assert_eq!(uid(&stage.path("trunkline.db")), 65534);
    assert_eq!(uid(&stage.path("audit.log")), 65534);
}
