//! The program `emu-diff-tree`.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-diff-tree")
}
