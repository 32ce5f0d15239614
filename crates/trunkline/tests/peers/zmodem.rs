//! lrzsz: a megabyte of random data by ZMODEM both ways, over every kind of call and program.

use crate::stage::{
    Account, Process, Setting, Stage, assert_same, command, free_address, installed,
};

const LENGTH: usize = 1 << 20;

/// How a line's owner does it: the line stays open from dialling to the end of the transfers. A word between
/// them, because rz may say goodbye twice, and the second one would end the next transfer. What comes before sz
/// has ended it throws away, so the word may have to be asked for again.
const TRANSFER: &str = r#"
exec 3<>"$1"
stty raw -echo <&3
/usr/sbin/chat -v -s -S ABORT BUSY ABORT 'NO CARRIER' TIMEOUT 40 \
    '' ATZ OK ATDT5551212 CONNECT '\c' ogin: site assword: secret <&3 >&3
sz --quiet --binary up <&3 >&3
/usr/sbin/chat -s -S TIMEOUT 5 next:-'\n\c'-next:-'\n\c'-next:-'\n\c'-next: 'go\n\c' <&3 >&3
rz --quiet --binary <&3 >&3
"#;

fn transfer(scheme: &str, on: &str) {
    let stage = Stage::new();
    let exchange = free_address();
    let (near, far) = (stage.folder("near"), stage.folder("far"));
    let up = stage.random("near/up", LENGTH);
    let down = stage.random("far/down", LENGTH);
    let program = stage.script(
        "transfer",
        &format!(
            "cd {} && {} --quiet --binary || exit\n\
             while printf next: && read -r word; do\n\
             case $word in *go) exec {} --quiet --binary down;; esac\n\
             done",
            far.display(),
            installed("/usr/bin/rz").display(),
            installed("/usr/bin/sz").display()
        ),
    );
    let trunkline = Setting::new(&stage)
        .exchange(exchange)
        .account(&Account { on, ..Account::site(&program) })
        .line("line", "")
        .phone("5551212", &format!("\"{scheme}://{exchange}\""))
        .run();

    installed("/usr/sbin/chat");
    let mut command = command("/bin/sh");
    command.args(["-euc", TRANSFER, "transfer"]).arg(trunkline.line("line")).current_dir(&near);
    Process::start("transfer", &mut command).succeed();
    assert_same(&up, &far.join("up"));
    assert_same(&down, &near.join("down"));
}

#[test]
fn zmodem_passes_both_ways_over_a_raw_call_to_a_program_on_a_pty() {
    transfer("tcp", "pty");
}

#[test]
fn zmodem_passes_both_ways_over_a_raw_call_to_a_program_on_a_pipe() {
    transfer("tcp", "pipe");
}

#[test]
fn zmodem_passes_both_ways_over_a_telnet_call_to_a_program_on_a_pty() {
    transfer("telnet", "pty");
}

#[test]
fn zmodem_passes_both_ways_over_a_telnet_call_to_a_program_on_a_pipe() {
    transfer("telnet", "pipe");
}
