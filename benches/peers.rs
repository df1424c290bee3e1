//! emu beside the programs that people use instead, and beside what the kernel alone charges.
//!
//! `cargo bench --bench peers -- SOURCE WORKDIR` runs each job in rounds: emu, the floor, the peers, one
//! after the other within a round, so that what disturbs the machine disturbs all of them alike. Prints
//! each job as it finishes and a table at the end; `--growth` adds how time and memory grow with the size of a source. Everything happens in a
//! copy of SOURCE below WORKDIR.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark is a program of its own: it prints, and works on paths that it made itself"
)]

#[path = "peers/growth.rs"]
mod growth;
#[path = "peers/held.rs"]
mod held;
#[path = "peers/others.rs"]
mod others;
#[path = "peers/place.rs"]
mod place;
#[path = "peers/pushes.rs"]
mod pushes;
#[path = "peers/report.rs"]
mod report;
#[path = "peers/rivals.rs"]
mod rivals;
#[path = "peers/rounds.rs"]
mod rounds;
#[path = "peers/run.rs"]
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};

use place::Place;
use report::Report;
use rounds::Contestant;
use run::Result;

/// Prepares a job in a directory of its own and says who takes part.
type Prepare = for<'a> fn(&'a Place, &Path) -> Result<Vec<Contestant<'a>>>;

/// Every job, in the order of the table.
const JOBS: [(&str, Prepare); 9] = [
    ("unchanged-spare", pushes::unchanged_spare),
    ("unchanged-growing", pushes::unchanged_growing),
    ("first-push", pushes::first_push),
    ("moved-directory", pushes::moved_directory),
    ("verify", others::verify),
    ("checkout-nothing", others::checkout_nothing),
    ("checkout-all", others::checkout_all),
    ("remove", others::remove),
    ("log", others::log),
];

/// Measures emu beside other programs. SOURCE is only read; all work is done below WORKDIR/emu-bench.
#[derive(Debug, Parser)]
#[command(name = "cargo bench --bench peers --", version)]
struct Options {
    /// The tree to save; it is copied first
    source: Option<PathBuf>,
    /// Where to work; the file system that is measured
    workdir: Option<PathBuf>,
    /// Do this job only; may be repeated
    #[arg(long = "job", value_name = "NAME", value_parser = JOBS.map(|(name, _)| name))]
    jobs: Vec<String>,
    /// Rounds of which the median counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Leave this program out of the run; may be repeated
    #[arg(long, value_name = "PROGRAM", value_parser = place::PEERS.map(|(name, _)| name))]
    without: Vec<String>,
    /// Do not count system calls, which takes long on large trees
    #[arg(long)]
    no_calls: bool,
    /// Write the results as one JSON document, anew after each job
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leave WORKDIR/emu-bench behind
    #[arg(long)]
    keep: bool,
    /// Measure trees of growing size as well
    #[arg(long)]
    growth: bool,
    /// Measure trees of growing size, and no job
    #[arg(long, conflicts_with = "jobs")]
    growth_only: bool,
    /// Files in these trees
    #[arg(long, value_name = "FILES", value_delimiter = ',', default_values_t = [10_000, 100_000, 1_000_000, 3_000_000])]
    growth_sizes: Vec<u64>,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    // Without what cargo passes to every benchmark this is a run of the tests, with a test's arguments.
    if !std::env::args_os().any(|argument| argument == "--bench") {
        println!("{}", Options::command().render_usage());
        return ExitCode::SUCCESS;
    }
    let done = match Options::try_parse() {
        Ok(options) => start(&options),
        Err(error) if error.exit_code() == 0 => {
            println!("{error}");
            Ok(())
        }
        Err(error) => Err(error.to_string().lines().next().unwrap_or_default().replacen("error: ", "", 1)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Without a source it says how it is used, and that is all.
fn start(options: &Options) -> Result<()> {
    let Some(source) = &options.source else {
        println!("{}", Options::command().render_usage());
        return Ok(());
    };
    let workdir = options.workdir.as_ref().ok_or("a SOURCE needs a WORKDIR after it")?;
    let copied = (!options.growth_only).then_some(source.as_path());
    let place = Place::make(copied, workdir, &options.without)?;
    let done = measure(options, &place).map(|report| report.print(&place));
    if options.keep {
        eprintln!("kept: {}", place.root.display());
        return done;
    }
    done.and(run::remove(&place.root))
}

fn measure(options: &Options, place: &Place) -> Result<Report> {
    let mut report = Report::new(options.rounds, place.notes.clone());
    let write = |report: &Report| options.json.as_deref().map_or(Ok(()), |file| report.write(place, file));
    let chosen = |name: &str| options.jobs.is_empty() || options.jobs.iter().any(|job| job == name);
    for (name, prepare) in JOBS.iter().filter(|(name, _)| !options.growth_only && chosen(name)) {
        eprintln!("{name}: preparing");
        let before = report.rows.len();
        let dir = place.root.join(name);
        run::make_dir(&dir)?;
        let contestants = prepare(place, &dir).map_err(|error| format!("{name}: {error}"))?;
        rounds::measure(place, name, &contestants, options.rounds, !options.no_calls, &mut report)?;
        if *name == "remove" {
            report.rows.extend(held::lock_held(place, &dir.join("sink"), name)?);
        }
        place.move_back()?;
        run::remove(&dir)?;
        report.show_rows(before);
        write(&report)?;
    }
    let sizes = options.growth_sizes.iter().filter(|_| options.growth || options.growth_only);
    for files in sizes.filter(|files| **files > 0) {
        report.growth.push(growth::measure(place, *files)?);
        report.show_size();
        write(&report)?;
    }
    Ok(report)
}
