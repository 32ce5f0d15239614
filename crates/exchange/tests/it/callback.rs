//! Accounts that are called back.

use std::net::SocketAddr;
use std::sync::Arc;

use carrier::{Call, CallOptions};
use exchange::{CallEnd, Calling, Dialler};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::harness::{Caller, House, PATIENCE, house, rtu};

const CAT: &[&str] = &["/bin/cat"];

fn raw() -> CallOptions {
    CallOptions { telnet: Some(telnet::Mode::Off), ..CallOptions::default() }
}

/// Reaches `at` under the number 5551234, and nobody else.
#[derive(Debug)]
struct Phone {
    at: SocketAddr,
}

impl Dialler for Phone {
    fn call(&self, target: &str) -> Calling {
        let (at, known) = (self.at, target == "5551234");
        Box::pin(async move {
            if !known {
                return Err("nobody has this number".to_owned());
            }
            let stream = TcpStream::connect(at).await.map_err(|error| error.to_string())?;
            Call::answer(stream, &raw()).map_err(|error| error.to_string())
        })
    }
}

/// An exchange whose account `rtu` is called back, and the telephone that rings.
async fn called_back(callback: &str) -> (House, TcpListener) {
    let other = rtu("pipe", CAT).replace("\"rtu\"", "\"other\"");
    let house = house(&format!("{}callback = {callback}\n{other}", rtu("pipe", CAT)));
    let telephone = TcpListener::bind("127.0.0.1:0").await.expect("a telephone");
    let at = telephone.local_addr().expect("its number");
    house.exchange.set_dialler(Arc::new(Phone { at }));
    (house, telephone)
}

async fn rings(telephone: &TcpListener) -> Caller {
    let (stream, _) =
        timeout(PATIENCE, telephone.accept()).await.expect("it rings").expect("taken");
    Caller::new(Call::answer(stream, &raw()).expect("a call"))
}

async fn hangs_up(house: &House) {
    let mut caller = house.rtu().await;
    assert_eq!(caller.line().await, "Calling back");
    assert!(caller.rest().await.is_empty());
}

#[tokio::test]
async fn a_caller_is_hung_up_on_and_called_back_to_log_in_again() {
    let (house, telephone) = called_back("{ call = '5551234', delay = '0s' }").await;
    hangs_up(&house).await;
    let mut callee = rings(&telephone).await;
    callee.give("other", "secret").await;
    callee.expect("Login incorrect").await;
    callee.log_in().await;
    callee.say("hello").await;
    assert_eq!(callee.bytes(5).await, b"hello");
    assert_eq!(house.record().await.end, CallEnd::CallingBack);
}

#[tokio::test]
async fn who_answers_may_be_believed() {
    let (house, telephone) =
        called_back("{ call = '5551234', delay = '0s', login = 'skip' }").await;
    hangs_up(&house).await;
    let mut callee = rings(&telephone).await;
    callee.say("hello").await;
    assert_eq!(callee.bytes(5).await, b"hello");
}

#[tokio::test]
async fn an_account_that_is_about_to_be_called_is_busy() {
    let (house, _telephone) = called_back("{ call = '5551234', delay = '1h' }").await;
    hangs_up(&house).await;
    let mut second = house.rtu().await;
    assert_eq!(second.line().await, "BUSY");
    drop(second);
    // A shutdown waits for nobody who is still to be called.
    let ending = house.exchange.shut_down(PATIENCE);
    timeout(PATIENCE, ending).await.expect("ended");
}

#[tokio::test]
async fn without_a_dialler_an_account_with_a_callback_is_busy() {
    let house = house(&format!("{}callback = '5551234'\n", rtu("pipe", CAT)));
    let mut caller = house.rtu().await;
    assert_eq!(caller.line().await, "BUSY");
}
