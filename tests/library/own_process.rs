//! Runs a test in a process of its own, because it depends on or changes state that all threads of a process share.

use std::process::Command;

/// Runs `test` in a child process that executes the test called `name` of this test program and nothing else.
pub fn run(name: &str, test: impl FnOnce()) {
    const CHILD: &str = "VGAE_TEST_IN_OWN_PROCESS";
    if std::env::var_os(CHILD).is_some_and(|running| running == name) {
        return test();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(["--exact", name, "--nocapture"]).env(CHILD, name).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    // A name that fits no test would succeed without running any.
    assert!(output.status.success() && stdout.contains("test result: ok. 1 passed"), "{stdout}");
}
