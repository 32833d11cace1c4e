//! A bucket instead of a folder, on a server that speaks S3, on loopback: moto, unchanged and of a stated version.
//!
//! What the account is, the environment says; so what is tested runs in a process of its own, which is given one.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clear_cold::{Error, Place};

use crate::{bits, three};

const MOTO: &str = "moto[server]==5.2.1";
const PLACE: &str = "s3://cold/node-1";

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A server that ends with the test.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    fn start(venv: &Path) -> Server {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut command = Command::new(venv.join("bin/moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &address.port().to_string()]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Server { child, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < Duration::from_secs(60), "the server does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// Sends a plain request; gives the answer.
    fn ask(&self, what: &str) -> String {
        use std::io::{Read as _, Write as _};
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = "Host: 127.0.0.1\r\nAuthorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request\r\nContent-Length: 0\r\nConnection: close";
        write!(stream, "{what} HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn run(&self, test: &str) {
        run(&mut self.command(test));
    }

    /// Runs one of the tests below in a process that is given this server.
    fn command(&self, test: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("bucket::{test}"), "--ignored", "--nocapture"]);
        command.env("AWS_ENDPOINT", format!("http://{}", self.address)).env("AWS_ALLOW_HTTP", "true");
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test").env("AWS_REGION", "us-east-1");
        command
    }
}

#[test]
fn columns_go_to_a_bucket_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let venv = folder.path().join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let pip = ["install", "--quiet", "--disable-pip-version-check", "--no-input", MOTO];
    run(Command::new(venv.join("bin/pip")).args(pip));
    let server = Server::start(&venv);
    server.run("no_bucket");
    assert!(server.ask("PUT /cold").contains("200"), "no bucket");
    assert!(server.ask("PUT /cold/node-1/of-somebody-else").contains("200"));
    assert!(server.ask("PUT /cold/node-1/left.cold").contains("200"));
    server.run("written_and_read");
    let left = server.ask("GET /cold?list-type=2");
    assert!(left.contains("of-somebody-else") && !left.contains(".cold"), "{left}");
    server.run("objects_that_stay");
    let stayed = server.ask("GET /cold?list-type=2");
    assert!(stayed.contains(".cold"), "{stayed}");
    let mut child = server.command("a_server_that_goes_away").env("COLD_SIGNS", folder.path()).spawn().unwrap();
    wait_for(&folder.path().join("kept"));
    drop(server);
    std::fs::write(folder.path().join("gone"), "").unwrap();
    assert!(child.wait().unwrap().success());
}

/// Waits until the other process has made a file.
fn wait_for(sign: &Path) {
    let began = Instant::now();
    while !sign.exists() {
        assert!(began.elapsed() < Duration::from_secs(60), "{} does not come", sign.display());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "run by the test above"]
fn no_bucket() {
    assert!(matches!(Place::named(PLACE), Err(Error::Place { .. })));
}

#[test]
#[ignore = "run by the test above"]
fn written_and_read() {
    let place = Place::named(PLACE).unwrap();
    assert!(place.answers());
    let object = place.keep(three(65_536)).unwrap();
    for (at, values) in three(65_536).iter().enumerate() {
        assert_eq!(bits(&object.read(at).unwrap()), bits(values));
    }
    object.destroy();
    assert_eq!((object.read(0).unwrap_err(), place.sweep()), (Error::Gone, 0));
    // Somebody emptied the place: that is said, and nothing is made up.
    let object = place.keep(three(100)).unwrap();
    let _other = Place::named(PLACE).unwrap();
    assert_eq!(object.read(1).unwrap_err(), Error::Gone);
}

#[test]
#[ignore = "run by the test above"]
fn objects_that_stay() {
    let place = Place::named(PLACE).unwrap();
    // As when the process is killed: nobody deletes anything.
    std::mem::forget(place.keep(three(100)).unwrap());
}

#[test]
#[ignore = "run by the test above"]
fn a_server_that_goes_away() {
    let signs = std::path::PathBuf::from(std::env::var("COLD_SIGNS").unwrap());
    let place = Place::named(PLACE).unwrap();
    let object = place.keep(three(100)).unwrap();
    std::fs::write(signs.join("kept"), "").unwrap();
    wait_for(&signs.join("gone"));
    let began = Instant::now();
    assert!(matches!(object.read(0), Err(Error::NoAnswer(_))));
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
    // Left alone for a while, it fails at once.
    let began = Instant::now();
    assert!(matches!(place.keep(three(3)), Err(Error::NotWritten(_))));
    object.destroy();
    assert_eq!(object.read(0).unwrap_err(), Error::Gone);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(place.sweep(), 1);
}
