//! A system of its own for programs that answer calls and want their files in `/etc`.

use std::path::PathBuf;

use super::{Process, Stage, command, installed};

/// The hash of `secret`, as `/etc/shadow` has it.
const SECRET: &str = "$6$trunkline$RXL3zN5JpUbI03mW7mJExPYdDCThxq0BRyRYBrg0daV.ri3c5j7iYL1n6kcmngxmdgd8gW8TMFTJA5FGQVeZL0";

/// `/etc` is a copy with one more user and what the test has put into its folder; locks, logs and records of
/// logins are the namespace's own.
const PRIVATE: &str = r#"
cd "$1"; shift
mkdir copy
cp -a /etc/. copy
cp -a etc/. copy
cat passwd.line >>copy/passwd
cat shadow.line >>copy/shadow
mount --bind copy /etc
mount -t tmpfs none /run
mkdir -p /run/lock
mkdir -p log/mgetty
mount --bind log /var/log
exec "$@"
"#;

impl Stage {
    /// Starts a program in a mount and process namespace of its own, in which a user `site` with the password
    /// `secret` has this login shell, and `/etc` also has what is in the stage's folder `etc`.
    pub(crate) fn start_in_private(
        &self,
        name: &str,
        shell: &std::path::Path,
        program: PathBuf,
        arguments: &[&str],
    ) -> Process {
        self.write("passwd.line", format!("site:x:4242:65534::/:{}\n", shell.display()));
        self.write("shadow.line", format!("site:{SECRET}:19000:0:99999:7:::\n"));
        self.folder("etc");
        let mut unshare = command(installed("/usr/bin/unshare"));
        unshare.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        unshare.args(["/bin/sh", "-euc", PRIVATE, "private"]).arg(self.path(""));
        unshare.arg(program).args(arguments);
        Process::start(name, &mut unshare)
    }
}
