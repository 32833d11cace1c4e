//! A client of a running server.

#![expect(clippy::disallowed_methods, reason = "stores: demonstration; flows: operators-client")]

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::End;

/// Where the server is and as whom to speak to it.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Server {
    /// The server.
    #[arg(long, alias = "server", value_name = "URL", default_value = "http://127.0.0.1:8080", env = "OPENCLEAR_URL")]
    pub(crate) url: String,
    /// An API token, or FILE#PERSONA for one of a demonstration's personas.
    #[arg(long = "as", value_name = "TOKEN", env = "OPENCLEAR_TOKEN")]
    pub(crate) token: Option<String>,
}

/// What a server said.
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) receipt: Option<String>,
    /// When a log's next public checkpoint is due.
    pub(crate) next_checkpoint: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).context("the server's answer is not JSON; is this an OpenCLEAR server?")
    }

    /// How the command ends by this answer, saying why on standard error when it is refused.
    pub(crate) fn end(&self) -> anyhow::Result<End> {
        if self.status < 300 {
            return Ok(End::Done);
        }
        let json = self.json().unwrap_or(Value::Null);
        let message =
            json["message"].as_str().map_or_else(|| String::from_utf8_lossy(&self.body).into_owned(), str::to_owned);
        match self.status {
            404 => {
                eprintln!("{message}");
                Ok(End::Nothing)
            }
            400..500 => {
                let code = json["code"].as_str().unwrap_or("-");
                eprintln!("Refused ({code}): {message}");
                if code == "ask_back" {
                    eprintln!("Ask again with --for-them yes, or with --for-them no: that is answered, and reviewed.");
                }
                Ok(End::Refused)
            }
            status => bail!("the server answered {status}: {message}"),
        }
    }
}

impl Server {
    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Said> {
        let mut request = agent().get(format!("{}{path}", self.url.trim_end_matches('/')));
        if let Some(said) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token(said)?));
        }
        said(request.call(), &self.url)
    }

    /// A GET with the inquiry in headers, as opening a record wants it.
    pub(crate) fn get_under(&self, path: &str, inquiry: &Value) -> anyhow::Result<Said> {
        let mut request = agent().get(format!("{}{path}", self.url.trim_end_matches('/')));
        if let Some(said) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token(said)?));
        }
        for (part, header) in [
            ("purpose", "X-Inquiry-Purpose"),
            ("use_code", "X-Inquiry-Use-Code"),
            ("case", "X-Inquiry-Case"),
            ("reason", "X-Inquiry-Reason"),
            ("number", "X-Inquiry"),
            ("emergency", "X-Inquiry-Emergency"),
            ("released", "X-Inquiry-Released"),
        ] {
            if let Some(value) = inquiry[part].as_str() {
                request = request.header(header, value);
            }
        }
        if let Some(answer) = inquiry["for_them"].as_bool() {
            request = request.header("X-Inquiry-For-Them", if answer { "yes" } else { "no" });
        }
        let agencies: Vec<&str> =
            inquiry["on_behalf_of"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if !agencies.is_empty() {
            request = request.header("X-Inquiry-On-Behalf-Of", agencies.join(","));
        }
        said(request.call(), &self.url)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Said> {
        said(Ok(self.post_open(path, body)?), &self.url)
    }

    /// The same, with the answer's body still to be read.
    pub(crate) fn post_open(&self, path: &str, body: &Value) -> anyhow::Result<ureq::http::Response<ureq::Body>> {
        let mut request = agent().post(format!("{}{path}", self.url.trim_end_matches('/')));
        if let Some(said) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token(said)?));
        }
        request.send_json(body).with_context(|| unreachable(&self.url))
    }
}

fn agent() -> ureq::Agent {
    let config =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(Duration::from_secs(60)));
    config.build().into()
}

fn said(outcome: Result<ureq::http::Response<ureq::Body>, ureq::Error>, url: &str) -> anyhow::Result<Said> {
    let mut response = outcome.with_context(|| unreachable(url))?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (receipt, next_checkpoint) = (header("x-clear-receipt"), header("x-clear-next-checkpoint"));
    let body =
        response.body_mut().with_config().limit(256 << 20).read_to_vec().context("the server's answer broke off")?;
    Ok(Said { status: response.status().as_u16(), receipt, next_checkpoint, body })
}

fn unreachable(url: &str) -> String {
    format!("cannot reach {url}; is the server running? (`openclear demo` or `openclear serve`)")
}

/// A token, or that of FILE#PERSONA.
pub(crate) fn token(text: &str) -> anyhow::Result<String> {
    let Some((file, persona)) = text.split_once('#') else { return Ok(text.to_owned()) };
    let personas = personas(Path::new(file))?;
    let found = personas.iter().find(|known| known["persona"] == persona || known["account"] == persona);
    match found.and_then(|persona| persona["token"].as_str()) {
        Some(token) => Ok(token.to_owned()),
        None => {
            let known: Vec<&str> = personas.iter().filter_map(|persona| persona["persona"].as_str()).collect();
            bail!("{file} has no persona `{persona}`; it has {}", known.join(", "))
        }
    }
}

/// The personas of a demonstration.
pub(crate) fn personas(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not a personas.json", file.display()))
}
