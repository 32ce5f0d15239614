//! Opening the file.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use crate::error::{Fault, OpenError};
use crate::limits;
use crate::schema::{self, Form};
use crate::settings::{Durability, Settings};

/// A connection that writes to the file at `path`, which must be there.
pub(crate) fn writing(path: &Path, settings: &Settings) -> Result<Connection, OpenError> {
    let fault = |error: rusqlite::Error| foreign_or_fault(path, error.into());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fault)?;
    connection.busy_timeout(limits::BUSY).map_err(fault)?;
    // Looked at first: somebody else's file is to stay as it is.
    form(&connection, path)?;
    set(&connection, settings).map_err(fault)?;
    Ok(connection)
}

/// Has the connection write as the owner wants.
pub(crate) fn set(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(limits::STATEMENTS);
    connection.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = match settings.durability {
        Durability::PowerLoss => "full",
        Durability::Crash => "normal",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_size_limit", limits::JOURNAL)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if let Some(pages) = settings.most_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

/// A connection that only reads. It may have to write beside the file, as the journal's readers do.
pub(crate) fn reading(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(limits::BUSY)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Makes the file for its owner alone, if it isn't there.
pub(crate) fn create(path: &Path) -> Result<(), OpenError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(OpenError::File { path: path.to_owned(), source }),
    }
}

/// What the file's form is, where this program can use it.
pub(crate) fn form(connection: &Connection, path: &Path) -> Result<Form, OpenError> {
    match schema::form(connection) {
        Ok(Form::Foreign) => Err(OpenError::Foreign { path: path.to_owned() }),
        Ok(Form::Ours(found)) if found > schema::VERSION => {
            Err(OpenError::Newer { path: path.to_owned(), found, known: schema::VERSION })
        }
        Ok(form) => Ok(form),
        Err(error) => Err(foreign_or_fault(path, error.into())),
    }
}

pub(crate) fn foreign_or_fault(path: &Path, source: Fault) -> OpenError {
    let path = path.to_owned();
    if source.is_foreign() {
        OpenError::Foreign { path }
    } else {
        OpenError::Fault { path, source }
    }
}
