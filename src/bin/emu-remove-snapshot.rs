//! `emu-remove-snapshot`, a program of its own.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-remove-snapshot")
}
