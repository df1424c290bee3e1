//! `emu-check-exclude`, a program of its own.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-check-exclude")
}
