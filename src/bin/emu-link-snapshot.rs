//! `emu-link-snapshot`, a program of its own.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-link-snapshot")
}
