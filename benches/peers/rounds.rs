//! The rounds of a job: everyone who takes part, one after the other, again and again.

use std::process::Command;

use crate::place::Place;
use crate::report::Report;
use crate::run::{Result, Timing};

/// What somebody is in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one that is measured.
    Emu,
    /// What the job costs at least.
    Floor,
    /// Another program.
    Peer,
    /// A part of what emu does.
    Detail,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// This takes at most so many times as long as the floor.
    FloorAtMost(f64),
    /// emu is at least so many times faster than this.
    EmuFasterBy(f64),
    /// This takes at most so many seconds.
    SecondsAtMost(f64),
}

/// Something done outside of the clock; it is told the turn, counted from 0.
type Step<'a> = Box<dyn Fn(u32) -> Result<()> + 'a>;

/// Somebody who takes part in a job.
pub struct Contestant<'a> {
    /// What the table says.
    pub name: &'static str,
    role: Role,
    target: Option<Target>,
    entries: Option<u64>,
    before: Step<'a>,
    commands: Box<dyn Fn(u32) -> Result<Vec<Command>> + 'a>,
    after: Step<'a>,
}

impl<'a> Contestant<'a> {
    /// Somebody whose commands, run one after the other, do the job once in a turn.
    pub fn new(
        name: &'static str,
        role: Role,
        commands: impl Fn(u32) -> Result<Vec<Command>> + 'a,
    ) -> Contestant<'a> {
        Contestant {
            name,
            role,
            target: None,
            entries: None,
            before: Box::new(|_| Ok(())),
            commands: Box::new(commands),
            after: Box::new(|_| Ok(())),
        }
    }

    /// With something to do before each turn.
    pub fn before(self, before: impl Fn(u32) -> Result<()> + 'a) -> Contestant<'a> {
        Contestant { before: Box::new(before), ..self }
    }

    /// With something to do after each turn.
    pub fn after(self, after: impl Fn(u32) -> Result<()> + 'a) -> Contestant<'a> {
        Contestant { after: Box::new(after), ..self }
    }

    /// With something to be reached.
    pub fn target(self, target: Target) -> Contestant<'a> {
        Contestant { target: Some(target), ..self }
    }

    /// With something else than the entries of the source to divide the system calls by.
    pub fn entries(self, entries: u64) -> Contestant<'a> {
        Contestant { entries: Some(entries), ..self }
    }

    fn turn(&self, place: &Place, turn: u32, kind: Kind, row: &mut Row) -> Result<()> {
        (self.before)(turn)?;
        let mut commands = (self.commands)(turn)?;
        match kind {
            Kind::WarmUp => row.peak = Some(place.runner.peak(&mut commands)?),
            Kind::Timed => row.times.push(place.runner.timed(&mut commands)?),
            Kind::Calls => row.calls = place.runner.calls(&mut commands)?,
        }
        (self.after)(turn)
    }
}

/// What a round is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Fills the page cache; memory is measured meanwhile.
    WarmUp,
    Timed,
    Calls,
}

/// What was measured of one contestant.
#[derive(Debug, Clone)]
pub struct Row {
    /// The job.
    pub job: String,
    /// The contestant.
    pub command: String,
    /// What it is.
    pub role: Role,
    /// A time for each round.
    pub times: Vec<Timing>,
    /// System calls of one turn.
    pub calls: Option<u64>,
    /// Highest resident memory of a process, in bytes.
    pub peak: Option<u64>,
    /// What the system calls are divided by.
    pub entries: u64,
    /// What is to be reached.
    pub target: Option<Target>,
}

/// Runs the rounds of a job: one that warms up, the timed ones, one that counts system calls. A peer
/// that fails is left out with a note; a failure of anybody else ends the run.
pub fn measure(
    place: &Place,
    job: &str,
    contestants: &[Contestant<'_>],
    rounds: u32,
    calls: bool,
    report: &mut Report,
) -> Result<()> {
    let row = |contestant: &Contestant<'_>| Row {
        job: job.to_owned(),
        command: contestant.name.to_owned(),
        role: contestant.role,
        times: Vec::new(),
        calls: None,
        peak: None,
        entries: contestant.entries.unwrap_or(place.entries),
        target: contestant.target,
    };
    let mut running: Vec<(&Contestant<'_>, Row)> =
        contestants.iter().map(|contestant| (contestant, row(contestant))).collect();
    let last = if calls && place.runner.strace().is_some() { rounds + 1 } else { rounds };
    for turn in 0..=last {
        let kind = match turn {
            0 => Kind::WarmUp,
            _ if turn <= rounds => Kind::Timed,
            _ => Kind::Calls,
        };
        eprintln!("{job}: turn {} of {} ({kind:?})", turn + 1, last + 1);
        let mut still = Vec::new();
        for (contestant, mut row) in running {
            match contestant.turn(place, turn, kind, &mut row) {
                Ok(()) => still.push((contestant, row)),
                Err(error) if contestant.role == Role::Peer => {
                    report.notes.push(format!("{job}: {} failed: {error}", contestant.name));
                }
                Err(error) => return Err(format!("{job}: {}: {error}", contestant.name)),
            }
        }
        running = still;
    }
    report.rows.extend(running.into_iter().map(|(_, row)| row));
    Ok(())
}
