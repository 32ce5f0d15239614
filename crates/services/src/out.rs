//! What a session does and is told.

use std::fmt;
use std::net::SocketAddrV4;

/// A connection of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// The dialogue, and in all protocols but FTP the file too.
    Control,
    /// A file of FTP.
    Data,
}

/// Where a session puts what it does.
pub trait Out {
    /// Connect; answered by [`Event::Opened`] or [`Event::Failed`].
    fn open(&mut self, link: Link, host: &str, port: u16);
    /// Wait for one connection of the server's, at the address that the dialogue goes from; answered by
    /// [`Event::Listening`] or [`Event::Failed`], and by [`Event::Opened`] once the server is there. Nobody but
    /// the server of the dialogue may connect.
    fn listen(&mut self, link: Link);
    /// Send these bytes.
    fn send(&mut self, link: Link, bytes: &[u8]);
    /// Nothing more will be sent.
    fn shut(&mut self, link: Link);
    /// The connection isn't wanted any more; what was sent still goes out.
    fn close(&mut self, link: Link);
    /// A piece of a file that comes.
    fn file(&mut self, bytes: &[u8]);
    /// How the session gets on.
    fn news(&mut self, news: News);
}

/// What the connections tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// It is there.
    Opened {
        /// Which.
        link: Link,
        /// The server's address.
        peer: Option<SocketAddrV4>,
    },
    /// The server may connect.
    Listening {
        /// Which.
        link: Link,
        /// Where.
        at: SocketAddrV4,
    },
    /// It can't be made.
    Failed(Link),
    /// Bytes.
    Data {
        /// Which.
        link: Link,
        /// At least one.
        bytes: &'a [u8],
    },
    /// The server sends no more.
    Ended(Link),
    /// It is broken.
    Reset(Link),
}

/// How a session gets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The server has let us in.
    Ready,
    /// It has not, or is not there: the session is over.
    Refused(Trouble),
    /// The file may be sent, or begins to come.
    Begun,
    /// What was asked for is done.
    Done,
    /// It is not.
    Failed(Trouble),
    /// The server has ended the session. Behind the news of what was under way.
    Lost,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The server can't be reached.
    Unreachable,
    /// It ended the connection, or refused the file.
    Closed,
    /// The connection broke.
    Reset,
    /// It speaks something else, or nothing.
    Protocol,
    /// It isn't ready.
    NotReady,
    /// It doesn't know the user.
    User,
    /// The password is wrong.
    Password,
    /// It takes no login that we can give.
    Authentication,
    /// What should be deleted is not.
    Delete,
    /// There is no list.
    List,
    /// There is no such mail.
    Retrieve,
    /// It doesn't tell how many mails there are.
    Size,
    /// It doesn't take mail from the sender.
    Sender,
    /// It doesn't take mail for a recipient.
    Recipient,
    /// Nor for one who gets a copy.
    Cc,
    /// Nor for one who gets a blind copy.
    Bcc,
    /// It doesn't take the mail.
    Body,
    /// We can't do that.
    Unsupported,
}

/// A server and who we are to it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Who we are.
    pub login: Login,
}

/// A user's name and password. Neither is shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// May be empty.
    pub user: String,
    /// May be empty.
    pub password: String,
    /// What some servers of FTP want besides.
    pub account: String,
}

impl Login {
    /// Without an account.
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.into(), password: password.into(), account: String::new() }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}
