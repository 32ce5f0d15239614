//! What the files say, value by value, before anybody asked whether it makes sense together.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use line::{Access, HuntConfig, LineConfig, Listing};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use settings::OneOrMany;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, ValueDeserializer};

use super::diagnostic::Diagnostic;
use super::source::{Source, Step, find};
use crate::cli::nearest;

/// Everything that the files say, each part with its place.
#[derive(Default)]
pub(crate) struct Draft<'s> {
    pub(crate) files: Vec<File<'s>>,
    pub(crate) state: Option<Placed<PathBuf>>,
    pub(crate) control: Option<Placed<PathBuf>>,
    pub(crate) personas: Vec<Placed<OneOrMany<String>>>,
    pub(crate) log: Option<Placed<LogConfig>>,
    pub(crate) access: Option<Placed<AccessConfig>>,
    pub(crate) lines: Vec<Placed<LineConfig>>,
    pub(crate) hunts: Vec<Placed<HuntConfig>>,
    #[cfg(feature = "modems")]
    pub(crate) modems: Vec<Placed<rack::ModemConfig>>,
    #[cfg(feature = "translator")]
    pub(crate) modules: Vec<Placed<translator::GsmConfig>>,
    #[cfg(feature = "modbus")]
    pub(crate) gateways: Vec<Placed<gateway::GatewayConfig>>,
    #[cfg(feature = "station")]
    pub(crate) station: Option<Placed<station::StationConfig>>,
    #[cfg(feature = "station")]
    pub(crate) buses: Vec<Placed<gateway::BusConfig>>,
    #[cfg(feature = "station")]
    pub(crate) devices: Vec<Placed<station::DeviceConfig>>,
    #[cfg(feature = "collector")]
    pub(crate) sites: Vec<Placed<collector::SiteConfig>>,
    #[cfg(feature = "collector")]
    pub(crate) facades: Vec<Placed<collector::FacadeConfig>>,
    #[cfg(feature = "collector")]
    pub(crate) collector: Option<Placed<collector::CollectorConfig>>,
    pub(crate) phonebook: Vec<Placed<(String, Listing)>>,
    #[cfg(feature = "exchange")]
    pub(crate) exchange: Option<Placed<exchange::ExchangeConfig>>,
    #[cfg(feature = "exchange")]
    pub(crate) accounts: Vec<Placed<exchange::AccountConfig>>,
    #[cfg(feature = "web")]
    pub(crate) web: Option<Placed<web::WebConfig>>,
    #[cfg(feature = "web")]
    pub(crate) operators: Vec<Placed<web::OperatorConfig>>,
}

/// A file and its values, each with its span.
pub(crate) struct File<'s> {
    pub(crate) source: &'s Arc<Source>,
    root: DeTable<'s>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Placed<T> {
    pub(crate) value: T,
    /// Which of the draft's files.
    pub(crate) file: usize,
    /// How to get there from the file's root.
    pub(crate) steps: Vec<Step>,
}

/// The `[log]` table.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct LogConfig {
    /// What is logged. Default `info`.
    pub(crate) level: Option<String>,
}

/// The `[access]` table: rules for every line that has none of its own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct AccessConfig {
    /// Who may be dialled.
    pub(crate) dial: Access,
    /// Who may call.
    pub(crate) answer: Access,
}

/// The keys at the top of a file.
const KEYS: [&str; 22] = [
    "include",
    "state",
    "control",
    "personas",
    "log",
    "access",
    "phonebook",
    "line",
    "hunt",
    "modem",
    "gsm",
    "gateway",
    "station",
    "bus",
    "device",
    "site",
    "facade",
    "collector",
    "exchange",
    "account",
    "web",
    "operator",
];

impl<T> Placed<T> {
    /// The place alone.
    pub(crate) fn place(&self) -> Placed<()> {
        Placed { value: (), file: self.file, steps: self.steps.clone() }
    }
}

impl<'s> Draft<'s> {
    /// Reads every value of every file. Each table is read by itself, so that one mistake hides no other.
    pub(crate) fn new(sources: &'s [Arc<Source>], mistakes: &mut Vec<Diagnostic>) -> Self {
        let mut draft = Self::default();
        // Those who read the files have seen that they parse.
        let parsed =
            sources.iter().filter_map(|source| Some((source, DeTable::parse(&source.text).ok()?)));
        for (n, (source, root)) in parsed.enumerate() {
            let mut reader = Reader { source, n, mistakes, draft: &mut draft };
            for (key, value) in root.get_ref().iter() {
                reader.key(key, value);
            }
            draft.files.push(File { source, root: root.into_inner() });
        }
        draft
    }

    /// A mistake at a value, or at a part of it.
    pub(crate) fn mistake<T>(
        &self,
        at: &Placed<T>,
        part: &[Step],
        message: impl Into<String>,
    ) -> Diagnostic {
        let (source, span) = self.place(at, part);
        Diagnostic::at(source, span, message)
    }

    /// Adds where the other one stands.
    pub(crate) fn also<T>(
        &self,
        what: &str,
        at: &Placed<T>,
        part: &[Step],
        diagnostic: Diagnostic,
    ) -> Diagnostic {
        let (source, span) = self.place(at, part);
        diagnostic.also_at(what, source, &span)
    }

    /// The folder to which paths in this value refer.
    pub(crate) fn folder<T>(&self, at: &Placed<T>) -> &Path {
        self.files[at.file].source.folder()
    }

    /// A path, seen from its file.
    pub(crate) fn resolve(&self, path: Option<&Placed<PathBuf>>) -> Option<PathBuf> {
        path.map(|path| crate::place::absolute(&self.folder(path).join(&path.value)))
    }

    /// The control socket, where it is named in the exchange's table.
    #[cfg(feature = "exchange")]
    pub(crate) fn control_of_exchange(&self) -> Option<PathBuf> {
        let exchange = self.exchange.as_ref()?;
        let control = exchange.value.control.as_ref()?;
        Some(crate::place::absolute(&self.folder(exchange).join(control)))
    }

    /// There is no exchange to name it.
    #[cfg(not(feature = "exchange"))]
    pub(crate) const fn control_of_exchange(&self) -> Option<PathBuf> {
        None
    }

    fn place<T>(&self, at: &Placed<T>, part: &[Step]) -> (&Arc<Source>, Range<usize>) {
        let file = &self.files[at.file];
        (file.source, find(&file.root, at.steps.iter().chain(part)))
    }
}

struct Reader<'a, 's> {
    source: &'s Arc<Source>,
    n: usize,
    mistakes: &'a mut Vec<Diagnostic>,
    draft: &'a mut Draft<'s>,
}

type Value<'s> = Spanned<DeValue<'s>>;

impl<'s> Reader<'_, 's> {
    fn key(&mut self, key: &Spanned<Cow<'s, str>>, value: &Value<'s>) {
        match &**key.get_ref() {
            // Read before anything else, by those who read files.
            "include" => {}
            "state" => self.once(value, "state", |draft| &mut draft.state),
            "control" => self.once(value, "control", |draft| &mut draft.control),
            "log" => self.once(value, "log", |draft| &mut draft.log),
            "access" => self.once(value, "access", |draft| &mut draft.access),
            "personas" => {
                if let Some(placed) = self.read(value, vec!["personas".into()]) {
                    self.draft.personas.push(placed);
                }
            }
            "line" => {
                let lines = self.each(value, "line");
                self.draft.lines.extend(lines);
            }
            "hunt" => {
                let hunts = self.each(value, "hunt");
                self.draft.hunts.extend(hunts);
            }
            "modem" => self.modems(value, key.span()),
            "gsm" => self.modules(value, key.span()),
            "gateway" => self.gateways(value, key.span()),
            "station" | "bus" | "device" => self.station(key.get_ref(), value, key.span()),
            "site" | "facade" | "collector" => self.sites(key.get_ref(), value, key.span()),
            "phonebook" => self.phonebook(value),
            "exchange" | "account" => self.answering(key.get_ref(), value, key.span()),
            "web" | "operator" => self.page(key.get_ref(), value, key.span()),
            unknown => {
                let near = nearest(unknown, KEYS.into_iter());
                let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                let message = format!("there is no key `{unknown}`{hint}");
                let expected = format!("expected one of `{}`", KEYS.join("`, `"));
                self.mistakes.push(Diagnostic::at(self.source, key.span(), message).note(expected));
            }
        }
    }

    #[cfg(feature = "modems")]
    fn modems(&mut self, value: &Value<'s>, _: Range<usize>) {
        let modems = self.each(value, "modem");
        self.draft.modems.extend(modems);
    }

    #[cfg(not(feature = "modems"))]
    fn modems(&mut self, _: &Value<'s>, span: Range<usize>) {
        let message = "this program was built without real modems, so it can't use `modem`";
        self.mistakes.push(Diagnostic::at(self.source, span, message));
    }

    #[cfg(feature = "translator")]
    fn modules(&mut self, value: &Value<'s>, _: Range<usize>) {
        let modules = self.each(value, "gsm");
        self.draft.modules.extend(modules);
    }

    #[cfg(not(feature = "translator"))]
    fn modules(&mut self, _: &Value<'s>, span: Range<usize>) {
        let message = "this program was built without real GSM modules, so it can't use `gsm`";
        self.mistakes.push(Diagnostic::at(self.source, span, message));
    }

    #[cfg(feature = "modbus")]
    fn gateways(&mut self, value: &Value<'s>, _: Range<usize>) {
        let gateways = self.each(value, "gateway");
        self.draft.gateways.extend(gateways);
    }

    #[cfg(not(feature = "modbus"))]
    fn gateways(&mut self, _: &Value<'s>, span: Range<usize>) {
        let message = "this program was built without Modbus, so it can't use `gateway`";
        self.mistakes.push(Diagnostic::at(self.source, span, message));
    }

    #[cfg(feature = "station")]
    fn station(&mut self, key: &str, value: &Value<'s>, _: Range<usize>) {
        match key {
            "station" => self.once(value, "station", |draft| &mut draft.station),
            "bus" => {
                let buses = self.each(value, "bus");
                self.draft.buses.extend(buses);
            }
            _ => {
                let devices = self.each(value, "device");
                self.draft.devices.extend(devices);
            }
        }
    }

    #[cfg(not(feature = "station"))]
    fn station(&mut self, key: &str, _: &Value<'s>, span: Range<usize>) {
        let message = format!("this program was built without stations, so it can't use `{key}`");
        self.mistakes.push(Diagnostic::at(self.source, span, message));
    }

    #[cfg(feature = "collector")]
    fn sites(&mut self, key: &str, value: &Value<'s>, _: Range<usize>) {
        match key {
            "site" => {
                let sites = self.each(value, "site");
                self.draft.sites.extend(sites);
            }
            "facade" => {
                let facades = self.each(value, "facade");
                self.draft.facades.extend(facades);
            }
            _ => self.once(value, "collector", |draft| &mut draft.collector),
        }
    }

    #[cfg(not(feature = "collector"))]
    fn sites(&mut self, key: &str, _: &Value<'s>, span: Range<usize>) {
        let message = format!("this program was built without sites, so it can't use `{key}`");
        self.mistakes.push(Diagnostic::at(self.source, span, message));
    }

    #[cfg(feature = "exchange")]
    fn answering(&mut self, key: &str, value: &Value<'s>, _: Range<usize>) {
        if key == "exchange" {
            return self.once(value, "exchange", |draft| &mut draft.exchange);
        }
        let accounts = self.each(value, "account");
        self.draft.accounts.extend(accounts);
    }

    #[cfg(not(feature = "exchange"))]
    fn answering(&mut self, key: &str, _: &Value<'s>, span: Range<usize>) {
        let message =
            format!("this program was built without its exchange, so it can't use `{key}`");
        self.mistakes.push(Diagnostic::at(self.source, span, message));
    }

    #[cfg(feature = "web")]
    fn page(&mut self, key: &str, value: &Value<'s>, _: Range<usize>) {
        if key == "web" {
            return self.once(value, "web", |draft| &mut draft.web);
        }
        let operators = self.each(value, "operator");
        self.draft.operators.extend(operators);
    }

    #[cfg(not(feature = "web"))]
    fn page(&mut self, key: &str, _: &Value<'s>, span: Range<usize>) {
        let message = format!("this program was built without its page, so it can't use `{key}`");
        self.mistakes.push(Diagnostic::at(self.source, span, message));
    }

    /// A key that may stand in only one of the files.
    fn once<T: DeserializeOwned>(
        &mut self,
        value: &Value<'s>,
        key: &'static str,
        slot: for<'d> fn(&'d mut Draft<'s>) -> &'d mut Option<Placed<T>>,
    ) {
        let Some(placed) = self.read(value, vec![key.into()]) else { return };
        let slot = slot(self.draft);
        if slot.is_none() {
            *slot = Some(placed);
            return;
        }
        let message =
            format!("`{key}` may stand in only one of the files, and does so in an earlier one");
        self.mistakes.push(Diagnostic::at(self.source, value.span(), message));
    }

    /// The tables of `[[key]]`.
    fn each<T: DeserializeOwned>(
        &mut self,
        value: &Value<'s>,
        key: &'static str,
    ) -> Vec<Placed<T>> {
        let none = DeArray::default();
        let tables = match value.get_ref() {
            DeValue::Array(tables) => tables,
            _ => {
                let message =
                    format!("there may be several, so write [[{key}]] in double brackets");
                self.mistakes.push(Diagnostic::at(self.source, value.span(), message));
                &none
            }
        };
        tables
            .iter()
            .enumerate()
            .filter_map(|(n, table)| self.read(table, vec![key.into(), n.into()]))
            .collect()
    }

    fn phonebook(&mut self, value: &Value<'s>) {
        let DeValue::Table(entries) = value.get_ref() else {
            let message =
                "the phonebook is a table: write [phonebook], and one number or name on each line";
            return self.mistakes.push(Diagnostic::at(self.source, value.span(), message));
        };
        for (key, entry) in in_order(entries) {
            let steps = vec!["phonebook".into(), key.into()];
            if let Some(Placed { value, file, steps }) = self.read(entry, steps) {
                self.draft.phonebook.push(Placed { value: (key.to_owned(), value), file, steps });
            }
        }
    }

    fn read<T: DeserializeOwned>(
        &mut self,
        value: &Value<'s>,
        steps: Vec<Step>,
    ) -> Option<Placed<T>> {
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(value) => Some(Placed { value, file: self.n, steps }),
            Err(error) => {
                self.mistakes.push(Diagnostic::toml(self.source, &error));
                None
            }
        }
    }
}

/// The table keeps its keys by the alphabet; an earlier pattern of the phonebook wins over a later one.
fn in_order<'t, 's>(table: &'t DeTable<'s>) -> Vec<(&'t str, &'t Value<'s>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries.into_iter().map(|(key, value)| (&**key.get_ref(), value)).collect()
}
