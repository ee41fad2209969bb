//! Calls that would lead into a network that is not everybody's.

use crate::server::{OK, Server};
use async_trait::async_trait;
use musubi_kernel::clock::SystemClock;
use musubi_outgoing::Outgoing;
use musubi_outgoing::answer::Failure;
use musubi_outgoing::call::Call;
use musubi_outgoing::circuit::Breaking;
use musubi_outgoing::limits::Limits;
use musubi_outgoing::lookup::Lookup;
use musubi_outgoing::reach::{Forbidden, Reach};
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Says something else each time; what it said last from then on.
struct Names(Mutex<Vec<Vec<IpAddr>>>);

impl Names {
    fn of(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |answer: &&[&str]| answer.iter().map(|text| text.parse().expect("an address")).collect();
        Arc::new(Self(Mutex::new(answers.iter().rev().map(parsed).collect())))
    }
}

#[async_trait]
impl Lookup for Names {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let mut answers = self.0.lock().expect("no panic");
        Ok(if answers.len() > 1 { answers.pop() } else { answers.last().cloned() }.expect("an answer"))
    }
}

fn outgoing(reach: Reach, names: Arc<Names>) -> Outgoing {
    let limits = Limits { connect: Duration::from_secs(1), idle: Duration::ZERO, ..Limits::default() };
    Outgoing::with_lookup(reach, limits, Breaking::NEVER, Arc::new(SystemClock), names).expect("certificates")
}

fn this_computer() -> Reach {
    Reach::public().allowing(&["127.0.0.0/8".parse().expect("a network")])
}

async fn send(outgoing: &Outgoing, address: &str) -> Result<u16, Failure> {
    let call = Call::post(address.parse().expect("an address"), "application/json", "{}");
    outgoing.send(call).await.map(|answer| answer.status.as_u16())
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_public() {
    let server = Server::start(OK).await;
    let port = server.address.port();
    for found in [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["fd00::1"]] {
        let outgoing = outgoing(Reach::public().with_ports(&[port]), Names::of(&[&found]));
        let failure = send(&outgoing, &format!("https://hooks.example.jp:{port}/")).await.expect_err("refused");
        assert_eq!(failure, Failure::from(Forbidden::Private), "{found:?}");
    }
    for literal in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
        let outgoing = outgoing(Reach::public().with_ports(&[port]), Names::of(&[&["127.0.0.1"]]));
        let failure = send(&outgoing, &format!("https://{literal}:{port}/")).await.expect_err("refused");
        assert_eq!(failure, Failure::from(Forbidden::Literal), "{literal}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_name_that_means_something_else_a_moment_later_leads_nowhere_else() {
    let server = Server::start(OK).await;
    let port = server.address.port();
    // Allowed at first, then this computer's own: each connection is made to what was checked for it.
    let outgoing = outgoing(
        Reach::public().allowing(&["127.0.0.1/32".parse().expect("a network")]),
        Names::of(&[&["127.0.0.1"], &["127.0.0.2"]]),
    );
    let address = format!("http://rebinding.example.jp:{port}/");
    assert_eq!(send(&outgoing, &address).await, Ok(200));
    assert_eq!(send(&outgoing, &address).await, Err(Failure::from(Forbidden::Private)));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_be_called_are() {
    let server = Server::start(OK).await;
    let address = format!("http://mixed.example.jp:{}/", server.address.port());
    let outgoing = outgoing(this_computer(), Names::of(&[&["10.0.0.1", "::1", "127.0.0.1"]]));
    assert_eq!(send(&outgoing, &address).await, Ok(200));
}

#[tokio::test]
async fn networks_of_the_operators_choice_are_called_by_name_or_literally() {
    let server = Server::start(OK).await;
    let outgoing = outgoing(this_computer(), Names::of(&[&["127.0.0.1"]]));
    for host in ["hooks.internal", "127.0.0.1"] {
        assert_eq!(send(&outgoing, &format!("http://{host}:{}/", server.address.port())).await, Ok(200));
    }
    assert!(server.requests()[0].contains("host: hooks.internal:"), "{:?}", server.requests());
}

#[tokio::test]
async fn a_host_that_is_not_found_may_be_later() {
    struct Nowhere;
    #[async_trait]
    impl Lookup for Nowhere {
        async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            Err(io::Error::other("no such name"))
        }
    }
    let clock = Arc::new(SystemClock);
    let outgoing = Outgoing::with_lookup(Reach::public(), Limits::default(), Breaking::NEVER, clock, Arc::new(Nowhere));
    let failure = send(&outgoing.expect("certificates"), "https://hooks.example.jp/").await.expect_err("not found");
    assert!(matches!(&failure, Failure::NotSent { why, .. } if why.contains("no such name")), "{failure:?}");
}
