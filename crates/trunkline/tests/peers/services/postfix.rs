//! Postfix, with its queue and its mailboxes in the test's folder.

use std::os::unix::fs::chown;

use super::daemons::{open_to_all, started};
use crate::stage::{Process, Stage, command, free_address, unpacked};

/// Debian's `daemon`, to whom the queue belongs: root is not allowed to, nor is whoever the mails belong to.
const OWNER: u32 = 1;

const QUEUES: [&str; 14] = [
    "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop",
    "pid", "private", "public", "saved", "trace",
];

/// The parts that take a mail in and deliver it: name, kind, whether it is private, whether it needs root, and how many.
const PARTS: &str = "\
    cleanup unix n - n - 0 cleanup\n\
    qmgr unix n - n 300 1 qmgr\n\
    rewrite unix - - n - - trivial-rewrite\n\
    bounce unix - - n - 0 bounce\n\
    defer unix - - n - 0 bounce\n\
    trace unix - - n - 0 bounce\n\
    error unix - - n - - error\n\
    anvil unix - - n - 1 anvil\n\
    virtual unix - n n - - virtual\n\
    postlog unix-dgram n - n - 1 postlogd\n";

/// Postfix, which keeps mail for `example.org` in `mail`.
pub(super) fn postfix(stage: &Stage) -> (Process, u16) {
    let port = free_address().port();
    open_to_all(stage, "mail");
    for queue in QUEUES {
        give_away(stage, &format!("queue/{queue}"));
    }
    give_away(stage, "postfix");
    let boxes = ["one", "two", "three", "four", "large"];
    let boxes: String = boxes.map(|name| format!("{name}@example.org {name}\n")).concat();
    stage.write("boxes", boxes);
    let package = unpacked("postfix", "");
    let (folder, package) = (stage.path(""), package.display());
    let folder = folder.display();
    stage.write(
        "main.cf",
        format!(
            "compatibility_level = 3.6\nqueue_directory = {folder}/queue\n\
             data_directory = {folder}/postfix\nmeta_directory = {folder}\n\
             daemon_directory = {package}/usr/lib/postfix/sbin\n\
             command_directory = {package}/usr/sbin\n\
             shlib_directory = {package}/usr/lib/postfix\n\
             import_environment = LD_LIBRARY_PATH={package}/usr/lib/postfix MAIL_CONFIG\n\
             mail_owner = daemon\nsetgid_group = mail\nmaillog_file = {folder}/postfix.log\n\
             maillog_file_prefixes = {folder}\nmyhostname = mail.example\nmydestination =\n\
             mynetworks =\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nalias_maps =\n\
             local_recipient_maps =\nsmtpd_relay_restrictions = reject_unauth_destination\n\
             virtual_mailbox_domains = example.org\nvirtual_mailbox_base = {folder}/mail\n\
             virtual_mailbox_maps = texthash:{folder}/boxes\nvirtual_mailbox_limit = 0\n\
             virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\n\
             message_size_limit = 67108864\n"
        ),
    );
    stage.write("master.cf", format!("127.0.0.1:{port} inet n - n - - smtpd\n{PARTS}"));
    let mut master = command(unpacked("postfix", "usr/lib/postfix/sbin/master"));
    master.env("LD_LIBRARY_PATH", unpacked("postfix", "usr/lib/postfix"));
    started("postfix", master.arg("-d").arg("-c").arg(stage.path("")), port)
}

fn give_away(stage: &Stage, folder: &str) {
    chown(stage.folder(folder), Some(OWNER), None).expect("our own folder");
}
