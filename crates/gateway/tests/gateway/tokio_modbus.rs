//! tokio-modbus on both sides: its client asks a gateway, and its server is the unit behind it.

use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ::tokio_modbus::client::{Context, Reader as _, Writer as _, tcp};
use ::tokio_modbus::server::{Service, rtu_over_tcp, tcp as tcp_server};
use ::tokio_modbus::slave::SlaveContext as _;
use ::tokio_modbus::{ExceptionCode, Request, Response, Slave, SlaveRequest};
use tokio::net::TcpListener;

use crate::{PATIENT, started};

/// Unit 17: a hundred registers that hold their address, and as many coils.
#[derive(Clone)]
struct Unit(Arc<Mutex<(Vec<u16>, Vec<bool>)>>);

impl Unit {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(((0..100).collect(), vec![false; 100]))))
    }

    fn answer(&self, request: Request<'_>) -> Result<Response, ExceptionCode> {
        let mut tables = self.0.lock().expect("nobody panics with it");
        let (registers, coils) = &mut *tables;
        let place = |address: u16, count: usize| {
            let start = usize::from(address);
            let beyond = Err(ExceptionCode::IllegalDataAddress);
            if start + count > 100 { beyond } else { Ok(start..start + count) }
        };
        Ok(match request {
            Request::ReadHoldingRegisters(address, count) => {
                let place = place(address, usize::from(count))?;
                Response::ReadHoldingRegisters(registers[place].to_vec())
            }
            Request::WriteSingleRegister(address, value) => {
                registers[place(address, 1)?][0] = value;
                Response::WriteSingleRegister(address, value)
            }
            Request::WriteMultipleRegisters(address, values) => {
                registers[place(address, values.len())?].copy_from_slice(&values);
                Response::WriteMultipleRegisters(address, values.len() as u16)
            }
            Request::MaskWriteRegister(address, and, or) => {
                let register = &mut registers[place(address, 1)?][0];
                *register = *register & and | or & !and;
                Response::MaskWriteRegister(address, and, or)
            }
            Request::ReadWriteMultipleRegisters(from, count, to, values) => {
                registers[place(to, values.len())?].copy_from_slice(&values);
                let read = registers[place(from, usize::from(count))?].to_vec();
                Response::ReadWriteMultipleRegisters(read)
            }
            Request::ReadCoils(address, count) => {
                Response::ReadCoils(coils[place(address, usize::from(count))?].to_vec())
            }
            Request::WriteSingleCoil(address, on) => {
                coils[place(address, 1)?][0] = on;
                Response::WriteSingleCoil(address, on)
            }
            Request::WriteMultipleCoils(address, values) => {
                coils[place(address, values.len())?].copy_from_slice(&values);
                Response::WriteMultipleCoils(address, values.len() as u16)
            }
            _ => return Err(ExceptionCode::IllegalFunction),
        })
    }
}

impl Service for Unit {
    type Request = SlaveRequest<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Ready<Result<Self::Response, ExceptionCode>>;

    fn call(&self, request: Self::Request) -> Self::Future {
        ready(match request.slave {
            17 => self.answer(request.request).map(Some),
            _ => Ok(None),
        })
    }
}

async fn serve(framing: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has one");
    let unit = Unit::new();
    if framing == "tcp" {
        tokio::spawn(async move {
            let connected = |stream, _| ready(Ok(Some((unit.clone(), stream))));
            tcp_server::Server::new(listener).serve(&connected, |error| panic!("{error}")).await
        });
    } else {
        tokio::spawn(async move {
            let connected = |stream, _| ready(Ok(Some((unit.clone(), stream))));
            rtu_over_tcp::Server::new(listener).serve(&connected, |error| panic!("{error}")).await
        });
    }
    address
}

/// A client, once there is a way to the bus.
async fn client(gateway: SocketAddr, unit: u8) -> Context {
    let begun = Instant::now();
    loop {
        let mut client = tcp::connect_slave(gateway, Slave(unit)).await.expect("it listens");
        match client.read_holding_registers(0, 1).await.expect("an answer") {
            Err(ExceptionCode::GatewayPathUnavailable) => {}
            _ => return client,
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the bus never opened");
    }
}

#[tokio::test]
async fn its_client_reaches_its_server_through_a_gateway() {
    for framing in ["tcp", "rtu"] {
        let unit = serve(framing).await;
        let rest = format!("tcp = \"{unit}\"\nframing = \"{framing}\"\n{PATIENT}");
        let (_gateway, gateway) = started(&rest).await;
        let mut client = client(gateway, 17).await;

        let read = client.read_holding_registers(90, 10).await.expect("an answer");
        assert_eq!(read, Ok((90..100).collect()), "{framing}");
        client.write_single_register(3, 0xbeef).await.expect("an answer").expect("written");
        client.write_multiple_registers(4, &[1, 2]).await.expect("an answer").expect("written");
        client.masked_write_register(5, 0xfff0, 0x000f).await.expect("answer").expect("written");
        let read = client.read_holding_registers(3, 3).await.expect("an answer");
        assert_eq!(read, Ok(vec![0xbeef, 1, 0x000f]), "{framing}");
        let both = client.read_write_multiple_registers(6, 2, 7, &[0x77]).await;
        assert_eq!(both.expect("an answer"), Ok(vec![6, 0x77]), "{framing}");

        client.write_multiple_coils(1, &[true; 11]).await.expect("an answer").expect("written");
        client.write_single_coil(2, false).await.expect("an answer").expect("written");
        let coils = client.read_coils(0, 4).await.expect("an answer");
        assert_eq!(coils, Ok(vec![false, true, false, true]), "{framing}");

        let beyond = client.read_holding_registers(99, 2).await.expect("an answer");
        assert_eq!(beyond, Err(ExceptionCode::IllegalDataAddress), "{framing}");
        let unknown = client.read_input_registers(0, 1).await.expect("an answer");
        assert_eq!(unknown, Err(ExceptionCode::IllegalFunction), "{framing}");
        // Nobody there.
        client.set_slave(Slave(18));
        let silent = client.read_holding_registers(0, 1).await.expect("an answer");
        assert_eq!(silent, Err(ExceptionCode::GatewayTargetDevice), "{framing}");
    }
}
