//! Programs of several users, started for a process that has given root up.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{PATIENCE, Stage, call};

const NOBODY: u32 = 65534;

/// An exchange that becomes `nobody`, with accounts of other users; `None` where we aren't root.
fn house(accounts: &str) -> Option<Stage> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let stage = Stage::new("");
    let folder = stage.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, owner) in [("state", NOBODY), ("out", 1)] {
        fs::create_dir(folder.join(name)).unwrap();
        chown(folder.join(name), Some(owner), None).unwrap();
    }
    chown(stage.path("password"), Some(NOBODY), None).unwrap();
    configure(&stage, accounts);
    Some(stage)
}

fn running(accounts: &str) -> Option<Stage> {
    let mut stage = house(accounts)?;
    stage.start(&["run", "--log", "debug"]);
    Some(stage)
}

/// Writes a configuration that its reader may read when he isn't root any more.
fn configure(stage: &Stage, accounts: &str) {
    // Time enough to write down what was heard, also for a program that gets its turn late.
    let text = format!(
        "control = \"state/control\"\n[exchange]\nuser = \"nobody\"\nstored-users = [\"games\"]\n\
         store = \"state/trunkline.db\"\nhang-up = {{ term-after = \"2s\", kill-after = \"2s\" }}\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n{accounts}"
    );
    stage.write("trunkline.toml", &text);
    let file = stage.path("trunkline.toml");
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
}

fn account(name: &str, user: &str, on: &str, script: &str) -> String {
    format!(
        "[[account]]\nname = \"{name}\"\npassword = \"file:password\"\nuser = \"{user}\"\non = \"{on}\"\n\
         program = [\"/bin/sh\", \"-c\", '''{script}''']\n"
    )
}

/// A caller of an account.
struct Caller(TcpStream, Vec<u8>);

impl Caller {
    fn log_in(stage: &Stage, name: &str) -> Self {
        let mut caller = Self(call(stage.exchange()), Vec::new());
        caller.hear("login: ");
        write!(caller.0, "{name}\r").unwrap();
        caller.hear("Password: ");
        write!(caller.0, "secret\r").unwrap();
        caller
    }

    /// Everything up to `text`.
    fn hear(&mut self, text: &str) -> String {
        loop {
            let heard = String::from_utf8_lossy(&self.1).into_owned();
            if let Some(at) = heard.find(text) {
                self.1.drain(..at + text.len());
                return heard[..at + text.len()].to_owned();
            }
            let mut chunk = [0; 1024];
            let count = self.0.read(&mut chunk).unwrap();
            assert!(count > 0, "`{text}` doesn't come before the end: {heard}");
            self.1.extend(&chunk[..count]);
        }
    }

    /// All that comes until the other side hangs up.
    fn rest(mut self) -> String {
        self.0.read_to_end(&mut self.1).unwrap();
        String::from_utf8_lossy(&self.1).replace("\r\n", "\n")
    }
}

fn status(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/status")).unwrap()
}

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {status}")).trim()
}

fn launcher(stage: &Stage) -> u32 {
    stage.said("programs are started by the launcher pid=").parse().unwrap()
}

fn wait_for_end_of(pid: u32) {
    let end = Instant::now() + PATIENCE;
    while is_alive(pid) {
        assert!(Instant::now() < end, "process {pid} is still there:\n{}", status(pid));
        std::thread::yield_now();
    }
}

/// Whether it is there and no zombie that its parent hasn't looked for yet.
fn is_alive(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/status"))
        .is_ok_and(|status| !field(&status, "State").starts_with('Z'))
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
}

const WHO: &str = "id -un; id -Gn; ls -1 /proc/self/fd | tr \"\\n\" \" \"; grep -E \"NoNewPrivs|CapEff|SigIgn\" /proc/self/status";

#[test]
fn programs_run_as_their_users_while_the_process_on_the_network_has_no_rights() {
    let accounts = account("pump", "daemon", "pipe", WHO)
        + &account(
            "tank",
            "bin",
            "pty",
            &format!("{WHO}; stat -c %U,%a $(tty); ps -o tpgid=,pgid=,sid= -p $$"),
        );
    let Some(mut stage) = running(&accounts) else { return };
    let front = status(stage.child().id());
    assert_eq!(field(&front, "Uid"), "65534\t65534\t65534\t65534");
    assert_eq!(field(&front, "Gid"), "65534\t65534\t65534\t65534");
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(u64::from_str_radix(field(&front, set), 16), Ok(0), "{set}");
    }
    assert_eq!(field(&front, "NoNewPrivs"), "1");
    let root = status(launcher(&stage));
    assert_eq!(field(&root, "Threads"), "1");
    // CHOWN, KILL, SETGID, SETUID, and SYS_RESOURCE where root has it.
    let kept = u64::from_str_radix(field(&root, "CapPrm"), 16).unwrap();
    assert_eq!(kept & !0x100_0000, 0xe1);

    let said = Caller::log_in(&stage, "pump").rest();
    let lines: Vec<&str> = said.trim().lines().collect();
    // The fourth descriptor is its own, for the folder that it lists.
    assert_eq!(lines[..2], ["daemon", "daemon"]);
    assert!(lines[2].starts_with("0 1 2 3 "), "{said}");
    assert!(
        said.contains("NoNewPrivs:\t1") && said.contains("CapEff:\t0000000000000000"),
        "{said}"
    );

    let said = Caller::log_in(&stage, "tank").rest();
    assert!(said.trim().starts_with("bin\nbin\n0 1 2 3 "), "{said}");
    assert!(said.contains("bin,600"), "{said}");
    let ids: Vec<&str> = said.lines().last().unwrap().split_whitespace().collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{said}");
    assert!(stage.stop().success());
}

#[test]
fn a_program_is_hung_up_in_order_and_its_exit_status_is_told() {
    let Some(mut stage) = house("") else { return };
    let out = stage.path("out").display().to_string();
    let deaf = format!(
        "exec 2>/dev/null; trap \"echo hup >> {out}/said\" HUP; trap \"echo term >> {out}/said\" TERM; \
         (trap \"\" HUP TERM; exec sleep 1000) & echo \"ready $! $$.\"; while :; do sleep 0.01; done"
    );
    let obedient = "trap \"exit 7\" HUP; echo ready; while :; do sleep 0.01; done";
    configure(
        &stage,
        &(account("deaf", "daemon", "pipe", &deaf)
            + "longest = \"3s\"\n"
            + &account("obedient", "bin", "pty", obedient)
            + &account("short", "daemon", "pipe", "exit 3")),
    );
    stage.start(&["run", "--log", "debug"]);
    let mut caller = Caller::log_in(&stage, "deaf");
    caller.hear("ready ");
    let said = caller.hear(".");
    let pids: Vec<u32> =
        said.trim_end_matches('.').split(' ').map(|id| id.parse().unwrap()).collect();
    assert!(is_alive(pids[0]) && is_alive(pids[1]));
    stage.wait_for("cause=time-limit");
    pids.into_iter().for_each(wait_for_end_of);
    assert_eq!(fs::read_to_string(stage.path("out/said")).unwrap(), "hup\nterm\n");

    let mut caller = Caller::log_in(&stage, "obedient");
    caller.hear("ready");
    drop(caller);
    stage.wait_for("status=7");
    Caller::log_in(&stage, "short").rest();
    stage.wait_for("status=3");
    assert!(stage.stop().success());
}

#[test]
fn a_killed_front_takes_its_programs_and_its_launcher_with_it() {
    let deaf = "trap \"\" HUP TERM; echo \"ready $$.\"; while :; do sleep 0.01; done";
    let accounts = account("pipe", "daemon", "pipe", deaf) + &account("pty", "bin", "pty", deaf);
    let Some(mut stage) = running(&accounts) else { return };
    let mut programs = vec![launcher(&stage)];
    let mut callers: Vec<Caller> = Vec::new();
    for name in ["pipe", "pty"] {
        let mut caller = Caller::log_in(&stage, name);
        caller.hear("ready ");
        programs.push(caller.hear(".").trim_end_matches('.').parse().unwrap());
        callers.push(caller);
    }
    assert!(programs.iter().all(|&pid| is_alive(pid)));
    stage.signal(Signal::KILL);
    stage.wait_for("the process that programs were started for has ended");
    programs.into_iter().for_each(wait_for_end_of);
    assert!(!stage.ended().success());
}

#[test]
fn without_its_launcher_the_exchange_refuses_programs_and_says_why() {
    let stays = "echo \"ready $$.\"; exec sleep 1000";
    let Some(mut stage) = running(&account("pump", "daemon", "pipe", stays)) else { return };
    let mut caller = Caller::log_in(&stage, "pump");
    caller.hear("ready ");
    let program = caller.hear(".").trim_end_matches('.').parse().unwrap();
    kill(launcher(&stage));
    stage.wait_for("no more can be started until Trunkline is restarted");
    wait_for_end_of(program);
    assert_eq!(caller.rest(), "\n");
    let refused = Caller::log_in(&stage, "pump").rest();
    assert!(!refused.contains("ready"), "{refused}");
    let why = stage.wait_for("program could not be started");
    assert!(why.contains("the launcher has ended, and only a restart"), "{why}");
    stage.signal(Signal::HUP);
    stage.wait_for("the launcher has ended, and only a restart");
    assert!(stage.stop().success());
}

#[test]
fn a_reload_adds_changes_and_removes_programs() {
    let pump = |script: &str| account("pump", "daemon", "pipe", script);
    let Some(mut stage) = running(&pump("echo first")) else { return };
    assert!(Caller::log_in(&stage, "pump").rest().contains("first"));
    configure(&stage, &(pump("echo second") + &account("tank", "bin", "pipe", "id -un")));
    stage.signal(Signal::HUP);
    stage.wait_for("reloaded ");
    assert!(Caller::log_in(&stage, "pump").rest().contains("second"));
    assert!(Caller::log_in(&stage, "tank").rest().contains("bin"));

    configure(&stage, &account("tank", "bin", "pipe", "id -un"));
    stage.signal(Signal::HUP);
    stage.wait_for("reloaded ");
    let mut caller = Caller::log_in(&stage, "pump");
    caller.hear("Login incorrect");

    // Whoever the process has become may not say what is done as root.
    configure(&stage, &account("tank", "daemon", "pipe", "id -un"));
    chown(stage.path("trunkline.toml"), Some(NOBODY), None).unwrap();
    stage.signal(Signal::HUP);
    let why = stage.wait_for("the launcher refuses: ");
    assert!(why.contains("isn't root's"), "{why}");
    assert!(Caller::log_in(&stage, "tank").rest().contains("bin"));
    assert!(stage.stop().success());
}

#[test]
fn accounts_of_the_store_run_as_those_who_are_named_for_it() {
    let Some(mut stage) = running(&account("pump", "daemon", "pipe", "id -un")) else { return };
    let add = |stage: &Stage, name: &str, user: &str| {
        let program = "/usr/bin/id -un";
        let args = ["account", "add", name, "--program", program, "--on", "pipe", "--user", user];
        let mut add = crate::stage::trunkline(stage.folder.path())
            .args(args)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(add.stdin.take().unwrap(), "secret").unwrap();
        assert!(add.wait().unwrap().success());
    };
    for (name, user) in [("valve", "games"), ("own", "nobody")] {
        add(&stage, name, user);
        // It may be looked between the two.
        stage.wait_for("the store's accounts have changed");
    }
    assert!(Caller::log_in(&stage, "valve").rest().contains("games"));
    assert!(Caller::log_in(&stage, "own").rest().contains("nobody"));
    let add = |user: &str| {
        let mut add = crate::stage::trunkline(stage.folder.path())
            .args(["account", "set", "valve", "--set", &format!("user={user}")])
            .spawn()
            .unwrap();
        assert!(add.wait().unwrap().success());
    };
    add("bin");
    let why = stage.wait_for("the store's accounts are refused");
    assert!(why.contains("`stored-users` of [exchange] doesn't name"), "{why}");
    assert!(Caller::log_in(&stage, "valve").rest().contains("games"));
    assert!(stage.stop().success());
}

#[test]
fn a_configuration_that_others_can_change_is_no_ground_to_keep_root_on() {
    let Some(stage) = house(&account("pump", "daemon", "pipe", "id")) else { return };
    let file = stage.path("trunkline.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    let refused = stage.command(&["run"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("chmod go-w"), "{said}");
}

#[test]
fn where_no_other_user_is_needed_nobody_keeps_root() {
    let Some(stage) = house("") else { return };
    let one = account("pump", "nobody", "pipe", "id -un");
    configure(&stage, &one);
    let text = fs::read_to_string(stage.path("trunkline.toml")).unwrap();
    let file = stage.path("trunkline.toml");
    fs::write(file, text.replace("stored-users = [\"games\"]\n", "")).unwrap();
    let mut stage = stage;
    stage.start(&["run", "--log", "debug"]);
    let children = format!("/proc/{0}/task/{0}/children", stage.child().id());
    assert_eq!(fs::read_to_string(children).unwrap(), "");
    assert!(Caller::log_in(&stage, "pump").rest().contains("nobody"));
    assert!(stage.stop().success());
}
