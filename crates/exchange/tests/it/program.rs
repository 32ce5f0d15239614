//! What a program gets, and how it ends.

use std::time::{Duration, Instant};

use carrier::CallOptions;
use exchange::CallEnd;
use telnet::{Profile, WindowSize};

use crate::harness::{gone, house, rtu, script, until};

#[tokio::test]
async fn a_programs_environment_is_built_from_nothing() {
    let text =
        rtu("pipe", &["/usr/bin/env"]) + "environment = { SITE = \"42\", PATH = \"/opt/rtu\" }\n";
    let house = house(&text);
    let caller = house.rtu().await;
    let text = String::from_utf8(caller.rest().await).expect("text");
    let mut names: Vec<&str> =
        text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "CALLED_ID",
            "CALLER_ID",
            "CALLER_NAME",
            "CALL_DATE",
            "CALL_TIME",
            "CONNECT",
            "DEVICE",
            "HOME",
            "LOGNAME",
            "PATH",
            "SHELL",
            "SITE",
            "TERM",
            "TRUNKLINE_ACCOUNT",
            "TRUNKLINE_CALL",
            "USER",
        ]
    );
    for expected in [
        "CALLER_ID=127.0.0.1",
        "CONNECT=TCP",
        "TERM=dumb",
        "SITE=42",
        "PATH=/opt/rtu",
        "TRUNKLINE_ACCOUNT=rtu",
        &format!("CALLED_ID={}", house.address()),
        &format!("TRUNKLINE_CALL={}", house.record().await.call.id),
    ] {
        assert!(text.lines().any(|line| line == expected), "{expected} in {text}");
    }
}

#[tokio::test]
async fn a_telnet_caller_tells_his_terminal_and_window() {
    let mut setup =
        crate::harness::Setup::new(&script("pty", "echo $TERM; stty size; read wait; stty size"));
    setup.exchange.listen[0].profile = exchange::Profile::Human;
    let house = setup.start();
    let options = CallOptions {
        profile: Profile::Human,
        terminal: Some("VT220".parse().expect("a terminal")),
        size: Some(WindowSize { columns: 132, rows: 50 }),
        ..CallOptions::default()
    };
    let mut caller = house.dial("telnet", options).await;
    caller.log_in().await;
    assert_eq!(caller.line().await, "vt220");
    assert_eq!(caller.line().await, "50 132");
    caller.call.resize(WindowSize { columns: 40, rows: 10 });
    caller.say("\r").await;
    caller.expect("10 40\r\n").await;
}

#[tokio::test]
async fn the_exit_status_is_on_record() {
    for (end, status) in [("exit 0", "0"), ("exit 7", "7"), ("kill -TERM $$", "signal 15")] {
        let house = house(&script("pipe", end));
        let caller = house.rtu().await;
        assert_eq!(caller.rest().await, b"");
        let record = house.record().await;
        assert_eq!(record.end, CallEnd::ProgramEnded);
        assert_eq!(record.status, status);
    }
}

#[tokio::test]
async fn everything_a_program_wrote_reaches_a_slow_caller_before_the_end() {
    for on in ["pipe", "pty"] {
        let house = house(&script(on, "head -c 3000000 /dev/zero; printf end; exit 3"));
        let caller = house.rtu().await;
        // The program has ended long before most of this is taken.
        tokio::time::sleep(Duration::from_millis(100)).await;
        let heard = caller.rest().await;
        assert_eq!(heard.len(), 3_000_003, "{on}");
        assert!(heard.ends_with(b"end"));
        assert_eq!(house.record().await.status, "3");
    }
}

#[tokio::test]
async fn what_waits_in_a_pipe_when_its_program_ends_is_delivered() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    // Nobody reads, so every buffer is full when the program ends.
    let house = house(&script(
        "pipe",
        &format!("yes & sleep 0.5; grep wchar /proc/$!/io >{}; kill $!", file.path().display()),
    ));
    let caller = house.rtu().await;
    let written = until("the program's account", || {
        let text = std::fs::read_to_string(file.path()).expect("read");
        text.strip_prefix("wchar: ")?.strip_suffix('\n')?.parse::<usize>().ok()
    })
    .await;
    let heard = caller.rest().await.len();
    assert!(heard >= written, "{heard} of {written}");
}

#[tokio::test]
async fn the_callers_end_is_the_end_of_file_of_a_pipe() {
    let house = house(&script("pipe", "wc -c; echo done"));
    let mut caller = house.rtu().await;
    caller.say(vec![b'x'; 100_000]).await;
    caller.finish().await;
    assert_eq!(String::from_utf8_lossy(&caller.rest().await), "100000\ndone\n");
    assert_eq!(house.record().await.end, CallEnd::ProgramEnded);
}

#[tokio::test]
async fn the_callers_end_hangs_up_a_terminal() {
    let house = house(&script("pty", "echo $$; exec cat"));
    let mut caller = house.rtu().await;
    let pid = caller.number().await;
    caller.finish().await;
    caller.rest().await;
    let record = house.record().await;
    assert_eq!(record.end, CallEnd::CallerHungUp);
    assert_eq!(record.status, "signal 1");
    gone(pid).await;
}

#[tokio::test]
async fn a_program_may_close_its_output_and_go_on_reading() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let house = house(&script("pipe", &format!("exec 1>&-; exec cat >{}", file.path().display())));
    let mut caller = house.rtu().await;
    assert!(!caller.hear().await);
    caller.say("last words").await;
    caller.finish().await;
    assert_eq!(house.record().await.end, CallEnd::ProgramEnded);
    assert_eq!(std::fs::read(file.path()).expect("read"), b"last words");
}

#[tokio::test]
async fn a_program_may_close_its_input_and_go_on_writing() {
    let house = house(&script("pipe", "exec 0<&-; echo ready; sleep 0.2; echo done"));
    let mut caller = house.rtu().await;
    caller.expect("ready\n").await;
    caller.say(vec![b'x'; 300_000]).await;
    assert_eq!(caller.rest().await, b"done\n");
    assert_eq!(house.record().await.end, CallEnd::ProgramEnded);
}

#[tokio::test]
async fn a_program_that_ignores_hang_up_and_term_is_killed_with_its_children() {
    for on in ["pipe", "pty"] {
        let text = "[exchange.hang-up]\nterm-after = \"50ms\"\nkill-after = \"50ms\"\n".to_owned()
            + &script(
                on,
                "trap '' HUP TERM INT; sleep 1000 & echo $$; echo $!; while :; do wait; done",
            )
            + "after-end = \"0s\"\n";
        let house = house(&text);
        let mut caller = house.rtu().await;
        let (pid, child) = (caller.number().await, caller.number().await);
        drop(caller);
        let record = house.record().await;
        assert_eq!(record.end, CallEnd::CallerHungUp, "{on}");
        assert_eq!(record.status, "signal 9", "{on}");
        gone(pid).await;
        gone(child).await;
    }
}

#[tokio::test]
async fn a_program_may_clean_up_after_a_hang_up() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().display();
    let house = house(&script(
        "pty",
        &format!("trap 'echo bye >{path}; exit 5' HUP; echo ready; while :; do sleep 0.01; done"),
    ));
    let mut caller = house.rtu().await;
    caller.expect("ready\r\n").await;
    drop(caller);
    assert_eq!(house.record().await.status, "5");
    assert_eq!(std::fs::read(file.path()).expect("read"), b"bye\n");
}

#[tokio::test]
async fn a_program_left_behind_by_an_ended_one_does_not_keep_the_call() {
    for on in ["pipe", "pty"] {
        let text = script(on, "trap '' HUP; sleep 1000 & echo $!");
        let house = house(&("[exchange.hang-up]\nterm-after = \"50ms\"\n".to_owned() + &text));
        let mut caller = house.rtu().await;
        let child = caller.number().await;
        let begun = Instant::now();
        assert_eq!(caller.rest().await, b"", "{on}");
        let record = house.record().await;
        assert_eq!(record.end, CallEnd::ProgramEnded);
        assert_eq!(record.status, "0");
        assert!(begun.elapsed() < Duration::from_secs(20), "{on}");
        gone(child).await;
    }
}

#[tokio::test]
async fn a_break_interrupts_a_program_on_a_terminal() {
    let house = house(&script(
        "pty",
        "trap 'echo interrupted' INT; echo ready; while :; do read line; done",
    ));
    let mut caller = house.telnet().await;
    caller.log_in().await;
    caller.expect("ready\r\n").await;
    caller.call.send_break().expect("sent");
    caller.expect("interrupted\r\n").await;
}

#[tokio::test]
async fn a_break_reaches_the_job_in_a_shells_foreground() {
    let house = house(&rtu("pty", &["/bin/sh", "-i"]));
    let mut caller = house.telnet().await;
    caller.log_in().await;
    caller.say("sh -c 'echo going; exec sleep 1000'\r").await;
    caller.expect("going\r\n").await;
    caller.call.send_break().expect("sent");
    caller.say("echo status $?\r").await;
    caller.expect("status 130\r\n").await;
}

#[tokio::test]
async fn a_break_may_be_a_zero_byte() {
    let house = house(&(rtu("pipe", &["/bin/cat"]) + "break = \"nul\"\n"));
    let mut caller = house.telnet().await;
    caller.log_in().await;
    caller.say("a").await;
    assert_eq!(caller.bytes(1).await, b"a");
    caller.call.send_break().expect("sent");
    caller.say("b").await;
    assert_eq!(caller.bytes(2).await, b"\0b");
}

#[tokio::test]
async fn an_interrupt_in_a_telnet_callers_line_mode_interrupts() {
    let house = house(&script(
        "pty",
        "trap 'echo interrupted' INT; echo ready; while :; do read line; done",
    ));
    let mut caller = house.dial("tcp", CallOptions::default()).await;
    caller.say(b"\xff\xfd\x03").await;
    caller.expect("login: ").await;
    caller.say("rtu\r\n").await;
    caller.expect("Password: ").await;
    caller.say("secret\r\n").await;
    caller.expect("ready\r\n").await;
    // ^C in the inetutils client: IP, then DO TIMING-MARK.
    caller.say(b"\xff\xf4\xff\xfd\x06").await;
    caller.expect("interrupted\r\n").await;
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_the_owners_trouble() {
    let house = house(&rtu("pipe", &["/no/such/program"]));
    let caller = house.rtu().await;
    assert_eq!(caller.rest().await, b"Service unavailable\r\n");
    assert_eq!(house.record().await.end, CallEnd::ProgramFailed);
}

#[tokio::test]
async fn nothing_that_a_caller_sends_is_an_argument() {
    let house = house(&rtu("pipe", &["/bin/sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline", "fixed"]));
    let caller = house.rtu().await;
    let arguments = String::from_utf8(caller.rest().await).expect("text");
    assert_eq!(arguments, "/bin/sh -c tr '\\0' ' ' </proc/$$/cmdline fixed ");
}

#[tokio::test]
async fn a_program_runs_as_its_accounts_user() {
    if !is_root().await {
        eprintln!("skipped: only root can become another user");
        return;
    }
    let house = house(&(script("pipe", "id -un; id -G; echo $USER; pwd") + "user = \"nobody\"\n"));
    let caller = house.rtu().await;
    let heard = String::from_utf8(caller.rest().await).expect("text");
    let mut lines = heard.lines();
    assert_eq!(lines.next(), Some("nobody"));
    assert_ne!(lines.next(), Some("0"));
    assert_eq!(lines.next(), Some("nobody"));
    assert_eq!(lines.next(), Some("/"));
}

#[tokio::test]
async fn a_program_is_not_run_as_root_by_accident() {
    let mut setup = crate::harness::Setup::new(&(rtu("pipe", &["/bin/cat"]) + "user = \"root\"\n"));
    setup.exchange.root_programs = exchange::RootPrograms::Refuse;
    let error = exchange::Exchange::start(&setup.exchange, setup.accounts()).unwrap_err();
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert!(error.to_string().contains("rtu") && cause.contains("root"), "{error}: {cause}");
}

async fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    tempfile::NamedTempFile::new().expect("a file").as_file().metadata().expect("metadata").uid()
        == 0
}
