//! One crate opens sockets: an outbound connection that nobody has declared is a way for data to leave.
//!
//! In:    the source of our crates, their tests left out.
//! Out:   an objection for each line that names a socket outside `clear-web`.
//! Never: looks at what other people's crates do; `arrows::ALONE` says who may name those that connect.

use std::path::Path;

use anyhow::{Result, bail};

use crate::fronts::{crates, sources};
use crate::page::{self, Mode};

const SOCKETS: &[&str] = &["TcpListener", "TcpStream", "UdpSocket", "UnixListener", "UnixStream", "UnixDatagram"];

/// Measurements that play ten thousand clients of a server of their own, over loopback. They reach nothing else.
const CLIENTS: &[&str] = &["crates/openclear/src/bench/gate.rs"];

/// Refuses a socket outside `clear-web`.
pub(crate) fn run(root: &Path, _: Mode) -> Result<()> {
    let mut objections = Vec::new();
    for folder in crates(root)?.iter().filter(|folder| !folder.ends_with("clear-web")) {
        for path in sources(&folder.join("src"))? {
            if CLIENTS.iter().any(|client| path.ends_with(client)) {
                continue;
            }
            for (line, word) in sockets(&page::read(&path)?) {
                let place = path.strip_prefix(root).unwrap_or(&path).display();
                objections.push(format!("{place}:{line} names {word}; only clear-web opens sockets"));
            }
        }
    }
    if objections.is_empty() { Ok(()) } else { bail!("{}", objections.join("\n")) }
}

/// The lines of a source file, before its unit tests, that name a socket.
fn sockets(source: &str) -> Vec<(usize, &'static str)> {
    let code = source.lines().take_while(|line| line.trim() != "#[cfg(test)]").enumerate();
    code.filter(|(_, line)| !line.trim_start().starts_with("//"))
        .filter_map(|(at, line)| SOCKETS.iter().find(|word| line.contains(**word)).map(|word| (at + 1, *word)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_found_in_code_and_not_in_comments_or_tests() {
        assert_eq!(sockets("fn f() {\n    TcpStream::connect(a);\n}"), [(2, "TcpStream")]);
        assert_eq!(sockets("/// Like a TcpStream.\n#[cfg(test)]\nuse UdpSocket;"), []);
    }
}
