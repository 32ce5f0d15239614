//! The servers, each at a port of its own with its files in the test's folder.

use std::fs::{self, Permissions};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::stage::{PATIENCE, Process, Stage, command, free_address, installed, unpacked};

/// A server, once it answers.
pub(super) fn started(name: &str, command: &mut Command, port: u16) -> (Process, u16) {
    let mut process = Process::start(name, command);
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(process.is_running() && Instant::now() < deadline, "{name} doesn't listen");
        std::thread::yield_now();
    }
    (process, port)
}

pub(super) fn open_to_all(stage: &Stage, name: &str) {
    let mode = Permissions::from_mode(0o777);
    fs::set_permissions(stage.folder(name), mode).expect("our own folder");
}

/// vsftpd, which lets `ftp` in with any password and keeps what is put into `ftp/up`.
pub(super) fn vsftpd(stage: &Stage) -> (Process, u16) {
    let port = free_address().port();
    open_to_all(stage, "ftp/up");
    let root = stage.path("ftp");
    let root = root.display();
    let file = stage.write(
        "vsftpd.conf",
        format!(
            "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n\
             run_as_launching_user=YES\nlocal_enable=NO\nanonymous_enable=YES\n\
             ftp_username=nobody\nanon_root={root}\nsecure_chroot_dir={root}\n\
             allow_writeable_chroot=YES\nwrite_enable=YES\nanon_upload_enable=YES\n\
             anon_other_write_enable=YES\nanon_umask=022\nseccomp_sandbox=NO\n\
             isolate=NO\nisolate_network=NO\n"
        ),
    );
    let program = unpacked("vsftpd", "usr/sbin/vsftpd");
    started("vsftpd", command(program).arg(file), port)
}

/// nginx, which keeps what is put into `www`.
pub(super) fn nginx(stage: &Stage) -> (Process, u16) {
    let port = free_address().port();
    open_to_all(stage, "www");
    // What `secret` is to crypt(3), of no use elsewhere.
    stage.write("users", "me:{PLAIN}secret\n");
    let folder = stage.path("");
    let folder = folder.display();
    let file = stage.write(
        "nginx.conf",
        format!(
            "daemon off; master_process off; error_log stderr; pid {folder}/nginx.pid;\n\
             events {{}}\n\
             http {{\n\
             access_log off; client_max_body_size 64m;\n\
             client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
             fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;\n\
             scgi_temp_path {folder}/scgi;\n\
             server {{\n\
             listen 127.0.0.1:{port}; root {folder}/www; dav_methods PUT DELETE;\n\
             location = /moved {{ return 302 /page; }}\n\
             location = /private {{ auth_basic private; auth_basic_user_file {folder}/users; }}\n\
             }}\n}}\n"
        ),
    );
    let program = unpacked("nginx", "usr/sbin/nginx");
    started("nginx", command(program).arg("-p").arg(stage.path("")).arg("-c").arg(file), port)
}

/// busybox's server, with programs in `pages/cgi-bin`.
pub(super) fn busybox(stage: &Stage) -> (Process, u16) {
    let address = free_address();
    let pages = stage.folder("pages");
    let program = unpacked("busybox-static", "bin/busybox");
    let mut command = command(program);
    command.args(["httpd", "-f", "-p", &address.to_string(), "-h"]).arg(pages);
    started("httpd", &mut command, address.port())
}

/// Debian's exim was built for a user who is there where the package is installed, and starts nowhere else, whatever
/// `exim_user` says: in a namespace of its own there is one.
const WITH_ITS_USER: &str = r#"
cd "$1"; shift
for table in passwd group; do
    cat "/etc/$table" "$table.line" >"$table"
    mount --bind "$table" "/etc/$table"
done
exec "$@"
"#;

/// exim, which keeps mail for `example.org` in `mail`, and knows `me` by the password `secret`.
pub(crate) fn exim(stage: &Stage) -> (Process, u16) {
    let port = free_address().port();
    open_to_all(stage, "mail");
    stage.folder("spool");
    let folder = stage.path("");
    let folder = folder.display();
    let file = stage.write(
        "exim.conf",
        format!(
            "primary_hostname = mail.example\nlocal_interfaces = 127.0.0.1\n\
             daemon_smtp_ports = {port}\nspool_directory = {folder}/spool\n\
             log_file_path = {folder}/exim-%s.log\npid_file_path = {folder}/exim.pid\n\
             exim_user = root\nexim_group = root\nnever_users =\ntls_advertise_hosts =\n\
             message_size_limit = 64M\nacl_smtp_rcpt = check\nacl_smtp_mail = accept\n\
             host_lookup =\nrfc1413_hosts =\nkeep_environment =\n\
             begin acl\ncheck:\n  accept domains = example.org\n  deny\n\
             begin routers\nall:\n  driver = accept\n\
             \x20 local_parts = one:two:three:four:large\n  transport = keep\n\
             begin transports\nkeep:\n  driver = appendfile\n  user = nobody\n\
             \x20 group = nogroup\n  mode = 0644\n\
             \x20 file = {folder}/mail/$local_part_data\n  message_prefix =\n\
             begin authenticators\nplain:\n  driver = plaintext\n  public_name = PLAIN\n\
             \x20 server_prompts = :\n  server_set_id = $auth2\n\
             \x20 server_condition = ${{if and{{{{eq{{$auth2}}{{me}}}}{{eq{{$auth3}}{{secret}}}}}}}}\n"
        ),
    );
    stage.write("system/passwd.line", "Debian-exim:x:4243:4243::/:/usr/sbin/nologin\n");
    stage.write("system/group.line", "Debian-exim:x:4243:\n");
    let mut unshare = command(installed("/usr/bin/unshare"));
    unshare.args(["--mount", "/bin/sh", "-euc", WITH_ITS_USER, "exim"]).arg(stage.path("system"));
    unshare.arg(unpacked("exim4-daemon-light", "usr/sbin/exim4")).arg("-C").arg(file).arg("-bdf");
    started("exim", &mut unshare, port)
}

/// dovecot looks for its parts in `/usr/lib/dovecot` alone: in a namespace of its own they are there.
const WITH_ITS_PARTS: &str = r#"
lib=$1; core=$2; pop3=$3; shift 3
mkdir -p "$lib/old" "$lib/new/dovecot"
mount --rbind /usr/lib "$lib/old"
for entry in "$lib"/old/*; do
    [ "$entry" = "$lib/old/dovecot" ] || ln -s "$entry" "$lib/new/${entry##*/}"
done
for entry in "$core"/usr/lib/dovecot/* "$pop3"/usr/lib/dovecot/*; do
    ln -sfn "$entry" "$lib/new/dovecot/${entry##*/}"
done
mount --bind "$lib/new" /usr/lib
export LD_LIBRARY_PATH=/usr/lib/dovecot
exec "$@"
"#;

/// dovecot, where `me` has mail in `maildir` and the password `secret`.
pub(super) fn dovecot(stage: &Stage) -> (Process, u16) {
    let port = free_address().port();
    stage.write("dovecot/users", "me:{PLAIN}secret\n");
    let folder = stage.path("");
    let folder = folder.display();
    let file = stage.write(
        "dovecot.conf",
        format!(
            "protocols = pop3\nlisten = 127.0.0.1\nbase_dir = {folder}/dovecot\n\
             state_dir = {folder}/dovecot\nlog_path = /dev/stderr\nssl = no\n\
             disable_plaintext_auth = no\nauth_failure_delay = 0\ndefault_login_user = nobody\n\
             default_internal_user = nobody\ndefault_internal_group = nogroup\n\
             mail_location = maildir:{folder}/maildir\n\
             import_environment = LD_LIBRARY_PATH=/usr/lib/dovecot\n\
             passdb {{\n  driver = passwd-file\n  args = {folder}/dovecot/users\n}}\n\
             userdb {{\n  driver = static\n  args = uid=nobody gid=nogroup home={folder}/maildir\n}}\n\
             service pop3-login {{\n  chroot =\n\
             \x20 inet_listener pop3 {{\n    port = {port}\n  }}\n\
             \x20 inet_listener pop3s {{\n    port = 0\n  }}\n}}\n\
             service anvil {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\n"
        ),
    );
    let core = unpacked("dovecot-core", "");
    let pop3 = unpacked("dovecot-pop3d", "");
    let mut unshare = command(installed("/usr/bin/unshare"));
    unshare.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    unshare.args(["/bin/sh", "-euc", WITH_ITS_PARTS, "dovecot"]);
    unshare.arg(stage.path("lib")).args([&core, &pop3]);
    // The server itself would look for this program where it isn't.
    let libraries = |core: &Path| core.join("usr/lib/dovecot");
    unshare.env("LD_LIBRARY_PATH", libraries(&core));
    unshare.arg(core.join("usr/bin/doveconf")).args(["-f", "service=master", "-c"]).arg(&file);
    unshare.args(["-m", "master", "-p", "-e"]).arg(core.join("usr/sbin/dovecot"));
    unshare.arg("-F").arg("-c").arg(&file);
    started("dovecot", &mut unshare, port)
}
