//! Samples on their way to the disk, also when the call that has brought them is over.

use std::sync::Arc;

use store::{Refused, SampleBatch, SampleRow, SampleValue, Storing};
use tokio::time::{Instant, timeout};

use crate::collector::Collector;
use crate::config::Shelf;
use crate::limits;
use crate::site::Site;

/// Samples on their way to the disk.
pub(crate) struct Keeping {
    batch: SampleBatch,
    storing: Option<Storing>,
    again: Instant,
}

impl Keeping {
    pub(crate) fn new(house: &Collector, batch: SampleBatch) -> Self {
        let mut keeping = Self { batch, storing: None, again: Instant::now() };
        keeping.try_it(house);
        keeping
    }

    /// Which ones.
    pub(crate) fn samples(&self) -> &[SampleRow] {
        &self.batch.samples
    }

    fn try_it(&mut self, house: &Collector) {
        match house.store().put_samples(self.batch.clone()) {
            Ok(storing) => self.storing = Some(storing),
            Err(why) => self.failed(why),
        }
    }

    fn failed(&mut self, why: Refused) {
        tracing::warn!(site = %self.batch.site, "samples can't be kept now: {why}");
        self.storing = None;
        self.again = Instant::now() + limits::AGAIN;
    }

    /// Ready when they are kept. Dropped early, it can be called again.
    pub(crate) async fn kept(&mut self, house: &Collector) {
        loop {
            if let Some(storing) = &mut self.storing {
                match storing.await {
                    Ok(_) => return,
                    Err(why) => self.failed(why),
                }
            }
            tokio::time::sleep_until(self.again).await;
            self.try_it(house);
        }
    }
}

impl Collector {
    /// A site's samples are kept: they are the latest, and may be alarms.
    pub(crate) async fn have_kept(&self, site: &Site, shelf: &Shelf, samples: &[SampleRow]) {
        site.set_latest(samples);
        for sample in samples {
            let gauge = shelf.gauge(&sample.point);
            if let (Some(gauge), SampleValue::Number(number)) = (gauge, &sample.value) {
                self.judge(site, &gauge, *number).await;
            }
        }
    }

    /// Keeps the last of what a call has brought: nobody is going to say it again. In a moment as a rule; where the store
    /// takes nothing the call isn't held up any longer.
    pub(crate) async fn keep_last(
        &self,
        site: &Arc<Site>,
        shelf: &Arc<Shelf>,
        mut keeping: Keeping,
    ) {
        if timeout(limits::AGAIN, keeping.kept(self)).await.is_ok() {
            return self.have_kept(site, shelf, keeping.samples()).await;
        }
        let lost = |site: &Site, keeping: &Keeping| {
            let samples = keeping.samples().len();
            tracing::error!(site = site.name(), samples, "lost: the store takes nothing");
        };
        let Some(place) = self.unkept_place() else { return lost(site, &keeping) };
        let (house, site, shelf) = (self.clone(), Arc::clone(site), Arc::clone(shelf));
        tokio::spawn(async move {
            let _place = place;
            match timeout(limits::UNKEPT_FOR, keeping.kept(&house)).await {
                // Later calls may have brought later ones.
                Ok(()) => {
                    house.have_kept(&site, &shelf, &site.still_latest(keeping.samples())).await
                }
                Err(_) => lost(&site, &keeping),
            }
        });
    }
}
