//! Scripts that follow what the makers' documents say.

use carrier::Call;
use tokio::time::timeout;
use tty::OpenWatch;

use crate::cable::Cable;
use crate::plan::{Fault, Plan};
use crate::stage::{PATIENCE, Stage, Talk, every_step_goes_wrong, exchange, hasty};

/// The far end gives back all values.
struct Echo(&'static str);

impl Talk for Echo {
    async fn with(&self, call: &mut Call) -> bool {
        let all: Vec<u8> = (0..=255).collect();
        let heard = exchange(call, &all, &all).await;
        // What is counted is never anything else; nothing tells a stream from what a module says that is lost.
        let is_counted = matches!(self.0, "simcom" | "quectel");
        assert!(!is_counted || all.starts_with(&heard), "{}", heard.escape_ascii());
        heard == all
    }
}

async fn staged(dialect: &'static str, watch: &OpenWatch) -> (Cable, Stage) {
    let plan = Plan::default();
    let (cable, device) = Cable::new(dialect, &plan, watch);
    (cable, Stage::new(plan, hasty(device, dialect), "192.0.2.1:8023").await)
}

/// The steps from the first command to the end of a call.
async fn steps(dialect: &'static str, watch: &OpenWatch) -> usize {
    let (_cable, stage) = staged(dialect, watch).await;
    stage.works(&Echo(dialect)).await;
    stage.works(&Echo(dialect)).await;
    stage.end().await;
    stage.plan.steps() / 2
}

async fn goes_wrong(watch: OpenWatch, dialect: &'static str, at: usize, fault: Fault) {
    let (_cable, stage) = staged(dialect, &watch).await;
    stage.plan.fault(at, fault);
    stage.calls(&Echo(dialect)).await;
    let works = timeout(PATIENCE, stage.works(&Echo(dialect))).await;
    assert!(works.is_ok(), "{dialect}: {fault:?} at {at}: {:#?}", stage.said());
    assert!(stage.plan.steps() > at, "{dialect}: {fault:?} at {at} never came");
    stage.end().await;
}

async fn any_step_may_go_wrong(dialect: &'static str) {
    let watch = OpenWatch::new().unwrap();
    let count =
        timeout(PATIENCE, steps(dialect, &watch)).await.expect("a call without faults works");
    assert!(count > 8, "{dialect} has {count} steps");
    let wrong = |at, fault| goes_wrong(watch.clone(), dialect, at, fault);
    every_step_goes_wrong(count + 4, &Fault::scripted(), wrong).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_with_a_script_the_next_call_works() {
    let [simcom, quectel, wavecom, edsoft] =
        ["simcom", "quectel", "wavecom", "edsoft"].map(any_step_may_go_wrong);
    tokio::join!(simcom, quectel, wavecom, edsoft);
}
