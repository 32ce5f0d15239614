//! Nothing is used twice: devices, paths and addresses.

use std::collections::HashMap;
#[cfg(any(
    feature = "modbus",
    feature = "modems",
    feature = "station",
    feature = "translator"
))]
use std::collections::hash_map::Entry;
use std::fs;
use std::net::{IpAddr, SocketAddr};
#[cfg(any(
    feature = "modbus",
    feature = "modems",
    feature = "station",
    feature = "translator"
))]
use std::path::Path;
use std::path::PathBuf;

use crate::config::diagnostic::Diagnostic;
use crate::config::draft::{Draft, Placed};
use crate::config::source::Step;
use crate::place::absolute;

pub(super) fn check(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    paths(draft, mistakes);
    addresses(draft, mistakes);
}

/// Where something is used: which table of which file, and which part of it.
struct Use {
    what: String,
    at: Placed<()>,
}

fn using<T>(what: String, at: &Placed<T>, part: &[&str]) -> Use {
    let mut steps = at.steps.clone();
    steps.extend(part.iter().map(|key| Step::from(*key)));
    Use { what, at: Placed { value: (), file: at.file, steps } }
}

fn paths(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    let mut used: HashMap<PathBuf, Use> = HashMap::new();
    #[cfg(any(
        feature = "modbus",
        feature = "modems",
        feature = "station",
        feature = "translator"
    ))]
    for (device, folder, here) in devices(draft) {
        let whole = absolute(&folder.join(device));
        match used.entry(fs::canonicalize(&whole).unwrap_or(whole)) {
            Entry::Occupied(first) => {
                mistakes.push(twice(draft, &device.display().to_string(), &here, first.get()));
            }
            Entry::Vacant(free) => drop(free.insert(here)),
        }
    }
    for line in &draft.lines {
        let folder = draft.folder(line);
        let config = &line.value;
        let places = [
            config.serial.as_ref().map(|serial| ("serial", serial.device.as_path())),
            config.pty.as_ref().map(|pty| ("pty", pty.link.as_path())),
            config.unix.as_deref().map(|path| ("unix", path)),
        ];
        for (key, path) in places.into_iter().flatten() {
            let here = using(format!("line `{}`", config.name), line, &[key]);
            // A name in /dev/serial/by-id is the device it points to, while that is plugged in; what a
            // pty's link points to is from yesterday.
            let whole = absolute(&folder.join(path));
            let real = match key {
                "serial" => fs::canonicalize(&whole).unwrap_or(whole),
                _ => whole,
            };
            match used.get(&real) {
                // The line is the real modem then: its terminal is what the modem's port would be.
                Some(first) if key == "pty" && first.what.starts_with("modem") => {}
                Some(first) => {
                    mistakes.push(twice(draft, &path.display().to_string(), &here, first));
                }
                None => {
                    used.insert(real, here);
                }
            }
        }
    }
}

/// Serial ports of others than lines, each with the folder that its path starts at.
#[cfg(any(feature = "modbus", feature = "modems", feature = "station", feature = "translator"))]
fn devices<'a>(draft: &'a Draft<'_>) -> Vec<(&'a Path, &'a Path, Use)> {
    let mut devices: Vec<(&Path, &Path, Use)> = Vec::new();
    #[cfg(feature = "modems")]
    for modem in &draft.modems {
        let here = using(format!("modem `{}`", modem.value.name), modem, &["device"]);
        devices.push((&modem.value.device, draft.folder(modem), here));
    }
    #[cfg(feature = "translator")]
    for module in &draft.modules {
        let here = using(format!("GSM module `{}`", module.value.name), module, &["device"]);
        devices.push((&module.value.device, draft.folder(module), here));
    }
    #[cfg(feature = "modbus")]
    for gateway in &draft.gateways {
        let here = using(format!("gateway `{}`", gateway.value.name), gateway, &["serial"]);
        let serial = gateway.value.serial.as_ref();
        devices.extend(serial.map(|serial| (&*serial.device, draft.folder(gateway), here)));
    }
    #[cfg(feature = "station")]
    for bus in &draft.buses {
        let here = using(format!("bus `{}`", bus.value.name), bus, &["serial"]);
        let serial = bus.value.serial.as_ref();
        devices.extend(serial.map(|serial| (&*serial.device, draft.folder(bus), here)));
    }
    devices
}

fn addresses(draft: &Draft<'_>, mistakes: &mut Vec<Diagnostic>) {
    let mut used: HashMap<u16, Vec<(SocketAddr, Use)>> = HashMap::new();
    for (address, here) in listeners(draft) {
        // The system chooses a free port for 0.
        if address.port() == 0 {
            continue;
        }
        let same_port = used.entry(address.port()).or_default();
        match same_port.iter().find(|(other, _)| collide(*other, address)) {
            Some((_, first)) => {
                let mistake = twice(draft, &address.to_string(), &here, first);
                let hint = "several lines share a number by `second-caller = \"hunt\"` on the first of them";
                let lines = first.what.starts_with("line") && here.what.starts_with("line");
                mistakes.push(if lines { mistake.note(hint) } else { mistake });
            }
            None => same_port.push((address, here)),
        }
    }
}

fn listeners(draft: &Draft<'_>) -> Vec<(SocketAddr, Use)> {
    let mut listeners = Vec::new();
    for line in &draft.lines {
        let name = &line.value.name;
        if let Some(tcp) = &line.value.tcp {
            listeners.push((
                tcp.listen,
                using(format!("the equipment of line `{name}`"), line, &["tcp"]),
            ));
        }
        for address in &line.value.listen.0 {
            listeners.push((*address, using(format!("line `{name}`"), line, &["listen"])));
        }
    }
    for hunt in &draft.hunts {
        for address in &hunt.value.listen.0 {
            let what = format!("hunt group `{}`", hunt.value.name);
            listeners.push((*address, using(what, hunt, &["listen"])));
        }
    }
    #[cfg(feature = "modbus")]
    for gateway in &draft.gateways {
        for address in &gateway.value.listen.0 {
            let what = format!("gateway `{}`", gateway.value.name);
            listeners.push((*address, using(what, gateway, &["listen"])));
        }
    }
    #[cfg(feature = "collector")]
    for facade in &draft.facades {
        for address in &facade.value.listen.0 {
            let what = format!("facade `{}`", facade.value.name);
            listeners.push((*address, using(what, facade, &["listen"])));
        }
    }
    #[cfg(feature = "exchange")]
    if let Some(exchange) = &draft.exchange {
        for (n, listen) in exchange.value.listen.iter().enumerate() {
            let mut here = using("the exchange".to_owned(), exchange, &["listen"]);
            here.at.steps.extend([n.into(), "address".into()]);
            listeners.push((listen.address, here));
        }
    }
    #[cfg(feature = "web")]
    if let Some(web) = &draft.web {
        for (n, address) in web.value.listen.0.iter().enumerate() {
            let mut here = using("the page".to_owned(), web, &["listen"]);
            here.at.steps.push(n.into());
            listeners.push((*address, here));
        }
    }
    listeners
}

/// On Linux an address of one interface can't be listened on beside that of all interfaces, and `[::]`
/// takes IPv4 as well.
fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let (a, b) = (a.ip(), b.ip());
    let takes = |all: IpAddr, one: IpAddr| all.is_unspecified() && (all.is_ipv6() || one.is_ipv4());
    a == b || takes(a, b) || takes(b, a)
}

fn twice(draft: &Draft<'_>, thing: &str, here: &Use, first: &Use) -> Diagnostic {
    let message = format!("{thing} is used twice: by {} and by {}", first.what, here.what);
    let mistake = draft.mistake(&here.at, &[], message);
    draft.also("the first one is at", &first.at, &[], mistake)
}
