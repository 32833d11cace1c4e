//! A founded city with a few records, served on a loopback port; and a client that speaks plain HTTP/1.1.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use clear_identity::one_time_code;
use clear_policy::{KeyPair, sign};
use clear_respond::{Desk, NewAccount, Parts};
use clear_rules::CedarRules;
use clear_store::Store;
use clear_testkit::story;
use clear_web::Config;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub(crate) const PASSWORD: &str = "seven lanterns over the quiet harbor";

pub(crate) struct City {
    pub(crate) address: SocketAddr,
    pub(crate) desk: Arc<Desk>,
    pub(crate) runtime: Runtime,
    tokens: HashMap<String, String>,
    pub(crate) keys: Vec<KeyPair>,
    stop: Option<oneshot::Sender<()>>,
    served: Option<tokio::task::JoinHandle<Result<(), clear_web::Error>>>,
    _folder: tempfile::TempDir,
}

impl City {
    pub(crate) fn open() -> City {
        City::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> City {
        City::published(config, None)
    }

    /// A city whose public checkpoint moves on.
    pub(crate) fn published(config: Config, public: Option<clear_audit::Public>) -> City {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Runtime::new().unwrap();
        let (desk, address, tokens, stop, served) = runtime.block_on(async {
            let store = Store::folder(folder.path()).await.unwrap();
            let options = clear_audit::Options {
                folder: folder.path().to_owned(),
                keys: folder.path().join("keys"),
                origin: "port-meridian/test".into(),
                checkpoint_every: Duration::ZERO,
                public,
                ..clear_audit::Options::default()
            };
            let (log, recovered) = clear_audit::Log::open(options).unwrap();
            let rules = Arc::new(CedarRules::embedded().unwrap());
            let desk =
                Desk::open(Parts { store, log, recovered, rules, clock: Arc::new(Timestamp::now) }).await.unwrap();
            let desk = Arc::new(desk);
            desk.found(&story::entries()).await.unwrap();
            let mut tokens = HashMap::new();
            let end = Timestamp::now() + SignedDuration::from_hours(24);
            for persona in story::personas() {
                let new = NewAccount {
                    id: persona.account.clone(),
                    name: persona.name,
                    agency: persona.agency,
                    roles: persona.roles.into_iter().collect(),
                    password: None,
                    now: Timestamp::now(),
                };
                desk.enrol(new).await.unwrap();
                tokens.insert(persona.persona, desk.issue_token(&persona.account, "test", end).await.unwrap());
            }
            let listener = clear_web::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
            let address = listener.local_addr().unwrap();
            let (stop, stopped) = oneshot::channel();
            let served = tokio::spawn(clear_web::serve(desk.clone(), listener, config, async {
                let _ = stopped.await;
            }));
            (desk, address, tokens, stop, served)
        });
        let keys = story::fixed_keys(&story::register());
        City { address, desk, runtime, tokens, keys, stop: Some(stop), served: Some(served), _folder: folder }
    }

    pub(crate) fn token(&self, persona: &str) -> &str {
        &self.tokens[persona]
    }

    /// Enrols somebody with a password; gives the account and what makes its codes.
    pub(crate) fn enrol_person(&self, account: &str) -> String {
        let new = NewAccount {
            id: account.parse().unwrap(),
            name: "Somebody".into(),
            agency: "pmpd".parse().unwrap(),
            roles: [clear_record::Role::Officer].into(),
            password: Some(PASSWORD.into()),
            now: Timestamp::now(),
        };
        let enrolled = self.runtime.block_on(self.desk.enrol(new)).unwrap();
        enrolled.second_factor.unwrap().secret_base32.reveal().to_owned()
    }

    pub(crate) fn client(&self) -> Client {
        Client::open(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn ask(&self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.client().ask(line, headers, body).unwrap()
    }

    /// One API request of a persona's with a complete inquiry in headers.
    pub(crate) fn ask_as(&self, persona: &str, line: &str, body: &[u8]) -> Answer {
        self.client().ask_as(self, persona, line, body).unwrap()
    }

    pub(crate) fn file(&self, kind: &str, record: &Value) -> String {
        let answer = self.ask_as("officer", &format!("POST /api/v1/records/{kind}"), record.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn some_person(&self) -> String {
        self.file("person", &json!({"family_name": "Calloway", "given_name": "Marcus", "date_of_birth": "1981-04-03", "sex": "M", "address": "1420 W Ferry St"}))
    }

    /// A signed order that cuts an agency off.
    pub(crate) fn signed_order(&self, agency: &str, number: &str) -> String {
        let wish = json!({"number": number, "agency": agency, "text": "Access to every police database of the city ends, and the end is permanent."});
        let preview = self.ask_as("steward", "POST /api/v1/register/cut-offs/preview", wish.to_string().as_bytes());
        assert_eq!(preview.status, 200, "{}", preview.text());
        let keys: Vec<&str> = self.keys.iter().take(2).map(|key| key.private.as_str()).collect();
        sign(preview.json()["text"].as_str().unwrap(), &keys).unwrap()
    }

    /// Puts an order of one owner in force and gives the acknowledgement.
    pub(crate) fn cut_off_by_owner(&self, agency: &str, owner: &str, number: &str) -> Value {
        let wish = json!({"number": number, "agency": agency, "scope": format!("owner {owner}"), "text": "Access to the owner's records ends."});
        let preview = self.ask_as("steward", "POST /api/v1/register/cut-offs/preview", wish.to_string().as_bytes());
        assert_eq!(preview.status, 200, "{}", preview.text());
        let keys: Vec<&str> = self.keys.iter().take(2).map(|key| key.private.as_str()).collect();
        let note = sign(preview.json()["text"].as_str().unwrap(), &keys).unwrap();
        let answer =
            self.ask_as("steward", "POST /api/v1/register/cut-offs", json!({"note": note}).to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Puts an order in force and gives the acknowledgement.
    pub(crate) fn cut_off(&self, agency: &str, number: &str) -> Value {
        let note = self.signed_order(agency, number);
        let answer =
            self.ask_as("steward", "POST /api/v1/register/cut-offs", json!({"note": note}).to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Ends the server; gives how long that took.
    pub(crate) fn stop(&mut self) -> Duration {
        let began = std::time::Instant::now();
        self.stop.take().unwrap().send(()).unwrap();
        let served = self.served.take().unwrap();
        self.runtime.block_on(served).unwrap().unwrap();
        began.elapsed()
    }
}

/// The six digits of this moment.
pub(crate) fn code(secret: &str) -> String {
    one_time_code(secret, Timestamp::now()).unwrap().reveal().to_owned()
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn open(address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// `line` is method and path.
    pub(crate) fn ask(&mut self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        self.send(line, headers, body)?;
        self.receive(line.starts_with("HEAD"))
    }

    pub(crate) fn ask_as(&mut self, city: &City, persona: &str, line: &str, body: &[u8]) -> io::Result<Answer> {
        let bearer = format!("Bearer {}", city.token(persona));
        let agency = story::personas().into_iter().find(|known| known.persona == persona).unwrap().agency.to_string();
        let purpose = if persona == "oversight" { "oversight" } else { "criminal_investigation" };
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-inquiry-purpose", purpose),
            ("x-inquiry-use-code", "C"),
            ("x-inquiry-case", "JC-1"),
            ("x-inquiry-reason", "Witness names a suspect"),
            ("x-inquiry-on-behalf-of", agency.as_str()),
            ("content-type", "application/json"),
        ];
        self.ask(line, &headers, body)
    }

    pub(crate) fn send(&mut self, line: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        let mut head = format!("{line} HTTP/1.1\r\nhost: clear.test\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if line.starts_with("POST") && !headers.iter().any(|(name, _)| *name == "content-length") {
            head.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)
    }

    pub(crate) fn receive(&mut self, head_only: bool) -> io::Result<Answer> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{line}"));
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let said = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let body = match said("content-length") {
            _ if head_only => Vec::new(),
            None if said("transfer-encoding") == Some("chunked") => self.chunks()?,
            length => {
                let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
                self.stream.read_exact(&mut body)?;
                body
            }
        };
        Ok(Answer { status, headers, body })
    }

    /// A body whose length nobody knew when it began; its trailers are dropped.
    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim_end(), 16).map_err(|_| io::ErrorKind::UnexpectedEof)?;
            let at = body.len();
            body.resize(at + size + 2, 0);
            if size == 0 {
                body.truncate(at);
                while self.stream.read_line(&mut line)? > 2 {}
                return Ok(body);
            }
            self.stream.read_exact(&mut body[at..])?;
            body.truncate(at + size);
        }
    }

    /// Whether the other end has ended the connection.
    pub(crate) fn is_ended(&mut self) -> bool {
        matches!(self.stream.read(&mut [0u8; 1]), Ok(0) | Err(_))
    }
}
