//! Making calls, and why they fail.

use std::net::SocketAddr;

use at::result::Cause;
use carrier::{AccessList, Address, CallOptions, DialError, Route, cause_of, dial, dial_first};

use crate::ends::{address, listener};

/// A port that refuses: taken, so that nobody else can listen there, and not listened on.
struct ClosedPort(rustix::fd::OwnedFd);

impl ClosedPort {
    fn new() -> Self {
        use rustix::net::{AddressFamily, SocketType, bind, socket};
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self(socket)
    }

    fn address(&self) -> String {
        let address: SocketAddr = rustix::net::getsockname(&self.0).unwrap().try_into().unwrap();
        format!("tcp://{address}")
    }
}

async fn error(address: &str, access: &str) -> DialError {
    let address: Address = address.parse().unwrap();
    let access: AccessList = access.parse().unwrap();
    dial(&address, &CallOptions::default(), &access).await.expect_err("no call comes about")
}

#[tokio::test]
async fn a_closed_port_refuses() {
    let closed = ClosedPort::new();
    let error = error(&closed.address(), "").await;
    assert_eq!(error.cause(), Cause::Refused);
    assert!(error.to_string().ends_with("refused the call"), "{error}");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_unknown() {
    // RFC 6761 keeps `.invalid` free of hosts; without a name server nobody can say even that.
    let error = error("tcp://no-such-host.invalid:23", "").await;
    assert!(matches!(error.cause(), Cause::UnknownHost | Cause::NoResolver), "{error}");
}

#[tokio::test]
async fn the_access_list_judges_the_address_and_not_the_name() {
    let list = "deny 127.0.0.0/8, deny ::1";
    let error = error("tcp://localhost:7", list).await;
    assert_eq!(error.cause(), Cause::Denied);
    assert!(error.to_string().contains("is forbidden by rule `deny "), "{error}");
}

#[tokio::test]
async fn a_mapped_address_is_judged_and_called_as_ipv4() {
    let denied = error("tcp://[::ffff:127.0.0.1]:7", "deny 127.0.0.0/8").await;
    assert_eq!(denied.cause(), Cause::Denied);
    let mut listener = listener();
    let port = listener.local().socket_addr().unwrap().port();
    let address = format!("tcp://[::ffff:127.0.0.1]:{port}").parse().unwrap();
    let call = dial(&address, &CallOptions::default(), &AccessList::allow_all()).await.unwrap();
    assert!(call.peer().socket_addr().unwrap().is_ipv4());
    assert_eq!(listener.accept().await.unwrap().peer(), &call.local());
}

#[tokio::test]
async fn a_unix_socket_that_is_not_there_does_not_exist() {
    let error = error("unix:/nonexistent/socket", "").await;
    assert_eq!(error.cause(), Cause::UnknownHost);
}

fn route(address: Address) -> Route {
    Route { address, options: CallOptions::default() }
}

#[tokio::test]
async fn the_next_route_is_taken_when_one_fails() {
    let (listener, closed) = (listener(), ClosedPort::new());
    let routes = [
        route(closed.address().parse().unwrap()),
        route("unix:/nonexistent/socket".parse().unwrap()),
        route(address("telnet", &listener)),
    ];
    let (which, call) = dial_first(&routes, &AccessList::allow_all(), None).await.unwrap();
    assert_eq!(which, 2);
    assert_eq!(call.peer(), &listener.local());
}

#[tokio::test]
async fn the_cause_is_told_from_the_route_that_came_furthest() {
    let closed = ClosedPort::new();
    let routes = [
        route("unix:/nonexistent/socket".parse().unwrap()),
        route(closed.address().parse().unwrap()),
    ];
    let error = dial_first(&routes, &AccessList::allow_all(), None).await.unwrap_err();
    assert_eq!(error.cause(), Cause::Refused);
    assert!(error.to_string().starts_with("unix:/nonexistent/socket does not exist, "), "{error}");
}

#[test]
fn running_out_of_descriptors_is_our_own_trouble() {
    let error = std::io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error());
    assert_eq!(cause_of(&error), Cause::NoResources);
}
