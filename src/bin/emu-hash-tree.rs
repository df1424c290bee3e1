//! `emu-hash-tree`, a program of its own.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-hash-tree")
}
