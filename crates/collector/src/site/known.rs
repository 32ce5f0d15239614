//! What has turned out about a site's units: how they are best read, and what they may still answer.

use std::sync::Arc;

use modbus::master::Owing;

use super::Site;
use crate::config::Shelf;
use crate::plan::{Borders, plan, plan_within};
use crate::round::Known;

impl Site {
    /// What its units may still answer: its next call may come before they do.
    pub(crate) fn owing(&self) -> Owing {
        self.state().owing.clone()
    }

    pub(crate) fn set_owing(&self, owing: Owing) {
        self.state().owing = owing;
    }

    /// What to read, as it has turned out to be right.
    pub(crate) fn known(&self, shelf: &Arc<Shelf>) -> Known {
        let state = self.state();
        match &state.known {
            Some((of, known)) if Arc::ptr_eq(of, shelf) => known.clone(),
            _ => {
                let Shelf { config, points, .. } = &**shelf;
                let (wide, borders) = (config.wide(), &state.borders);
                let blocks = plan_within(points, config.gap, config.registers, &wide, borders);
                Known::of(blocks)
            }
        }
    }

    /// Notes how it has turned out; what units don't bear, where that is news.
    pub(crate) fn remember(&self, shelf: &Arc<Shelf>, known: Known) -> Option<Borders> {
        let Shelf { config, points, .. } = &**shelf;
        let mut state = self.state();
        let same = |(of, before): &(Arc<Shelf>, Known)| {
            Arc::ptr_eq(of, shelf) && before.blocks == known.blocks
        };
        // As a rule.
        if state.known.as_ref().is_some_and(same) {
            state.known = Some((Arc::clone(shelf), known));
            return None;
        }
        let planned = plan(points, config.gap, config.registers, &config.wide());
        let borders = Borders::between(points, &known.blocks, &planned);
        state.known = Some((Arc::clone(shelf), known));
        if state.borders == borders {
            return None;
        }
        state.borders = borders.clone();
        Some(borders)
    }

    /// What an earlier instance has learned of its units.
    pub(crate) fn recall_borders(&self, borders: Borders) {
        self.state().borders = borders;
    }

    #[cfg(test)]
    pub(crate) fn borders(&self) -> Borders {
        self.state().borders.clone()
    }
}
