//! What Prometheus reads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::house::{CallNow, Direction, Figures, LineNow, ModemNow};
use crate::picture::Picture;
use crate::problem::Problem;

type Labels = [(&'static str, &'static str); 1];

/// The page's own counters, and the place where the house's figures are put for a reader.
pub(crate) struct Meters {
    registry: Registry,
    requests: Family<Labels, Counter>,
    logins: Family<Labels, Counter>,
    sessions: Gauge,
    scraped: Arc<Scraped>,
}

impl Meters {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("trunkline");
        let (requests, logins) = (Family::default(), Family::default());
        let sessions = Gauge::default();
        let scraped = Arc::<Scraped>::default();
        registry.register(
            "web_requests",
            "Requests to the page, by class of answer",
            requests.clone(),
        );
        registry.register("web_logins", "Logins at the page, by outcome", logins.clone());
        registry.register("web_sessions", "Operators who are logged in", sessions.clone());
        registry.register_collector(Box::new(Arc::clone(&scraped)));
        Self { registry, requests, logins, sessions, scraped }
    }

    pub(crate) fn answered(&self, status: StatusCode) {
        let class = match status.as_u16() {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.requests.get_or_create(&[("class", class)]).inc();
    }

    pub(crate) fn logged_in(&self) {
        self.logins.get_or_create(&[("outcome", "ok")]).inc();
    }

    pub(crate) fn refused(&self, cause: &'static str) {
        self.logins.get_or_create(&[("outcome", cause)]).inc();
    }
}

/// All metrics, in OpenMetrics' text.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    let house = Arc::clone(&app.house);
    let figures = tokio::task::spawn_blocking(move || (house.figures(), house.modems()));
    let (lines, calls, figures) = tokio::join!(app.lines.picture(), app.calls.picture(), figures);
    let sessions = app.sessions.count(app.rules().lasting, std::time::Instant::now());
    app.meters.sessions.set(i64::try_from(sessions).unwrap_or(i64::MAX));
    let (figures, modems) = figures.unwrap_or_default();
    app.meters.scraped.put(&figures, &lines, &modems, &calls);
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &app.meters.registry) {
        Ok(()) => {
            let content = HeaderValue::from_static(
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            );
            ([(header::CONTENT_TYPE, content)], text).into_response()
        }
        Err(_) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "no metrics").into_response(),
    }
}

/// The house's figures for one reading. The words in labels come from fixed lists, so there are only so many series.
#[derive(Default)]
struct Scraped(Mutex<Series>);

#[derive(Default)]
struct Series {
    lines: BTreeMap<String, u64>,
    line_signals: BTreeMap<&'static str, u64>,
    modems: BTreeMap<String, u64>,
    modem_calls: BTreeMap<(&'static str, String), u64>,
    modem_failures: BTreeMap<String, u64>,
    signals: BTreeMap<String, i64>,
    calls: BTreeMap<(String, &'static str), u64>,
    ended: BTreeMap<(&'static str, &'static str, String), u64>,
    /// Bytes of all calls: they only grow, even where a call that ends is counted a moment later.
    sent: u64,
    received: u64,
    logins: BTreeMap<String, u64>,
    password_hashes: u64,
    store_queue: Option<u64>,
}

const fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
    }
}

impl Scraped {
    fn put(
        &self,
        figures: &Figures,
        lines: &Picture<LineNow>,
        modems: &[ModemNow],
        calls: &Picture<CallNow>,
    ) {
        let mut series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *series);
        // A state that no line is in any more goes on as zero.
        series.lines = before.lines.into_keys().map(|state| (state, 0)).collect();
        series.modems = before.modems.into_keys().map(|state| (state, 0)).collect();
        series.calls = before.calls.into_keys().map(|labels| (labels, 0)).collect();
        for line in lines.rows.iter().map(|row| &row.value) {
            *series.lines.entry(line.state.to_string()).or_default() += 1;
            for (signal, on) in [("dtr", line.dtr), ("dcd", line.dcd), ("ri", line.ri)] {
                *series.line_signals.entry(signal).or_default() += u64::from(on);
            }
        }
        for modem in modems {
            *series.modems.entry(modem.state.to_string()).or_default() += 1;
            if let Some(dbm) = modem.gsm.as_ref().and_then(|gsm| gsm.dbm) {
                series.signals.insert(modem.name.clone(), dbm.into());
            }
        }
        for (direction, cause, count) in &figures.modem_calls {
            *series.modem_calls.entry((way(*direction), cause.to_string())).or_default() += count;
        }
        for (cause, count) in &figures.modem_failures {
            *series.modem_failures.entry(cause.to_string()).or_default() += count;
        }
        let (mut sent, mut received) = (0_u64, 0_u64);
        for call in calls.rows.iter().map(|row| &row.value) {
            let over = call.over.as_deref().unwrap_or("unknown").to_owned();
            *series.calls.entry((over, way(call.direction))).or_default() += 1;
            sent = sent.saturating_add(call.sent);
            received = received.saturating_add(call.received);
        }
        for ended in &figures.ended {
            let labels = (ended.side, way(ended.direction), ended.cause.to_string());
            *series.ended.entry(labels).or_default() += ended.calls;
            sent = sent.saturating_add(ended.sent);
            received = received.saturating_add(ended.received);
        }
        series.sent = sent.max(before.sent);
        series.received = received.max(before.received);
        for (outcome, count) in &figures.logins {
            *series.logins.entry(outcome.to_string()).or_default() += count;
        }
        series.password_hashes = figures.password_hashes.max(before.password_hashes);
        series.store_queue = figures.store_queue;
    }
}

impl fmt::Debug for Scraped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scraped(..)")
    }
}

impl Collector for Scraped {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = Out(encoder);
        out.gauges(
            "lines",
            "Lines, by state",
            series.lines.iter().map(|(state, n)| ([("state", state.as_str())], *n)),
        )?;
        out.gauges(
            "line_signals",
            "Lines that show a signal: DTR, DCD, RI",
            series.line_signals.iter().map(|(signal, n)| ([("signal", *signal)], *n)),
        )?;
        out.gauges(
            "modems",
            "Real modems and GSM modules, by state",
            series.modems.iter().map(|(state, n)| ([("state", state.as_str())], *n)),
        )?;
        out.counters(
            "modem_calls",
            "Calls of real modems that are over or have failed, by cause",
            series
                .modem_calls
                .iter()
                .map(|((way, cause), n)| ([("direction", *way), ("cause", cause.as_str())], *n)),
        )?;
        out.counters(
            "modem_failures",
            "Attempts to use a real modem that have failed, by what was wrong",
            series.modem_failures.iter().map(|(cause, n)| ([("cause", cause.as_str())], *n)),
        )?;
        out.gauges(
            "module_signal_dbm",
            "How well a GSM module hears its network",
            series.signals.iter().map(|(module, dbm)| ([("module", module.as_str())], *dbm)),
        )?;
        out.gauges(
            "calls",
            "Calls in progress, by what they travel on and who made them",
            series
                .calls
                .iter()
                .map(|((over, way), n)| ([("over", over.as_str()), ("direction", *way)], *n)),
        )?;
        out.counters(
            "calls_ended",
            "Calls that are over, by cause",
            series.ended.iter().map(|((side, way, cause), n)| {
                ([("side", *side), ("direction", *way), ("cause", cause.as_str())], *n)
            }),
        )?;
        out.counters(
            "logins",
            "Logins at the exchange, by outcome",
            series.logins.iter().map(|(outcome, n)| ([("outcome", outcome.as_str())], *n)),
        )?;
        out.counters(
            "bytes",
            "Bytes of all calls, to and from the far ends",
            [
                ([("direction", "sent")], series.sent),
                ([("direction", "received")], series.received),
            ]
            .into_iter(),
        )?;
        out.counter(
            "password_hashes",
            "Password hashes computed for callers",
            series.password_hashes,
        )?;
        match series.store_queue {
            Some(queue) => out.gauge("store_queue", "Records that wait for the disk", queue),
            None => Ok(()),
        }
    }
}

/// Families of figures on their way into the text.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn gauges<'l, const N: usize, V>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = ([(&'l str, &'l str); N], V)>,
    ) -> fmt::Result
    where
        ConstGauge<V>: EncodeMetric,
    {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in series {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn counters<'l, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        series: impl Iterator<Item = ([(&'l str, &'l str); N], u64)>,
    ) -> fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, value) in series {
            ConstCounter::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        ConstGauge::new(value).encode(metric)
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let metric = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(metric)
    }
}
