//! The built `trunkline` as its users meet it: help, mistakes and exit statuses as transcripts; commands against
//! an instance that really runs, on free ports and in a folder of its own.

mod accounts;
#[cfg(all(feature = "station", feature = "collector"))]
mod carriers;
mod control;
mod crowd;
#[cfg(all(feature = "station", feature = "collector"))]
mod device;
mod dialling;
mod documentation;
#[cfg(feature = "translator")]
mod engineer;
#[cfg(all(feature = "station", feature = "collector"))]
mod enron;
#[cfg(all(feature = "station", feature = "collector"))]
mod flood;
#[cfg(feature = "station")]
mod full_disk;
mod inside;
#[cfg(all(feature = "station", feature = "collector"))]
mod kills;
mod launcher;
mod launcher_forged;
mod lifetime;
mod masses;
#[cfg(feature = "translator")]
mod module_page;
mod page;
mod plain_modem;
#[path = "../shared/ports.rs"]
mod ports;
#[cfg(all(feature = "station", feature = "collector"))]
mod reads;
mod records;
mod reload;
#[cfg(all(feature = "station", feature = "collector"))]
mod renewal;
#[cfg(feature = "collector")]
mod samples;
mod stage;
#[cfg(feature = "station")]
mod station;
mod transcripts;
#[cfg(feature = "translator")]
mod translator;
mod trial;
#[cfg(feature = "wip")]
mod wip;
#[cfg(all(feature = "station", feature = "collector"))]
mod wishes;
#[cfg(all(feature = "station", feature = "collector"))]
mod writes;
