//! The configuration of a running line. Lines that are configured alike, but for their names and their
//! places, keep one copy of it.

use std::mem::take;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use crate::config::{LineConfig, Plug, PtyConfig, SerialConfig, TcpConfig};
use crate::limits;

/// How a running line is configured. It reads like its [`LineConfig`], but for the place: see
/// [`plug`](Self::plug).
pub(crate) struct Configured {
    /// Its own name: what is shared has none.
    pub(crate) name: Box<str>,
    place: Place,
    shared: Arc<LineConfig>,
}

/// The line's own place for its equipment.
enum Place {
    Serial(Box<SerialConfig>),
    Pty(PtyConfig),
    Tcp(TcpConfig),
    Unix(PathBuf),
    Stdio,
}

/// The configurations that lines share.
#[derive(Default)]
pub(crate) struct Shelf(Vec<Weak<LineConfig>>);

impl Shelf {
    /// Keeps the configuration of a line that has exactly one place for its equipment.
    pub(crate) fn keep(&mut self, mut config: LineConfig) -> Configured {
        let name = take(&mut config.name).into();
        let place = Place::take(&mut config);
        self.0.retain(|known| known.strong_count() > 0);
        let known = self.0.iter().filter_map(Weak::upgrade).find(|known| **known == config);
        let shared = known.unwrap_or_else(|| self.add(config));
        Configured { name, place, shared }
    }

    fn add(&mut self, config: LineConfig) -> Arc<LineConfig> {
        if self.0.len() >= limits::SHELF {
            self.0.remove(0);
        }
        let config = Arc::new(config);
        self.0.push(Arc::downgrade(&config));
        config
    }
}

impl Configured {
    /// Where the equipment plugs in.
    pub(crate) fn plug(&self) -> Plug<'_> {
        match &self.place {
            Place::Serial(serial) => Plug::Serial(serial),
            Place::Pty(pty) => Plug::Pty(pty),
            Place::Tcp(tcp) => Plug::Tcp(tcp),
            Place::Unix(path) => Plug::Unix(path),
            Place::Stdio => Plug::Stdio,
        }
    }

    /// All of it, as it was given.
    pub(crate) fn whole(&self) -> LineConfig {
        let mut whole = LineConfig { name: self.name.to_string(), ..LineConfig::clone(self) };
        match &self.place {
            Place::Serial(serial) => whole.serial = Some(serial.clone()),
            Place::Pty(pty) => whole.pty = Some(pty.clone()),
            Place::Tcp(tcp) => whole.tcp = Some(tcp.clone()),
            Place::Unix(path) => whole.unix = Some(path.clone()),
            Place::Stdio => whole.stdio = true,
        }
        whole
    }
}

impl Deref for Configured {
    type Target = LineConfig;

    fn deref(&self) -> &LineConfig {
        &self.shared
    }
}

impl Place {
    fn take(config: &mut LineConfig) -> Self {
        let places = [
            config.serial.take().map(Self::Serial),
            config.pty.take().map(Self::Pty),
            config.tcp.take().map(Self::Tcp),
            config.unix.take().map(Self::Unix),
        ];
        config.stdio = false;
        places.into_iter().flatten().next().unwrap_or(Self::Stdio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configs() -> Vec<LineConfig> {
        let pty = |link: &str| PtyConfig {
            link: link.into(),
            mode: None,
            hangup: crate::config::PtyHangup::Keep,
        };
        let serial = "device = \"/dev/ttyS0\"";
        vec![
            LineConfig { pty: Some(pty("/run/a")), ..LineConfig::new("a") },
            LineConfig { pty: Some(pty("/run/b")), ..LineConfig::new("b") },
            LineConfig { stdio: true, ..LineConfig::new("c") },
            LineConfig { unix: Some("/run/d".into()), port: Some(7), ..LineConfig::new("d") },
            LineConfig { serial: toml::from_str(serial).ok(), ..LineConfig::new("e") },
        ]
    }

    #[test]
    fn what_was_given_comes_back_whole() {
        let mut shelf = Shelf::default();
        for config in configs() {
            let kept = shelf.keep(config.clone());
            assert_eq!(kept.whole(), config);
            assert_eq!(*kept.name, *config.name);
        }
    }

    #[test]
    fn lines_that_are_configured_alike_share_it_while_they_run() {
        let mut shelf = Shelf::default();
        let kept: Vec<_> = configs().into_iter().map(|config| shelf.keep(config)).collect();
        let shared = |one: usize, other: usize| Arc::ptr_eq(&kept[one].shared, &kept[other].shared);
        assert!(shared(0, 1) && shared(0, 2) && shared(0, 4));
        assert!(!shared(0, 3), "another port");
        drop(kept);
        shelf.keep(LineConfig { stdio: true, ..LineConfig::new("f") });
        assert_eq!(shelf.0.len(), 1, "what no line has any more is forgotten");
    }
}
