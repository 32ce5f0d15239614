//! A session of any kind.

use std::net::Ipv4Addr;

use clock::Instant;

use crate::{Event, Ftp, Http, Link, Out, Pop3, Server, Smtp, Via};

/// A session with a server.
#[derive(Clone, Debug)]
pub enum Session {
    /// Files.
    Ftp(Ftp),
    /// Pages.
    Http(Http),
    /// Mails on their way out.
    Smtp(Smtp),
    /// Mails that came.
    Pop3(Pop3),
}

/// What all kinds have.
pub(crate) trait Service {
    fn event(&mut self, now: Instant, event: Event<'_>, out: &mut dyn Out);
    fn put(&mut self, now: Instant, bytes: &[u8], out: &mut dyn Out);
    fn finish(&mut self, now: Instant, out: &mut dyn Out);
    fn abort(&mut self, now: Instant, out: &mut dyn Out);
    fn close(&mut self, out: &mut dyn Out);
    fn deadline(&self) -> Option<Instant>;
    fn due(&mut self, now: Instant, out: &mut dyn Out);
    fn carries_file(&self, link: Link) -> bool;
}

impl Session {
    /// Calls a server of FTP. Its news come in time.
    pub fn ftp(now: Instant, server: Server, out: &mut dyn Out) -> Self {
        Self::Ftp(Ftp::new(now, server, out))
    }

    /// Is ready at once: servers are called when something is asked of them.
    pub fn http(via: Via) -> Self {
        Self::Http(Http::new(via))
    }

    /// Calls a server of SMTP, and says that this is our address. Its news come in time.
    pub fn smtp(now: Instant, server: Server, own: Ipv4Addr, out: &mut dyn Out) -> Self {
        Self::Smtp(Smtp::new(now, server, own, out))
    }

    /// Calls a server of POP3. Its news come in time.
    pub fn pop3(now: Instant, server: Server, out: &mut dyn Out) -> Self {
        Self::Pop3(Pop3::new(now, server, out))
    }

    fn service(&self) -> &dyn Service {
        match self {
            Self::Ftp(ftp) => ftp,
            Self::Http(http) => http,
            Self::Smtp(smtp) => smtp,
            Self::Pop3(pop3) => pop3,
        }
    }

    fn service_mut(&mut self) -> &mut dyn Service {
        match self {
            Self::Ftp(ftp) => ftp,
            Self::Http(http) => http,
            Self::Smtp(smtp) => smtp,
            Self::Pop3(pop3) => pop3,
        }
    }

    /// Something happened to a link.
    pub fn event(&mut self, now: Instant, event: Event<'_>, out: &mut dyn Out) {
        self.service_mut().event(now, event, out);
    }

    /// A piece of the file that is sent.
    pub fn put(&mut self, now: Instant, bytes: &[u8], out: &mut dyn Out) {
        self.service_mut().put(now, bytes, out);
    }

    /// It was the last one.
    pub fn finish(&mut self, now: Instant, out: &mut dyn Out) {
        self.service_mut().finish(now, out);
    }

    /// The owner wants no more of the file that comes or goes. No news come of that but [`crate::News::Lost`],
    /// where the session can't go on.
    pub fn abort(&mut self, now: Instant, out: &mut dyn Out) {
        self.service_mut().abort(now, out);
    }

    /// Takes leave of the server, and closes all links.
    pub fn close(&mut self, out: &mut dyn Out) {
        self.service_mut().close(out);
    }

    /// When [`Session::due`] wants to be called.
    pub fn deadline(&self) -> Option<Instant> {
        self.service().deadline()
    }

    /// The deadline is reached.
    pub fn due(&mut self, now: Instant, out: &mut dyn Out) {
        if self.deadline().is_some_and(|until| until <= now) {
            self.service_mut().due(now, out);
        }
    }

    /// Whether what comes by this link now is a file, so that it is to be read no faster than its owner takes it.
    pub fn carries_file(&self, link: Link) -> bool {
        self.service().carries_file(link)
    }

    /// The link that files pass by.
    pub const fn file_link(&self) -> Link {
        match self {
            Self::Ftp(_) => Link::Data,
            Self::Http(_) | Self::Smtp(_) | Self::Pop3(_) => Link::Control,
        }
    }
}
