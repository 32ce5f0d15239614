//! What sites are to be asked later.

use std::time::SystemTime;

use super::Store;
use crate::connection;
use crate::error::StoreError;
use crate::wish::{self, OpenWish, Sending, WishRow};

impl Store {
    /// Keeps what a site is to be asked later: `id`, `state` and `answer` of the row are the store's. Says under which
    /// number. Waits for the disk.
    ///
    /// # Errors
    /// Too much waits for the site, or the file can't be written.
    pub fn make_wish(&self, wish: WishRow) -> Result<i64, StoreError> {
        self.order(move |connection| wish::make(connection, &wish))??.ok_or(StoreError::Busy)
    }

    /// Notes what has come of a wish: its state and its answer. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn end_wish(&self, id: i64, state: &str, answer: &str) -> Result<(), StoreError> {
        let texts = [state, answer].map(str::to_owned);
        Ok(self.order(move |connection| {
            wish::end(connection, id, texts.each_ref().map(String::as_str), SystemTime::now())
        })??)
    }

    /// Notes that a wish is about to be sent, or, with nothing, that it wasn't after all. Waits for the disk: it is there when
    /// this returns, so that nothing is sent twice. False if the wish has ended meanwhile: then it must not be sent.
    ///
    /// # Errors
    /// The file can't be written; then it must not be sent.
    pub fn send_wish(&self, id: i64, sending: Option<Sending>) -> Result<bool, StoreError> {
        Ok(self.order(move |connection| wish::send(connection, id, sending.as_ref()))??)
    }

    /// The wishes that were sent, and of which nothing has come so far. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn sent_wishes(&self) -> Result<Vec<WishRow>, StoreError> {
        Ok(wish::sent(&connection::reading(&self.shared.path)?)?)
    }

    /// What a site is to be asked, the most urgent first. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn wishes(&self, site: &str) -> Result<Vec<WishRow>, StoreError> {
        Ok(wish::waiting(&connection::reading(&self.shared.path)?, site)?)
    }

    /// The wish of this number. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn wish(&self, id: i64) -> Result<Option<WishRow>, StoreError> {
        Ok(wish::find(&connection::reading(&self.shared.path)?, id)?)
    }

    /// All wishes of which nothing has come yet, as far as their times go. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn open_wishes(&self) -> Result<Vec<OpenWish>, StoreError> {
        Ok(wish::open(&connection::reading(&self.shared.path)?)?)
    }

    /// The wishes of a site, or of all of them: first those of which nothing has come yet, the most urgent first, then the
    /// others, the latest first. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be read.
    pub fn list_wishes(&self, site: Option<&str>, most: usize) -> Result<Vec<WishRow>, StoreError> {
        Ok(wish::list(&connection::reading(&self.shared.path)?, site, most)?)
    }

    /// Ends those of these wishes that were never sent, since their time is over. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written; then it has none of it.
    pub fn expire_wishes(&self, over: Vec<i64>) -> Result<(), StoreError> {
        Ok(self.order(move |connection| wish::expire(connection, &over, SystemTime::now()))??)
    }

    /// Takes back a wish; false if it was sent, or has ended. Waits for the disk.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn withdraw_wish(&self, id: i64, by: &str) -> Result<bool, StoreError> {
        let by = by.to_owned();
        Ok(self.order(move |connection| wish::withdraw(connection, id, &by, SystemTime::now()))??)
    }
}
