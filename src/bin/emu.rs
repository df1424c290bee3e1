//! The suite's own program.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu")
}
