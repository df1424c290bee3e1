//! `emu config`: what is set, and setting it.

use crate::cmd::scope::{Scope, ScopeArgs};
use crate::cmd::{Class, Context, Entry, Status, WaitArgs, read};
use crate::config::{Edit, Setting, edited};
use crate::error::{Error, Kind, Result};
use crate::quote::{escaped, quoted, quoted_path};
use crate::record::SettingRecord;
use crate::sink::{Catalog, Sink};
use crate::snapshot::{self, Action, retire};
use crate::ui::text;
use clap::Args as _;

pub(crate) const ENTRY: Entry = Entry {
    name: "config",
    class: Class::Porcelain,
    summary: "show and change settings",
    prose: "\
## DESCRIPTION
Without a word, or with 'list', the settings that apply are listed with the file each is from: of the
source, the user and the system the first that has a key wins. 'get' prints one. 'set', 'add' (to a list)
and 'unset' change one file, the source's unless another is named, and leave comments and all else in it as
they are. emu-config(5) says which keys there are and what they mean.

With --sink, the file is the sink's own, in which [rotate] wins over all other files.

After a change of [rotate], the policy that results is printed, and how many snapshots of each sink it would
remove. A push removes nothing until 'emu rotate' has applied the policy once; later pushes apply it as well.
## EXIT STATUS
0; 1 if 'get' finds nothing set; 2 if there is no such key, or the value is not allowed; 10 if there is no
source or sink; 11 if somebody else holds a lock.
## JSON
With --json a record of type 'setting' for each key that is listed, printed or changed; see emu-json(5).
## EXAMPLES
    emu config
    emu config set rotate.keep-daily 14
    emu config --sink usb set rotate.keep-within 1y
    emu config --system add safe.directory /srv/www
## SEE ALSO
emu-config(5), emu-rotate(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Shows and changes settings.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(subcommand)]
    action: Option<Do>,

    #[command(flatten)]
    scope: ScopeArgs,

    /// Print what the file would hold and what would follow, and change nothing
    #[arg(long, short = 'n', global = true)]
    dry_run: bool,

    #[command(flatten)]
    wait: WaitArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Do {
    /// List what is set
    List,
    /// Print the value of a key
    Get {
        /// The key, such as rotate.keep-daily
        #[arg(value_name = "KEY")]
        key: String,
    },
    /// Set a key
    Set {
        /// The key, such as rotate.keep-daily
        #[arg(value_name = "KEY")]
        key: String,
        /// Its value
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: String,
    },
    /// Add to a list
    Add {
        /// The key, such as safe.directory
        #[arg(value_name = "KEY")]
        key: String,
        /// What the list gets
        #[arg(value_name = "VALUE")]
        value: String,
    },
    /// Remove a key
    Unset {
        /// The key
        #[arg(value_name = "KEY")]
        key: String,
    },
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    match &args.action {
        None | Some(Do::List) => {
            for setting in args.scope.settings(context)? {
                print(&setting, true, context)?;
            }
            Ok(None)
        }
        Some(Do::Get { key }) => {
            crate::config::check_key(key)?;
            match args.scope.settings(context)?.iter().find(|setting| setting.key == *key) {
                Some(setting) => print(setting, false, context).map(|()| None),
                None => Ok(Some(Kind::Failed)),
            }
        }
        Some(Do::Set { key, value }) => change(args, key, Edit::Set(value), context),
        Some(Do::Add { key, value }) => change(args, key, Edit::Add(value), context),
        Some(Do::Unset { key }) => change(args, key, Edit::Unset, context),
    }
}

/// A setting for people with its file, or its value alone.
fn print(setting: &Setting, whole: bool, context: &Context) -> Result<()> {
    let Setting { key, value, origin } = setting;
    if context.ui.json() {
        return context.ui.record(&SettingRecord::new(key, Some(value), origin));
    }
    let value = escaped(value.as_bytes());
    match whole {
        true => context.ui.out(&format!("{key} = {value}  ({})", escaped(origin.as_bytes()))),
        false => context.ui.out(&value),
    }
}

fn change(args: &Args, key: &str, edit: Edit<'_>, context: &Context) -> Result<Status> {
    let scope = args.scope.to_change(context)?;
    if matches!(scope, Scope::Sink(_)) && !key.starts_with("rotate.") {
        return Err(Error::usage(format!("cannot set {} for a sink", quoted(key)))
            .because("of a sink's own configuration only [rotate] counts"));
    }
    if matches!(scope, Scope::Source(_)) && key.starts_with("safe.") {
        return Err(Error::usage(format!("cannot set {} for a source", quoted(key)))
            .because("no source vouches for itself")
            .hint("--user or --system"));
    }
    let _locks = match args.dry_run {
        true => None,
        false => Some(scope.lock(args.wait.wait(), context)?),
    };
    let path = scope.path();
    let text = edited(&path.to_string_lossy(), &scope.text()?, key, edit)?;
    if args.dry_run && !context.ui.json() {
        context.ui.note(&format!("{} would hold:", quoted_path(&path)));
        context.ui.out(text.trim_end())?;
    }
    if !args.dry_run {
        scope.write(&text)?;
    }
    if context.ui.json() {
        let value = match edit {
            Edit::Set(value) | Edit::Add(value) => Some(value),
            Edit::Unset => None,
        };
        context.ui.record(&SettingRecord::new(key, value, &path.to_string_lossy()))?;
    }
    if key.starts_with("rotate.") && !args.dry_run {
        consequences(&scope, context)?;
    }
    Ok(None)
}

/// The policy that now applies to each sink, and what it would remove.
fn consequences(scope: &Scope, context: &Context) -> Result<()> {
    if let Scope::Sink(opened) = scope {
        return consequence(&opened.name, &opened.sink, context);
    }
    // A setting of the user or the system concerns no source in particular.
    let Ok(sinks) = context.all_sinks() else { return Ok(()) };
    for (known, opened) in sinks {
        if let Ok(opened) = opened {
            consequence(&known.name, &opened.sink, context)?;
        }
    }
    Ok(())
}

fn consequence(name: &str, sink: &Sink, context: &Context) -> Result<()> {
    let config = context.config(context.try_source().as_ref())?;
    let layer = snapshot::sink_layer(sink)?;
    let retention = config.retention(layer.as_slice());
    let name = escaped(name.as_bytes());
    let says = format!("{name}: {} ({})", retention.policy.describe(), escaped(retention.origin.as_bytes()));
    match retire::verdicts(sink, &Catalog::read(sink)?, &retention) {
        Ok(verdicts) => {
            let going = verdicts.iter().filter(|verdict| verdict.action == Action::Remove).count() as u64;
            let going = text::count(going, "snapshot", "snapshots");
            context.ui.note(&format!("{says}; it would remove {going}"));
        }
        Err(error) => context.ui.warn(&format!("{says}; {error}")),
    }
    Ok(())
}
