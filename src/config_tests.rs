//! Tests of reading configuration.

use super::*;
use crate::error::Kind;
use crate::tree::policy::Span;

fn layer(text: &str) -> Layer {
    Layer::parse("/etc/emu/config", text).unwrap()
}

fn config(texts: &[&str]) -> Config {
    Config::new(texts.iter().map(|text| layer(text)).collect())
}

fn fault(text: &str) -> String {
    let error = Layer::parse("/x/.emu/config", text).unwrap_err();
    assert_eq!(error.kind(), Kind::Usage);
    let message = error.to_string();
    message.strip_prefix("cannot read '/x/.emu/config': ").unwrap().to_owned()
}

#[test]
fn nothing_set_gives_the_built_in_values() {
    let config = Config::default();
    assert_eq!(config.compare(), Compare::Strict);
    assert_eq!(config.metadata_change(), MetadataChange::Copy);
    assert!(config.one_file_system());
    assert!(!config.torn_is_error());
    assert_eq!(config.default_sink(), None);
    assert_eq!(config.threads(), None);
    assert!(config.safe_directories().is_empty());
    let built_in = Retention {
        policy: Policy::default(),
        min_free: None,
        min_keep: None,
        spare: true,
        spare_rest: 600,
        origin: "built-in".to_owned(),
    };
    assert_eq!(config.retention(&[]), built_in);
}

#[test]
fn every_key_is_read() {
    let config = config(&["
        core.default-sink = 'usb'
        core.threads = 0x10
        [push]
        compare = 'no-inode'
        metadata-change = 'share'
        one-file-system = false
        torn = 'error'
        [rotate]
        keep-last = 1
        keep-hourly = 2
        keep-daily = 3
        keep-weekly = -1
        keep-monthly = 'unlimited'
        keep-yearly = 1_000
        keep-within = '1y6m'
        min-free = '5%'
        min-keep = 3
        spare = false
        spare-rest = 0
    "]);
    assert_eq!(config.default_sink().as_deref(), Some("usb"));
    assert_eq!(config.threads(), Some(16));
    assert_eq!(config.compare(), Compare::NoInode);
    assert_eq!(config.metadata_change(), MetadataChange::Share);
    assert!(!config.one_file_system());
    assert!(config.torn_is_error());
    let expected = Retention {
        policy: Policy {
            keep_last: 1,
            keep_hourly: 2,
            keep_daily: 3,
            keep_weekly: -1,
            keep_monthly: -1,
            keep_yearly: 1000,
            keep_within: Some("1y6m".parse().unwrap()),
        },
        min_free: Some(MinFree::Percent(5.0)),
        min_keep: Some(3),
        spare: false,
        spare_rest: 0,
        origin: "/etc/emu/config".to_owned(),
    };
    assert_eq!(config.retention(&[]), expected);
}

#[test]
fn the_first_layer_that_sets_a_key_wins() {
    let config = config(&["push.compare = 'mtime'", "push.compare = 'no-inode'\ncore.threads = 2"]);
    assert_eq!(config.compare(), Compare::Mtime);
    assert_eq!(config.threads(), Some(2));
}

#[test]
fn policies_of_layers_are_never_mixed() {
    let config = config(&["rotate.min-free = '1G'", "rotate.keep-daily = 7", "rotate.keep-weekly = 4"]);
    let retention = config.retention(&[]);
    assert_eq!(retention.policy, Policy { keep_daily: 7, ..Policy::nothing() });
    assert_eq!(retention.min_free, Some(MinFree::Bytes(1 << 30)));

    let sink =
        Layer::parse("/mnt/usb/emu/.emu/config", "[rotate]\nkeep-within = '2w'\nmin-free = 0").unwrap();
    let retention = config.retention(&[Layer::new("command line"), sink]);
    assert_eq!(retention.policy, Policy { keep_within: Some("2w".parse().unwrap()), ..Policy::nothing() });
    assert_eq!(retention.min_free, None, "0 switches it off again");
    assert_eq!(retention.origin, "/mnt/usb/emu/.emu/config");
}

#[test]
fn a_policy_may_be_set_to_keep_nothing_and_says_so() {
    assert!(config(&["rotate.keep-daily = 0"]).retention(&[]).policy.keeps_nothing());
}

#[test]
fn options_are_read_as_texts_and_checked_alike() {
    let mut options = Layer::new("the command line");
    options.set("rotate.keep-daily", "5").unwrap();
    options.set("rotate.keep-within", "24h").unwrap();
    options.set("rotate.spare-rest", "2min").unwrap();
    options.set("rotate.spare", "false").unwrap();
    let retention = Config::default().retention(std::slice::from_ref(&options));
    let policy = Policy { keep_daily: 5, keep_within: Some(Span::hours(24)), ..Policy::nothing() };
    assert_eq!((retention.policy, retention.spare_rest, retention.spare), (policy, 120, false));
    let fault = |key: &str, text: &str| {
        let error = Layer::new("the command line").set(key, text).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        error.to_string()
    };
    assert_eq!(
        fault("push.torn", "hunter2"),
        "cannot use the command line: push.torn: allowed are warn, error"
    );
    assert_eq!(
        fault("core", "x"),
        "cannot use the command line: core.?: unknown key, allowed are default-sink, threads"
    );
    assert!(fault("color.ui", "x").contains("color: unknown section"));
}

#[test]
fn a_fault_names_file_line_key_and_what_is_allowed() {
    assert_eq!(
        fault("\n[push]\ncompare = 'hunter2'\n"),
        "line 3: push.compare: allowed are strict, no-inode, mtime"
    );
    assert_eq!(fault("core.threads = 65"), "line 1: core.threads: allowed is a whole number from 1 to 64");
    assert_eq!(fault("[push]\none-file-system = 1"), "line 2: push.one-file-system: allowed are true, false");
    assert_eq!(
        fault("[rotate]\nkeep-daily = 1\nkeep-weekly = -2"),
        "line 3: rotate.keep-weekly: allowed is a whole number from 0, or -1 for unlimited"
    );
    assert!(fault("rotate.keep-within = 7").starts_with("line 1: rotate.keep-within: allowed is a length"));
    assert!(fault("[safe]\ndirectory = '/srv'").starts_with("line 2: safe.directory: allowed is a list"));
}

#[test]
fn values_of_the_wrong_type_or_size_are_refused() {
    for bad in [
        "core.default-sink = 3",
        "core.default-sink = ''",
        "core.threads = 0",
        "core.threads = '2'",
        "core.threads = 1.0",
        "push.compare = true",
        "push.compare = 'Strict'",
        "push.one-file-system = 'true'",
        "rotate.keep-last = 99999999999999999999",
        "rotate.keep-within = '7 days'",
        "rotate.min-free = '100%'",
        "rotate.min-free = -1",
        "rotate.min-free = 5.0",
        "rotate.min-keep = 0",
        "rotate.spare = 0",
        "rotate.spare-rest = -1",
        "rotate.spare-rest = '10m'",
        "rotate.spare-rest = ''",
        "safe.directory = 5",
        "safe.directory = ['/a', 5]",
        "[[push]]",
        "[core.threads]",
        "core = 3",
        "push.compare.x = 'strict'",
    ] {
        assert!(fault(bad).starts_with("line 1: "), "{bad}");
    }
}

#[test]
fn unknown_sections_and_keys_are_refused_with_those_there_are() {
    assert_eq!(
        fault("[push]\ncompare = 'strict'\nzebra = 1\naardvark = 1\n"),
        "line 3: push.zebra: unknown key, allowed are compare, metadata-change, one-file-system, exclude-caches, exclude-if-present, exclude-larger-than, torn, unread-ok, churn-limit, special"
    );
    assert_eq!(
        fault("\n\n[hooks]\n"),
        "line 3: hooks: unknown section, allowed are core, push, rotate, safe"
    );
    assert_eq!(
        fault("push = 3"),
        "line 1: push: allowed are compare, metadata-change, one-file-system, exclude-caches, exclude-if-present, exclude-larger-than, torn, unread-ok, churn-limit, special"
    );
}

#[test]
fn a_malformed_line_is_named_by_its_number() {
    for (text, line) in [
        ("[push\ncompare = 'strict'", 1),
        ("[push]\ncompare 'strict'", 2),
        ("[push]\n\ncompare = \"strict", 3),
        ("[push]\ncompare =\n", 2),
        ("[push]\ncompare = 'mtime'\ncompare = 'strict'", 3),
        ("[push]\ncompare = strict", 2),
        ("[push]\n[push]", 2),
        ("\u{1}", 1),
    ] {
        let fault = fault(text);
        assert!(fault.starts_with(&format!("line {line}: ")), "{text:?}: {fault}");
    }
}

#[test]
fn what_was_written_is_never_repeated() {
    for text in [
        "hunter2",
        "password = 'hunter2'",
        "hunter2 = 1",
        "[hunter2]",
        "[core]\nhunter2 = 1",
        "[core]\nthreads = hunter2",
        "[core]\nthreads = 'hunter2'",
        "[core]\nthreads = \"hunter2",
        "[core]\nthreads = 1 hunter2",
        "[core]\n'hunter2\x1b[2J' = 1",
        "core.hunter2 = 1\ncore.hunter2 = 2",
        "[rotate]\nkeep-within = 'hunter2'",
        "[rotate]\nmin-free = 'hunter2'",
        "[safe]\ndirectory = [1, 'hunter2']",
    ] {
        let fault = fault(text);
        assert!(!fault.contains("hunter2") && !fault.contains('\x1b'), "{text:?}: {fault}");
    }
}

#[test]
fn only_what_the_operator_wrote_names_safe_directories() {
    let system = layer("safe.directory = ['/srv/www']").of_operator();
    let user = layer("safe.directory = ['/srv/a', '/srv/b']").of_operator();
    let source = layer("safe.directory = ['/']");
    let config = Config::new(vec![source, user, system]);
    assert_eq!(config.safe_directories(), ["/srv/a", "/srv/b", "/srv/www"]);
}

#[test]
fn a_section_that_is_not_trusted_can_be_left_out() {
    let source = layer("rotate.keep-last = 1\npush.compare = 'mtime'").without("rotate");
    let config = Config::new(vec![source]);
    assert_eq!(config.retention(&[]).policy, Policy::default());
    assert_eq!(config.compare(), Compare::Mtime);
}

#[test]
fn an_empty_file_is_a_layer_without_settings() {
    for text in ["", "\n", "# nothing\n", "\u{feff}# bom", "[push]\n[rotate]\n"] {
        assert_eq!(Config::new(vec![layer(text)]).retention(&[]).origin, "built-in");
    }
}

#[test]
fn an_unset_variable_has_no_value() {
    assert_eq!(env("EMU_NO_SUCH_VARIABLE_IN_ANY_TEST"), None);
    assert!(env("PATH").is_some());
}
