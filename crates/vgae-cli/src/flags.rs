//! The words of the library in the words of the command line: settings as flags, and errors with the flags that help.

use std::collections::HashMap;
use std::sync::OnceLock;

use clap::{Args, Command};
use serde_json::Value;
use vgae::Error;
use vgae::config::Config;
use vgae_report::config::ReportConfig;

/// Replaces each setting that `text` names in backquotes by its flag: `` `train.epochs` `` becomes `--epochs`, and
/// `` `train.loss = exact` `` becomes `--loss exact`. Other text in backquotes stays.
pub(crate) fn in_flags(text: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        replaced.push_str(before);
        let setting = after.split_once('`').and_then(|(quoted, after)| Some((flag_of(quoted)?, after)));
        match setting {
            Some((flag, after)) => {
                replaced.push_str(&flag);
                rest = after;
            }
            None => {
                replaced.push('`');
                rest = after;
            }
        }
    }
    replaced.push_str(rest);
    replaced
}

/// Returns the message of an error of the library, with flags in place of settings and the flags that may help.
pub(crate) fn message(error: &Error) -> String {
    let message = in_flags(&error.to_string());
    match advice(error) {
        Some(advice) => format!("{message}; {advice}"),
        None => message,
    }
}

/// Returns what the command line can do about `error`, if the error does not say so itself.
fn advice(error: &Error) -> Option<String> {
    let advice = match error {
        Error::Checkpoint(_) => "hint: train again with --force".into(),
        Error::Exists { path, what } if !what.is_empty() => format!(
            "`vgae train --resume {}` resumes it; or choose another --output, or pass --force to replace it",
            path.display()
        ),
        Error::Exists { .. } => "choose another --output or pass --force to replace it".into(),
        Error::Index(_) => "hint: leave out --approximate".into(),
        Error::Interrupted { path, .. } => format!("`vgae train --resume {}` resumes it", path.display()),
        Error::Locked { .. } => "wait until it ends, or choose another --output".into(),
        Error::NotBuiltIn { feature, .. } => format!(
            "hint: `cargo install --path crates/vgae-cli` builds a vgae with all features, `--features {feature}` one \
             with this feature"
        ),
        Error::Occupied { .. } => "choose another --output".into(),
        Error::Unfinished { path } => format!("`vgae train --resume {}` resumes it", path.display()),
        Error::UnknownFormat { .. } => "hint: --format names the format".into(),
        Error::UnknownNode { line: 1, .. } => {
            "hint: if line 1 is a header, name its columns by --source and --target; --skip-unknown leaves out pairs \
             of unknown nodes"
                .into()
        }
        Error::UnknownNode { .. } => "--skip-unknown leaves out such pairs".into(),
        _ => return None,
    };
    Some(advice)
}

/// Returns the flag for `setting`, as in `train.epochs`, or for a setting with its value, as in `train.loss = exact`.
fn flag_of(setting: &str) -> Option<String> {
    let (setting, value) =
        setting.split_once(" = ").map_or((setting, None), |(setting, value)| (setting, Some(value)));
    let flag = flags().get(setting)?;
    Some(value.map_or(format!("--{flag}"), |value| format!("--{flag} {value}")))
}

/// The flags by the settings that they stand for, as clap and serde know them.
fn flags() -> &'static HashMap<String, String> {
    static FLAGS: OnceLock<HashMap<String, String>> = OnceLock::new();
    FLAGS.get_or_init(|| {
        let mut flags = HashMap::new();
        let mut add = |prefix: &str, names: &Value, command: &Command| {
            for name in names.as_object().into_iter().flat_map(|names| names.keys()) {
                let argument = command.get_arguments().find(|argument| argument.get_id().as_str() == name);
                if let Some(long) = argument.and_then(|argument| argument.get_long()) {
                    flags.insert(format!("{prefix}{name}"), long.to_string());
                }
            }
        };
        let command = Config::augment_args(Command::new("train"));
        let settings = serde_json::to_value(Config::default()).unwrap_or_default();
        add("", &settings, &command);
        for (section, names) in settings.as_object().into_iter().flatten() {
            add(&format!("{section}."), names, &command);
        }
        let report = serde_json::to_value(ReportConfig::default()).unwrap_or_default();
        add("report.", &report, &ReportConfig::augment_args(Command::new("report")));
        flags
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_become_flags() {
        assert_eq!(
            in_flags("`train.epochs` is 0; expected at least 1"),
            "--epochs is 0; expected at least 1"
        );
        assert_eq!(in_flags("needs `train.loss = sampled`: it"), "needs --loss sampled: it");
        assert_eq!(in_flags("`calibrate = platt` and `seed`"), "--calibrate platt and --seed");
        assert_eq!(in_flags("run `tail -n +2`, not `read.header`"), "run `tail -n +2`, not --header");
        assert_eq!(
            in_flags("a ` alone, `train.no`, `model.model = best`"),
            "a ` alone, `train.no`, --model best"
        );
        assert_eq!(in_flags("`report.map_nodes` and `model.latent`"), "--map-nodes and --latent");
    }

    #[test]
    fn every_setting_has_a_flag() {
        let settings = serde_json::to_value(Config::default()).unwrap();
        for section in ["read", "split", "model", "train"] {
            for name in settings[section].as_object().unwrap().keys() {
                assert!(flag_of(&format!("{section}.{name}")).is_some(), "{section}.{name}");
            }
        }
    }
}
