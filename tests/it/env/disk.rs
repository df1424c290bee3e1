//! Small real file systems: images mounted through loop devices, and memory. They fill up, go
//! read-only and lose their power when a test says so.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A file system that is mounted while this value lives.
pub struct LoopFs {
    point: PathBuf,
    kind: String,
    /// None for a file system in memory.
    image: Option<PathBuf>,
    /// The file system that the layers of an overlay are on.
    _layers: Option<Box<LoopFs>>,
}

impl LoopFs {
    /// Makes an image at `point` with `.img` added, a file system in it, and mounts that at `point`. The
    /// image has holes, so `megabytes` cost nothing; xfs gets at least 300 and btrfs 128, which
    /// is the least that their makers accept. Ask `need_loop(kind)` first.
    pub fn new(point: &Path, kind: &str, megabytes: u64) -> LoopFs {
        LoopFs::with_options(point, kind, megabytes, &[])
    }

    /// The same, with more options for mkfs (`-N 64` for few inodes on ext4).
    pub fn with_options(point: &Path, kind: &str, megabytes: u64, more: &[&str]) -> LoopFs {
        let (least, options): (u64, &[&str]) = match kind {
            "ext4" => {
                (1, &["-q", "-F", "-I", "256", "-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0"])
            }
            "xfs" => (300, &["-q", "-f"]),
            "btrfs" => (128, &["-q", "-f"]),
            other => panic!("no recipe for an image with {other}"),
        };
        let image = PathBuf::from(format!("{}.img", point.display()));
        std::fs::File::create(&image).unwrap().set_len(megabytes.max(least) << 20).unwrap();
        run(tool(&format!("mkfs.{kind}")).args(options).args(more).arg(&image));
        std::fs::create_dir_all(point).unwrap();
        let disk =
            LoopFs { point: point.to_owned(), kind: kind.to_owned(), image: Some(image), _layers: None };
        disk.mount();
        // It would be in the way of comparisons.
        drop(std::fs::remove_dir(disk.path("lost+found")));
        disk
    }

    /// A file system in memory.
    pub fn tmpfs(point: &Path, megabytes: u64) -> LoopFs {
        std::fs::create_dir_all(point).unwrap();
        let size = format!("size={megabytes}m,mode=0755");
        run(tool("mount").args(["-t", "tmpfs", "-o", &size, "emu-test"]).arg(point));
        LoopFs { point: point.to_owned(), kind: "tmpfs".to_owned(), image: None, _layers: None }
    }

    /// An overlay whose layers are in memory.
    pub fn overlay(point: &Path, megabytes: u64) -> LoopFs {
        let layers = LoopFs::tmpfs(&PathBuf::from(format!("{}.layers", point.display())), megabytes);
        for name in ["lower", "upper", "work"] {
            std::fs::create_dir(layers.path(name)).unwrap();
        }
        std::fs::create_dir_all(point).unwrap();
        let path = |name: &str| layers.path(name).display().to_string();
        let options =
            format!("lowerdir={},upperdir={},workdir={}", path("lower"), path("upper"), path("work"));
        run(tool("mount").args(["-t", "overlay", "-o", &options, "emu-test"]).arg(point));
        let _layers = Some(Box::new(layers));
        LoopFs { point: point.to_owned(), kind: "overlay".to_owned(), image: None, _layers }
    }

    /// Where it is mounted.
    pub fn root(&self) -> &Path {
        &self.point
    }

    /// A path on it.
    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.point.join(below)
    }

    /// Loses everything that is not on stable storage, the journal's memory included, and mounts
    /// again what is left. ext4 and xfs only; nothing may have a file open on it.
    pub fn power_cut(&self) {
        assert!(matches!(self.kind.as_str(), "ext4" | "xfs"), "{} cannot be shut down", self.kind);
        run(tool("xfs_io").args(["-x", "-c", "shutdown"]).arg(&self.point));
        assert!(self.unmount(), "{} is in use", self.point.display());
        self.mount();
    }

    /// Unmounts it, as when a disk is taken out. The empty mount point stays.
    pub fn unplug(&self) {
        assert!(self.unmount(), "{} is in use", self.point.display());
    }

    /// Mounts it again.
    pub fn plug(&self) {
        self.mount();
    }

    /// From now on nothing can be changed.
    pub fn remount_ro(&self) {
        run(tool("mount").args(["-o", "remount,ro"]).arg(&self.point));
    }

    /// Changes are possible again.
    pub fn remount_rw(&self) {
        run(tool("mount").args(["-o", "remount,rw"]).arg(&self.point));
    }

    fn mount(&self) {
        let image = self.image.as_ref().unwrap();
        // Another test can win the loop device that mount has chosen.
        let attempt =
            || tool("mount").args(["-t", &self.kind, "-o", "loop"]).arg(image).arg(&self.point).output();
        let mut last = attempt().unwrap();
        for _ in 0..20 {
            if last.status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
            last = attempt().unwrap();
        }
        panic!("cannot mount {}: {}", image.display(), String::from_utf8_lossy(&last.stderr));
    }

    /// False if something kept it in use for five seconds.
    fn unmount(&self) -> bool {
        for _ in 0..50 {
            if quiet(tool("umount").arg(&self.point)) || !self.is_mounted() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }

    fn is_mounted(&self) -> bool {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let point = self.point.display().to_string();
        mounts.lines().any(|line| line.split(' ').nth(1) == Some(&point))
    }

    /// Loop devices go with their mount; this is for one whose mount failed half way.
    fn detach(&self) {
        let Some(image) = &self.image else { return };
        let listed = tool("losetup").args(["-n", "-O", "NAME", "-j"]).arg(image).output();
        let listed = listed.map(|done| String::from_utf8_lossy(&done.stdout).into_owned());
        for device in listed.unwrap_or_default().split_whitespace() {
            quiet(tool("losetup").args(["-d", device]));
        }
    }
}

impl Drop for LoopFs {
    fn drop(&mut self) {
        if self.is_mounted() && !self.unmount() {
            quiet(tool("umount").arg("-l").arg(&self.point));
        }
        self.detach();
        if let Some(image) = &self.image {
            drop(std::fs::remove_file(image));
        }
    }
}

/// A system program, which an ordinary PATH may not have.
fn tool(name: &str) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", path + ":/usr/sbin:/sbin").env("LC_ALL", "C");
    command
}

#[track_caller]
fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn quiet(command: &mut Command) -> bool {
    command.output().is_ok_and(|done| done.status.success())
}

#[cfg(test)]
mod tests {
    use crate::env::{Emu, LoopFs, need_loop, need_root};

    #[test]
    fn a_power_cut_keeps_what_was_synced_and_loses_the_rest() {
        for kind in ["ext4", "xfs"] {
            if !need_loop(kind) {
                return;
            }
            let emu = Emu::new();
            let disk = LoopFs::new(&emu.path("disk"), kind, 32);
            std::fs::write(disk.path("synced"), "kept").unwrap();
            emu.shell("sync -f disk/synced").succeeds();
            std::fs::write(disk.path("late"), "lost").unwrap();
            disk.power_cut();
            assert_eq!(std::fs::read_to_string(disk.path("synced")).unwrap(), "kept", "{kind}");
            assert_ne!(std::fs::read_to_string(disk.path("late")).unwrap_or_default(), "lost", "{kind}");
            disk.remount_ro();
            assert!(std::fs::write(disk.path("late"), "").is_err());
            disk.remount_rw();
            disk.unplug();
            assert!(!disk.path("synced").exists());
            disk.plug();
            assert!(disk.path("synced").exists());
        }
    }

    #[test]
    fn a_disk_leaves_nothing_mounted_behind() {
        if !need_root() || !need_loop("btrfs") {
            return;
        }
        let emu = Emu::new();
        let image = LoopFs::new(&emu.path("image"), "btrfs", 128);
        let memory = LoopFs::tmpfs(&emu.path("memory"), 1);
        assert!(std::fs::write(memory.path("big"), vec![0; 2 << 20]).is_err());
        let open = std::fs::File::create(image.path("open")).unwrap();
        drop(open);
        drop((image, memory));
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        assert!(!mounts.contains(&emu.root().display().to_string()), "{mounts}");
    }
}
