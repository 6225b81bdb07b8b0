//! `vgae explore` listens on one socket, and no other command opens any: a whole session without a network,
//! traced by strace.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Command, Stdio};

use crate::common::{VGAE, Workspace, karate, text};

/// The arguments of `strace`: it records every call that can reach another process or host.
const TRACE: [&str; 6] =
    ["-f", "-qq", "-e", "trace=socket,connect,bind,listen,sendto,sendmsg", "-e", "signal=none"];

fn is_there(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Returns the commands of a session, in the order in which they need each other's files.
fn session() -> Vec<String> {
    let karate = karate();
    let verbs = [
        "train KARATE --epochs 5 -o run",
        "train table.csv --model vae --epochs 2 -o rows",
        "train KARATE --model best --epochs 2 -o best",
        "inspect run",
        "evaluate run --json",
        "score run --pairs pairs.csv",
        "predict run --top 3",
        "predict run --node 1 --top 3 --approximate",
        "threshold run --precision 0.1",
        "embed run --format parquet -o z.parquet",
        "report run",
        "report run best --text",
        "plot run --kind embedding -o map.png",
        "reconstruct rows",
        "generate rows",
        "audit run --data KARATE",
        "benchmark KARATE --models vgae --splits 1 -o table -- --epochs 2",
        "datasets",
        "completions bash",
        "man",
        "--version",
    ];
    verbs.into_iter().map(|verb| verb.replace("KARATE", &karate)).collect()
}

#[test]
fn session_opens_no_socket() {
    let workspace = Workspace::new();
    let rows: String = (0..40).map(|row| format!("r{row},{},{}\n", row % 2, row % 3)).collect();
    workspace.write("pairs.csv", "1,2\n").write("table.csv", format!("node,a,b\n{rows}"));
    // Requires root, or permission to be root of a new namespace.
    let spaces = [vec!["-n"], vec!["-r", "-n"]];
    let space = spaces.into_iter().find(|flags| is_there("unshare", &[flags.as_slice(), &["true"]].concat()));
    let has_strace = is_there("strace", &["-f", "true"]);
    for missing in [space.is_none().then_some("a network namespace"), (!has_strace).then_some("strace")] {
        missing.iter().for_each(|missing| eprintln!("skipped in part: {missing} cannot be had here"));
    }
    for verb in session() {
        let mut words: Vec<&str> = Vec::new();
        if let Some(flags) = &space {
            words.push("unshare");
            words.extend(flags);
        }
        if has_strace {
            words.push("strace");
            words.extend(TRACE);
            words.extend(["-o", "seen"]);
        }
        words.push(VGAE);
        words.extend(verb.split(' '));
        let output =
            Command::new(words[0]).args(&words[1..]).current_dir(workspace.path("")).output().unwrap();
        assert!(output.status.success(), "{verb}: {}", text(output.stderr));
        if has_strace {
            let seen = workspace.read("seen");
            // strace writes this where a process ends while it attaches to it.
            let calls: Vec<&str> =
                seen.lines().filter(|line| !line.ends_with("???( <detached ...>")).collect();
            assert!(calls.iter().all(|line| !line.contains('(')), "{verb}: {seen}");
        }
    }
}

#[test]
fn explorer_only_listens() {
    if !is_there("strace", &["-f", "true"]) {
        eprintln!("skipped: strace cannot be had here");
        return;
    }
    let workspace = Workspace::new();
    workspace.train_karate("");
    let seen = workspace.path("seen");
    let mut strace = Command::new("strace")
        .args(TRACE)
        .arg("-o")
        .arg(&seen)
        .args([VGAE, "explore", "--port", "0"])
        .arg(workspace.path("run"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(strace.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim_end().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    for path in ["/", "/api/run", "/api/map", "/api/predict/1", "/api/why?source=1&target=2"] {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    // strace has one child, which gets the signal; strace ends with it.
    let children = format!("/proc/{0}/task/{0}/children", strace.id());
    let child = fs::read_to_string(children).unwrap();
    assert!(Command::new("kill").args(["-s", "TERM", child.trim()]).status().unwrap().success());
    strace.wait().unwrap();
    let seen = fs::read_to_string(seen).unwrap();
    let calls =
        |name: &str| seen.lines().filter(|line| line.contains(&format!("{name}("))).collect::<Vec<_>>();
    assert!(calls("connect").is_empty() && calls("sendmsg").is_empty(), "{seen}");
    assert_eq!((calls("socket").len(), calls("bind").len(), calls("listen").len()), (1, 1, 1), "{seen}");
    assert!(calls("bind")[0].contains("inet_addr(\"127.0.0.1\")"), "{seen}");
    // Responses go to connected clients only.
    assert!(calls("sendto").iter().all(|line| line.contains(", NULL, 0)")), "{seen}");
}
