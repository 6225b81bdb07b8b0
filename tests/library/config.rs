//! The configuration as flags and as JSON.

#[test]
fn no_flags_give_default_config() {
    use clap::{Args, FromArgMatches};
    let command = vgae::config::Config::augment_args(clap::Command::new("vgae"));
    let matches = command.try_get_matches_from(["vgae"]).unwrap();
    let parsed = vgae::config::Config::from_arg_matches(&matches).unwrap();
    assert_eq!(parsed, vgae::config::Config::default());
    let json = serde_json::to_string(&parsed).unwrap();
    assert_eq!(serde_json::from_str::<vgae::config::Config>(&json).unwrap(), parsed);
}
