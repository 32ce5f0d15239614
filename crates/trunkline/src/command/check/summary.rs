//! What a configuration would do, for people and for programs.

use std::fmt::Write as _;
use std::path::Path;

use line::LineConfig;

use crate::config::Config;
#[cfg(feature = "exchange")]
use crate::instance::Plan;
use crate::json::Json;
use crate::style::Style;
use crate::{control, place};

/// What a configuration would do: sections of rows of two cells.
pub(super) struct Summary {
    sections: Vec<Section>,
    notes: Vec<String>,
}

struct Section {
    title: &'static str,
    /// What a row is, for programs.
    kind: &'static str,
    rows: Vec<(String, String)>,
}

/// Says what `config` would do.
pub(super) fn of(config: &Config) -> Summary {
    let mut summary = Summary { sections: Vec::new(), notes: Vec::new() };
    let lines =
        config.plan.lines.iter().map(|line| (line.name.clone(), line_words(line))).collect();
    summary.section("Lines", "line", lines);
    let hunts = config.plan.hunts.iter();
    let hunts = hunts.map(|hunt| (hunt.name.clone(), hunt_words(hunt))).collect();
    summary.section("Hunt groups", "hunt", hunts);
    #[cfg(feature = "modems")]
    summary.section("Modems", "modem", modems(&config.plan.modems));
    #[cfg(feature = "translator")]
    summary.section("GSM modules", "gsm", modules(&config.plan.modules));
    #[cfg(feature = "modbus")]
    summary.section("Gateways", "gateway", gateways(&config.plan.gateways));
    #[cfg(feature = "station")]
    station(&config.plan, &mut summary);
    #[cfg(feature = "collector")]
    summary.section("Sites", "site", sites(&config.plan.sites));
    let entries = config.plan.phonebook.entries().iter();
    let entries =
        entries.map(|entry| (entry.key.clone(), entry.listing.call.join(", then "))).collect();
    summary.section("Phonebook", "number", entries);
    #[cfg(feature = "exchange")]
    answering(&config.plan, &mut summary);
    #[cfg(feature = "web")]
    page(&config.plan, &mut summary);
    summary.section("Places", "place", places(config));
    for serial in config.plan.lines.iter().filter_map(|line| line.serial.as_ref()) {
        if !serial.device.exists() {
            summary.notes.push(format!(
                "{} is not there now; its line opens once it is",
                serial.device.display()
            ));
        }
    }
    summary
}

fn hunt_words(hunt: &line::HuntConfig) -> String {
    let mut words = hunt.members.join(", ");
    if !hunt.listen.0.is_empty() {
        let listens: Vec<String> = hunt.listen.0.iter().map(ToString::to_string).collect();
        let _ = write!(words, ", called at {}", listens.join(" and "));
    }
    words
}

#[cfg(feature = "collector")]
fn sites(sites: &crate::instance::Sites) -> Vec<(String, String)> {
    let words = |shelf: &collector::Shelf| {
        let config = shelf.config();
        let (framing, account) = (config.framing.word(), config.account());
        (
            config.name.clone(),
            format!("{} points over {framing}, account {account}", shelf.points()),
        )
    };
    let facade = |facade: &collector::FacadeConfig| {
        let listens: Vec<String> = facade.listen.0.iter().map(ToString::to_string).collect();
        (facade.name.clone(), format!("facade: Modbus TCP at {}", listens.join(" and ")))
    };
    sites.shelves.iter().map(words).chain(sites.facades.iter().map(facade)).collect()
}

#[cfg(feature = "modbus")]
fn gateways(gateways: &[gateway::GatewayConfig]) -> Vec<(String, String)> {
    let words = |gateway: &gateway::GatewayConfig| {
        let listens: Vec<String> = gateway.listen.0.iter().map(ToString::to_string).collect();
        let bus = match (&gateway.serial, &gateway.tcp) {
            (Some(serial), _) => {
                format!("{} at {} {}", serial.device.display(), serial.speed, serial.format.0)
            }
            (None, tcp) => tcp.clone().unwrap_or_default(),
        };
        format!("Modbus TCP at {} to {bus}", listens.join(" and "))
    };
    gateways.iter().map(|gateway| (gateway.name.clone(), words(gateway))).collect()
}

#[cfg(feature = "station")]
fn station(plan: &Plan, summary: &mut Summary) {
    let Some(plan) = &plan.station else { return };
    let station = &plan.station;
    let mut words = format!("calls {}", station.call.0.join(", then "));
    if let Some(every) = station.call_every {
        let _ = write!(words, " every {}", crate::time::span(every.0));
    }
    let _ = write!(words, ", keeps {} samples in {}", station.samples, station.store.display());
    summary.section("Station", "station", vec![(station.name.clone(), words)]);
    let device = |device: &station::DeviceConfig| {
        let every = crate::time::span(device.every.unwrap_or(station.every).0);
        let (points, bus) = (device.points.len(), &device.bus);
        let s = if points == 1 { "" } else { "s" };
        let words = format!("unit {} on {bus}, {points} point{s} every {every}", device.unit);
        (device.name.clone(), words)
    };
    summary.section("Devices", "device", plan.devices.iter().map(device).collect());
}

#[cfg(feature = "modems")]
fn modems(modems: &[rack::ModemConfig]) -> Vec<(String, String)> {
    let words = |modem: &rack::ModemConfig| {
        let does = match modem.reserve {
            _ if modem.on_ring == rack::OnRing::Station => "answers for the station",
            rack::Reserve::None => "answers and dials",
            rack::Reserve::Incoming => "answers",
            rack::Reserve::Outgoing => "dials",
        };
        format!("{} at {} {}, {does}", modem.device.display(), modem.speed, modem.format.0)
    };
    modems.iter().map(|modem| (modem.name.clone(), words(modem))).collect()
}

#[cfg(feature = "translator")]
fn modules(modules: &[translator::GsmConfig]) -> Vec<(String, String)> {
    let words = |module: &translator::GsmConfig| {
        let mut words =
            format!("at {} {} {}", module.device.display(), module.speed, module.format.0);
        match module.dialect {
            Some(dialect) => _ = write!(words, ", {}", dialect.name),
            None => words += ", whose commands it has it says itself",
        }
        if module.wake.is_some() {
            words += ", woken by messages";
        }
        if module.listen.is_some() {
            words += ", takes calls";
        }
        words
    };
    modules.iter().map(|module| (module.name.clone(), words(module))).collect()
}

fn line_words(line: &LineConfig) -> String {
    let mut words = format!("{} {}", line.persona, plug_words(line));
    if !line.listen.0.is_empty() {
        let listens: Vec<String> = line.listen.0.iter().map(ToString::to_string).collect();
        let _ = write!(words, ", called at {}", listens.join(" and "));
    }
    if let Some(call) = &line.default_call {
        let _ = write!(words, ", ATD alone calls {call}");
    }
    words
}

fn plug_words(line: &LineConfig) -> String {
    let LineConfig { serial, pty, tcp, unix, .. } = line;
    match (serial, pty, tcp, unix) {
        (Some(serial), ..) => {
            format!("on {} at {} {}", serial.device.display(), serial.speed, serial.format.0)
        }
        (_, Some(pty), ..) => format!("on the pseudo-terminal {}", pty.link.display()),
        (.., Some(tcp), _) => format!("for equipment that connects to {}", tcp.listen),
        (.., Some(unix)) => format!("for equipment that connects to {}", unix.display()),
        _ => "on standard input and output".to_owned(),
    }
}

#[cfg(feature = "exchange")]
fn answering(plan: &Plan, summary: &mut Summary) {
    use exchange::{AccountConfig, BuiltIn, Kind, On};
    let Some(answering) = &plan.answering else { return };
    let spoken = |kinds: &[Kind]| {
        let word = |kind: &Kind| match kind {
            Kind::Telnet => "telnet",
            Kind::Raw => "raw",
            Kind::Tls => "tls",
            Kind::Ssh => "ssh",
        };
        kinds.iter().map(word).collect::<Vec<_>>().join(" or ")
    };
    let listeners = answering.exchange.listen.iter();
    let listeners =
        listeners.map(|listen| (listen.address.to_string(), spoken(&listen.accept))).collect();
    summary.section("Listeners", "listener", listeners);
    let listens = &answering.exchange.listen;
    if listens.iter().any(|listen| listen.accept.contains(&Kind::Ssh)) {
        // They were read when the configuration was, and nobody has called since.
        let keys = answering.exchange.ssh.fingerprints().unwrap_or_default();
        if keys.is_empty() {
            summary.notes.push("a host key for callers over SSH will be made".to_owned());
        }
        summary.section("Host keys", "host-key", keys);
    }
    let service = |account: &AccountConfig| match (&account.deny, account.service) {
        (Some(reason), _) => format!("is told: {reason}"),
        (None, Some(BuiltIn::Echo)) => "hears what it says".to_owned(),
        (None, Some(BuiltIn::Collector)) => "its calls are a site's".to_owned(),
        (None, None) => {
            let on = if account.on == On::Pipe { "a pipe" } else { "a terminal" };
            let user = account.user.as_ref().map_or(String::new(), |user| format!(", as {user}"));
            format!("{} on {on}{user}", account.program.join(" "))
        }
    };
    let accounts =
        answering.accounts.iter().map(|account| (account.name.clone(), service(account))).collect();
    summary.section("Accounts", "account", accounts);
    for account in &answering.accounts {
        if let Some(program) =
            account.program.first().filter(|program| !Path::new(program).is_file())
        {
            summary.notes.push(format!(
                "there is no program {program} now, which account `{}` gets",
                account.name
            ));
        }
    }
    // What can't run here may well run where the file is going to be used, so these are notes.
    let trouble = exchange::trouble_with_users(&answering.exchange, &answering.accounts);
    summary.notes.extend(trouble.iter().map(|error| crate::failure::chain(error)));
    match (answering.exchange.listen.is_empty(), answering.accounts.is_empty()) {
        (true, false) => summary
            .notes
            .push("there are accounts, but no [[exchange.listen]] for them to call".to_owned()),
        (false, true) => summary.notes.push(match &answering.exchange.store {
            None => "there are no accounts, so nobody can log in".to_owned(),
            Some(_) => {
                "no account is written here; `trunkline account list` shows those in the store too"
                    .to_owned()
            }
        }),
        _ => {}
    }
}

#[cfg(feature = "web")]
fn page(plan: &Plan, summary: &mut Summary) {
    let Some(page) = &plan.page else { return };
    let operator =
        |operator: &web::OperatorConfig| format!("{} ({})", operator.name, operator.role.word());
    let operators: Vec<String> = page.operators.iter().map(operator).collect();
    let whom = if operators.is_empty() {
        "for `operator`, with a password that is made at the first start".to_owned()
    } else {
        format!("for {}", operators.join(", "))
    };
    let addresses = page.config.listen.0.iter();
    let rows = addresses.map(|address| (address.to_string(), whom.clone())).collect();
    summary.section("Page", "page", rows);
}

fn places(config: &Config) -> Vec<(String, String)> {
    let control = config.control.clone().unwrap_or_else(control::usual_place);
    let mut places = vec![("control".to_owned(), control.display().to_string())];
    let state = config.plan.state.clone().or_else(place::state);
    places.extend(state.map(|state| ("state".to_owned(), state.display().to_string())));
    places
}

impl Summary {
    fn section(&mut self, title: &'static str, kind: &'static str, rows: Vec<(String, String)>) {
        if !rows.is_empty() {
            self.sections.push(Section { title, kind, rows });
        }
    }

    pub(super) fn text(&self, path: &Path, style: Style) -> String {
        let mut out = format!("{} is right.\n", path.display());
        for Section { title, rows, .. } in &self.sections {
            let _ = writeln!(out, "\n{}", style.bold(title));
            let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
            for (name, words) in rows {
                let _ = writeln!(out, "  {name:width$}  {words}");
            }
        }
        for (n, note) in self.notes.iter().enumerate() {
            let _ =
                writeln!(out, "{}{} {note}", if n == 0 { "\n" } else { "" }, style.yellow("note:"));
        }
        out
    }

    pub(super) fn json(&self) -> String {
        let rows = self
            .sections
            .iter()
            .flat_map(|section| section.rows.iter().map(move |row| (section.kind, row)));
        let rows = rows.map(|(kind, (name, words))| {
            Json::object([(kind, name.as_str().into()), ("does", words.as_str().into())])
        });
        let notes = self.notes.iter().map(|note| Json::object([("note", note.as_str().into())]));
        rows.chain(notes).map(|json| format!("{json}\n")).collect()
    }
}
