//! Flags that were renamed: the old spelling is an error that names the new one.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The verb, the old spelling and the new one.
const RENAMED: [(&str, &str, &str); 4] = [
    ("score", "--columns", "--keep-columns"),
    ("evaluate", "--calibration", "--reliability"),
    ("benchmark", "--with", "--model-args"),
    ("train", "--weights", "--weight-column"),
];

/// Returns the new spelling of `flag` of `vgae VERB`, if it was renamed.
pub(super) fn new_name(verb: &str, flag: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(of, old, _)| *of == verb && *old == flag).map(|(.., new)| *new)
}

/// Returns the message that replaces clap's `error`, if it is about a renamed flag of `vgae VERB`.
pub(super) fn explain(verb: &str, error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    new_name(verb, flag).map(|new| format!("{flag} was renamed; use {new} instead"))
}

/// Returns the verb in the usage line of clap's `error`, as in `Usage: vgae score [OPTIONS]`.
pub(super) fn verb_of(error: &clap::Error) -> Option<String> {
    let usage = match error.get(ContextKind::Usage)? {
        ContextValue::StyledStr(usage) => usage.to_string(),
        _ => return None,
    };
    usage.split_whitespace().skip_while(|word| *word != "vgae").nth(1).map(String::from)
}
