//! What is wrong with an account, in its owner's words.

use thiserror::Error;

use crate::limits;
use crate::verifier::PasswordError;
use settings::SecretError;

/// An account that can't be.
#[derive(Debug, Error)]
#[error("account `{account}`")]
pub struct AccountError {
    /// Its name.
    pub account: String,
    /// What is wrong with it.
    #[source]
    pub fault: AccountFault,
}

/// What is wrong with an account.
#[derive(Debug, Error)]
pub enum AccountFault {
    /// The name can't be typed at a login.
    #[error(
        "a name has 1 to {} printable ASCII characters, no blanks, and no `-` at its start",
        limits::NAME
    )]
    Name,
    /// The login takes no such name from a caller.
    #[error(
        "a caller can't give this name: it has characters that `name-characters` doesn't allow"
    )]
    NotTyped,
    /// The name is used twice.
    #[error("there is another account of this name")]
    Twice,
    /// Nothing to give to a caller.
    #[error("expected a `program`, a `service`, or `deny` with a reason")]
    NoProgram,
    /// Several answers to one question.
    #[error("`program`, `service` and `deny` exclude each other")]
    SeveralServices,
    /// The program would be looked for in an arbitrary place.
    #[error("`{program}` is not an absolute path")]
    RelativeProgram {
        /// As it was written.
        program: String,
    },
    /// No program can be given such an argument.
    #[error("an argument of `program` contains a zero byte")]
    NulInProgram,
    /// The environment variable can't be set.
    #[error(
        "`{name}` in `environment`: a variable has letters, digits and `_`, and no zero byte in its value"
    )]
    Variable {
        /// Its name.
        name: String,
    },
    /// Not a terminal type.
    #[error(
        "`{terminal}` is no terminal type: expected letters, digits and `._+-`, at most {}",
        limits::TERMINAL
    )]
    Terminal {
        /// As it was written.
        terminal: String,
    },
    /// Nobody could ever log in.
    #[error(
        "expected a `password`, `ssh-keys` or `certificates`; write password = \"locked\" if nobody is to get in for now"
    )]
    NoWayIn,
    /// Two accounts can't be told apart by a certificate.
    #[error("the certificate {fingerprint} opens another account already")]
    CertificateTwice {
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The name of the program in its own arguments can't be given.
    #[error("`argv0` is empty or contains a zero byte")]
    Argv0,
    /// There is nothing to call back.
    #[error("`callback` names nobody: expected an address or a number")]
    Callback,
    /// The password can't be fetched.
    #[error("its password")]
    Secret(#[source] SecretError),
    /// The password can't be used.
    #[error("its password")]
    Password(#[source] PasswordError),
    /// The exchange may not become the account's user.
    #[error(
        "user `{user}`: only a process of root can run programs as another user, or a launcher, which one that gives \
         root up has if its configuration named such users when it was started"
    )]
    OtherUser {
        /// The account's user.
        user: String,
    },
    /// The launcher doesn't believe the store.
    #[error(
        "user `{user}`: an account of the store runs as nobody whom `stored-users` of [exchange] doesn't name; name him \
         there, or move the account to a file of the configuration"
    )]
    StoredUser {
        /// The account's user.
        user: String,
    },
    /// Nor do programs of the store's run as root.
    #[error(
        "no program of the store's runs as root; move the account to a file of the configuration"
    )]
    StoredRoot,
    /// The user can't be looked up.
    #[error("its user")]
    User(#[source] tty::UserError),
    /// The user that the process is to become isn't there.
    #[error("the process is to become user {user:?}, whom /etc/passwd doesn't have")]
    NoOurselves {
        /// His name.
        user: String,
    },
    /// The program would run as root.
    #[error("its program would run as root; name a `user`, or set `root-programs = \"allow\"`")]
    Root,
}
