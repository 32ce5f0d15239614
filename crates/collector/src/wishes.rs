//! What is to be asked of a site later: carried out while it is on the line, the most urgent first.

use std::sync::Arc;
use std::time::SystemTime;

use store::WishRow;

use crate::ask::Ask;
use crate::collector::{OrderError, Shared};
use crate::site::Site;

impl Shared {
    /// Carries out what waits for a site that is on the line.
    pub(crate) fn wish(self: &Arc<Self>, site: &Arc<Site>) {
        if !site.begin_wishing() {
            return;
        }
        let (shared, site) = (Arc::clone(self), Arc::clone(site));
        tokio::spawn(async move {
            loop {
                shared.grant(&site).await;
                if site.end_wishing() {
                    return;
                }
            }
        });
    }

    /// One after the other: what is more urgent and has come meanwhile goes first.
    async fn grant(&self, site: &Arc<Site>) {
        while site.is_on_line() {
            let (store, name) = (self.store().clone(), site.name().to_owned());
            let waiting = tokio::task::spawn_blocking(move || store.wishes(&name)).await;
            let Ok(Ok(waiting)) = waiting else {
                tracing::error!(site = site.name(), "what waits for the site can't be read");
                return;
            };
            let now = SystemTime::now();
            let is_due =
                |wish: &WishRow| wish.due.is_none_or(|due| due <= now) && wish.until >= now;
            let Some(wish) = waiting.into_iter().find(is_due) else { return };
            if !self.carry_out_wish(site, wish).await {
                return;
            }
        }
    }

    /// False: it waits on, and so do the others.
    async fn carry_out_wish(&self, site: &Arc<Site>, wish: WishRow) -> bool {
        let ask: Result<Ask, _> = wish.text.parse();
        let (state, answer) = match ask {
            Err(error) => ("failed", error.to_string()),
            Ok(ask) => {
                let answer = ask.perform(site, wish.priority).await;
                if matches!(answer, Err(OrderError::Away(_) | OrderError::Busy)) {
                    return false;
                }
                self.note(site, &ask, &answer, &wish.who);
                match answer {
                    Ok(answer) => ("done", answer.to_string()),
                    Err(error) => ("failed", error.to_string()),
                }
            }
        };
        tracing::info!(site = site.name(), wish = wish.id, state, "{}", wish.text);
        let store = self.store().clone();
        let ended = tokio::task::spawn_blocking(move || store.end_wish(wish.id, state, &answer));
        let ended = matches!(ended.await, Ok(Ok(())));
        if !ended {
            tracing::error!(site = site.name(), "what came of a wish can't be written down");
        }
        ended
    }
}
