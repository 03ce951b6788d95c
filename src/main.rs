//! The program: nothing but the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    nebulusdb::cli::main()
}
