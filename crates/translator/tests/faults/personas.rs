//! Lines of ours that are modules, and a real far end: what goes wrong is what they do.

use std::sync::Arc;
use std::time::Duration;

use carrier::Call;
use settings::Span;
use tokio::time::timeout;
use translator::GsmConfig;

use crate::far::{Far, Words};
use crate::plan::{Fault, Plan};
use crate::relay::{House, Relay};
use crate::stage::{PATIENCE, Stage, Talk, every_step_goes_wrong, exchange, hasty};

/// A persona behind a cable, and its far end.
struct Bench {
    stage: Stage,
    far: Far,
    words: Arc<Words>,
    _relay: Relay,
}

impl Bench {
    async fn new(house: &Arc<House>, persona: &'static str) -> Self {
        let words = Arc::new(Words::new());
        let far = Far::listen(Arc::clone(&words)).await;
        let plan = Plan::default();
        let relay = Relay::new(house, persona, &plan, far.leaver());
        let dialect = if persona == "q2406-edsoft" { "edsoft" } else { "wavecom" };
        let span = |ms| Span(Duration::from_millis(ms));
        let power = ["/bin/sh", "-c", "echo >\"$0\"", relay.power.to_str().unwrap()];
        let config = GsmConfig {
            guard: span(120),
            boot: span(200),
            power: power.map(str::to_owned).to_vec().try_into().unwrap(),
            ..hasty(relay.device.clone(), dialect)
        };
        let stage = Stage::new(plan, config, &far.address.to_string()).await;
        Self { stage, far, words, _relay: relay }
    }

    async fn works(&self) {
        self.stage.works(&Exchange { words: &self.words, noise: Noise::None }).await;
    }

    /// No far end has heard anything but the words, call after call.
    fn far_has_heard_words_alone(&self, wrong: &str) {
        for heard in self.far.heard() {
            let said = || self.stage.said();
            let heard_of = heard.escape_ascii();
            assert!(self.words.up.starts_with(&heard), "{wrong}: heard {heard_of}: {:#?}", said());
        }
    }
}

/// All words are exchanged. Whatever comes of it, nothing that is heard is anything else; unless the module has lost
/// its mind in the middle of data, which nothing tells from data.
struct Exchange<'a> {
    words: &'a Words,
    noise: Noise,
}

impl Talk for Exchange<'_> {
    async fn with(&self, call: &mut Call) -> bool {
        let Words { up, down } = self.words;
        let heard = exchange(call, up, down).await;
        let clean = down.starts_with(&heard) || self.noise == Noise::Some;
        assert!(clean, "the equipment hears {}", heard.escape_ascii());
        heard == *down
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Noise {
    None,
    Some,
}

/// The steps from the first command to the end of a call.
async fn steps(house: &Arc<House>, persona: &'static str) -> usize {
    let bench = Bench::new(house, persona).await;
    bench.works().await;
    let count = bench.stage.plan.steps();
    bench.works().await;
    bench.stage.end().await;
    bench.far_has_heard_words_alone("nothing");
    count
}

async fn goes_wrong(house: Arc<House>, persona: &'static str, at: usize, fault: Fault) {
    let wrong = format!("{persona}: {fault:?} at {at}");
    let bench = Bench::new(&house, persona).await;
    bench.stage.plan.fault(at, fault);
    let noise = match fault {
        Fault::Reboots => Noise::Some,
        _ => Noise::None,
    };
    bench.stage.calls(&Exchange { words: &bench.words, noise }).await;
    let works = timeout(PATIENCE, bench.works()).await;
    assert!(works.is_ok(), "{wrong}: {:#?}", bench.stage.said());
    assert!(bench.stage.plan.steps() > at, "{wrong} never came");
    bench.stage.end().await;
    bench.far_has_heard_words_alone(&wrong);
}

async fn any_step_may_go_wrong(persona: &'static str) {
    let house = House::new();
    let count =
        timeout(PATIENCE, steps(&house, persona)).await.expect("a call without faults works");
    assert!(count > 15, "{persona} has {count} steps");
    let wrong = |at, fault| goes_wrong(Arc::clone(&house), persona, at, fault);
    every_step_goes_wrong(count, &Fault::real(), wrong).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_with_a_persona_the_next_call_works() {
    let [q26, q24, wismo, edsoft] =
        ["wavecom-q26", "wavecom-q24", "wismo", "q2406-edsoft"].map(any_step_may_go_wrong);
    tokio::join!(q26, q24, wismo, edsoft);
}
