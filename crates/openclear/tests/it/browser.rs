//! A real browser, moved by its debugging pipe: it loads, taps and types, and says what its page is. The tests' own hands are
//! no scripts.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// A telephone's screen, in its own pixels.
pub(crate) const WIDTH: u64 = 390;
const HEIGHT: u64 = 844;
/// Longer than any step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Browser {
    child: Arc<Mutex<Child>>,
    to: File,
    from: BufReader<File>,
    next: u64,
    session: Option<String>,
    /// How often a finger touched the screen.
    pub(crate) taps: usize,
}

/// A box on the screen, in the telephone's pixels.
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Browser {
    /// Opens a browser of a telephone's size with scripts switched off, in a folder that is its own.
    pub(crate) fn open(folder: &Path) -> Browser {
        std::fs::create_dir_all(folder).unwrap();
        let (to, from) = (folder.join("to"), folder.join("from"));
        for pipe in [&to, &from] {
            assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        }
        let script = "exec chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
            --disable-background-networking --remote-debugging-pipe --user-data-dir=\"$3\" about:blank 3<\"$1\" 4>\"$2\"";
        let child = Command::new("sh")
            .args(["-c", script, "sh"])
            .args([&to, &from, &folder.join("profile")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("browser.log")).unwrap())
            .spawn()
            .unwrap();
        let child = Arc::new(Mutex::new(child));
        // A browser that hangs would hang the test: it is ended, the pipe ends with it, and the test says so.
        let watched = child.clone();
        std::thread::spawn(move || {
            let began = Instant::now();
            while began.elapsed() < PATIENCE * 3 {
                if watched.lock().unwrap().try_wait().unwrap().is_some() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(200));
            }
            let _ = watched.lock().unwrap().kill();
        });
        let to = OpenOptions::new().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let mut browser = Browser { child, to, from, next: 0, session: None, taps: 0 };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        browser.call("Page.enable", json!({}));
        browser.call("Network.enable", json!({}));
        browser.call("Emulation.setScriptExecutionDisabled", json!({"value": true}));
        let size = json!({"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 2, "mobile": true});
        browser.call("Emulation.setDeviceMetricsOverride", size);
        browser.call("Emulation.setTouchEmulationEnabled", json!({"enabled": true}));
        browser
    }

    /// Lets pages that are loaded from now on run their scripts.
    pub(crate) fn run_scripts(&mut self) {
        self.call("Emulation.setScriptExecutionDisabled", json!({"value": false}));
    }

    /// Keeps a cookie, as signing in would have left it.
    pub(crate) fn cookie(&mut self, url: &str, name: &str, value: &str) {
        self.call("Network.setCookie", json!({"url": url, "name": name, "value": value}));
    }

    pub(crate) fn load(&mut self, url: &str) {
        let went = self.call("Page.navigate", json!({"url": url}));
        assert!(went["errorText"].is_null(), "{went}");
    }

    /// Waits until something is on the page, and gives its number.
    pub(crate) fn wait_for(&mut self, selector: &str) -> u64 {
        let began = Instant::now();
        loop {
            if let Some(node) = self.find(selector) {
                return node;
            }
            assert!(began.elapsed() < PATIENCE, "no `{selector}` on the page: {}", self.html());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn find(&mut self, selector: &str) -> Option<u64> {
        let document = self.try_call("DOM.getDocument", json!({"depth": 0}))?;
        let found =
            self.try_call("DOM.querySelector", json!({"nodeId": document["root"]["nodeId"], "selector": selector}))?;
        found["nodeId"].as_u64().filter(|node| *node != 0)
    }

    /// One tap with a finger on the middle of something.
    pub(crate) fn tap(&mut self, selector: &str) {
        let Rect { left, top, width, height } = self.shown_at(selector);
        let (x, y) = (left + width / 2.0, top + height / 2.0);
        self.taps += 1;
        self.call("Input.dispatchTouchEvent", json!({"type": "touchStart", "touchPoints": [{"x": x, "y": y}]}));
        self.call("Input.dispatchTouchEvent", json!({"type": "touchEnd", "touchPoints": []}));
    }

    /// Where something stands on the screen.
    pub(crate) fn shown_at(&mut self, selector: &str) -> Rect {
        let node = self.wait_for(selector);
        self.call("DOM.scrollIntoViewIfNeeded", json!({"nodeId": node}));
        let quads = self.call("DOM.getContentQuads", json!({"nodeId": node}));
        let quad: Vec<f64> = quads["quads"][0].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        Rect { left: quad[0], top: quad[1], width: quad[4] - quad[0], height: quad[5] - quad[1] }
    }

    /// One click with a mouse.
    pub(crate) fn click(&mut self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let at = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", at);
        }
    }

    /// Types where the cursor is.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({"text": text}));
    }

    /// The page as it is now.
    pub(crate) fn html(&mut self) -> String {
        let began = Instant::now();
        // A page that is still coming takes its nodes away between the two questions.
        loop {
            match self.try_html() {
                Some(html) => return html,
                None if began.elapsed() > Duration::from_secs(5) => return String::new(),
                None => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn try_html(&mut self) -> Option<String> {
        let document = self.try_call("DOM.getDocument", json!({"depth": 0}))?;
        let html = self.try_call("DOM.getOuterHTML", json!({"nodeId": document["root"]["nodeId"]}))?;
        html["outerHTML"].as_str().map(str::to_owned)
    }

    /// How wide the page is, in the telephone's pixels: wider than the screen has to be dragged about.
    pub(crate) fn page_width(&mut self) -> f64 {
        self.call("Page.getLayoutMetrics", json!({}))["cssContentSize"]["width"].as_f64().unwrap()
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.ask(method, params);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// A page that is just being replaced has no nodes for a moment.
    fn try_call(&mut self, method: &str, params: Value) -> Option<Value> {
        let answer = self.ask(method, params);
        answer["error"].is_null().then(|| answer["result"].clone())
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to
            .write_all(&bytes)
            .unwrap_or_else(|error| panic!("the browser is gone ({error}): is chromium installed?"));
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).unwrap();
            assert!(bytes.pop() == Some(0), "the browser ended at {method}: `scripts/prepare test` installs chromium");
            let answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] == self.next {
                return answer;
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ = child.kill();
        let _ = child.wait();
    }
}
