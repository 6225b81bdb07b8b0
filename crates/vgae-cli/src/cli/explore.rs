//! `vgae explore`: a run, looked at in a browser.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use vgae::Result;
use vgae::run::Run;
use vgae_report::explore::{Explorer, Server};

use super::probabilities::Probabilities;
use super::progress::Voice;
use super::stdout;

/// What `--help` ends with.
const API: &str = "\
The API, all of it GET; ids are percent-encoded (a / as %2F), counts go from 1
to 1000, and bad input gets a 4xx and {\"error\": …, \"hint\": …}:
  /api/run                               name, model, sizes, held-out metrics
  /api/nodes?query=TEXT&limit=20         ids that contain TEXT, best first
  /api/node/ID?limit=50                  degree, label, edges
  /api/predict/ID?top=10                 its best pairs that are no edges
  /api/score?source=ID&target=ID         logit, probability, is_edge, part
  /api/why?source=ID&target=ID&limit=10  common neighbours, shared features
  /api/map                               the nodes in two dimensions, a sample
                                         of 3,000; nodes have places after it";

/// Look at a run in a browser: its nodes, their predicted links and why, any pair
///
/// Prints the address of a page on stdout and serves it until Ctrl-C (SIGINT or SIGTERM). The page asks an API that
/// programs can ask too.
#[derive(clap::Args)]
#[command(after_long_help = API)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// The port to serve at; 0 for a free one
    #[arg(long, value_name = "PORT", default_value_t = 7878)]
    port: u16,
    /// The IP address to serve at. One that is not of this machine alone lets others read the graph; 0.0.0.0 is every
    /// address of this machine
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = address)]
    bind: IpAddr,
    #[command(flatten)]
    probabilities: Probabilities,
}

fn address(text: &str) -> std::result::Result<IpAddr, String> {
    let refuse = |_| "expected an IP address, such as 127.0.0.1, ::1 or 0.0.0.0".to_string();
    if text == "localhost" { Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)) } else { text.parse().map_err(refuse) }
}

pub(super) fn run(args: &Args, voice: &Voice) -> Result<()> {
    // A port that is taken is told before a large run is read.
    let server = Server::bind(SocketAddr::new(args.bind, args.port))?;
    let address = server.address();
    let stage = voice.stage("opening the run");
    let run = Run::open(&args.run)?;
    let name = args.run.canonicalize().ok().and_then(|path| Some(path.file_name()?.display().to_string()));
    let explorer = Explorer::new(name.unwrap_or_default(), run, args.probabilities.method())?;
    drop(stage);
    if !address.ip().is_loopback() {
        voice.say("note: whoever reaches this address can read the graph and ask the model");
    }
    server.run(explorer, || {
        stdout::print(|output| {
            writeln!(output, "http://{address}/")?;
            output.flush()
        })?;
        voice.say("Ctrl-C stops it");
        Ok(())
    })
}
