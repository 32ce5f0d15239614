//! The points of a site with what was measured of them last, for whoever shows them.

use std::collections::HashMap;

use collector::{Collector, PointAbout};
use store::{KeptSample, StoreError};

use crate::samples::text;

/// A point, and how it stands.
pub(super) struct Standing {
    pub(super) name: String,
    pub(super) measure: String,
    /// Where it is, as far as that is known.
    pub(super) about: Option<PointAbout>,
    /// What was measured last.
    pub(super) sample: Option<KeptSample>,
}

impl Standing {
    /// The value as text; nothing where none was measured.
    pub(super) fn value(&self) -> Option<String> {
        let text = self.sample.as_ref().map(|sample| text(&sample.value));
        text.filter(|text| !text.is_empty())
    }
}

/// The points of a site: those that it is known to have, then others of which there are samples.
///
/// # Errors
/// The store can't be read.
pub(super) fn of(collector: &Collector, site: &str) -> Result<Vec<Standing>, StoreError> {
    let latest = collector.store().latest(site)?;
    let known = collector.site(site).map(|site| site.points()).unwrap_or_default();
    let standing = |about: PointAbout| Standing {
        name: about.name.clone(),
        measure: about.measure.clone(),
        about: Some(about),
        sample: None,
    };
    let mut points: Vec<Standing> = known.into_iter().map(standing).collect();
    let mut places: HashMap<String, usize> =
        points.iter().enumerate().map(|(at, point)| (point.name.clone(), at)).collect();
    for sample in latest {
        let at = *places.entry(sample.point.clone()).or_insert_with(|| {
            // It isn't configured any more, or comes from a site that names its points itself.
            let (name, measure) = (sample.point.clone(), String::new());
            points.push(Standing { name, measure, about: None, sample: None });
            points.len() - 1
        });
        if let Some(point) = points.get_mut(at) {
            point.sample = Some(sample);
        }
    }
    Ok(points)
}
