//! A full disk, of a station or of a centre: nothing is lost that was kept, nothing is kept twice, and all goes on once there
//! is room.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::stage::{Stage, logged_in, trunkline};
use crate::station::{Dies, Kept, assert_whole, centre, configuration, device, wait_until};

/// What a disk of its own is made with: nobody else sees it, and it is gone with the station.
const SMALL_DISK: &str = "mount -t tmpfs -o size=16m none disk; exec \"$@\"";

/// Fills the disk that only the station sees, to the last byte.
fn fill(disk: &std::path::Path) -> PathBuf {
    let path = disk.join("of-somebody-else");
    let mut file = File::create(&path).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
    while file.write_all(&[0]).is_ok() {}
    path
}

/// Starts a program whose folder `disk` is a disk of its own; where that is for us.
fn start(stage: &mut Stage, command: &str) -> PathBuf {
    std::fs::create_dir(stage.path("disk")).unwrap();
    let program = trunkline(stage.folder.path());
    let mut unshare = Command::new("/usr/bin/unshare");
    unshare.current_dir(stage.folder.path()).env_clear();
    unshare.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    unshare.args(["--mount", "/bin/sh", "-euc", SMALL_DISK, "trunkline"]);
    unshare.arg(program.get_program()).args([command, "--log", "debug"]);
    stage.start_command(&mut unshare);
    stage.wait_for("ready: ");
    let root = PathBuf::from(format!("/proc/{}/root", stage.child().id()));
    root.join(stage.path("disk").strip_prefix("/").unwrap())
}

#[test]
fn a_site_of_text_that_hangs_up_while_the_disk_is_full_is_away_and_what_it_has_said_is_kept() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tested: only root can make a disk");
        return;
    }
    let mut centre = Stage::new(
        "[exchange]\nstore = \"disk/trunkline.db\"\n\
         [[exchange.listen]]\naddress = \"127.0.0.1:0\"\naccept = [\"raw\"]\n\
         [[account]]\nname = \"pump\"\npassword = \"file:password\"\nservice = \"collector\"\n\
         [[site]]\nname = \"pump\"\nframing = \"text\"\nlines = \"T={temperature}\"\n",
    );
    let disk = start(&mut centre, "run");
    let mut call = logged_in(centre.exchange(), "pump", "secret");
    centre.ask_until(&["sites"], "on line");
    let filler = fill(&disk);
    call.write_all(b"T=21.5\r\n").unwrap();
    centre.wait_for("samples can't be kept now");
    call.write_all(b"T=22.5\r\n").unwrap();
    drop(call);
    centre.ask_until(&["sites"], "away");
    std::fs::remove_file(filler).unwrap();
    centre.ask_until(&["sites", "--points", "pump"], "22.5");
    // What was said last may be the first that finds room.
    let samples = centre.ask_until(&["samples", "pump"], ",21.5,");
    let values: Vec<_> = samples.lines().skip(1).filter_map(|row| row.split(',').nth(2)).collect();
    assert_eq!(values, ["21.5", "22.5"], "{samples}");
    assert!(centre.stop().success());
}

#[test]
fn a_station_with_a_full_disk_keeps_what_it_has_and_goes_on_when_there_is_room() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tested: only root can make a disk");
        return;
    }
    let kept: Arc<Mutex<Kept>> = Arc::default();
    let centre = centre(&kept, Dies::Never);
    let configuration = configuration(device(), centre, "hold");
    let configuration =
        configuration.replace("[station]\n", "[station]\nstore = \"disk/station.db\"\n");
    let mut stage = Stage::new(&configuration);
    let disk = start(&mut stage, "station");
    assert!(disk.join("station.db").exists(), "the store is on the disk of its own");

    wait_until(&kept, |kept| kept.samples.len() > 3);
    let filler = fill(&disk);
    stage.wait_for("nothing is kept: ");
    // What it can't note, that the centre has everything for example, ends a call; it calls again.
    std::fs::remove_file(filler).unwrap();
    let before = kept.lock().unwrap().samples.len();
    wait_until(&kept, |kept| kept.samples.len() > before + 20);
    assert!(stage.stop().success());
    assert_whole(&kept.lock().unwrap());
}
