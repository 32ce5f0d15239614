//! A call of a site that pushes lines of text: it is heard whether the disk takes what it says or not.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use exchange::{CallEnd, Visit};
use store::{SampleBatch, SampleRow, SampleValue, quality};
use tokio::time::Instant;

use crate::collector::Collector;
use crate::keeping::Keeping;
use crate::limits;
use crate::site::{Presence, Site};
use crate::text::{Field, Lines};
use crate::trace::Passed;

/// Listens until the call ends; what was said by then is kept.
pub(crate) async fn listen(
    house: &Collector,
    site: &Arc<Site>,
    visit: &mut Visit<'_>,
    presence: &mut Presence,
) -> CallEnd {
    let mut ear = Ear { house, site, lines: Lines::default(), said: Vec::new(), keeping: None };
    let end = ear.listen(visit, presence).await;
    let shelf = site.shelf();
    if let Some(keeping) = ear.keeping.take() {
        house.keep_last(site, &shelf, keeping).await;
    }
    if let Some(keeping) = ear.keep() {
        house.keep_last(site, &shelf, keeping).await;
    }
    end
}

struct Ear<'a> {
    house: &'a Collector,
    site: &'a Arc<Site>,
    lines: Lines,
    /// Not on its way to the disk yet.
    said: Vec<SampleRow>,
    keeping: Option<Keeping>,
}

impl Ear<'_> {
    async fn listen(&mut self, visit: &mut Visit<'_>, presence: &mut Presence) -> CallEnd {
        let mut buffer = [0; limits::READ];
        let (mut second, mut lines) = (Instant::now(), 0);
        loop {
            if self.keeping.is_none() {
                self.keeping = self.keep();
            }
            let (house, keeping) = (self.house, &mut self.keeping);
            let kept = async {
                match keeping {
                    Some(keeping) => keeping.kept(house).await,
                    None => std::future::pending().await,
                }
            };
            let slow = lines > limits::LINES;
            let listens = !slow && self.said.len() < limits::SAID;
            let heard = async {
                // Where too much waits, the call holds back what it still wants to say.
                if listens { visit.receive(&mut buffer).await } else { Err(visit.over().await) }
            };
            tokio::select! {
                heard = heard => match heard {
                    Ok(0) => return CallEnd::CallerHungUp,
                    Ok(count) => lines += self.hear(buffer.get(..count).unwrap_or_default()),
                    Err(end) => return end,
                },
                letter = presence.inbox.recv() => match letter {
                    // Who asks is told that nobody answers.
                    Some(_) => {}
                    // A newer call of the site has come, or nobody has the site any more.
                    None => return self.site.why_over(),
                },
                () = kept => {
                    if let Some(keeping) = self.keeping.take() {
                        let shelf = self.site.shelf();
                        house.have_kept(self.site, &shelf, keeping.samples()).await;
                    }
                }
                () = tokio::time::sleep_until(second + Duration::from_secs(1)), if slow => {}
            }
            if second.elapsed() >= Duration::from_secs(1) {
                (second, lines) = (Instant::now(), 0);
            }
        }
    }

    /// Takes what was heard; how many lines those were.
    fn hear(&mut self, heard: &[u8]) -> u32 {
        self.site.trace(Passed::Heard(heard.to_vec()));
        let (shelf, site, said) = (self.site.shelf(), self.site, &mut self.said);
        let mut count = 0;
        self.lines.push(heard, |line| {
            count += 1;
            let found = shelf.config.lines.0.iter().find_map(|pattern| pattern.0.read(line));
            match found {
                Some(fields) => said.extend(fields.into_iter().map(pushed)),
                None => tracing::debug!(site = site.name(), "a line that no pattern describes"),
            }
        });
        count
    }

    /// Sends on its way what was said.
    fn keep(&mut self) -> Option<Keeping> {
        if self.said.is_empty() {
            return None;
        }
        let (site, samples) = (self.site.name().to_owned(), std::mem::take(&mut self.said));
        let batch = SampleBatch { site, source: String::new(), samples };
        Some(Keeping::new(self.house, batch))
    }
}

fn pushed((point, field): (String, Field)) -> SampleRow {
    let (value, quality) = match field {
        Field::Number(number) => (SampleValue::Number(number), quality::GOOD),
        Field::Text(text) => (SampleValue::Text(text), quality::GOOD),
        Field::Bad => (SampleValue::None, quality::BAD),
    };
    SampleRow { point, seq: 0, at: SystemTime::now(), value, quality }
}
