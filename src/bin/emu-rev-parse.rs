//! The program `emu-rev-parse`.

fn main() -> std::process::ExitCode {
    emu::cmd::main("emu-rev-parse")
}
