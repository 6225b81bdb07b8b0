//! `vgae explore`: serves a page for exploring a run in a browser.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::Result;
use vgae::run::Run;
use vgae_report::explore::{Explorer, Server};

use super::progress::Reporter;
use super::shared_args::CalibrateArgs;
use super::stdout;

/// The end of `--help`.
const API: &str = "\
The API answers GET requests. Percent-encode ids (/ as %2F). Counts are from 1 to
1000. A bad request gets a 4xx status and {\"error\": …, \"hint\": …}:
  /api/run                               name, model, sizes, held-out metrics
  /api/nodes?query=TEXT&limit=20         ids that contain TEXT, best first
  /api/node/ID?limit=50                  degree, label, edges
  /api/predict/ID?top=10                 its best pairs that are not edges
  /api/score?source=ID&target=ID         logit, probability, is_edge, part
  /api/why?source=ID&target=ID&limit=10  common neighbours, shared features
  /api/map                               up to 3,000 nodes in two dimensions;
                                         later answers for nodes then include
                                         their positions";

/// Explore a run in a browser: nodes, their predicted links, and what two nodes share
///
/// Prints the address of a page to stdout, and serves the page until Ctrl-C (SIGINT or SIGTERM). The page
/// uses an API that other programs can use too.
#[derive(clap::Args)]
#[command(after_long_help = API)]
pub(super) struct Args {
    /// The run directory
    run: PathBuf,
    /// Port to listen on; 0 for any free port
    #[arg(long, value_name = "PORT", default_value_t = 7878)]
    port: u16,
    /// IP address to listen on; 0.0.0.0 for all addresses of this machine. With any address other than a
    /// loopback address, others can read the graph
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_parser = parse_address)]
    bind: IpAddr,
    #[command(flatten)]
    calibrate: CalibrateArgs,
}

fn parse_address(text: &str) -> std::result::Result<IpAddr, String> {
    let refuse = |_| "expected an IP address, such as 127.0.0.1, ::1 or 0.0.0.0".to_string();
    if text == "localhost" { Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)) } else { text.parse().map_err(refuse) }
}

pub(super) fn run(args: &Args, reporter: &Reporter) -> Result<()> {
    // Fail on a port in use before reading a large run.
    let server = Server::bind(SocketAddr::new(args.bind, args.port))?;
    let address = server.address();
    let stage = reporter.stage("opening the run");
    let run = Run::open(&args.run)?;
    let name = args.run.canonicalize().ok().and_then(|path| Some(path.file_name()?.display().to_string()));
    let explorer = Explorer::new(name.unwrap_or_default(), run, args.calibrate.method())?;
    drop(stage);
    if !address.ip().is_loopback() {
        reporter.note("anyone who can reach this address can read the graph and query the model");
    }
    server.run(explorer, || {
        stdout::print(|output| {
            writeln!(output, "http://{address}/")?;
            output.flush()
        })?;
        reporter.info("press Ctrl-C to stop");
        Ok(())
    })
}
