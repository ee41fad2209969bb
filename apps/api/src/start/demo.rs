//! `--demo`.

use crate::demo::{self, House, Place};
use crate::settings::Settings;
use crate::state::App;
use musubi_process::failure::Failure;
use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Fills an empty database with the demo, and prints its links and keys.
pub(super) async fn make(app: &App, settings: &Settings, bound: SocketAddr) -> Result<(), Failure> {
    let base_url = format!("http://{}", reachable(bound));
    let mut out = std::io::stdout();
    let place = Place { base_url: &base_url, data_dir: &settings.data.data_dir, terminal: out.is_terminal() };
    demo::run(House::of(app), place, &mut out).await.map_err(|error| match error.internal_context() {
        Some(context) => Failure::Runtime(format!("{error}: {context}")),
        None => Failure::runtime(error),
    })
}

/// An address that a browser on this computer can open: one that stands for all of them cannot be.
fn reachable(bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() { SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), bound.port()) } else { bound }
}
