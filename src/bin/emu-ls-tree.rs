//! The program `emu-ls-tree`.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-ls-tree")
}
