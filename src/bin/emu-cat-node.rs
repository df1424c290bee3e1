//! The program `emu-cat-node`.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-cat-node")
}
