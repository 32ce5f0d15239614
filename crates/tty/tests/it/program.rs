use std::fs;
use std::future::poll_fn;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use tty::{
    Limit, On, Privileges, Program, ProgramIo, PtyMode, Resource, Running, Signal, SpawnError,
    User, WindowSize,
};

use crate::client::soon;

pub(crate) fn shell(script: &str, on: On) -> Program {
    Program {
        argv: ["sh", "-c", script].map(Into::into).to_vec(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        on,
        ..Program::new("/bin/sh")
    }
}

pub(crate) fn pty() -> On {
    On::Pty { size: WindowSize::default(), term: None, mode: PtyMode::Cooked }
}

fn raw_pty() -> On {
    On::Pty { size: WindowSize::default(), term: None, mode: PtyMode::Raw }
}

pub(crate) async fn read_some(io: &mut ProgramIo) -> Vec<u8> {
    let mut buf = [0; 4096];
    let length = soon(poll_fn(|cx| io.poll_read(cx, &mut buf))).await.unwrap();
    buf[..length].to_vec()
}

async fn read_all(io: &mut ProgramIo) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let some = read_some(io).await;
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

/// Reads until the output contains `word`.
pub(crate) async fn read_until(io: &mut ProgramIo, word: &str) -> String {
    let mut all = Vec::new();
    loop {
        let some = read_some(io).await;
        assert!(!some.is_empty(), "ended without {word:?}: {}", String::from_utf8_lossy(&all));
        all.extend(some);
        let text = String::from_utf8_lossy(&all);
        if text.contains(word) {
            return text.into_owned();
        }
    }
}

async fn write_all(io: &mut ProgramIo, mut data: &[u8]) {
    while !data.is_empty() {
        let written = soon(poll_fn(|cx| io.poll_write(cx, data))).await.unwrap();
        data = &data[written..];
    }
}

async fn shutdown(io: &mut ProgramIo) {
    soon(poll_fn(|cx| io.poll_shutdown(cx))).await.unwrap();
}

/// Runs to the end; its output as text, with its lines' ends made plain.
async fn output(program: &Program) -> (String, std::process::ExitStatus) {
    let mut running = program.spawn().unwrap();
    let all = read_all(&mut running.io).await;
    let status = soon(running.child.wait()).await.unwrap();
    (String::from_utf8(all).unwrap().replace("\r\n", "\n"), status)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[tokio::test]
async fn arguments_environment_and_directory_are_exactly_those_given() {
    let program = Program {
        argv: ["-login", "two words", "$HOME", ""].map(Into::into).to_vec(),
        env: vec![("CALLER_ID".into(), "0123 45".into()), ("EMPTY".into(), "".into())],
        dir: "/usr".into(),
        ..Program::new("/bin/sh")
    };
    let program = Program {
        argv: vec![
            program.argv[0].clone(),
            "-c".into(),
            "printf '<%s>' \"$0\" \"$@\"; echo; pwd; exec /usr/bin/env".into(),
            program.argv[1].clone(),
            program.argv[2].clone(),
            program.argv[3].clone(),
        ],
        ..program
    };
    let (text, status) = output(&program).await;
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("<two words><$HOME><>"));
    assert_eq!(lines.next(), Some("/usr"));
    // The shell adds these by itself.
    let own = |line: &&str| {
        !["PATH=", "PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| line.starts_with(own))
    };
    let mut given: Vec<_> = lines.filter(own).collect();
    given.sort();
    assert_eq!(given, ["CALLER_ID=0123 45", "EMPTY="]);
    assert!(status.success());
}

#[tokio::test]
async fn the_programs_name_may_begin_with_a_dash() {
    let program = Program {
        argv: ["-cat", "/proc/self/cmdline"].map(Into::into).to_vec(),
        ..Program::new("/bin/cat")
    };
    assert_eq!(output(&program).await.0, "-cat\0/proc/self/cmdline\0");
}

#[tokio::test]
async fn pipes_pass_every_byte_and_the_end_of_each_direction() {
    let mut running = Program::new("/bin/cat").spawn().unwrap();
    let data: Vec<u8> = (0..1000).flat_map(|_| 0..=255).collect();
    let Running { io, child } = &mut running;
    // More than the pipes hold, so that both directions must move at once.
    let (mut sent, mut received, mut buf) = (0, Vec::<u8>::new(), [0; 4096]);
    soon(poll_fn(|cx| {
        while sent < data.len()
            && let std::task::Poll::Ready(length) = io.poll_write(cx, &data[sent..])
        {
            sent += length.unwrap();
        }
        while received.len() < data.len()
            && let std::task::Poll::Ready(length) = io.poll_read(cx, &mut buf)
        {
            received.extend(&buf[..length.unwrap()]);
        }
        if received.len() == data.len() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    }))
    .await;
    assert_eq!(received, data);
    shutdown(io).await;
    assert!(read_all(io).await.is_empty());
    assert!(soon(child.wait()).await.unwrap().success());
}

#[tokio::test]
async fn complaints_of_a_program_on_pipes_are_apart() {
    let mut running = shell("echo said; echo complained >&2", On::Pipes).spawn().unwrap();
    let mut errors = running.io.take_errors().unwrap();
    assert!(running.io.take_errors().is_none());
    assert_eq!(read_all(&mut running.io).await, b"said\n");
    let mut buf = [0; 100];
    let length = soon(poll_fn(|cx| errors.poll_read(cx, &mut buf))).await.unwrap();
    assert_eq!(&buf[..length], b"complained\n");
    assert_eq!(soon(poll_fn(|cx| errors.poll_read(cx, &mut buf))).await.unwrap(), 0);
}

#[tokio::test]
async fn a_raw_terminal_passes_every_byte_in_both_directions() {
    let mut running = shell("echo ready; exec cat", raw_pty()).spawn().unwrap();
    read_until(&mut running.io, "ready\n").await;
    let data: Vec<u8> = (0..=255).collect();
    for _ in 0..40 {
        write_all(&mut running.io, &data).await;
        let mut received = Vec::new();
        while received.len() < data.len() {
            received.extend(read_some(&mut running.io).await);
        }
        assert_eq!(received, data);
    }
}

#[tokio::test]
async fn a_terminal_has_a_size_a_type_and_a_job_to_control() {
    let on = On::Pty {
        size: WindowSize { rows: 43, columns: 132 },
        term: Some("vt220".into()),
        mode: PtyMode::Cooked,
    };
    let script = "stty size; echo $TERM; tty; ps -o tpgid=,pgid=,sess=,pid= -p $$ | tr -s ' '; \
        trap 'stty size; exit' WINCH; echo ready; while :; do read x; done";
    let mut running = shell(script, on).spawn().unwrap();
    let text = read_until(&mut running.io, "ready").await.replace("\r\n", "\n");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(&lines[..2], ["43 132", "vt220"]);
    assert!(lines[2].starts_with("/dev/pts/"));
    let pid = running.child.pid();
    assert_eq!(lines[3].trim(), format!("{pid} {pid} {pid} {pid}"));
    running.io.resize(WindowSize { rows: 50, columns: 160 }).unwrap();
    read_until(&mut running.io, "50 160").await;
}

#[tokio::test]
async fn the_end_of_input_is_typed_on_a_terminal_in_line_mode() {
    for (typed, expected) in [("line\n", "line\n"), ("half", "half"), ("", "")] {
        let mut running = shell("stty -echo; echo ready; exec cat", pty()).spawn().unwrap();
        read_until(&mut running.io, "ready\r\n").await;
        write_all(&mut running.io, typed.as_bytes()).await;
        shutdown(&mut running.io).await;
        let output = String::from_utf8(read_all(&mut running.io).await).unwrap();
        assert_eq!(output.replace("\r\n", "\n"), expected);
        assert!(soon(running.child.wait()).await.unwrap().success());
        assert!(poll_fn(|cx| running.io.poll_write(cx, b"x")).await.is_err());
    }
}

#[tokio::test]
async fn the_last_output_is_not_lost_with_the_program() {
    for on in [pty(), On::Pipes] {
        let mut running = shell("seq 1 1500", on).spawn().unwrap();
        let status = soon(running.child.wait()).await.unwrap();
        assert!(status.success());
        let text = String::from_utf8(read_all(&mut running.io).await).unwrap();
        assert_eq!(
            text.lines().map(|line| line.trim_end().parse::<u32>().unwrap()).sum::<u32>(),
            1_125_750
        );
    }
}

#[tokio::test]
async fn a_program_that_lets_go_of_its_terminal_for_a_moment_is_not_gone() {
    // What login does: hang up whoever has the terminal open, and open it again.
    let script = "t=$(tty); exec <&- >&- 2>&-; exec <$t >$t 2>$t; echo back";
    let (text, status) = output(&shell(script, pty())).await;
    assert_eq!((text.as_str(), status.code()), ("back\n", Some(0)));
}

#[tokio::test]
async fn exit_statuses_are_told_as_they_are() {
    for (script, code, signal) in [("exit 0", Some(0), None), ("exit 42", Some(42), None)]
        .into_iter()
        .chain([("kill -TERM $$", None, Some(15)), ("kill -KILL $$", None, Some(9))])
    {
        let mut running = shell(script, On::Pipes).spawn().unwrap();
        let status = soon(running.child.wait()).await.unwrap();
        assert_eq!((status.code(), status.signal()), (code, signal), "{script}");
        assert_eq!(soon(running.child.wait()).await.unwrap(), status);
    }
}

#[tokio::test]
async fn a_waiting_that_is_given_up_can_be_taken_up_again() {
    let mut running = shell("read x; exit 5", On::Pipes).spawn().unwrap();
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(1), running.child.wait());
    assert!(given_up.await.is_err());
    shutdown(&mut running.io).await;
    assert_eq!(soon(running.child.wait()).await.unwrap().code(), Some(5));
}

#[tokio::test]
async fn what_cannot_be_executed_is_named_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    fs::write(&plain, "not a program").unwrap();
    let error = Program::new(&plain).spawn().unwrap_err();
    assert!(matches!(&error, SpawnError::Execute { file, .. } if *file == plain));
    assert!(error.to_string().contains("Permission denied"), "{error}");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&plain, "#!/no/such/interpreter\n").unwrap();
    assert!(matches!(Program::new(&plain).spawn(), Err(SpawnError::Execute { .. })));

    let error = Program { on: pty(), ..Program::new("/no/such/program") }.spawn().unwrap_err();
    assert!(
        error.to_string().starts_with("cannot execute /no/such/program: No such file"),
        "{error}"
    );

    let error =
        Program { dir: "/no/such/dir".into(), ..Program::new("/bin/cat") }.spawn().unwrap_err();
    assert!(matches!(error, SpawnError::Directory { .. }));
    assert!(error.to_string().contains("/no/such/dir"), "{error}");

    assert!(matches!(Program::new("cat").spawn(), Err(SpawnError::NotAbsolute(_))));
    let user = Some("no-such-user".into());
    assert!(matches!(
        Program { user, ..Program::new("/bin/cat") }.spawn(),
        Err(SpawnError::User(_))
    ));
    let argv = vec!["nul\0".into()];
    assert!(matches!(
        Program { argv, ..Program::new("/bin/cat") }.spawn(),
        Err(SpawnError::System { .. })
    ));
}

/// The value of a line in the child's own `/proc/self/status`.
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {status}")).trim()
}

#[tokio::test]
async fn a_program_inherits_no_descriptor_and_no_deafness() {
    // Would be inherited by a program started carelessly.
    let file = fs::File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
    for on in [pty(), On::Pipes] {
        let list = Program {
            argv: ["ls", "-1", "/proc/self/fd"].map(Into::into).to_vec(),
            on: on.clone(),
            ..Program::new("/bin/ls")
        };
        // The fourth is its own, for the folder that it lists.
        assert_eq!(output(&list).await.0, "0\n1\n2\n3\n", "does {} leak?", file.as_raw_fd());
        let status = Program {
            argv: ["cat", "/proc/self/status"].map(Into::into).to_vec(),
            on,
            ..Program::new("/bin/cat")
        };
        let (text, _) = output(&status).await;
        let signals = |name| u64::from_str_radix(field(&text, name), 16).unwrap();
        assert_eq!(signals("SigBlk"), 0);
        // SIGPIPE is ignored in this test. 32 and 33 are the C library's own and can't be set.
        assert_eq!(signals("SigIgn") & !(0b11 << 31), 0);
        assert_eq!(field(&text, "NoNewPrivs"), "0");
    }
}

#[test]
fn a_deafness_of_ours_is_not_inherited_either() {
    // The test before, in a process that ignores some signals.
    let script = "trap '' HUP INT TERM USR1; exec \"$0\" --exact \"$1\"";
    let test = "program::a_program_inherits_no_descriptor_and_no_deafness";
    let own = std::env::current_exe().unwrap();
    let output =
        std::process::Command::new("/bin/sh").args(["-c", script]).arg(own).arg(test).output();
    let output = output.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test]
async fn limits_umask_and_privileges_are_set() {
    let program = Program {
        umask: 0o077,
        privileges: Privileges::NeverGained,
        limits: vec![Limit { resource: Resource::Nofile, value: 33 }],
        ..shell("umask; ulimit -n; ulimit -Hn; cat /proc/$$/status", On::Pipes)
    };
    let (text, _) = output(&program).await;
    assert_eq!(text.lines().take(3).collect::<Vec<_>>(), ["0077", "33", "33"]);
    assert_eq!(field(&text, "NoNewPrivs"), "1");
    let limits = vec![Limit { resource: Resource::Core, value: 0 }];
    assert_eq!(output(&Program { limits, ..shell("ulimit -c", On::Pipes) }).await.0, "0\n");
}

#[tokio::test]
async fn a_program_becomes_its_user_wholly_or_does_not_start() {
    let nobody = User::find("nobody").unwrap();
    let script = "cat /proc/$$/status; stat -c %u,%a $(readlink /proc/self/fd/0) 2>&1";
    let program = Program { user: Some("nobody".into()), ..shell(script, pty()) };
    if !is_root() {
        assert!(matches!(program.spawn(), Err(SpawnError::Become { .. })));
        return;
    }
    let (text, status) = output(&program).await;
    assert!(status.success());
    let ids = |id: u32| [id.to_string(), id.to_string(), id.to_string(), id.to_string()].join("\t");
    assert_eq!(field(&text, "Uid"), ids(nobody.uid));
    assert_eq!(field(&text, "Gid"), ids(nobody.gid));
    let groups: Vec<u32> =
        field(&text, "Groups").split_whitespace().map(|id| id.parse().unwrap()).collect();
    assert_eq!(groups, nobody.groups);
    for powers in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(u64::from_str_radix(field(&text, powers), 16), Ok(0), "{powers}");
    }
    // Its terminal is its own, and nobody else's.
    assert_eq!(text.lines().last(), Some(format!("{},600", nobody.uid).as_str()));
}

#[tokio::test]
async fn a_directory_that_the_user_may_not_enter_is_refused() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let program = Program {
        user: Some("nobody".into()),
        dir: folder.path().to_owned(),
        ..shell("exit 0", On::Pipes)
    };
    assert!(matches!(program.spawn(), Err(SpawnError::Directory { .. })));
    assert!(Path::new(folder.path()).exists());
}

#[tokio::test]
async fn signals_reach_the_whole_group() {
    let mut running = shell("sleep 1000 & echo ready; wait", On::Pipes).spawn().unwrap();
    read_until(&mut running.io, "ready").await;
    running.child.signal_group(Signal::TERM).unwrap();
    assert_eq!(soon(running.child.wait()).await.unwrap().signal(), Some(15));
    // The sleeper has the other end of the pipe: its end is the output's.
    assert!(read_all(&mut running.io).await.is_empty());
    running.child.signal_group(Signal::TERM).unwrap();
}

#[tokio::test]
async fn a_break_reaches_the_job_in_the_foreground_and_not_its_shell() {
    let job = "trap 'echo interrupted; exit' INT; echo ready; while :; do read x; done";
    let script = format!("trap : INT; set -m; sh -c \"{job}\"; echo shell went on");
    let mut running = shell(&script, pty()).spawn().unwrap();
    read_until(&mut running.io, "ready").await;
    running.interrupt().unwrap();
    let text = read_until(&mut running.io, "shell went on").await;
    assert!(text.contains("interrupted"), "{text}");

    let mut running = shell("trap 'exit 8' INT; echo ready; read x", On::Pipes).spawn().unwrap();
    read_until(&mut running.io, "ready").await;
    running.interrupt().unwrap();
    assert_eq!(soon(running.child.wait()).await.unwrap().code(), Some(8));
    running.interrupt().unwrap();
}
