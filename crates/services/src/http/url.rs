//! Where a page is.

/// A server and the way to a page on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Begins with a slash.
    pub(crate) path: String,
}

impl Url {
    /// Reads a whole address, `http://…`.
    pub(crate) fn whole(text: &str) -> Option<Self> {
        let begin = text.get(..7).filter(|begin| begin.eq_ignore_ascii_case("http://"))?;
        let rest = text.get(begin.len()..)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (server, path) = rest.split_at_checked(end)?;
        let (host, port) = match server.rsplit_once(':') {
            Some((host, "")) => (host, 80),
            Some((host, port)) => (host, port.parse().ok()?),
            None => (server, 80),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if host.is_empty() || !host.chars().all(plain) || port == 0 {
            return None;
        }
        Some(Self { host: host.to_owned(), port, path: path_of(path) })
    }

    /// Where a server says that this page is now.
    pub(crate) fn moved(&self, to: &str) -> Option<Self> {
        if to.contains("://") {
            return Self::whole(to);
        }
        if let Some(rest) = to.strip_prefix("//") {
            return Self::whole(&format!("http://{rest}"));
        }
        let path = if to.starts_with('/') {
            path_of(to)
        } else {
            let plain = self.path.split(['?', '#']).next().unwrap_or_default();
            let folder = plain.rsplit_once('/').map_or("", |(folder, _)| folder);
            path_of(&format!("{folder}/{to}"))
        };
        Some(Self { path, ..self.clone() })
    }

    /// The whole address, as proxies want it.
    pub(crate) fn text(&self) -> String {
        format!("http://{}{}", self.server(), self.path)
    }

    /// As it stands in `Host`.
    pub(crate) fn server(&self) -> String {
        match self.port {
            80 => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

/// A path that a request can have: with a slash, and without the part that only readers need.
fn path_of(text: &str) -> String {
    let text = text.split('#').next().unwrap_or_default();
    if text.starts_with('/') { text.to_owned() } else { format!("/{text}") }
}

/// Whether it can stand in a request.
pub(crate) fn is_url(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
