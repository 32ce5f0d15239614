//! What outlives the process: accounts and call records, in SQLite.
