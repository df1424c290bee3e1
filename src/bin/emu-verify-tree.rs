//! The program `emu-verify-tree`.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-verify-tree")
}
