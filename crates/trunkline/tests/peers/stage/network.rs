//! A network of our own: two machines with a cable between them, on which an address can go silent.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::{Process, Wire, command, installed};

/// Where the house is.
pub(crate) const HOUSE: Ipv4Addr = Ipv4Addr::new(10, 42, 0, 1);

/// Two network namespaces and the cable between them: the house's, and the one where all others are. Gone with the
/// two processes that hold them.
pub(crate) struct Network {
    house: Process,
    away: Process,
}

impl Network {
    /// A network on which everybody away has one of these addresses.
    pub(crate) fn new(away: &[Ipv4Addr]) -> Self {
        let network = Self { house: machine("house"), away: machine("away") };
        let other = network.away.id().to_string();
        network.ip(&network.house, "link set lo up");
        network.ip(&network.away, "link set lo up");
        let cable = format!("link add name cable-h type veth peer name cable-a netns {other}");
        network.ip(&network.house, &cable);
        network.ip(&network.house, &format!("address add {HOUSE}/24 dev cable-h"));
        for address in away {
            network.ip(&network.away, &format!("address add {address}/24 dev cable-a"));
        }
        network.ip(&network.house, "link set cable-h up");
        network.ip(&network.away, "link set cable-a up");
        network
    }

    /// A command that runs in the house.
    pub(crate) fn in_house(&self, program: impl AsRef<Path>) -> Command {
        inside(&self.house, program.as_ref())
    }

    /// A command that runs away.
    pub(crate) fn away(&self, program: impl AsRef<Path>) -> Command {
        inside(&self.away, program.as_ref())
    }

    /// Calls the house from an address, with plain bytes.
    pub(crate) fn call(&self, from: Ipv4Addr, house: SocketAddr) -> (Wire, Process) {
        self.socat(from, &format!("TCP4:{house},bind={from}"))
    }

    /// Waits at an address for a call from the house.
    pub(crate) fn answer(&self, at: SocketAddr) -> (Wire, Process) {
        let SocketAddr::V4(v4) = at else { panic!("{at} is no IPv4 address") };
        self.socat(*v4.ip(), &format!("TCP4-LISTEN:{},bind={}", v4.port(), v4.ip()))
    }

    /// From now on nothing comes from this address, nothing reaches it, and nobody is told: its power has failed.
    pub(crate) fn fail(&self, address: Ipv4Addr) {
        // Before the rule by which the machine knows its own addresses.
        for rule in [
            "rule add pref 2 lookup local".to_owned(),
            format!("rule add pref 1 to {address} blackhole"),
            format!("rule add pref 1 from {address} blackhole"),
            "rule delete pref 0 lookup local".to_owned(),
        ] {
            self.ip(&self.away, &rule);
        }
    }

    fn socat(&self, name: Ipv4Addr, address: &str) -> (Wire, Process) {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)
                .expect("a pair of sockets");
        let mut socat = self.away(installed("/usr/bin/socat"));
        socat.args(["-", address]).stderr(Stdio::inherit());
        socat.stdin(theirs.try_clone().expect("a second handle")).stdout(theirs);
        let process = Process::start_connected("socat", &mut socat);
        // The command itself still holds the far end; without it the wire can end.
        socat.stdin(Stdio::null()).stdout(Stdio::null());
        (Wire::new(&name.to_string(), ours), process)
    }

    fn ip(&self, machine: &Process, arguments: &str) {
        let mut ip = inside(machine, &installed("/usr/sbin/ip"));
        ip.args(arguments.split(' '));
        Process::start(&format!("ip {arguments}"), &mut ip).succeed();
    }
}

/// A process with a network namespace of its own, which lasts as long as it.
fn machine(name: &str) -> Process {
    let mut unshare = command(installed("/usr/bin/unshare"));
    // What waits is a process with one thing to do, and dies with the test.
    unshare.args(["--net", "/bin/sh", "-c", "echo there; exec sleep infinity"]);
    let process = Process::start(name, &mut unshare);
    process.log().expect("there");
    process
}

fn inside(machine: &Process, program: &Path) -> Command {
    let mut nsenter = command(installed("/usr/bin/nsenter"));
    nsenter.arg(format!("--net=/proc/{}/ns/net", machine.id())).arg("--").arg(program);
    nsenter
}
