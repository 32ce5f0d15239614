//! What all requests share.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::Semaphore;

use crate::config::{MetricsAccess, WebConfig};
use crate::house::{CallNow, CallOver, FailedLogin, GroupNow, House, LineNow, Listener, ModemNow};
use crate::limits;
use crate::metrics::Meters;
use crate::patience::Patience;
use crate::picture::Camera;
use crate::queue::Queue;
use crate::random;
use crate::server::Secure;
use crate::session::{Lasting, Sessions};
use crate::site::{AlarmNow, SiteNow, WishNow};
use crate::staff::Staff;

/// What all requests share.
pub(crate) struct App {
    pub(crate) house: Arc<dyn House>,
    rules: RwLock<Arc<Rules>>,
    pub(crate) sessions: Sessions,
    pub(crate) patience: Patience,
    pub(crate) hashing: Queue,
    pub(crate) failed: Arc<FailedLogins>,
    pub(crate) lines: Camera<LineNow>,
    pub(crate) modems: Camera<ModemNow>,
    pub(crate) groups: Camera<GroupNow>,
    pub(crate) calls: Camera<CallNow>,
    pub(crate) recent: Camera<CallOver>,
    pub(crate) failed_logins: Camera<FailedLogin>,
    pub(crate) listeners: Camera<Listener>,
    pub(crate) sites: Camera<SiteNow>,
    pub(crate) alarms: Camera<AlarmNow>,
    pub(crate) wishes: Camera<WishNow>,
    pub(crate) traces: Arc<Semaphore>,
    pub(crate) meters: Meters,
    /// Ties the login form to the browser that was given it.
    pub(crate) form_key: String,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("App(..)")
    }
}

/// What a reload replaces.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) staff: Staff,
    pub(crate) hosts: Vec<String>,
    pub(crate) behind_proxy: bool,
    /// How connections are made secure, if they are here.
    pub(crate) tls: Option<Arc<dyn Secure>>,
    pub(crate) metrics: MetricsAccess,
    pub(crate) lasting: Lasting,
    /// The name of the session's cookie.
    pub(crate) cookie: String,
}

impl Rules {
    /// `port` tells the cookies of several pages on one machine apart; browsers don't.
    pub(crate) fn new(
        config: &WebConfig,
        staff: Staff,
        tls: Option<Arc<dyn Secure>>,
        port: u16,
    ) -> Self {
        // The prefix makes browsers refuse it from anything but this very host under TLS.
        let secure = config.behind_proxy || tls.is_some();
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            staff,
            hosts: config.hosts.0.iter().map(|host| host.to_ascii_lowercase()).collect(),
            behind_proxy: config.behind_proxy,
            tls,
            metrics: config.metrics,
            lasting: Lasting { idle: config.idle.0, longest: config.longest.0 },
            cookie: format!("{prefix}trunkline-{port}"),
        }
    }

    /// Whether browsers come under TLS, here or at a proxy.
    pub(crate) fn is_secure(&self) -> bool {
        self.behind_proxy || self.tls.is_some()
    }
}

impl App {
    pub(crate) fn new(house: Arc<dyn House>, rules: Rules) -> std::io::Result<Self> {
        let of = || Arc::clone(&house);
        let (lines, calls, recent, failing, doors) = (of(), of(), of(), of(), of());
        let (modems, groups, sites, alarms, wishes) = (of(), of(), of(), of(), of());
        let failed = Arc::<FailedLogins>::default();
        let own = Arc::clone(&failed);
        Ok(Self {
            rules: RwLock::new(Arc::new(rules)),
            sessions: Sessions::default(),
            patience: Patience::default(),
            hashing: Queue::new(),
            failed,
            lines: Camera::new(move || lines.lines()),
            modems: Camera::new(move || modems.modems()),
            groups: Camera::new(move || groups.groups()),
            calls: Camera::new(move || calls.calls()),
            recent: Camera::new(move || recent.recent(limits::RECENT)),
            failed_logins: Camera::new(move || own.among(failing.failed_logins())),
            listeners: Camera::new(move || doors.listeners()),
            sites: Camera::new(move || {
                sites.sites().map(|sites| sites.sites()).unwrap_or_default()
            }),
            alarms: Camera::new(move || {
                alarms.sites().map(|sites| sites.alarms()).unwrap_or_default()
            }),
            wishes: Camera::new(move || {
                wishes.sites().map(|sites| sites.wishes()).unwrap_or_default()
            }),
            traces: Arc::new(Semaphore::new(limits::TRACES)),
            meters: Meters::new(),
            form_key: random::token()?,
            house,
        })
    }

    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
    }
}

/// The last logins that failed at the page.
#[derive(Debug, Default)]
pub(crate) struct FailedLogins(Mutex<VecDeque<FailedLogin>>);

impl FailedLogins {
    pub(crate) fn add(&self, login: FailedLogin) {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logins.len() >= limits::FAILED_LOGINS {
            logins.pop_back();
        }
        logins.push_front(login);
    }

    /// These and the house's, the latest first.
    fn among(&self, mut others: Vec<FailedLogin>) -> Vec<FailedLogin> {
        others.extend(self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        others.sort_by_key(|login| std::cmp::Reverse(login.at));
        others
    }
}
