//! The server of Musubi. Everything is in the library, so that tests meet what is run.

use std::process::ExitCode;

fn main() -> ExitCode {
    musubi_api::start::main()
}
