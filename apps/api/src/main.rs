//! The server of Musubi. Everything is in the library, so that tests meet what is run.

use musubi_allocator::MiMalloc;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    musubi_api::start::main()
}
